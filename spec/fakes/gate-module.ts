// A Lua module whose functions wait until the test lets them go on: `gate.wait(name, ...)` returns what `open(name, ...)` gives.
import { LuaError, type LuaResults, luaFunction, type Suspension } from '../../src/lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../src/lua-api/module-spec.ts';
import { anything, bytes } from '../../src/lua-api/params.ts';
import type { LuaValue } from '../../src/lua-api/value.ts';

interface Waiting {
  readonly name: string;
  readonly resolve: (results: LuaResults) => void;
  readonly reject: (error: unknown) => void;
}

export class Gate {
  readonly waiting: Waiting[] = [];
  /** Names of waits that were cancelled. */
  readonly cancelled: string[] = [];
  #arrived: (() => void)[] = [];

  /** Resolves when a wait of that name is there. */
  async arrival(name: string): Promise<void> {
    while (!this.waiting.some((one) => one.name === name)) {
      await new Promise<void>((resolve) => {
        this.#arrived.push(resolve);
      });
    }
  }

  #take(name: string): Waiting {
    const index = this.waiting.findIndex((one) => one.name === name);
    const [found] = this.waiting.splice(index, index < 0 ? 0 : 1);
    if (found === undefined) throw new Error(`nobody waits for ${name}`);
    return found;
  }

  /** Lets the oldest wait of that name return these values. */
  open(name: string, ...results: LuaValue[]): void {
    this.#take(name).resolve(results);
  }

  /** Lets it fail. */
  fail(name: string, error: unknown): void {
    this.#take(name).reject(error);
  }

  /** Lets each wait return its name as soon as it arrives. */
  automatic = false;

  #release(waiting: Waiting | undefined): void {
    const index = waiting === undefined ? -1 : this.waiting.indexOf(waiting);
    if (index < 0) return;
    this.waiting.splice(index, 1);
    waiting?.resolve([waiting.name]);
  }

  #suspend(name: string): Suspension {
    let waiting: Waiting | undefined;
    const done = new Promise<LuaResults>((resolve, reject) => {
      waiting = { name, resolve, reject };
    });
    if (waiting !== undefined) this.waiting.push(waiting);
    if (this.automatic) setImmediate(() => this.#release(waiting));
    for (const arrived of this.#arrived.splice(0)) arrived();
    return {
      kind: 'suspension',
      describe: () => `gate ${name}`,
      done,
      cancel: () => {
        this.cancelled.push(name);
        const index = waiting === undefined ? -1 : this.waiting.indexOf(waiting);
        if (index >= 0) this.waiting.splice(index, 1);
      },
    };
  }

  get module(): ModuleSpec {
    return luaModule({
      name: 'gate',
      text: '',
      functions: [
        luaFunction({
          name: 'wait',
          params: [bytes('name', '')],
          suspends: true,
          text: '',
          call: (_context, name) => this.#suspend(name),
        }),
        luaFunction({
          name: 'ready',
          params: [anything('value', 'any', '')],
          suspends: true,
          text: 'Declared to suspend, but its answer is there at once.',
          call: (_context, value) => [value],
        }),
        luaFunction({
          name: 'refuse',
          params: [bytes('text', '')],
          suspends: true,
          text: '',
          call: (_context, text) => {
            throw new LuaError(text);
          },
        }),
        luaFunction({
          name: 'bug',
          params: [],
          text: '',
          call: () => {
            throw new TypeError('an exception that nobody expected');
          },
        }),
        luaFunction({
          name: 'begin',
          params: [bytes('name', '')],
          text: '',
          call: (context, name) => {
            context.operation(() => `background ${name}`);
            return [];
          },
        }),
      ],
      lazyFields: [
        { name: 'lazy', type: 'string', text: '', read: () => this.#suspend('lazy') },
        { name: 'quick', type: 'integer', text: '', read: () => ++this.#reads },
      ],
    });
  }

  #reads = 0;
}
