// URIs as mail has them: RFC 3986 first (taken apart, then decoded), and where that finds none, what mail clients and browsers take for a
// link all the same: bare domains and addresses, backslashes, percent-encoded schemes, rubbish in front of `http://`. Behind uri.parse;
// the URI finder of message bodies calls `parseUri` for every word. Linear time.
import { parseIp } from '../net-address/ip-address.ts';
import { type Authority, isBareDomain, parseAuthority } from './host.ts';
import { findMailAddress } from './mail-address.ts';
import { decodeForm, decodePercent } from './percent.ts';
import { browserSchemes, MAIL_PORT, schemeAtEnd, schemePorts } from './scheme-table.ts';

/** The fields of the table that uri.parse gives, by their Lua names. Absent parts are undefined. */
export interface Uri {
  readonly uri_raw: string;
  readonly uri_decoded: string;
  readonly scheme: string;
  readonly scheme_info: string | undefined;
  readonly user_info: string | undefined;
  readonly host: string | undefined;
  readonly port: number;
  readonly path: string | undefined;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
}

/** Text split at its first `#` and the first `?` before that; nothing is decoded yet. */
interface Parts {
  readonly before: string;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
}

function splitParts(text: string): Parts {
  const hash = text.indexOf('#');
  const head = hash < 0 ? text : text.slice(0, hash);
  const mark = head.indexOf('?');
  return {
    before: mark < 0 ? head : head.slice(0, mark),
    query: mark < 0 ? undefined : head.slice(mark + 1),
    fragment: hash < 0 ? undefined : text.slice(hash + 1),
  };
}

/** What differs from form to form; the rest of the table is made from text and parts. */
interface Form {
  readonly scheme: string;
  readonly schemeInfo: string | undefined;
  readonly authority: Authority | undefined;
  readonly port: number;
  readonly path: string | undefined;
}

function decoded(part: string | undefined): string | undefined {
  return part === undefined ? undefined : decodeForm(part);
}

function makeUri(raw: string, text: string, parts: Parts, form: Form): Uri {
  return {
    uri_raw: raw,
    uri_decoded: decodeForm(text),
    scheme: form.scheme,
    scheme_info: form.schemeInfo,
    user_info: form.authority?.userInfo,
    host: form.authority?.host,
    port: form.authority?.port ?? form.port,
    path: decoded(form.path),
    query: decoded(parts.query),
    fragment: decoded(parts.fragment),
  };
}

/** An authority that is a host and nothing else. */
const onlyHost = (host: string): Authority => ({ host, userInfo: undefined, port: undefined });

function mailUri(raw: string, parts: Parts): Uri | undefined {
  const address = findMailAddress(parts.before);
  if (address === undefined) return undefined;
  const whole = `${address.local}@${address.domain}`;
  return {
    uri_raw: raw,
    uri_decoded: whole,
    scheme: 'mailto',
    scheme_info: whole,
    user_info: address.local,
    host: address.domain,
    port: MAIL_PORT,
    path: undefined,
    query: decoded(parts.query),
    fragment: decoded(parts.fragment),
  };
}

/** Authority and path of `rest` behind its slashes. */
function splitAuthority(text: string): { readonly authority: string; readonly path: string | undefined } {
  const slash = text.indexOf('/');
  return slash < 0
    ? { authority: text, path: undefined }
    : { authority: text.slice(0, slash), path: text.slice(slash) };
}

/** A host that surely is one: an address, or a name in a registered domain. */
function isSureHost(authority: Authority | undefined): authority is Authority {
  return authority !== undefined && (parseIp(authority.host) !== undefined || isBareDomain(authority.host));
}

/** More than two slashes are an empty authority, but browsers look for the host behind them. */
function slashesBefore(name: string, slashes: number): number {
  return slashes > 2 && browserSchemes.has(name) && name !== 'file' ? slashes : Math.min(slashes, 2);
}

function countSlashes(text: string): number {
  let count = 0;
  while (text.charCodeAt(count) === 0x2f) count++;
  return count;
}

