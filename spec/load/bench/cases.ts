// What is measured: which server, with which load. One row of the report is one case with all the servers that can run it.
import { floor, haraka, type ServerKind, smtpe, smtpServer } from './servers.ts';

export interface Load {
  /** Bytes of the message body. */
  readonly size: number;
  /** True: one connection carries many messages. */
  readonly kept: boolean;
  readonly sessions: number;
}

export interface Case {
  readonly group: 'a' | 'b' | 'c' | 'd' | 'e';
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
};

const all: readonly Load[] = [1024, 10_240, 1_048_576].flatMap((size) =>
  [false, true].flatMap((kept) => [1, 20, 100].map((sessions) => ({ size, kept, sessions }))),
);
const at20 = all.filter((load) => load.sessions === 20);

const a = smtpe('none.lua');
const peers = [haraka, smtpServer(true), smtpServer(false)];

/** `dns` is the port of a name server for case e. */
export function cases(quick: boolean, dns: number): readonly Case[] {
  const b = smtpe('six.lua');
  const c = smtpe('lines.lua');
  const e = smtpe('wait.lua', [`dns-servers=127.0.0.1:${dns}`]);
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
  ];
}
