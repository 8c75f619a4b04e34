// Tags and comments of HTML as they stream by, by the states of the tokenizer of browsers (HTML 13.2.5) as far as text needs them: what is text,
// what is in a tag. Scripts and style sheets are no text. The same for any split. Called by shown-text.ts. Text is bytes as latin1.

export interface TagSink {
  /** Octets of text, references not decoded. */
  text(bytes: Buffer, start: number, end: number): void;
  /**
   * `attributes` is what stands behind the name of a link, values in quotes but that of href left out; '' for other elements, undefined when it is
   * too long. A comment has the name `!`.
   */
  tag(name: string, isEnd: boolean, attributes: string | undefined): void;
}

const LESS = 60;
const GREATER = 62;
const QUOTE = 34;
const APOSTROPHE = 39;
const SLASH = 47;
const EQUALS = 61;
const BANG = 33;
const HYPHEN = 45;
const MARK = 63;

const inText = 0;
/** Behind `<` or `</`. */
const opened = 1;
const inName = 2;
/** Behind the name; `#quote` says in what value. */
const inside = 3;
/** Behind `<!`, as long as it may be a comment. */
const declaration = 4;
const comment = 5;
const bogus = 6;

const isLetter = (byte: number): boolean => (byte | 32) >= 97 && (byte | 32) <= 122;
const isBlank = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

/** Elements whose content is no text and has no tags. */
const raw: ReadonlySet<string> = new Set(['script', 'style', 'xmp', 'noframes']);
/** Elements whose attributes are kept. */
const links: ReadonlySet<string> = new Set(['a', 'area']);
const longestName = 16;

