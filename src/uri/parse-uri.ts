// URIs as mail has them: RFC 3986 first (taken apart, then decoded), and where that finds none, what mail clients and browsers take for a
// link all the same: bare domains and addresses, backslashes, percent-encoded schemes, rubbish in front of `http://`. Behind uri.parse;
// the URI finder of message bodies calls `parseUri` for every word. Linear time.
import { parseIp } from '../net-address/ip-address.ts';
import { registeredHost } from './browser-host.ts';
import { type Authority, isBareDomain, parseAuthority } from './host.ts';
import { hrefText } from './href-text.ts';
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

/** What is taken apart, and how strictly. */
interface Source {
  readonly raw: string;
  readonly text: string;
  /** The value of an attribute that holds a URL: whatever a browser takes for a host is one. */
  readonly href: boolean;
}

function hierarchicalUri(
  { raw, text, href }: Source,
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
    authority = parseAuthority(split.authority, !href && split.path === undefined);
    if (skip > 2 && !href && !isSureHost(authority)) return undefined;
    if (name === 'file') {
      // Windows takes file:////host/share for \\host\share, and asks that host.
      const share = slashes > 3 ? splitAuthority(rest.slice(slashes)) : undefined;
      const server = share && parseAuthority(share.authority, false);
      if (isSureHost(server))
        return makeUri(raw, text, parts, { scheme, schemeInfo, authority: server, port, path: share?.path });
      authority ??= onlyHost('localhost');
    }
    if (authority !== undefined) path = split.path;
  }
  // Without a host only the schemes that have none are left.
  if (authority === undefined && port > 0) return undefined;
  return makeUri(raw, text, parts, { scheme, schemeInfo, authority, port, path });
}

function schemeUri(source: Source, scheme: string): Uri | undefined {
  const { raw, text } = source;
  const name = scheme.toLowerCase();
  const parts = splitParts(text);
  const written = parts.before.slice(scheme.length + 1);
  const rest = browserSchemes.has(name) && written.includes('\\') ? written.replaceAll('\\', '/') : written;
  if (schemePorts.get(name) !== MAIL_PORT || rest.startsWith('/'))
    return hierarchicalUri(source, parts, scheme, rest);
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
  const host = isIp ? address : registeredHost(authority);
  if (host === undefined || (!isIp && !isBareDomain(host))) return undefined;
  return makeUri(raw, text, parts, {
    scheme: isIp ? 'ip' : 'http',
    schemeInfo: undefined,
    authority: onlyHost(host),
    port: isIp ? 0 : 80,
    path,
  });
}

const schemePattern = /^[A-Za-z0-9][A-Za-z0-9+.-]*(?=:)/;

/** Where a known scheme begins that stands right before `://`, behind rubbish, at `from` or later; undefined when there is none. */
function rescuedStart(text: string, from: number): number | undefined {
  for (let at = text.indexOf('://', from); at >= 0; at = text.indexOf('://', at + 3)) {
    const scheme = schemeAtEnd(text.slice(Math.max(from, at - 16), at));
    if (scheme !== '') return at - scheme.length;
  }
  return undefined;
}

/** `Word:` and the like in front of a URI. `rescue` false: the text begins where a URI was seen already. */
function uriWithScheme(source: Source, scheme: string, rescue: boolean): Uri | undefined {
  const name = scheme.toLowerCase();
  const port = schemePorts.get(name);
  const behind =
    rescue && !browserSchemes.has(name) ? rescuedStart(source.text, scheme.length + 1) : undefined;
  // File:http://..., data:http://...: the scheme is a word like any other.
  if (port !== undefined && behind !== scheme.length + 1) {
    const uri = schemeUri(source, scheme);
    if (uri !== undefined || port !== MAIL_PORT) return uri;
  }
  return behind === undefined ? undefined : parseText({ ...source, text: source.text.slice(behind) }, false);
}

function parseText(source: Source, rescue = true): Uri | undefined {
  const { raw, text } = source;
  const scheme = schemePattern.exec(text)?.[0];
  if (scheme !== undefined && parseIp(text) === undefined) return uriWithScheme(source, scheme, rescue);
  const parts = splitParts(text);
  const start = rescue ? rescuedStart(text, 0) : undefined;
  if (start !== undefined) {
    // A domain with a path or query that holds another URI is the one that is gone to.
    const own = /[/?#]/.test(text.slice(0, start)) ? bareUri(raw, text, parts) : undefined;
    return own ?? parseText({ ...source, text: text.slice(start) }, false);
  }
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

/**
 * `input` is latin1. Undefined when it is no URI, or one whose scheme is not known (see scheme-table.ts). `href`: the value of an
 * attribute that holds a URL, which is read as browsers do.
 */
export function parseUri(input: string, href = false): Uri | undefined {
  const raw = input.endsWith('.') ? input.slice(0, -1) : input;
  if (!href && !/[:@.%]/.test(raw)) return undefined;
  // Browsers drop tabs and line ends anywhere, and blanks and control characters around a URI.
  const trimmed = trimControls(/[\t\r\n]/.test(raw) ? raw.replace(/[\t\r\n]/g, '') : raw);
  const text = href ? hrefText(trimmed) : trimmed;
  if (text === '') return undefined;
  const uri = parseText({ raw, text, href });
  if (uri !== undefined || !text.includes('%')) return uri;
  const decoded = decodeStart(text);
  // A scheme that can be read without decoding has had its say: decoding more would move the host.
  return decoded === text || schemePattern.test(text) ? undefined : parseText({ raw, text: decoded, href });
}
