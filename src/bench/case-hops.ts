// The next hops of a case: who answers where a client of smtpe connects.
import { lowerAscii } from '../base/ascii.ts';
import { parseTarget } from '../net-address/host-list.ts';
import type { CaseNames } from './case-names.ts';
import type { Fakes, HopFake } from './fakes.ts';
import { quoted } from './lua-text.ts';
import { type Destination, type Meeting, PairedSocket } from './ports/paired-socket.ts';
import { ScriptedHop } from './ports/scripted-hop.ts';
import type { CaseRecord } from './record.ts';

/** LMTP over TCP (host-list). */
const LMTP_PORT = 24;

export class CaseHops {
  readonly #fakes: Fakes;
  readonly #names: CaseNames;
  readonly #record: CaseRecord;

  constructor(fakes: Fakes, names: CaseNames, record: CaseRecord) {
    this.#fakes = fakes;
    this.#names = names;
    this.#record = record;
  }

  readonly newSocket = (): PairedSocket => new PairedSocket((to) => this.#meet(to));

  #meet({ host, port }: Destination): Meeting {
    const name = this.#names.hopAt(host) ?? host;
    const isSocket = port === 0;
    const text = isSocket ? name : `${name.includes(':') ? `[${name}]` : name}:${port}`;
    const fake = this.#fakes.hops.find(isSocket ? name : keyOf(name, port)) ?? this.#fakes.hops.usual;
    if (fake !== undefined) return this.#meeting(fake, text, isSocket || port === LMTP_PORT);
    this.#record.missing(`next hop ${text}`, `t.next_hop(${quoted(isSocket ? `lmtp:${text}` : text)}, {})`);
    return { kind: 'nobody', code: 'ECONNREFUSED' };
  }

  #meeting(fake: HopFake, host: string, lmtp: boolean): Meeting {
    switch (fake.kind) {
      case 'refused':
        return { kind: 'nobody', code: 'ECONNREFUSED' };
      case 'silent':
        return { kind: 'silence' };
      case 'answers':
        return {
          kind: 'there',
          serve: (stream) =>
            void new ScriptedHop(fake.script, stream, {
              lmtp,
              taken: (message) => this.#record.forwarded.push({ host, ...message }),
            }),
        };
    }
  }
}

const keyOf = (host: string, port: number): string => `${lowerAscii(host)}:${port}`;

/** The key in the table of next hops of one that an option or a policy names; undefined for what is none. */
export function hopKey(text: string): string | undefined {
  const target = parseTarget(text);
  if (target.kind !== 'smtp') return undefined;
  return target.isSocket ? target.host : keyOf(target.host, target.port);
}
