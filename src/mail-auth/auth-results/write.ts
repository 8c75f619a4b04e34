// Writes the value of an Authentication-Results header (RFC 8601 2.2, 2.7). The one writer of values: what a stranger wrote stands inside a value and
// nowhere else, as a name that can be nothing but a name, as a token, or quoted. There are no comments. Pure.
import { domainInAscii } from '../../net-address/idn.ts';
import { hasEightBitOctets } from '../../text/utf8.ts';
import type { DkimResult } from '../dkim/result.ts';
import type { DmarcResult } from '../dmarc/result.ts';
import type { SpfResult } from '../spf/result.ts';

export interface AuthEntry {
  readonly method: string;
  readonly result: string;
  readonly reason?: string | undefined;
  /** In order; a property without a value, or with one that may not be written, is left out. */
  readonly properties: readonly AuthProperty[];
}

export interface AuthProperty {
  readonly name: string;
  readonly value: string | undefined;
  /** A domain is written when it is one, U-labels as A-labels. */
  readonly kind: 'domain' | 'text';
}

const longestValue = 256;
const mostDkim = 20;
/** Where a line is folded when a property does not fit any more; RFC 5322 2.1.1 allows 998 octets. */
const lineLength = 120;

/** The value, folded with CRLF and a tab: our id, and each entry on a line of its own. `id` is ours, of an option. */
export function authResultsValue(id: string, entries: readonly AuthEntry[]): string {
  if (entries.length === 0) return `${word(id)}; none`;
  return `${word(id)};${entries.map((entry) => `\r\n\t${entryText(entry)}`).join(';')}`;
}

function entryText({ method, result, reason, properties }: AuthEntry): string {
  const words = [`${method}=${result}`];
  if (reason !== undefined) words.push(`reason=${word(reason)}`);
  for (const property of properties) {
    const value = property.value === undefined ? undefined : writtenValue(property.kind, property.value);
    if (value !== undefined) words.push(`${property.name}=${value}`);
  }
  let text = '';
  let length = 0;
  for (const next of words) {
    const fits = text === '' || length + 1 + next.length <= lineLength;
    length = fits ? length + 1 + next.length : next.length;
    text += text === '' ? next : `${fits ? ' ' : '\r\n\t\t'}${next}`;
  }
  return text;
}

const hostLabel = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?';
const domainForm = new RegExp(`^${hostLabel}(?:\\.${hostLabel})*$`);
const addressForm = new RegExp(`^(?:[A-Za-z0-9._+-]{1,64})?@${hostLabel}(?:\\.${hostLabel})*$`);

function writtenValue(kind: AuthProperty['kind'], given: string): string | undefined {
  const value = hasEightBitOctets(given) ? inALabels(kind, given) : given;
  if (kind === 'domain') return value.length <= 253 && domainForm.test(value) ? value : undefined;
  return value.length <= longestValue && addressForm.test(value) ? value : word(value);
}

/** Whoever reads the header may know of no other labels (RFC 8616 section 5), and a name in two forms would be two names. */
function inALabels(kind: AuthProperty['kind'], given: string): string {
  const at = given.lastIndexOf('@') + 1;
  if (kind === 'text' && at === 0) return given;
  const domain = domainInAscii(given.slice(at));
  return domain === undefined ? given : given.slice(0, at) + domain;
}

/** A value that was written here, in another name of ours. */
export function inNameOf(id: string, written: string): string {
  return written.replace(/^(?:"(?:[^"\\]|\\.)*"|[^;"]+)/, () => word(id));
}

/** A token where it can be, else a quoted string. Octets that are not printable ASCII become `?`. */
function word(text: string): string {
  const printable = text.slice(0, longestValue).replace(/[^ -~]/g, '?');
  return /^[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+$/.test(printable)
    ? printable
    : `"${printable.replace(/["\\]/g, '\\$&')}"`;
}

const domain = (name: string, value: string | undefined): AuthProperty => ({ name, value, kind: 'domain' });
const text = (name: string, value: string | undefined): AuthProperty => ({ name, value, kind: 'text' });

export function spfEntry(result: Pick<SpfResult, 'result' | 'scope' | 'domain'>): AuthEntry {
  const name = result.scope === 'helo' ? 'smtp.helo' : 'smtp.mailfrom';
  return { method: 'spf', result: result.result, properties: [domain(name, result.domain)] };
}

type DkimFacts = Pick<
  DkimResult,
  'result' | 'cause' | 'domain' | 'identity' | 'selector' | 'algorithm' | 'b'
>;

/** `dkim=none` for a message without signatures. */
export function dkimEntries(results: readonly DkimFacts[]): AuthEntry[] {
  if (results.length === 0) return [{ method: 'dkim', result: 'none', properties: [] }];
  return results.slice(0, mostDkim).map((result) => ({
    method: 'dkim',
    result: result.result,
    reason: result.cause === 'ok' ? undefined : result.cause.replaceAll('_', ' '),
    properties: [
      domain('header.d', result.domain),
      text('header.i', result.identity),
      text('header.s', result.selector),
      text('header.a', result.algorithm),
      text('header.b', result.b === '' ? undefined : result.b),
    ],
  }));
}

export function dmarcEntry(result: Pick<DmarcResult, 'result' | 'domain' | 'published'>): AuthEntry {
  return {
    method: 'dmarc',
    result: result.result,
    properties: [text('policy.dmarc', result.published), domain('header.from', result.domain)],
  };
}

export interface ArcFacts {
  readonly result: string;
  /** Of the chain when it passed: the oldest instance whose signature still does (0: all do). */
  readonly oldestPass: number | undefined;
}

export function arcEntry({ result, oldestPass }: ArcFacts, clientAddress: string | undefined): AuthEntry {
  if (result !== 'pass') return { method: 'arc', result, properties: [] };
  return {
    method: 'arc',
    result,
    properties: [text('header.oldest-pass', String(oldestPass ?? 0)), text('smtp.remote-ip', clientAddress)],
  };
}

/** Reverse DNS of the client (RFC 8601 2.7.3): confirmed, a name that is not, no name at all. */
export function iprevEntry(address: string | undefined, names: 'confirmed' | 'other' | 'none'): AuthEntry {
  const result = names === 'confirmed' ? 'pass' : names === 'other' ? 'fail' : 'permerror';
  return { method: 'iprev', result, properties: [text('policy.iprev', address)] };
}

/** AUTH (RFC 8601 2.7.4): who has authenticated; undefined: nobody. */
export function smtpAuthEntry(user: string | undefined): AuthEntry {
  if (user === undefined) return { method: 'auth', result: 'none', properties: [] };
  return { method: 'auth', result: 'pass', properties: [text('smtp.auth', user)] };
}