/** `href` and its quotation mark, with blanks: more of them than this is nobody's. */
const nameLength = 64;
const hrefBefore = /(?:^|[\s/"'])(?:[a-z]+:)?href\s*=\s*["']$/i;

export class Tags {
  readonly #sink: TagSink;
  readonly #longestTag: number;
  #state = inText;
  #name = '';
  #isEnd = false;
  /** The octets behind the name of a link. */
  #attributes: string | undefined = '';
  #keeps = false;
  /** In the value of another attribute than href: somebody could fill the tag with it. */
  #passes = false;
  /** The quotation mark of the value; 0 outside of one. */
  #quote = 0;
  /** An equal sign came: a quotation mark opens a value. */
  #equals = false;
  /** The element whose content is not looked at. */
  #raw = '';
  #hyphens = 0;

  constructor(sink: TagSink, longestTag: number) {
    this.#sink = sink;
    this.#longestTag = longestTag;
  }

  feed(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case inText:
          at = this.#text(bytes, at);
          break;
        case opened:
          at = this.#open(bytes, at);
          break;
        case inName:
          at = this.#inName(bytes, at);
          break;
        case inside:
          at = this.#inside(bytes, at);
          break;
        case declaration:
          at = this.#declaration(bytes, at);
          break;
        case comment:
          at = this.#comment(bytes, at);
          break;
        case bogus:
          at = this.#bogus(bytes, at);
          break;
      }
    }
  }

  #text(bytes: Buffer, from: number): number {
    const found = bytes.indexOf(LESS, from);
    const end = found < 0 ? bytes.length : found;
    if (this.#raw === '' && end > from) this.#sink.text(bytes, from, end);
    if (found < 0) return end;
    this.#state = opened;
    this.#isEnd = false;
    return found + 1;
  }

  #open(bytes: Buffer, at: number): number {
    const byte = bytes[at] as number;
    if (byte === SLASH && !this.#isEnd) {
      this.#isEnd = true;
      return at + 1;
    }
    if (isLetter(byte)) {
      this.#name = '';
      this.#state = inName;
      return at;
    }
    this.#state = inText;
    if (this.#raw !== '') return at;
    if (byte === BANG && !this.#isEnd) {
      this.#hyphens = 0;
      this.#state = declaration;
      return at + 1;
    }
    if (byte === MARK || this.#isEnd) this.#state = bogus;
    return at;
  }

  #inName(bytes: Buffer, from: number): number {
    let at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (isBlank(byte) || byte === SLASH || byte === GREATER) break;
      if (this.#name.length < longestName) this.#name += String.fromCharCode(byte);
    }
    if (at === bytes.length) return at;
    this.#name = this.#name.toLowerCase();
    if (this.#raw !== '' && !(this.#isEnd && this.#name === this.#raw)) {
      this.#state = inText;
      return at;
    }
    this.#state = inside;
    this.#keeps = !this.#isEnd && links.has(this.#name);
    this.#attributes = '';
    this.#quote = 0;
    this.#equals = false;
    return at;
  }

  #inside(bytes: Buffer, from: number): number {
    let at = from;
    /** What is kept begins here. */
    let kept = from;
    let ended = false;
    while (at < bytes.length && !ended) {
      if (this.#quote !== 0) {
        const close = bytes.indexOf(this.#quote, at);
        if (close >= 0) this.#quote = 0;
        at = close < 0 ? bytes.length : close + 1;
        if (this.#passes) {
          kept = close < 0 ? at : close;
          this.#passes = close < 0;
        }
        continue;
      }
      const byte = bytes[at++] as number;
      if (byte === GREATER) ended = true;
      else if (byte === EQUALS) this.#equals = true;
      else if (this.#equals && !isBlank(byte)) {
        this.#equals = false;
        if (byte === QUOTE || byte === APOSTROPHE) {
          this.#quote = byte;
          if (!this.#keeps) continue;
          this.#keep(bytes, kept, at);
          kept = at;
          this.#passes = !hrefBefore.test(this.#attributes?.slice(-nameLength) ?? '');
        }
      }
    }
    this.#keep(bytes, kept, at);
    if (ended) this.#endTag();
    return at;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    if (!this.#keeps || start >= end) return;
    const known = this.#attributes ?? '';
    // What is left of a longer one may be a link to somewhere else.
    this.#keeps = known.length + end - start <= this.#longestTag;
    this.#attributes = this.#keeps ? known + bytes.toString('latin1', start, end) : undefined;
  }

  #endTag(): void {
    this.#state = inText;
    const isContent = !this.#isEnd && raw.has(this.#name);
    this.#raw = isContent ? this.#name : '';
    this.#sink.tag(this.#name, this.#isEnd, this.#attributes);
    this.#attributes = '';
    this.#passes = false;
  }

  #declaration(bytes: Buffer, at: number): number {
    if (bytes[at] !== HYPHEN) {
      this.#state = bogus;
      return at;
    }
    this.#hyphens++;
    if (this.#hyphens === 2) this.#state = comment;
    return at + 1;
  }

  /** To `-->`; also `<!-->` and `<!--->` end one. */
  #comment(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === HYPHEN) this.#hyphens++;
      else if (byte === GREATER && this.#hyphens >= 2) {
        this.#endComment();
        return at + 1;
      } else this.#hyphens = 0;
    }
    return bytes.length;
  }

  #bogus(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(GREATER, from);
    if (end < 0) return bytes.length;
    this.#endComment();
    return end + 1;
  }

  #endComment(): void {
    this.#state = inText;
    this.#sink.tag('!', false, '');
  }
}

const attribute = /[\s/]*([^\s/>=][^\s/>=]*|=)\s*(?:=\s*(?:"([^"]*)(?:"|$)|'([^']*)(?:'|$)|([^\s>]*)))?/y;

/** The value of the first `href` among the attributes of a tag, as browsers take it; references not decoded. */
export function hrefOf(attributes: string): string | undefined {
  attribute.lastIndex = 0;
  for (let found = attribute.exec(attributes); found !== null; found = attribute.exec(attributes)) {
    if (/^(?:[a-z]+:)?href$/i.test(found[1] ?? '')) return found[2] ?? found[3] ?? found[4];
  }
  return undefined;
}
