// The beginning of what somebody wrote, as one line: at most 200 characters; quoted lines only where there is nothing else.
import { createDecoding } from '../../../charset/decoding.ts';
import { charsetOf } from '../../../charset/label.ts';
import { createDecoder } from '../../../message/mime/decoder.ts';
import type { Entity } from './header-values.ts';
import { HtmlLines } from './html-lines.ts';
import { findTextPart, type TextPart } from './text-part.ts';

/** Code points. */
const longest = 200;
/** Octets that are decoded at once: mostly the first are enough. */
const step = 4096;

/** Text put together with single blanks between its words. */
class Words {
  text = '';
  #left: number;
  #blank = false;

  constructor(room: number) {
    this.#left = room;
  }

  get isFull(): boolean {
    return this.#left <= 0;
  }

  blank(): void {
    this.#blank = this.text !== '';
  }

  add(character: string): void {
    const needed = this.#blank ? 2 : 1;
    if (this.#left < needed) {
      this.#left = 0;
      return;
    }
    this.text += this.#blank ? ` ${character}` : character;
    this.#left -= needed;
    this.#blank = false;
  }
}

/** Space, and the controls from TAB to CR. */
function isBlank(character: string): boolean {
  const code = character.charCodeAt(0);
  return code === 32 || (code >= 9 && code <= 13);
}

/** Lines as they come, in any split. */
class SnippetLines {
  readonly #said = new Words(longest);
  readonly #quoted = new Words(longest - 1);
  #isQuoted = false;
  #atLineStart = true;
  /** The last character was one that nobody could read. */
  #isBroken = false;

  /** False: it is complete. */
  push(text: string): boolean {
    for (const character of text) {
      if (character === '\ufeff' || character === '\0') continue;
      const broken = character === '\ufffd';
      if (!broken || !this.#isBroken) this.#add(character);
      this.#isBroken = broken;
      if (this.#said.isFull) return false;
    }
    return true;
  }

  #add(character: string): void {
    if (this.#atLineStart) {
      this.#atLineStart = false;
      this.#isQuoted = character === '>';
      if (this.#isQuoted) {
        this.#quoted.blank();
        return;
      }
    }
    const target = this.#isQuoted ? this.#quoted : this.#said;
    if (!isBlank(character)) {
      target.add(character);
      return;
    }
    if (character === '\n') {
      this.#atLineStart = true;
      this.#quoted.blank();
      this.#said.blank();
    } else target.blank();
  }

  get snippet(): string {
    if (this.#said.text !== '') return this.#said.text;
    return this.#quoted.text === '' ? '' : `>${this.#quoted.text}`;
  }
}

/** Octets of the part as text, piece by piece. */
function* textOf({ body, facts }: TextPart): Generator<string> {
  const decoder = createDecoder(facts.encoding);
  const charset = charsetOf(facts.charset);
  // Whatever nobody has declared, or nobody knows, is read as UTF-8.
  const decoding = createDecoding(charset) ?? createDecoding({ kind: 'multiple', label: 'utf-8' });
  for (let at = 0; at < body.length; at += step) {
    const end = Math.min(at + step, body.length);
    const octets = decoder === undefined ? body.subarray(at, end) : decoder.push(body, at, end);
    yield decoding?.push(Buffer.from(octets)) ?? '';
  }
  if (decoder !== undefined) yield decoding?.push(Buffer.from(decoder.end())) ?? '';
  yield decoding?.end() ?? '';
}

/** Of a message, or of its beginning: UTF-8 as a string; '' when there is no text in it. */
export function snippetOf(message: Entity): string {
  const part = findTextPart(message);
  if (part === undefined) return '';
  const lines = new SnippetLines();
  const html = part.facts.type === 'text/html' ? new HtmlLines() : undefined;
  for (const text of textOf(part)) {
    if (!lines.push(html === undefined ? text : html.push(text))) return lines.snippet;
  }
  if (html !== undefined) lines.push(html.end());
  return lines.snippet;
}
