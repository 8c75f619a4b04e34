// A CallContext for unit tests of Lua modules: no connection unless one is given, options at their defaults, log lines kept.

import { capabilities } from '../../src/base/capability.ts';
import { type LogLine, RecordLog } from '../../src/bench/ports/record-log.ts';
import { Operations } from '../../src/lua/run/pending.ts';
import type { CallContext, Slot } from '../../src/lua-api/call-context.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { OPTIONS, type Options } from '../../src/options/options.ts';
import { SESSION, type SessionView } from '../../src/policy/session-view.ts';
import { FakeLiveTable } from './live-table.ts';

export interface FakeCallContext extends CallContext {
  readonly options: Options;
  readonly lines: LogLine[];
}

export function fakeCallContext(session?: SessionView, options: Options = createOptions()): FakeCallContext {
  const log = new RecordLog();
  const { lines } = log;
  const slots = new Map<string, unknown>();
  const operations = new Operations();
  const context: FakeCallContext = {
    capabilities: capabilities(SESSION.is(session), OPTIONS.is(options)),
    options,
    log,
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
