// Where something can be put into a page so that a browser shows it at its end: before the last `</body>` that is one, by the rules by which browsers cut
// a page into tags and texts (HTML Standard 13.2.5). What looks like one in a comment, an attribute, a script, a style or a title is none. Octet by
// octet, of charsets that have ASCII where ASCII has it. What styles hide is not looked at.

/** Where tags are looked for. Numbers, as each octet asks for it. */
const STATE = {
  data: 0,
  tagOpen: 1,
  endTagOpen: 2,
  tagName: 3,
  inTag: 4,
  attribute: 5,
  afterAttribute: 6,
  beforeValue: 7,
  value: 8,
  doubleQuoted: 9,
  singleQuoted: 10,
  declaration: 11,
  comment: 12,
  bogusComment: 13,
  cdata: 14,
  raw: 15,
} as const;

type State = (typeof STATE)[keyof typeof STATE];

const LESS = 60;
const GREATER = 62;
const SLASH = 47;
const BANG = 33;
const DASH = 45;
const EQUALS = 61;
const QUESTION = 63;
const DOUBLE = 34;
const SINGLE = 39;
const BRACKET = 93;

/** Longer names are none that matter. */
const longestName = 12;

/** What stands in them is no markup; of `noscript` where scripts run. */
const raw = new Set('script style xmp iframe noembed noframes noscript textarea title plaintext'.split(' '));
/** What stands in them is not shown, or only when something cannot be played. */
const hiding = new Set(
  'template select datalist dialog details svg math object audio video canvas'.split(' '),
);
const foreign = new Set(['svg', 'math']);
/** A page has no more of them one in the other. */
const deepest = 100;

const isLetter = (octet: number): boolean => (octet | 32) >= 97 && (octet | 32) <= 122;
const isBlank = (octet: number): boolean =>
  octet === 32 || octet === 10 || octet === 13 || octet === 9 || octet === 12;
const endsName = (octet: number): boolean => isBlank(octet) || octet === SLASH || octet === GREATER;
const lower = (octet: number): string => String.fromCharCode(octet >= 65 && octet <= 90 ? octet | 32 : octet);

export class HtmlPlace {
  #state: State = STATE.data;
  /** Where the `<` of what is open stands. */
  #openAt = 0;
  #name = '';
  #isEnd = false;
  /** The last octet of a tag before `>` is a slash. */
  #closesItself = false;
  /** Of a comment: dashes in a row, and whether it has nothing else yet. */
  #dashes = 0;
  #isFresh = false;
  #hasBang = false;
  /** The element whose text is no markup, and where it begins. */
  #raw = '';
  #rawAt = 0;
  /** Behind the last `<` in it, as far as it may be of interest. */
  #tail = '';
  /** Of a script: 1 in `<!--`, 2 in `<script` behind that. */
  #escaped = 0;
  readonly #hidden: { readonly name: string; readonly at: number }[] = [];
  #body: number | undefined;
  #html: number | undefined;

  /** `at`: its offset, larger than that of the octet before. */
  octet(octet: number, at: number): void {
    switch (this.#state) {
      case STATE.data:
        if (octet === LESS) this.#open(at);
        return;
      case STATE.tagOpen:
        this.#tagOpen(octet, at);
        return;
      case STATE.endTagOpen:
        if (isLetter(octet)) this.#nameBegins(octet, true);
        else this.#state = octet === GREATER ? STATE.data : STATE.bogusComment;
        return;
      case STATE.tagName:
        if (endsName(octet)) this.#inTag(octet);
        else if (this.#name.length < longestName) this.#name += lower(octet);
        return;
      case STATE.inTag:
        this.#inTag(octet);
        return;
      case STATE.attribute:
        this.#attribute(octet);
        return;
      case STATE.afterAttribute:
        if (!isBlank(octet)) {
          this.#state = STATE.attribute;
          this.#attribute(octet);
        }
        return;
      case STATE.beforeValue:
        if (octet === DOUBLE) this.#state = STATE.doubleQuoted;
        else if (octet === SINGLE) this.#state = STATE.singleQuoted;
        else if (octet === GREATER) this.#tagEnds();
        else if (!isBlank(octet)) this.#state = STATE.value;
        return;
      case STATE.value:
        if (octet === GREATER) this.#tagEnds();
        else if (isBlank(octet)) this.#state = STATE.inTag;
        return;
      case STATE.doubleQuoted:
        if (octet === DOUBLE) this.#state = STATE.inTag;
        return;
      case STATE.singleQuoted:
        if (octet === SINGLE) this.#state = STATE.inTag;
        return;
      case STATE.declaration:
        this.#declaration(octet);
        return;
      case STATE.comment:
        this.#comment(octet);
        return;
      case STATE.bogusComment:
        if (octet === GREATER) this.#state = STATE.data;
        return;
      case STATE.cdata:
        if (octet === GREATER && this.#dashes >= 2) this.#state = STATE.data;
        else this.#dashes = octet === BRACKET ? this.#dashes + 1 : 0;
        return;
      case STATE.raw:
        this.#rawText(octet, at);
    }
  }

  /** Undefined: behind everything. Asked when all of the page was seen. */
  get place(): number | undefined {
    const last = this.#body ?? this.#html;
    if (last !== undefined) return last;
    // What is never closed swallows what comes behind it.
    const open = this.#hidden[0]?.at ?? (this.#raw === '' ? undefined : this.#rawAt);
    return open ?? (this.#state === STATE.data ? undefined : this.#openAt);
  }

  #open(at: number): void {
    this.#state = STATE.tagOpen;
    this.#openAt = at;
  }

  #tagOpen(octet: number, at: number): void {
    if (isLetter(octet)) this.#nameBegins(octet, false);
    else if (octet === SLASH) this.#state = STATE.endTagOpen;
    else if (octet === QUESTION) this.#state = STATE.bogusComment;
    else if (octet === BANG) {
      this.#state = STATE.declaration;
      this.#tail = '';
    } else {
      this.#state = STATE.data;
      this.octet(octet, at);
    }
  }

  #nameBegins(octet: number, isEnd: boolean): void {
    this.#state = STATE.tagName;
    this.#name = lower(octet);
    this.#isEnd = isEnd;
    this.#closesItself = false;
  }