function hierarchicalUri(
  raw: string,
  text: string,
  parts: Parts,
  scheme: string,
  rest: string,
): Uri | undefined {
  const name = scheme.toLowerCase();
  const port = schemePorts.get(name) ?? 0;
  const schemeInfo = decodeForm(text.slice(scheme.length + 1));
  const slashes = countSlashes(rest);
  let authority: Authority | undefined;
  let path: string | undefined;
  if (name === 'file' && slashes === 1) {
    authority = onlyHost('localhost');
    path = rest;
  } else if (slashes > 1 || (slashes === 1 && port > 0)) {
    const skip = slashesBefore(name, slashes);
    const split = splitAuthority(rest.slice(skip));
    authority = parseAuthority(split.authority, split.path === undefined);
    if (skip > 2 && !isSureHost(authority)) return undefined;
    if (name === 'file') authority ??= onlyHost('localhost');
    if (authority !== undefined) path = split.path;
  }
  // Without a host only the schemes that have none are left.
  if (authority === undefined && port > 0) return undefined;
  return makeUri(raw, text, parts, { scheme, schemeInfo, authority, port, path });
}

function schemeUri(raw: string, text: string, scheme: string): Uri | undefined {
  const name = scheme.toLowerCase();
  const parts = splitParts(text);
  const written = parts.before.slice(scheme.length + 1);
  const rest = browserSchemes.has(name) && written.includes('\\') ? written.replaceAll('\\', '/') : written;
  if (schemePorts.get(name) !== MAIL_PORT || rest.startsWith('/'))
    return hierarchicalUri(raw, text, parts, scheme, rest);
  const mail = { ...parts, before: rest };
  const uri = mailUri(raw, mail);
  if (uri !== undefined || !rest.includes('%')) return uri;
  return mailUri(raw, { ...mail, before: decodePercent(rest) });
}

/** An IP address or a domain, each with an optional path. */
function bareUri(raw: string, text: string, parts: Parts): Uri | undefined {
  const { authority, path } = splitAuthority(parts.before);
  const bracketed = authority.startsWith('[') && authority.endsWith(']');
  const address = bracketed ? authority.slice(1, -1) : authority;
  const isIp = parseIp(address) !== undefined;
  if (!isIp && !isBareDomain(authority)) return undefined;
  return makeUri(raw, text, parts, {
    scheme: isIp ? 'ip' : 'http',
    schemeInfo: undefined,
    authority: onlyHost(address),
    port: isIp ? 0 : 80,
    path,
  });
}

const schemePattern = /^[A-Za-z0-9][A-Za-z0-9+.-]*(?=:)/;

/** A known scheme that stands right before the first `://`, behind rubbish; undefined when there is none. */
function rescuedStart(text: string): number | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0 || !text.startsWith('://', colon)) return undefined;
  const scheme = schemeAtEnd(text.slice(Math.max(0, colon - 16), colon));
  return scheme === '' ? undefined : colon - scheme.length;
}

function parseText(raw: string, text: string): Uri | undefined {
  const scheme = schemePattern.exec(text)?.[0];
  if (scheme !== undefined && parseIp(text) === undefined)
    return schemePorts.has(scheme.toLowerCase()) ? schemeUri(raw, text, scheme) : undefined;
  const start = rescuedStart(text);
  if (start !== undefined) return parseText(raw, text.slice(start));
  const parts = splitParts(text);
  const at = parts.before.indexOf('@');
  const slash = parts.before.indexOf('/');
  if (at > 0 && (slash < 0 || at < slash)) return mailUri(raw, parts);
  return bareUri(raw, text, parts) ?? (at > 0 ? mailUri(raw, parts) : undefined);
}

/** The text with the part before its first colon (all of it when it has none) decoded: an encoded scheme, `http%3A%2F%2F...`. */
function decodeStart(text: string): string {
  const colon = text.indexOf(':');
  return colon < 0 ? decodePercent(text) : decodePercent(text.slice(0, colon)) + text.slice(colon);
}

function trimControls(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(start, end);
}

/** `input` is latin1. Undefined when it is no URI, or one whose scheme is not known (see scheme-table.ts). */
export function parseUri(input: string): Uri | undefined {
  const raw = input.endsWith('.') ? input.slice(0, -1) : input;
  if (!/[:@.%]/.test(raw)) return undefined;
  // Browsers drop tabs and line ends anywhere, and blanks and control characters around a URI.
  const text = trimControls(/[\t\r\n]/.test(raw) ? raw.replace(/[\t\r\n]/g, '') : raw);
  if (text === '') return undefined;
  const uri = parseText(raw, text);
  if (uri !== undefined || !text.includes('%')) return uri;
  const decoded = decodeStart(text);
  // A scheme that can be read without decoding has had its say: decoding more would move the host.
  return decoded === text || schemePattern.test(text) ? undefined : parseText(raw, decoded);
}
