// What a text option may look like. Each form is a test with the words that an error message uses; nothing is resolved or opened here.
import { isIP } from 'node:net';
import { splitList } from '../base/lists.ts';
import { verboseWords } from '../base/log.ts';
import { nearestName } from '../base/nearest-name.ts';
import { isHostName, readHostPort, wrongNextHop } from '../net-address/host-list.ts';
import { readNetwork } from '../net-address/network-list.ts';
import { ADMIN_PLACES, readAdminListen } from './admin-listen.ts';
import { readCertificateList } from './certificate-list.ts';
import { readListenList } from './listen-list.ts';
import { readPinList } from './pin-list.ts';
import { RECORD_FORMS, readRecordWish } from './record-wish.ts';
import { readStoreUrl } from './store-url.ts';
import type { TextForm } from './table/option-spec.ts';

function isServer(text: string): boolean {
  const parts = readHostPort(text);
  return parts !== undefined && isIP(parts.host) !== 0;
}

/** The destination that a syslog-address names; undefined when the text is not one. */
export type SyslogTarget =
  | { readonly kind: 'none' }
  | { readonly kind: 'local' }
  | { readonly kind: 'udp' | 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export function readSyslogAddress(text: string): SyslogTarget | undefined {
  if (text === '') return { kind: 'none' };
  if (text === 'local') return { kind: 'local' };
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(colon, 0));
  const rest = text.slice(colon + 1);
  if (kind === 'unix') return rest === '' ? undefined : { kind, path: rest };
  if (kind !== 'udp' && kind !== 'tcp') return undefined;
  const parts = readHostPort(rest);
  return parts === undefined ? undefined : { kind, host: parts.host, port: parts.port ?? 514 };
}

function firstBad(text: string, good: (item: string) => boolean): string | undefined {
  return splitList(text).find((item) => !good(item));
}

/** What is wrong with one word of `verbose`, or undefined. */
export function badVerboseWord(item: string): string | undefined {
  const match = /^(?:[+-]([a-z]+)|([a-z]+)=\d+)$/i.exec(item);
  const name = (match?.[1] ?? match?.[2] ?? item.replace(/^[+-]/, '').replace(/=.*$/, '')).toLowerCase();
  const known = verboseWords.some((word) => word === name);
  if (known && match !== null) return undefined;
  if (known) return `+${name}, -${name} or ${name}=0|1 instead of ${JSON.stringify(item)}`;
  const near = nearestName(name, verboseWords);
  return `only the words ${verboseWords.join(' ')}${near === undefined ? '' : ` (perhaps ${near} instead of ${name})`}`;
}

const ACCOUNT = /^(?:\d{1,9}|[a-z_][\w.-]*\$?)$/i;

/**
 * Undefined when the text has the form; else what would be right, to be put behind "expected ".
 */
export function expectedOf(form: TextForm, text: string): string | undefined {
  if (text.includes('\0')) return 'a text without NUL';
  if (form === 'any' || form === 'path') return undefined;
  if (form === 'user-name')
    return /[\x00-\x1f\x7f]/.test(text) ? 'a name without control characters' : undefined;
  if (form === 'account') {
    return text === '' || ACCOUNT.test(text) ? undefined : 'the name or number of a user or group';
  }
  if (form === 'pins') {
    const pins = readPinList(text);
    return 'wrong' in pins
      ? `sha256: with 64 hexadecimal digits or 44 characters of base64, or a path; ${JSON.stringify(pins.wrong)} is none`
      : undefined;
  }
  if (form === 'certificate')
    return text === '' || /^[^,]+(?:,[^,]+)?$/.test(text) ? undefined : 'chain.pem or chain.pem,key.pem';
  if (form === 'host-name') {
    return text === '' || isHostName(text) ? undefined : 'a host name such as mx.example.com';
  }
  if (form === 'syslog-address') {
    return readSyslogAddress(text) === undefined
      ? 'udp:host:port, tcp:host:port, unix:PATH or local'
      : undefined;
  }
  if (form === 'admin-place') {
    return readAdminListen(text) === undefined
      ? `an address and a port, or a socket: ${ADMIN_PLACES}`
      : undefined;
  }
  if (form === 'recording') return readRecordWish(text) === undefined ? RECORD_FORMS : undefined;
  if (form === 'verbose') {
    for (const item of splitList(text)) {
      const bad = badVerboseWord(item);
      if (bad !== undefined) return bad;
    }
    return undefined;
  }
  if (form === 'next-hops') {
    const wrong = wrongNextHop(text);
    return wrong && `${wrong.expected}; ${JSON.stringify(wrong.text)} is none`;
  }
  if (form === 'listeners') {
    const read = readListenList(text);
    return read.kind === 'wrong' ? `${read.expected}; not ${JSON.stringify(read.wrong)}` : undefined;
  }
  if (form === 'store') {
    const read = readStoreUrl(text);
    return read.kind === 'wrong' ? read.expected : undefined;
  }
  if (form === 'certificates') {
    return readCertificateList(text) === undefined
      ? 'a list such as /etc/smtpe/chain.pem,/etc/smtpe/key.pem, separated by blanks'
      : undefined;
  }
  const { good, shown } = listForms[form];
  const bad = firstBad(text, good);
  return bad === undefined ? undefined : `${shown}; ${JSON.stringify(bad)} is none`;
}

const listForms = {
  addresses: {
    good: (item: string) => isIP(item) !== 0,
    shown: 'a list of IP addresses such as 127.0.0.1 ::1',
  },
  servers: { good: isServer, shown: 'a list of addresses such as 192.0.2.1 192.0.2.2:53 [2001:db8::1]:53' },
  networks: {
    good: (item: string) => readNetwork(item) !== undefined,
    shown: 'a list of networks such as 127.0.0.0/8 ::1',
  },
} as const;

/** The verbose words that are on; words that are not mentioned are off. */
export function readVerbose(text: string): ReadonlySet<string> {
  const on = new Set<string>();
  for (const item of splitList(text)) {
    const match = /^(?:([+-])([a-z]+)|([a-z]+)=(\d+))$/i.exec(item);
    const name = (match?.[2] ?? match?.[3] ?? '').toLowerCase();
    if (match?.[1] === '+' || Number(match?.[4] ?? 0) > 0) on.add(name);
    else on.delete(name);
  }
  return on;
}
