// How a run of Lua can end other than by returning, and what an error of Lua says.

import type { KillReason } from '../state/kill.ts';
import { runtimeChunk } from '../state/position.ts';
import { type State, Status, Type } from '../state/wasm-api.ts';
import type { Core } from './core.ts';

export type TaskLimit = KillReason | 'wall-clock';

export type Failure =
  | { readonly kind: 'error'; readonly message: string; readonly traceback: string }
  | {
      readonly kind: 'limit';
      readonly limit: TaskLimit;
      readonly message: string;
      /** '' when there is none. */
      readonly traceback: string;
    }
  | { readonly kind: 'cancelled' };

/** What happened on `L`, whose resume ended with `status`. The stack is still there; `run` runs Lua under the limits. */
export function describeFailure(
  core: Core,
  L: State,
  status: number,
  memoryLimit: number,
  run: (lua: () => void) => Failure | undefined,
): Failure {
  const { positions } = core;
  if (status === Status.errorMemory) {
    // No traceback: it would need memory.
    const message = `${positions.of(L)}${core.memoryText(memoryLimit)}`;
    return { kind: 'limit', limit: 'memory', message, traceback: '' };
  }
  const traceback = positions.traceback(L);
  const message = core.errorText(L);
  if (message !== undefined) return { kind: 'error', message: located(core, L, message), traceback };
  return { kind: 'error', message: describeObject(core, L, run), traceback };
}

/** A message that speaks of our own Lua speaks of the policy's (lib-lua/runtime/positions.lua). */
function located(core: Core, L: State, message: string): string {
  if (!message.startsWith(`${runtimeChunk}:`)) return message;
  const { api, bridge, main } = core;
  const top = api.lua_gettop(main);
  core.pushRuntime('located_in');
  api.lua_pushthread(L);
  api.lua_xmove(L, main, 1);
  bridge.push(main, message);
  core.mustCall(2, 1);
  const text = bridge.pullString(main, -1);
  api.lua_settop(main, top);
  return text;
}

/** The text that an error object's __tostring gives. It runs on a thread of its own: the one with the error is dead. */
function describeObject(core: Core, L: State, run: (lua: () => void) => Failure | undefined): string {
  const { api, bridge, threads } = core;
  let text = '(error object without a text)';
  const thread = threads.take();
  core.pushRuntime('error_text');
  api.lua_xmove(core.main, thread.L, 1);
  api.lua_pushvalue(L, -1);
  api.lua_xmove(L, thread.L, 1);
  run(() => {
    const status = api.lua_resume(thread.L, 0, 1, core.resultCount);
    if (status === Status.ok && api.lua_type(thread.L, -1) === Type.string)
      text = bridge.pullString(thread.L, -1);
  });
  threads.drop(thread);
  return text;
}
