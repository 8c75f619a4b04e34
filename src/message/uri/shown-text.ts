// What people see of HTML, as far as it says something about links: the text of each link, and hosts that tags and comments cut in pieces
// (`http://evil.<b>example</b>.com`). Reads the same octets as finder.ts; what it has found is told at the end of the part, so that the order of
// uri.found does not depend on how the message came. What is kept is bounded. Text is bytes as latin1.

import { hostNames } from '../../uri/host-names.ts';
import { hidden } from '../../uri/obscured.ts';
import type { BodyReader } from '../mime/part.ts';
import { valueCandidates } from './attribute.ts';
import type { UriCollector } from './collector.ts';
import { decodeReferences } from './entities.ts';
import type { ShownLink } from './found.ts';
import { hrefOf, type TagSink, Tags } from './tags.ts';
import { type Candidate, candidates, withoutInvisible } from './token.ts';

/** Octets of a link's text that are looked at, and that are shown to a policy. */
const longestLink = 2048;
const longestShown = 256;
/** Octets of a word in pieces; links and words of a part, and octets of all of them together, that are kept. */
const longestWord = 2048;
const most = 4000;
const mostOctets = 1_048_576;

const isDelimiter = new Uint8Array(256);
isDelimiter.fill(1, 0, 33);
for (const character of '"<>{}\\^`') isDelimiter[character.charCodeAt(0)] = 1;

/** Behind and in front of these a word ends; tags of other names stand within words. */
const blocks: ReadonlySet<string> = new Set(
  (
    'address article aside blockquote body br button center col colgroup dd details dialog dir div dl dt fieldset figure footer form ' +
    'frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe img input legend li link main map menu meta nav object ol optgroup ' +
    'option p param pre script section select style summary table tbody td textarea tfoot th thead title tr ul video'
  ).split(' '),
);

interface Link {
  readonly href: string;
  readonly text: string;
}

export class ShownText implements BodyReader, TagSink {
  readonly #collector: UriCollector;
  readonly #part: number;
  readonly #charset: string;
  readonly #tags: Tags;
  /** By address and text: many stand in a message more than once. */
  readonly #links = new Map<string, Link>();
  readonly #words: string[] = [];
  /** What texts show: many links have the same. */
  readonly #shown = new Map<string, ShownLink | 'nothing'>();
  #octets = 0;
  /** The link that is open, and its text. */
  #href: string | undefined;
  #linkText = '';
  /** The word that is not at its end, undefined when it is too long. */
  #word: string | undefined = '';
  /** A tag stands behind the word. */
  #atTag = false;
  #isJoined = false;

  constructor(collector: UriCollector, part: number, charset: string) {
    this.#collector = collector;
    this.#part = part;
    this.#charset = charset;
    this.#tags = new Tags(this, collector.tokenLength);
  }

