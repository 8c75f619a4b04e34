// What somebody sees of HTML, as text: tags, comments, scripts and styles out, character references decoded, a line end where a block begins or ends.
// Text is UTF-8 octets as latin1, in any split; linear, keeps at most the name of a tag or the reference in hand. It does not render: what a style
// hides is shown.
import { decodeReferences } from '../uri/entities.ts';

/** Elements whose content is not shown. */
const hidden = new Set(['script', 'style', 'template', 'noembed', 'noframes', 'iframe']);
const blocks =
  /^\/?(?:address|article|aside|blockquote|body|br|center|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|head|header|hr|html|li|main|nav|ol|option|p|pre|section|select|table|tbody|td|tfoot|th|thead|title|tr|ul)$/;
/** What of a name is kept. */
const maxName = 32;
/** The longest reference: `&CounterClockwiseContourIntegral;`, and numbers with zeros. */
const maxReference = 48;

type State =
  | { readonly kind: 'text' }
  /** Behind `<`: what it begins. */
  | { readonly kind: 'open'; token: string }
  | { readonly kind: 'tag'; readonly name: string; quote: string; isValue: boolean; last: string }
  /** Up to `mark`, in lower case: a comment, a declaration, an element that is not shown. */
  | { readonly kind: 'skip'; readonly mark: string; tail: string };

const TEXT: State = { kind: 'text' };

/** What ends something that is not shown. Browsers end a comment at `--!>` too. */
const endOf = (mark: string): RegExp =>
  mark === '-->' ? /--!?>/g : new RegExp(mark === '>' ? mark : `${mark}(?=[\\s/>])`, 'gi');
const ends: ReadonlyMap<string, RegExp> = new Map(
  ['-->', '>', ...[...hidden].map((name) => `</${name}`)].map((mark) => [mark, endOf(mark)]),
);
/** Longer than any of them, with what follows it. */
const longestEnd = 16;

function find(pattern: RegExp, text: string, from: number): { readonly end: number } | null {
  pattern.lastIndex = from;
  return pattern.test(text) ? { end: pattern.lastIndex } : null;
}

export class HtmlText {
  #state: State = TEXT;
  /** A reference that may not be complete. */
  #held = '';
  #out = '';
  /** The text ended with a blank. */
  #isBlank = false;

  /** What is to be seen of the text that came. */
  push(text: string): string {
    const whole = this.#held + text;
    this.#held = '';
    let at = 0;
    while (at < whole.length) at = this.#step(whole, at);
    return this.#take();
  }

  end(): string {
    this.#write(this.#held);
    if (this.#state.kind === 'open') this.#out += `<${this.#state.token}`;
    return this.#take();
  }

  #take(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  /** Gives where to go on. */
  #step(text: string, at: number): number {
    const state = this.#state;
    switch (state.kind) {
      case 'text':
        return this.#text(text, at);
      case 'open':
        return this.#open(text, at, state);
      case 'tag':
        return this.#tag(text, at, state);
      case 'skip':
        return this.#skip(text, at, state);
    }
  }

  #text(text: string, at: number): number {
    const open = text.indexOf('<', at);
    if (open >= 0) {
      this.#write(text.slice(at, open));
      this.#state = { kind: 'open', token: '' };
      return open + 1;
    }
    const reference = text.lastIndexOf('&');
    const isOpen =
      reference >= at && text.length - reference < maxReference && /^&[#\w]*$/.test(text.slice(reference));
    const end = isOpen ? reference : text.length;
    this.#write(text.slice(at, end));
    this.#held = text.slice(end);
    return text.length;
  }

  #open(text: string, at: number, state: { token: string }): number {
    const next = text[at] as string;
    const token = state.token + next;
    if (token === '!--') {
      // `<!-->` is a whole comment.
      this.#state = { kind: 'skip', mark: '-->', tail: '--' };
    } else if (token[0] === '!' || token[0] === '?' || /^\/[^a-z]/i.test(token)) {
      if (!'!--'.startsWith(token)) {
        this.#state = { kind: 'skip', mark: '>', tail: '' };
        return at;
      }
      state.token = token;
    } else if (token === '/') state.token = token;
    else if (!/^\/?[a-z]/i.test(token)) {
      this.#out += '<';
      this.#state = TEXT;
      return at;
    } else if (/[\s/>]/.test(next) || token.length > maxName) {
      const name = (token.length > maxName ? token : state.token).toLowerCase();
      this.#state = { kind: 'tag', name, quote: '', isValue: false, last: '' };
      return at;
    } else state.token = token;
    return at + 1;
  }

  #tag(text: string, at: number, state: State & { readonly kind: 'tag' }): number {
    for (let i = at; i < text.length; i++) {
      const character = text[i] as string;
      if (state.quote !== '') {
        const quote = text.indexOf(state.quote, i);
        if (quote < 0) return text.length;
        state.quote = '';
        i = quote;
      } else if (character === '>') {
        this.#endTag(state.name, state.last === '/');
        return i + 1;
      } else if (state.isValue && (character === '"' || character === "'")) {
        state.quote = character;
        state.isValue = false;
      } else if (character === '=') state.isValue = true;
      else if (character > ' ') state.isValue = false;
      state.last = character;
    }
    return text.length;
  }

  #endTag(name: string, isClosed: boolean): void {
    this.#state = hidden.has(name) && !isClosed ? { kind: 'skip', mark: `</${name}`, tail: '' } : TEXT;
    if (!blocks.test(name)) return;
    this.#out += '\n';
    this.#isBlank = true;
  }

  #skip(text: string, at: number, state: State & { readonly kind: 'skip' }): number {
    const { mark, tail } = state;
    const pattern = ends.get(mark) ?? endOf(mark);
    // A mark that began in what was there before, then one in what came: nothing long is put together, for there may be many of them.
    const joint = tail === '' ? '' : tail + text.slice(at, at + longestEnd);
    const early = joint === '' ? null : find(pattern, joint, 0);
    const found = early ?? find(pattern, text, at);
    if (found === null) {
      state.tail = (tail + text.slice(Math.max(at, text.length - longestEnd))).slice(1 - longestEnd);
      return text.length;
    }
    this.#state = mark.startsWith('</')
      ? { kind: 'tag', name: mark.slice(1), quote: '', isValue: false, last: '' }
      : TEXT;
    return early === null ? found.end : at + found.end - tail.length;
  }

  #write(text: string): void {
    if (text === '') return;
    const plain = text.replace(/[\t\r\n\f ]+/g, ' ');
    // Blanks in a row may come apart.
    this.#out += decodeReferences(this.#isBlank && plain[0] === ' ' ? plain.slice(1) : plain, 'html');
    this.#isBlank = plain.endsWith(' ');
  }
}
