// What is measured: which server, with which load. One row of the report is one case with all the servers that can run it.
import { join } from 'node:path';
import { floor, haraka, type ServerKind, smtpe, smtpServer, work } from './servers.ts';

export interface Load {
  /** Bytes of the message body. */
  readonly size: number;
  /** True: one connection carries many messages. */
  readonly kept: boolean;
  readonly sessions: number;
  /** A file with the message; `size` is about its length. */
  readonly file?: string;
}

export interface Case {
  readonly group: 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h';
  readonly load: Load;
  readonly servers: readonly ServerKind[];
  /** True when a next hop is needed. */
  readonly sink: boolean;
}

export const groups: Readonly<Record<Case['group'], string>> = {
  a: 'accept and discard, no hooks',
  b: 'policy with accept, ehlo, mail, rcpt, data and dot',
  c: 'b, and each header and body line',
  d: 'b, forwarded to the next hop',
  e: 'b, with one suspension in rcpt (a DNS look-up)',
  f: 'SPF, DKIM (one rsa-2048 signature) and DMARC at the dot, records and key in the cache, beside a dot that does nothing',
  g: 'full filter: b with the checks of f, attachments by name, links and a block list for their domains, beside b with the same mail',
  h: 'b with the default log in a file, beside b with none',
};

const all: readonly Load[] = [1024, 10_240, 1_048_576].flatMap((size) =>
  [false, true].flatMap((kept) => [1, 20, 100].map((sessions) => ({ size, kept, sessions }))),
);
/** The messages of cases f and g; the bench writes them. */
export const signedFile = join(work, 'signed.eml');
export const fullFile = join(work, 'full.eml');
const withSignature: readonly Load[] = [false, true].map((kept) => ({
  size: 2048,
  kept,
  sessions: 20,
  file: signedFile,
}));

const asPeopleSend: readonly Load[] = [false, true].map((kept) => ({
  size: 10_240,
  kept,
  sessions: 20,
  file: fullFile,
}));

const at20 = all.filter((load) => load.sessions === 20);

const a = smtpe('none.lua');
const peers = [haraka, smtpServer(true), smtpServer(false)];

/** `dns` is the port of a name server for cases e, f and g. */
export function cases(quick: boolean, dns: number): readonly Case[] {
  const b = smtpe('six.lua');
  const c = smtpe('lines.lua');
  const ours = [`dns-servers=127.0.0.1:${dns}`];
  const e = smtpe('wait.lua', ours);
  const f = smtpe('sender-checks.lua', ours);
  const g = smtpe('full-filter.lua', ours);
  const six = smtpe('six.lua', [], 'smtpe, six hooks');
  const log = `log-file=${join(work, 'smtpe.log')}`;
  const logged = smtpe('six.lua', ['log-level=debug', log], 'smtpe with its log');
  const silent = smtpe('six.lua', ['log-level=emerg'], 'smtpe without log');
  const without = smtpe('dot.lua', [], 'smtpe without checks');
  const some = (loads: readonly Load[]): readonly Load[] =>
    quick ? loads.filter((load) => load.sessions === 20 && load.size !== 1024) : loads;
  const row = (
    group: Case['group'],
    loads: readonly Load[],
    servers: readonly ServerKind[],
    sink = false,
  ): readonly Case[] => some(loads).map((load) => ({ group, load, servers, sink }));
  return [
    ...row('a', all, quick ? [floor, a, haraka, smtpServer(false)] : [floor, a, ...peers]),
    ...row('b', all, [floor, b]),
    ...row('c', at20, [floor, c]),
    ...row('d', at20, [floor, b, haraka], true),
    ...row('e', at20, [floor, e]),
    ...row('f', withSignature, [floor, without, f]),
    ...row('g', asPeopleSend, [floor, six, g]),
    ...row('h', at20, [floor, silent, logged]),
  ];
}