  feed(bytes: Buffer): void {
    if (!this.#collector.full(this.#part)) this.#tags.feed(bytes);
  }

  end(): void {
    this.#endWord();
    this.#endLink();
    for (const { href, text } of this.#links.values()) this.#tellLink(href, text);
    const context = { html: true, charset: this.#charset };
    for (const word of this.#words)
      for (const candidate of candidates(word, context)) {
        if (this.#collector.full(this.#part)) return;
        this.#collector.offer({ ...candidate, marks: candidate.marks | hidden.tags }, this.#part, 'text');
      }
  }

  text(bytes: Buffer, start: number, end: number): void {
    if (this.#href !== undefined && this.#linkText.length < longestLink)
      this.#extendLink(bytes.toString('latin1', start, end));
    let first = start;
    if (this.#word !== '') {
      while (first < end && isDelimiter[bytes[first] as number] === 0) first++;
      this.#extend(bytes, start, first);
      if (first === end) return;
      this.#endWord();
    }
    // Only the last word can go on.
    let last = end;
    while (last > first && isDelimiter[bytes[last - 1] as number] === 0) last--;
    this.#extend(bytes, last, end);
  }

  tag(name: string, isEnd: boolean, attributes: string | undefined): void {
    if (attributes === undefined) this.#collector.leaveOut();
    if (name === 'a') {
      this.#endLink();
      this.#href = isEnd ? undefined : hrefOf(attributes ?? '');
    } else if (name === 'area') {
      const href = hrefOf(attributes ?? '');
      if (href !== undefined) this.#keepLink(href, '');
    } else if (this.#href !== undefined && blocks.has(name)) this.#extendLink(' ');
    if (blocks.has(name)) this.#endWord();
    else this.#atTag = this.#word !== '';
  }

  /** Blanks are joined here, so that many of them put nothing out of sight. */
  #extendLink(text: string): void {
    const known = this.#linkText;
    if (known.length >= longestLink) return;
    const joined = /[\0-\x1f]| {2}/.test(text) ? text.replace(/[\0-\x20]+/g, ' ') : text;
    const isGap = joined.startsWith(' ') && (known === '' || known.endsWith(' '));
    this.#linkText = known + joined.slice(isGap ? 1 : 0, longestLink - known.length + (isGap ? 1 : 0));
  }

  #extend(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    if (this.#atTag) this.#isJoined = true;
    this.#atTag = false;
    if (this.#word === undefined) return;
    if (this.#word.length + end - start > longestWord) this.#word = undefined;
    else this.#word += bytes.toString('latin1', start, end);
  }

  /** Without `://`, `www.` or an `@` nobody takes it for a link: words and full stops stand at tags everywhere. */
  #endWord(): void {
    const word = this.#word;
    if (this.#isJoined && word !== undefined && this.#mayKeep(word.length)) {
      const text = word.includes('&') ? decodeReferences(word, 'html') : word;
      if (/:\/\/|^[^\da-z]*www\.|[^@]@[^@]+\./i.test(text)) {
        this.#octets += word.length;
        this.#words.push(word);
      }
    }
    this.#word = '';
    this.#atTag = false;
    this.#isJoined = false;
  }

  #endLink(): void {
    if (this.#href !== undefined) this.#keepLink(this.#href, this.#linkText);
    this.#href = undefined;
    this.#linkText = '';
  }

  #keepLink(href: string, text: string): void {
    const key = `${href}\0${text}`;
    if (this.#links.has(key) || !this.#mayKeep(href.length + text.length)) return;
    this.#octets += href.length + text.length;
    this.#links.set(key, { href, text });
  }

  /** What is not kept is not looked at: whoever asks is told so. */
  #mayKeep(octets: number): boolean {
    const may = this.#links.size + this.#words.length < most && this.#octets + octets <= mostOctets;
    if (!may) this.#collector.leaveOut();
    return may;
  }

  #tellLink(href: string, text: string): void {
    const [candidate] = valueCandidates('href', href, this.#charset);
    if (candidate === undefined) return;
    // A quotation mark may be missing: finder.ts has read that in its way.
    let shown = this.#shown.get(text);
    if (shown === undefined) {
      shown = this.#linkOf(text) ?? 'nothing';
      this.#shown.set(text, shown);
    }
    this.#collector.shown(candidate, shown === 'nothing' ? undefined : shown, this.#part, !/[<>]/.test(href));
  }

  #linkOf(text: string): ShownLink | undefined {
    const decoded = text.includes('&') ? decodeReferences(text, 'html') : text;
    const joined = withoutInvisible(decoded, this.#charset)
      .replace(/[\0-\x20]+/g, ' ')
      .trim();
    if (joined === '') return undefined;
    const host = this.#collector.hostOf(this.#hostsIn(joined));
    const names = hostNames(host);
    return { text: cut(joined), host: names.ascii ?? names.address, domain: names.domain };
  }

  #hostsIn(text: string): readonly Candidate[] {
    if (!/[.@]|[\x80-\xff]/.test(text)) return [];
    const context = { html: true, charset: this.#charset };
    return text
      .split(/[\0-\x20"<>{}\\^`]+/)
      .flatMap((word) => (word.length < 3 ? [] : candidates(word, context)));
  }
}

/** Not in the middle of a character. */
function cut(text: string): string {
  if (text.length <= longestShown) return text;
  let end = longestShown;
  while (end > longestShown - 4 && (text.charCodeAt(end) & 0xc0) === 0x80) end--;
  return text.slice(0, end);
}
