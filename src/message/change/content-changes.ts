// What a policy wants changed in the content of one message: noted while hook.dot runs, written when the message is made final (between the policy's own
// edits of the file and the signatures; smtp/server/final-content.ts calls `write`). One for a message whose policy asks; others have none.
//
// Everything is a splice of the stored octets: what no splice covers stays as it is, octet for octet.

import { Checksum } from '../../base/checksum.ts';
import type { HeaderList } from '../header/header-list.ts';
import type { MimeLimits } from '../mime/limits.ts';
import type { ChangeFault } from './change-faults.ts';
import { type ChangeSource, range, wholeRange } from './change-source.ts';
import {
  type ContentWords,
  changeHeaders,
  contentWords,
  type HeaderChange,
  headerList,
} from './content-headers.ts';
import { footerEdit, hasArmour, type PartEdit } from './footer-edit.ts';
import { textAsHtml } from './footer-text.ts';
import { defaultNotice, noticeEdit } from './notice-edit.ts';
import type { PlacedPart } from './part-map.ts';
import { type ReadParts, readParts } from './read-parts.ts';
import { replacementEdit } from './replacement-edit.ts';
import { type Splice, spliced } from './splice.ts';
import { isSealed, shownTexts } from './text-targets.ts';

export interface ChangeRules {
  readonly signed: boolean;
  readonly nested: boolean;
}

export type ChangeOutcome =
  | { readonly kind: 'noted' }
  /** `why` for the log. */
  | { readonly kind: 'fault'; readonly fault: ChangeFault; readonly why: string }
  /** There is no such part; the last one is `count`. */
  | { readonly kind: 'no-part'; readonly count: number };

export interface Notice {
  /** What stands in the place of what is removed, with CRLF; undefined: a text that names it. */
  readonly text: string | undefined;
  /** Nothing is to stand there, unless its multipart would be left without parts. */
  readonly without: boolean;
}

export interface FooterWish {
  /** UTF-8 text with CRLF, without a line end behind its last line. */
  readonly text: string | undefined;
  /** undefined: made of the text. `false`: none. */
  readonly html: string | false | undefined;
}

/** One change of a part. */
type Planned =
  | { readonly kind: 'text'; readonly footers: string[]; edit: PartEdit }
  | { readonly kind: 'replaced'; readonly edit: PartEdit }
  | { readonly kind: 'removed'; readonly without: boolean; readonly text: string };

export interface Unmade {
  readonly change: string;
  readonly cause: string;
  readonly outcome: 'refused' | 'left';
}

const CRLF = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
const noted: ChangeOutcome = { kind: 'noted' };

export class ContentChanges {
  readonly #source: ChangeSource;
  readonly #planned = new Map<number, Planned>();
  readonly #known = new Map<number, ContentWords>();
  #read: Promise<ReadParts | undefined> | undefined;
  /** One call at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** How many were asked for, and octets of them all. */
  asked = 0;
  octets = 0;
  /** One of those that were noted is not to be left out. */
  mustBeMade = false;
  /** What was asked for and is not made. */
  readonly left: Unmade[] = [];
  /** Why the message is to be refused: a change could not be made, and was not to be left. */
  refusal: string | undefined;

  constructor(source: ChangeSource) {
    this.#source = source;
  }

  /** Parts that are to be changed. */
  get count(): number {
    return this.#planned.size;
  }

  /** The message is over. */
  close(): void {
    this.#closed = true;
  }

  /** Another message stands in the place of this one. Nothing is planned; what was asked for counts, and was refused, all the same. */
  forgetMessage(): void {
    this.#read = undefined;
    this.#known.clear();
  }

  addFooter(wish: FooterWish, rules: ChangeRules, limits: MimeLimits): Promise<ChangeOutcome> {
    return this.#inTurn(limits, async (read) => {
      const { root } = read.map;
      if (root === undefined) return fault('no_text');
      if (read.fault !== undefined) return fault('unsafe', read.fault);
      const shown = await shownTexts(root, rules, (part) => this.#words(part));
      if (shown.kind === 'fault') return fault(shown.fault);
      const targets: { readonly number: number; readonly planned: Planned }[] = [];
      for (const { html, part, words } of shown.texts) {
        const text = html ? this.#htmlOf(wish) : wish.text;
        if (text === undefined) continue;
        if (await this.#isBinary(part)) return fault('binary');
        if (this.#isCovered(part)) return fault('changed');
        const before = this.#planned.get(part.number);
        if (before !== undefined && before.kind !== 'text') return fault('changed');
        const footers = [...(before?.footers ?? []), text];
        const outcome = await footerEdit(this.#source, { part, html, flowed: words.flowed }, footers, {
          signed: rules.signed,
          isOver: () => this.#closed,
        });
        if (outcome.kind === 'fault') return fault(outcome.fault);
        targets.push({ number: part.number, planned: { kind: 'text', footers, edit: outcome.edit } });
      }
      if (targets.length === 0) return fault('no_text');
      for (const { number, planned } of targets) this.#planned.set(number, planned);
      return noted;
    });
  }

