// The Lua module `dns` as the hooks of one connection call it, without an engine: arguments are checked, suspensions awaited, the end
// of the hook can be played. A real resolver over scripted servers.

import { capabilities } from '../../src/base/capability.ts';
import { type Clock, systemClock, systemRandom } from '../../src/base/clock.ts';
import type { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { openResolver } from '../../src/dns/resolver.ts';
import type { Resolver } from '../../src/dns/resolver-api.ts';
import { Operations } from '../../src/lua/run/pending.ts';
import type { CallContext, Slot } from '../../src/lua-api/call-context.ts';
import type { LuaResults, Suspension } from '../../src/lua-api/function-spec.ts';
import { type LuaRecord, LuaTable, type LuaValue } from '../../src/lua-api/value.ts';
import { createDnsModule } from '../../src/modules/dns/dns.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { OPTIONS, type Options } from '../../src/options/options.ts';
import { callModule } from './call-module.ts';

/** A query record of dns.wait. */
export interface QueryRecord {
  readonly name: string;
  readonly class: number;
  readonly type: number;
  readonly rcode: number;
  readonly ttl: number;
  readonly error?: string;
  readonly answer?: readonly LuaRecord[];
  readonly authority?: readonly LuaRecord[];
  readonly extra?: readonly LuaRecord[];
}

export interface Answers {
  readonly list: readonly QueryRecord[];
  readonly byKey: Readonly<Record<string, QueryRecord>>;
}

export interface DnsRig {
  readonly resolver: Resolver;
  readonly options: Options;
  readonly log: RecordLog;
  /** Calls `dns.<name>`; gives the results, or the suspension. */
  start(name: string, ...args: readonly LuaValue[]): LuaResults | Suspension;
  /** The same, awaited; the first result. */
  call(name: string, ...args: readonly LuaValue[]): Promise<LuaValue>;
  /** dns.open, one dns.query for each `[type, name]`, dns.wait. */
  ask(...questions: readonly (readonly [type: LuaValue, name: string])[]): Promise<Answers>;
  wait(all?: boolean | number): Promise<Answers>;
  /** Another connection of the same process. */
  another(): DnsRig;
  endOfHook(): void;
  close(): void;
}

export interface DnsRigSettings {
  readonly clock?: Clock;
  readonly options?: Readonly<Record<string, string>>;
}

export function toAnswers(value: LuaValue): Answers {
  if (!(value instanceof LuaTable)) throw new Error('not the table of dns.wait');
  const list = value.sequence as unknown as readonly QueryRecord[];
  return { list, byKey: value.fields as unknown as Answers['byKey'] };
}

export async function dnsRig(
  servers: FakeDnsServer | readonly FakeDnsServer[] | string,
  { clock = systemClock, options: settings = {} }: DnsRigSettings = {},
): Promise<DnsRig> {
  const list =
    typeof servers === 'string'
      ? servers
      : [servers]
          .flat()
          .map((server) => server.address)
          .join(' ');
  const options = createOptions();
  for (const [name, text] of Object.entries({ 'dns-servers': list, ...settings })) {
    const outcome = options.set(name, text, 'spec');
    if (outcome.kind !== 'set') throw new Error(`option ${name}=${text}: ${outcome.kind}`);
  }
  const resolver = await openResolver({ options, log: new RecordLog(), clock, random: systemRandom });
  return connection(resolver, options, clock);
}

function connection(resolver: Resolver, options: Options, clock: Clock): DnsRig {
  const module = createDnsModule(resolver, clock);
  const log = new RecordLog(['dns']);
  const held: { readonly slot: Slot<unknown>; readonly value: unknown }[] = [];
  const operations = new Operations();
  const context: CallContext = {
    capabilities: capabilities(OPTIONS.is(options)),
    log,
    operation: (describe) => operations.begin(describe, 0, options.values['hook-max-pending']),
    createLiveTable: () => {
      throw new Error('dns makes no live tables');
    },
    slot: <T>(slot: Slot<T>): T => {
      const known = held.find((each) => each.slot === (slot as Slot<unknown>));
      if (known !== undefined) return known.value as T;
      const value = slot.create(context);
      held.push({ slot: slot as Slot<unknown>, value });
      return value;
    },
  };
  const start = (name: string, ...args: readonly LuaValue[]) => callModule(module, name, context, ...args);
  const call = async (name: string, ...args: readonly LuaValue[]) => {
    const outcome = start(name, ...args);
    return ('kind' in outcome ? await outcome.done : outcome)[0];
  };
  const wait = async (all: boolean | number = true) => toAnswers(await call('wait', all));
  return {
    resolver,
    options,
    log,
    start,
    call,
    wait,
    ask: async (...questions) => {
      start('open');
      for (const [type, name] of questions) start('query', 1, type, name);
      return wait();
    },
    another: () => connection(resolver, options, clock),
    endOfHook: () => {
      for (const { slot, value } of held) slot.endOfHook?.(value);
    },
    close: () => {
      for (const { slot, value } of held) slot.dispose?.(value);
      resolver.close();
    },
  };
}
