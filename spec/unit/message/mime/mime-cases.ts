// The cases of spec/vectors/mime.json, and what is expected of each: the original's answer, or what mime-differences.ts says instead.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Difference, PartBytes } from './mime-differences.ts';

interface Part {
  readonly md5_encoded: string;
  readonly md5_decoded: string;
  readonly part_length: number;
  readonly body_length: number;
  readonly content_type?: string;
  readonly content_transfer_encoding?: string;
}
interface Uri {
  readonly uri_raw: string;
  readonly mime_part: number;
  readonly host?: string;
}
export interface Case {
  readonly name: string;
  readonly args: readonly (string | { readonly base64: string })[];
  readonly returns: readonly {
    readonly 'mime.parts': readonly Part[];
    readonly 'uri.found': readonly { readonly key: string; readonly uri: Uri }[];
  }[];
}

const file = new URL('../../../vectors/mime.json', import.meta.url);
export const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly Case[] };

export const md5 = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex');

export function messageOf(item: Case): Buffer {
  const message = item.args[0] ?? '';
  return typeof message === 'string' ? Buffer.from(message, 'utf8') : Buffer.from(message.base64, 'base64');
}

/** Without fields that are nil. */
export const present = (record: object): object =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));

const ours = new Set(
  'filename filenames disposition type charset boundary parent address ascii domain source count text text_host text_domain obscured nested'.split(
    ' ',
  ),
);

/** A part or a URI without the fields that the original does not have. */
export function asOriginal(record: object): object {
  return Object.fromEntries(Object.entries(present(record)).filter(([name]) => !ours.has(name)));
}

function header(head: string, name: string): string | undefined {
  return head.split('\r\n').find((line) => line.toLowerCase().startsWith(`${name}:`));
}

function fromBytes({ head, body, decoded = body }: PartBytes): object {
  return present({
    md5_encoded: md5(body),
    md5_decoded: md5(decoded),
    part_length: head.length + body.length,
    body_length: body.length,
    content_type: header(head, 'content-type'),
    content_transfer_encoding: header(head, 'content-transfer-encoding'),
  });
}

/** The original's last part with another body. */
function withBody(part: Part, body: string): object {
  const head = part.part_length - part.body_length;
  const encoding = part.content_transfer_encoding?.toLowerCase() ?? '';
  const decoded = encoding.includes('base64')
    ? part.md5_decoded
    : encoding.includes('quoted')
      ? md5(
          body
            .replace(/=20/g, ' ')
            .replace(/=\r\n/g, '')
            .replace(/=([\dA-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
        )
      : md5(body);
  return {
    ...part,
    md5_encoded: md5(body),
    md5_decoded: decoded,
    part_length: Math.max(0, head) + body.length,
    body_length: body.length,
  };
}

export function expectedParts(item: Case, difference: Difference | undefined): readonly object[] {
  if (difference?.parts !== undefined) return difference.parts.map(fromBytes);
  const parts = item.returns[0]?.['mime.parts'] ?? [];
  const last = parts.at(-1);
  if (last === undefined) return [];
  if (difference?.lastBody !== undefined) return [...parts.slice(0, -1), withBody(last, difference.lastBody)];
  // Where the message ends with the last part, its last LF is missing in the original's answer (finalNewline).
  const message = messageOf(item).toString('latin1');
  const body = message.slice(message.length - last.body_length - 1);
  return md5(body.slice(0, -1)) === last.md5_encoded ? [...parts.slice(0, -1), withBody(last, body)] : parts;
}