  remove(index: number, notice: Notice, rules: ChangeRules, limits: MimeLimits): Promise<ChangeOutcome> {
    return this.#onPart(index, rules, limits, async (part) => {
      const text = notice.text ?? defaultNotice(part.facts?.names.name, (await this.#words(part)).type);
      this.#planned.set(part.number, { kind: 'removed', without: notice.without, text });
      return noted;
    });
  }

  replace(
    index: number,
    octets: Buffer,
    headers: HeaderChange,
    rules: ChangeRules,
    limits: MimeLimits,
  ): Promise<ChangeOutcome> {
    return this.#onPart(index, rules, limits, async (part) => {
      if (part.kind !== 'leaf') return fault('not_leaf');
      if (this.#planned.get(part.number)?.kind === 'text') return fault('changed');
      const { type } = await this.#words(part);
      this.#planned.set(part.number, {
        kind: 'replaced',
        edit: replacementEdit(part, octets, headers, type),
      });
      return noted;
    });
  }

  /** Why what is planned cannot be written any more: the headers or the file were changed by another way. */
  async conflict(headers: HeaderList, mayHaveChanged: boolean): Promise<ChangeFault | 'file' | undefined> {
    const read = await this.#read;
    const root = read?.map.root;
    if (read === undefined || root === undefined) return 'file';
    if (mayHaveChanged) {
      const sum = new Checksum();
      let size = 0;
      for await (const piece of range(this.#source, 0, Number.POSITIVE_INFINITY)) {
        sum.add(piece);
        size += piece.length;
      }
      if (size !== read.size || sum.value !== read.sum.value) return 'file';
    }
    const received = headerList(await this.#block(root));
    for (const name of ['Content-Type', 'Content-Transfer-Encoding'])
      if (String([...headers.values(name)]) !== String([...received.values(name)])) return 'headers_changed';
    return undefined;
  }

  /** A change could not be noted. */
  unmade(change: string, cause: string, refuse: boolean): void {
    this.left.push({ change, cause, outcome: refuse ? 'refused' : 'left' });
    if (refuse) this.refusal ??= `${change}: ${cause}`;
  }

  /** Changes the headers in `headers`, and gives the octets of the whole message with the header block as it was received. */
  async write(
    headers: HeaderList,
  ): Promise<{ readonly content: AsyncIterable<Buffer>; readonly hasEmptyLine: boolean }> {
    const read = await this.#read;
    const root = read?.map.root;
    if (read === undefined || root === undefined) throw new Error('nothing to be written');
    const splices: Splice[] = [];
    const cut: PlacedPart[] = [];
    let hasEmptyLine = true;
    for (const [number, planned] of this.#planned) {
      const part = read.map.part(number);
      if (part === undefined || this.#isCovered(part)) continue;
      const edit = planned.kind === 'removed' ? this.#removal(part, planned) : planned.edit;
      if (edit === 'cut') {
        cut.push(part);
        continue;
      }
      splices.push(...edit.splices);
      if (part.isGlued && edit.splices.some(({ to }) => to === part.end))
        splices.push({ from: part.end, to: part.end, with: CRLF });
      if (edit.headers === undefined) continue;
      if (part === root) {
        changeHeaders(headers, edit.headers, true);
        continue;
      }
      const list = headerList(await this.#block(part));
      changeHeaders(list, edit.headers, false);
      splices.push({ from: part.at, to: part.at + this.#blockLength(part), with: list.toBuffer() });
    }
    splices.push(...cuts(cut));
    if (root.bodyAt === undefined) {
      if (splices.length > 0) splices.unshift({ from: root.bodyEnd, to: root.bodyEnd, with: CRLF });
      hasEmptyLine = splices.length > 0;
    }
    splices.sort((a, b) => a.from - b.from || a.to - b.to);
    return { content: spliced(this.#source, splices, () => this.#closed), hasEmptyLine };
  }

  #removal(part: PlacedPart, { text, without }: Extract<Planned, { kind: 'removed' }>): PartEdit | 'cut' {
    const { kind, parent } = part;
    if (kind === 'epilogue')
      return { splices: [{ from: part.at, to: part.end, with: NOTHING }], headers: undefined };
    const mayGo = parent?.kind === 'multipart' && this.#isOneLeft(parent, part);
    return without && mayGo ? 'cut' : noticeEdit(part, text);
  }

  /** Whether the multipart keeps another part, or a notice, when this one is taken out: the first of those taken out stays as a notice. */
  #isOneLeft(parent: PlacedPart, part: PlacedPart): boolean {
    const parts = parent.children.filter((child) => child.kind !== 'epilogue');
    const isTakenOut = (child: PlacedPart): boolean => {
      const planned = this.#planned.get(child.number);
      return planned?.kind === 'removed' && planned.without;
    };
    return parts.some((child) => !isTakenOut(child)) || parts.find(isTakenOut) !== part;
  }

  #onPart(
    index: number,
    rules: ChangeRules,
    limits: MimeLimits,
    plan: (part: PlacedPart) => Promise<ChangeOutcome>,
  ): Promise<ChangeOutcome> {
    return this.#inTurn(limits, async (read) => {
      if (index < 1 || index > read.count) return { kind: 'no-part', count: read.count };
      if (read.fault !== undefined) return fault('unsafe', read.fault);
      const part = read.map.part(index);
      if (part === undefined) return fault('encoded');
      if (this.#isCovered(part) || this.#planned.get(index)?.kind === 'removed') return fault('changed');
      const guard = await this.#guard(part, rules);
      if (guard !== undefined) return fault(guard);
      if (part.bodyAt === undefined && part.parent !== undefined) return fault('unsafe', 'no_empty_line');
      if (await this.#isBinary(part)) return fault('binary');
      if (!rules.signed && part.kind === 'leaf' && (await hasArmour(this.#source, part)))
        return fault('signed');
      return plan(part);
    });
  }

  /** What a policy has to ask for by name. */
  async #guard(part: PlacedPart, { nested, signed }: ChangeRules): Promise<ChangeFault | undefined> {
    for (let at: PlacedPart | undefined = part; at !== undefined; at = at.parent) {
      if (!nested && at !== part && at.kind === 'message') return 'nested';
      if (signed) continue;
      const { type } = await this.#words(at);
      if (isSealed(type)) return 'signed';
    }
    return undefined;
  }

  /** It stands in something that another change takes the place of. */
  #isCovered(part: PlacedPart): boolean {
    for (let around = part.parent; around !== undefined; around = around.parent) {
      const planned = this.#planned.get(around.number);
      if (planned !== undefined && planned.kind !== 'text') return true;
    }
    return false;
  }

  #htmlOf({ html, text }: FooterWish): string | undefined {
    if (html === false) return undefined;
    return html ?? (text === undefined ? undefined : textAsHtml(text));
  }

  async #words(part: PlacedPart): Promise<ContentWords> {
    const known = this.#known.get(part.number);
    if (known !== undefined) return known;
    const words = contentWords(headerList(await this.#block(part)));
    this.#known.set(part.number, words);
    return words;
  }

  /** Its headers are no lines with CRLF. */
  async #isBinary(part: PlacedPart): Promise<boolean> {
    const { at, bodyAt, bodyEnd } = part;
    const text = (await wholeRange(this.#source, at, bodyAt ?? bodyEnd)).toString('latin1');
    return /\r(?!\n)|(?:^|[^\r])\n/.test(text);
  }

  /** The headers, without the empty line. */
  async #block(part: PlacedPart): Promise<Buffer> {
    return wholeRange(this.#source, part.at, part.at + this.#blockLength(part));
  }

  #blockLength({ at, bodyAt, bodyEnd, kind }: PlacedPart): number {
    if (kind === 'epilogue') return 0;
    if (bodyAt === undefined) return bodyEnd - at;
    return Math.max(0, bodyAt - at - 2);
  }

  #inTurn(limits: MimeLimits, work: (read: ReadParts) => Promise<ChangeOutcome>): Promise<ChangeOutcome> {
    const done = this.#turn.then(async () => {
      this.#read ??= readParts(this.#source, limits, () => this.#closed);
      const read = await this.#read;
      return read === undefined || this.#closed ? fault('unsafe', 'the message is over') : work(read);
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

const fault = (word: ChangeFault, why: string = word): ChangeOutcome => ({ kind: 'fault', fault: word, why });

/** Parts that are taken out with the delimiters in front of them. The line end before a delimiter belongs to it: of neighbours that go together one is left where there was one. */
function cuts(parts: readonly PlacedPart[]): Splice[] {
  const splices: Splice[] = [];
  const sorted = [...parts].sort((a, b) => a.from - b.from);
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i] as PlacedPart;
    let last = first;
    while (sorted[i + 1]?.from === last.end) last = sorted[++i] as PlacedPart;
    const needsLineEnd = first.hasLineEnd && last.isGlued;
    splices.push({ from: first.from, to: last.end, with: needsLineEnd ? CRLF : NOTHING });
  }
  return splices;
}