  /** In its name. */
  #attribute(octet: number): void {
    if (isBlank(octet)) this.#state = STATE.afterAttribute;
    else if (endsName(octet)) this.#inTag(octet);
    else if (octet === EQUALS) this.#state = STATE.beforeValue;
  }

  /** Between attributes. */
  #inTag(octet: number): void {
    if (octet === GREATER) this.#tagEnds();
    else if (octet === SLASH) {
      this.#closesItself = true;
      this.#state = STATE.inTag;
    } else {
      this.#closesItself = false;
      this.#state = isBlank(octet) ? STATE.inTag : STATE.attribute;
    }
  }

  #tagEnds(): void {
    const name = this.#name;
    const at = this.#openAt;
    this.#state = STATE.data;
    this.#raw = '';
    if (this.#isEnd) {
      this.#endTag(name, at);
      return;
    }
    if (hiding.has(name) && !(this.#closesItself && foreign.has(name)) && this.#hidden.length < deepest)
      this.#hidden.push({ name, at });
    if (!raw.has(name) || (this.#closesItself && this.#isForeign)) return;
    this.#state = STATE.raw;
    this.#raw = name;
    this.#rawAt = at;
    this.#tail = '';
    this.#escaped = 0;
  }

  #endTag(name: string, at: number): void {
    if (name === 'body' || name === 'html') {
      if (this.#hidden.length > 0) return;
      if (name === 'body') this.#body = at;
      else this.#html = at;
      return;
    }
    // What is open around a template is not closed in it.
    const index = this.#hidden.findLastIndex((open) => open.name === name || open.name === 'template');
    if (index >= 0 && this.#hidden[index]?.name === name) this.#hidden.length = index;
  }

  get #isForeign(): boolean {
    return this.#hidden.some(({ name }) => foreign.has(name));
  }

  /** Behind `<!`. */
  #declaration(octet: number): void {
    this.#tail += String.fromCharCode(octet);
    const isCdata = this.#isForeign && '[CDATA['.startsWith(this.#tail);
    if (this.#tail === '--') {
      this.#state = STATE.comment;
      this.#dashes = 0;
      this.#isFresh = true;
      this.#hasBang = false;
    } else if (this.#tail === '[CDATA[' && isCdata) {
      this.#state = STATE.cdata;
      this.#dashes = 0;
    } else if (this.#tail !== '-' && !isCdata) {
      this.#state = octet === GREATER || this.#tail.includes('>') ? STATE.data : STATE.bogusComment;
    }
  }

  /** Ends with `-->` or `--!>`; `<!-->` and `<!--->` are whole ones. */
  #comment(octet: number): void {
    if (octet === DASH) {
      this.#dashes = this.#hasBang ? 1 : this.#dashes + 1;
      if (this.#dashes > 1) this.#isFresh = false;
      this.#hasBang = false;
      return;
    }
    if (octet === GREATER && (this.#dashes >= 2 || this.#isFresh)) {
      this.#state = STATE.data;
      return;
    }
    this.#hasBang = octet === BANG && this.#dashes >= 2 && !this.#hasBang;
    if (!this.#hasBang) this.#dashes = 0;
    this.#isFresh = false;
  }

  /** In an element whose text is no markup: until its end tag. */
  #rawText(octet: number, at: number): void {
    const isScript = this.#raw === 'script';
    if (isScript && this.#escaped > 0) {
      if (octet === GREATER && this.#dashes >= 2) this.#escaped = 0;
      this.#dashes = octet === DASH ? this.#dashes + 1 : 0;
    }
    if (octet === LESS) {
      this.#tail = '<';
      this.#openAt = at;
      return;
    }
    if (this.#tail === '') return;
    const said = this.#tail.slice(1);
    if (endsName(octet)) {
      this.#tail = '';
      if (said === `/${this.#raw}` && this.#escaped < 2) {
        if (this.#raw === 'plaintext') return;
        this.#name = this.#raw;
        this.#isEnd = true;
        this.#closesItself = false;
        this.#inTag(octet);
      } else if (isScript && said === 'script' && this.#escaped === 1) this.#escaped = 2;
      else if (isScript && said === '/script') this.#escaped = 1;
      // `</` begins the name of an end tag.
      else if (said === '' && octet === SLASH) this.#tail = '</';
      return;
    }
    this.#tail += lower(octet);
    if (isScript && this.#tail === '<!--' && this.#escaped === 0) {
      this.#escaped = 1;
      this.#dashes = 2;
      this.#tail = '';
    } else if (this.#tail.length > longestName + 2) this.#tail = '';
  }
}
