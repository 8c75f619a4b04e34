// A CallContext for unit tests of Lua modules: no connection unless one is given, options at their defaults, log lines kept.
import type { CallContext, Slot } from '../../src/lua/call-context.ts';
import { Operations } from '../../src/lua/pending.ts';
import type { Log, LogFields } from '../../src/ops/log.ts';
import { createOptions } from '../../src/options/option-set.ts';
import type { Options } from '../../src/options/options.ts';
import type { SessionView } from '../../src/policy/session-view.ts';
import { FakeLiveTable } from './live-table.ts';

export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

export interface FakeCallContext extends CallContext {
  readonly lines: LoggedLine[];
}

export function fakeCallContext(session?: SessionView, options: Options = createOptions()): FakeCallContext {
  const lines: LoggedLine[] = [];
  const logWith = (fields: LogFields): Log => ({
    write: (level, message, more) => lines.push({ level, message, fields: { ...fields, ...more } }),
    verbose: () => false,
    child: (more) => logWith({ ...fields, ...more }),
  });
  const slots = new Map<string, unknown>();
  const operations = new Operations();
  const context: FakeCallContext = {
    session,
    options,
    log: logWith({}),
    lines,
    slot: <T>(slot: Slot<T>): T => {
      if (!slots.has(slot.name)) slots.set(slot.name, slot.create(context));
      return slots.get(slot.name) as T;
    },
    operation: (describe) => operations.begin(describe, 0, options.values['hook-max-pending']),
    createLiveTable: () => new FakeLiveTable(),
  };
  return context;
}
