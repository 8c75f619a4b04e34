// The Lua module `service` as a hook of one connection calls it, without an engine: arguments are checked, suspensions awaited, and the end
// of the hook can be played. Real sockets; the clock is the test's or the system's.

import { capabilities } from '../../src/base/capability.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { Operations } from '../../src/lua/run/pending.ts';
import type { CallContext, Slot } from '../../src/lua-api/call-context.ts';
import {
  LuaError,
  type LuaResults,
  readArguments,
  type Suspension,
} from '../../src/lua-api/function-spec.ts';
import { type LuaRecord, LuaTable, type LuaValue } from '../../src/lua-api/value.ts';
import { SpoolStore } from '../../src/message/spool.ts';
import { createServiceModule } from '../../src/modules/service/service.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { OPTIONS } from '../../src/options/options.ts';
import { SESSION } from '../../src/policy/session-view.ts';
import { createServices, type NetworkServices } from '../../src/service/services.ts';
import type { MessageSession } from './message-session.ts';

export interface Rig {
  readonly services: NetworkServices;
  readonly log: RecordLog;
  /** Names that were looked up. */
  readonly asked: string[];
  /** Calls `service.<name>`; gives the results, or the suspension. */
  start(name: string, ...args: readonly LuaValue[]): LuaResults | Suspension;
  /** The same, awaited; the first result. */
  call(name: string, ...args: readonly LuaValue[]): Promise<LuaValue>;
  /** service.wait; results as plain values: `{ clamd: { ..., entries: [...] } }`, strings latin1. */
  wait(all?: boolean | number): Promise<Record<string, Entry>>;
  set(option: string, value: string): void;
  endOfHook(): void;
  /** The connection is over, the process ends. */
  close(): void;
}

export interface Entry {
  readonly [field: string]: unknown;
  readonly entries: readonly Readonly<Record<string, unknown>>[];
}

function plain(value: LuaValue): unknown {
  return Buffer.isBuffer(value) ? value.toString('latin1') : value;
}

function plainRecord(record: LuaRecord): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, plain(value)]),
  );
}

export function toPlain(value: LuaValue): Record<string, Entry> {
  const result: Record<string, Entry> = {};
  for (const [kind, table] of Object.entries(value as LuaRecord)) {
    if (!(table instanceof LuaTable)) throw new Error(`${kind} is no table`);
    const entries = table.sequence.map((entry) => plainRecord(entry as LuaRecord));
    result[kind] = { ...plainRecord(table.fields as LuaRecord), entries };
  }
  return result;
}

export interface RigOptions {
  readonly clock?: Clock;
  readonly message?: MessageSession | undefined;
  /** Addresses by name; others have none. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly options?: Readonly<Record<string, string>>;
}

export function serviceRig({ clock = systemClock, message, names = {}, options = {} }: RigOptions = {}): Rig {
  const asked: string[] = [];
  const resolver = {
    addresses: async (host: string) => {
      asked.push(host);
      return names[host] ?? [];
    },
  };
  const services = createServices({ clock, resolver });
  let count = 0;
  const module = createServiceModule({
    clock,
    services,
    spool: message?.store ?? new SpoolStore(),
    nextId: () => `ID${String(++count).padStart(14, '0')}00`,
  });
  const log = new RecordLog(['service']);
  const values = createOptions();
  const set = (option: string, value: string) => {
    const outcome = values.set(option, value, 'spec');
    if (outcome.kind !== 'set') throw new Error(`${option}=${value}: ${JSON.stringify(outcome)}`);
  };
  for (const [option, value] of Object.entries(options)) set(option, value);
  const held: { readonly slot: Slot<unknown>; readonly value: unknown }[] = [];
  const operations = new Operations();
  const context: CallContext = {
    capabilities: capabilities(SESSION.is(message?.session), OPTIONS.is(values)),
    log,
    operation: (describe) => operations.begin(describe, 0, values.values['hook-max-pending']),
    createLiveTable: () => {
      throw new Error('service makes no live tables');
    },
    slot: <T>(slot: Slot<T>): T => {
      const known = held.find((each) => each.slot === (slot as Slot<unknown>));
      if (known !== undefined) return known.value as T;
      const value = slot.create(context);
      held.push({ slot: slot as Slot<unknown>, value });
      return value;
    },
  };
  const start = (name: string, ...args: readonly LuaValue[]) => {
    const path = name.split('.');
    const inner = path.length === 2 ? module.modules.find((each) => each.name === path[0]) : module;
    const spec = inner?.functions.find((each) => each.name === path.at(-1));
    if (spec === undefined) throw new Error(`service has no ${name}`);
    const read = readArguments(`service.${name}`, spec.params, args);
    if (!read.ok) throw new LuaError(read.error);
    return spec.call(context, read.args);
  };
  const call = async (name: string, ...args: readonly LuaValue[]) => {
    const outcome = start(name, ...args);
    return ('kind' in outcome ? await outcome.done : outcome)[0];
  };
  return {
    services,
    log,
    asked,
    start,
    call,
    wait: async (all = true) => toPlain(await call('wait', all)),
    set,
    endOfHook: () => {
      for (const { slot, value } of held) slot.endOfHook?.(value);
    },
    close: () => {
      for (const { slot, value } of held) slot.dispose?.(value);
      services.close();
    },
  };
}

/** A Lua table of strings as arguments see it. */
export function luaArray(...items: readonly string[]): ReadonlyMap<LuaValue, LuaValue> {
  return new Map(items.map((item, i) => [i + 1, item]));
}
