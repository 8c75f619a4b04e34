// HTML as the text that Dovecot makes a snippet of: a tag is a blank, what a blockquote has in it is quoted lines. Text in any split; linear, keeps
// the beginning of a tag or a reference.
import { characterOf } from './html-names.ts';

/** `close`: what ends something without an end tag of its own kind. */
type State = 'text' | 'tag' | "tag'" | 'tag"' | 'comment' | 'script' | 'style' | 'cdata';

const closes = { comment: '-->', script: '</script>', style: '</style>', cdata: ']]>' } as const;

/** The longest that has to be seen to know what it is: `![CDATA[`, `blockquote` and what follows it. */
const longestBegin = 13;
/** Of a reference, without the `&`. */
const longestReference = 10;

export class HtmlLines {
  #state: State = 'text';
  #held = '';
  #out = '';
  #last = '';
  #any = false;
  #level = 0;

  push(text: string, isEnd = false): string {
    const whole = this.#held + text;
    this.#held = '';
    let at = 0;
    while (at < whole.length) {
      const next = this.#step(whole, at, isEnd);
      if (next === at) {
        this.#held = whole.slice(at);
        break;
      }
      at = next;
    }
    const out = this.#out;
    this.#out = '';
    return out;
  }

  end(): string {
    return this.push('', true);
  }

  /** Gives where to go on; `at`: more is needed to know. */
  #step(text: string, at: number, isEnd: boolean): number {
    switch (this.#state) {
      case 'text':
        return this.#text(text, at, isEnd);
      case 'tag':
      case "tag'":
      case 'tag"':
        return this.#tag(text, at);
      case 'comment':
      case 'script':
      case 'style':
        return this.#skip(text, at, closes[this.#state], isEnd);
      case 'cdata':
        return this.#cdata(text, at, isEnd);
    }
  }

  #text(text: string, at: number, isEnd: boolean): number {
    const found = text.slice(at).search(/[<&]/);
    if (found !== 0) {
      const end = found < 0 ? text.length : at + found;
      this.#write(text.slice(at, end));
      return end;
    }
    return text[at] === '<' ? this.#open(text, at, isEnd) : this.#reference(text, at, isEnd);
  }

  #open(text: string, at: number, isEnd: boolean): number {
    const begin = text.slice(at + 1, at + 1 + longestBegin);
    if (!isEnd && begin.length < longestBegin && !begin.includes('>')) return at;
    if (begin.startsWith('!--')) {
      this.#state = 'comment';
      return at + 4;
    }
    if (/^!\[CDATA\[/i.test(begin)) {
      this.#state = 'cdata';
      return at + 9;
    }
    const name = /^\/?[a-z]+(?=[\s>])/i.exec(begin)?.[0].toLowerCase();
    if (name === 'script' || name === 'style') {
      this.#state = name;
      return at + 1 + name.length;
    }
    if (name === 'blockquote') this.#level++;
    else if (name === '/blockquote' && this.#level > 0) {
      this.#level--;
      // What follows is a line of its own.
      if (this.#level === 0) this.#write('\n');
    }
    this.#state = 'tag';
    return at + 1;
  }

  /** In a tag: to its end, past what is in quotes. */
  #tag(text: string, at: number): number {
    let i = at;
    for (; i < text.length; i++) {
      const character = text[i] as string;
      if (this.#state === 'tag') {
        if (character === '>') {
          this.#state = 'text';
          this.#blank();
          return i + 1;
        }
        if (character === '"' || character === "'") this.#state = `tag${character}`;
      } else if (character === '\\') {
        if (i + 1 >= text.length) return i === at ? text.length : i;
        i++;
      } else if (this.#state.endsWith(character)) this.#state = 'tag';
    }
    return i;
  }

  #blank(): void {
    if (this.#level > 0) this.#write('\n> ');
    else if (this.#any && this.#last !== ' ' && this.#last !== '\n') this.#write(' ');
  }

  #skip(text: string, at: number, close: string, isEnd: boolean): number {
    const end = text.slice(at).search(new RegExp(close, 'i'));
    if (end < 0) return this.#keepTail(text, at, close, isEnd);
    if (this.#state !== 'comment') this.#blank();
    this.#state = 'text';
    return at + end + close.length;
  }

  #cdata(text: string, at: number, isEnd: boolean): number {
    const end = text.indexOf(closes.cdata, at);
    const until = end < 0 ? this.#keepTail(text, at, closes.cdata, isEnd) : end;
    this.#write(text.slice(at, until));
    if (end < 0) return until;
    this.#state = 'text';
    return end + closes.cdata.length;
  }

  /** All but what the end mark may begin in. */
  #keepTail(text: string, at: number, close: string, isEnd: boolean): number {
    return isEnd ? text.length : Math.max(at, text.length - close.length + 1);
  }

  #reference(text: string, at: number, isEnd: boolean): number {
    const inside = text.slice(at + 1, at + 1 + longestReference);
    const end = inside.indexOf(';');
    if (end < 0) {
      if (!isEnd && inside.length < longestReference) return at;
      return at + 1;
    }
    const name = inside.slice(0, end);
    const [, hex, decimal] = /^#(?:x([\da-f]+)|(\d+))$/i.exec(name) ?? [];
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    this.#write(isCharacter ? String.fromCodePoint(code) : (characterOf(name) ?? ''));
    return at + 1 + end + 1;
  }

  #write(text: string): void {
    if (text === '') return;
    // In a quote a line end is no end of it.
    const shown = this.#level > 0 && !text.startsWith('\n>') ? text.replace(/[\r\n]/g, ' ') : text;
    this.#out += shown;
    this.#last = shown.at(-1) ?? '';
    this.#any = true;
  }
}
