// Messages for measuring MIME and URI discovery, and what is measured: ours and mailsplit alone over the same bytes.
import { once } from 'node:events';
import { Splitter } from 'mailsplit';
import { defaultMimeLimits } from '../../src/message/mime/limits.ts';
import { observerTable } from '../../src/message/observer-table.ts';
import { MessageObservers } from '../../src/message/observers.ts';
import { parseUri } from '../../src/uri/parse-uri.ts';
import { FakeLiveTable } from '../fakes/live-table.ts';

const head = 'From: a@example.com\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n';
const words =
  'the quick brown fox jumps over a lazy dog and then some more words follow until the end. Next sentence is here, with numbers 3.14 and e.g. 12:30'.split(
    ' ',
  );

/** Lines of prose with a link now and then, about `bytes` of them. */
export function prose(bytes: number): string {
  const lines: string[] = [];
  let length = 0;
  for (let i = 0; length < bytes; ) {
    let line = '';
    while (line.length < 70) line += `${words[((i = (i * 31 + 7) % 9973)) % words.length]} `;
    if (i % 10 === 0) line += `http://host${i}.example.com/path?x=${i}`;
    lines.push(line);
    length += line.length + 2;
  }
  return `${lines.join('\r\n')}\r\n`;
}

export function markup(bytes: number): string {
  const lines = ['<html><body>'];
  for (let length = 0, i = 0; length < bytes; i++) {
    const line = `<div class="row" style="color: red"><a href="https://track.example.com/c?id=${i % 300}&amp;u=7">Click here &nbsp; now</a> ${words[i % words.length]} and more text in the paragraph</div>`;
    lines.push(line);
    length += line.length + 2;
  }
  return `${lines.join('\r\n')}\r\n`;
}

const quoted = (text: string): string => text.replaceAll('=', '=3D').replace(/(.{74})/g, '$1=\r\n');
const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/(.{76})/g, '$1\r\n');

/** Octets without pattern. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = 1; i < length; i++)
    bytes[i] = (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) >> 16;
  return bytes;
}

/** A message of about `bytes`, of each kind that mail is made of. */
export function messages(bytes: number): Readonly<Record<string, string>> {
  return {
    'text and attachment': `${head}Content-Type: multipart/mixed; boundary=BB\r\n\r\n--BB\r\nContent-Type: text/plain\r\n\r\n${prose(bytes / 500)}--BB\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(noise(bytes * 0.73))}\r\n--BB--\r\n`,
    'plain text': `${head}\r\n${prose(bytes)}`,
    HTML: `${head}Content-Type: text/html\r\n\r\n${markup(bytes)}`,
    'HTML, quoted-printable': `${head}Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${quoted(markup(bytes * 0.95))}`,
    'HTML, base64': `${head}Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(Buffer.from(markup(bytes * 0.73)))}`,
    'empty lines': `${head}\r\n${'\r\n'.repeat(bytes / 2)}`,
  };
}

/** About 1 KB: text and HTML. */
export const smallMessage = Buffer.from(
  `${head}Content-Type: multipart/alternative; boundary="=_abc"\r\n\r\n--=_abc\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${prose(300)}--=_abc\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${quoted(markup(300))}--=_abc--\r\n`,
);

export function chunks(message: string | Buffer, size = 65_536): readonly Buffer[] {
  const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
  const result: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) result.push(bytes.subarray(at, at + size));
  return result;
}

/** mime.parts and uri.found on, or neither. */
export function observeChunks(pieces: readonly Buffer[], active: boolean): { parts: number; uris: number } {
  const observer = new MessageObservers(observerTable, {
    limits: defaultMimeLimits,
    parseUri,
    log: undefined,
  });
  const parts = new FakeLiveTable();
  const uris = new FakeLiveTable();
  if (active) {
    observer.observe('mime.parts', parts, undefined);
    observer.observe('uri.found', uris, undefined);
  }
  for (const piece of pieces) observer.feed(piece);
  observer.end();
  return { parts: parts.sequence.length, uris: uris.sequence.length };
}

/** mailsplit alone; its chunks are dropped. */
export async function mailsplitChunks(pieces: readonly Buffer[]): Promise<void> {
  const splitter = new Splitter();
  splitter.resume();
  const ended = once(splitter, 'end');
  for (const piece of pieces) if (!splitter.write(piece)) await once(splitter, 'drain');
  splitter.end();
  await ended;
}

/** Milliseconds of processor time, user and system. */
export async function processorTime(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000;
}

export const least = (values: readonly number[]): number => Math.min(...values);
