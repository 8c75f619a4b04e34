// What a text option may look like. Each form is a test with the words that an error message uses; nothing is resolved or opened here.
import { isIP, isIPv4 } from 'node:net';
import { isHostName, readHostPort, wrongNextHop } from '../net/host-list.ts';
import { verboseWords } from '../ops/log.ts';
import { nearestName } from './nearest-name.ts';

export type TextForm =
  | 'any'
  | 'path'
  | 'addresses'
  | 'servers'
  | 'networks'
  | 'next-hops'
  | 'host-name'
  | 'verbose'
  | 'syslog-address';

function isNetwork(text: string): boolean {
  const [address, length, ...more] = text.split('/');
  if (address === undefined || more.length > 0 || isIP(address) === 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (isIPv4(address) ? 32 : 128));
}

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

/** The items of a list option such as `verbose`. */
export const items = (text: string): readonly string[] => text.split(/[\s,;]+/).filter((item) => item !== '');

function firstBad(text: string, good: (item: string) => boolean): string | undefined {
  return items(text).find((item) => !good(item));
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

/**
 * Undefined when the text has the form; else what would be right, to be put behind "expected ".
 */
export function expectedOf(form: TextForm, text: string): string | undefined {
  if (text.includes('\0')) return 'a text without NUL';
  if (form === 'any' || form === 'path') return undefined;
  if (form === 'host-name') {
    return text === '' || isHostName(text) ? undefined : 'a host name such as mx.example.com';
  }
  if (form === 'syslog-address') {
    return readSyslogAddress(text) === undefined
      ? 'udp:host:port, tcp:host:port, unix:PATH or local'
      : undefined;
  }
  if (form === 'verbose') {
    for (const item of items(text)) {
      const bad = badVerboseWord(item);
      if (bad !== undefined) return bad;
    }
    return undefined;
  }
  if (form === 'next-hops') {
    const wrong = wrongNextHop(text);
    return wrong && `${wrong.expected}; ${JSON.stringify(wrong.text)} is none`;
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
  networks: { good: isNetwork, shown: 'a list of networks such as 127.0.0.0/8 ::1' },
} as const;

/** The verbose words that are on; words that are not mentioned are off. */
export function readVerbose(text: string): ReadonlySet<string> {
  const on = new Set<string>();
  for (const item of items(text)) {
    const match = /^(?:([+-])([a-z]+)|([a-z]+)=(\d+))$/i.exec(item);
    const name = (match?.[2] ?? match?.[3] ?? '').toLowerCase();
    if (match?.[1] === '+' || Number(match?.[4] ?? 0) > 0) on.add(name);
    else on.delete(name);
  }
  return on;
}
