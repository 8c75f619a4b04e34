// Loads the Lua of the package wasmoon and gives its raw WebAssembly exports: they cost 5 ns a call where the package's own
// wrappers cost 30 to 120, and carry bytes unharmed. The exports are caught while the package instantiates its module.
import { LuaFactory } from 'wasmoon';
import { type LuaApi, type State, wasmGlobal } from './wasm-api.ts';
import { withoutWeakKeys } from './weak-keys.ts';

export type WasmImports = Record<string, Record<string, unknown>>;

/**
 * The Lua threads that are inside a protected call at this moment, the innermost last: a coroutine, whoever resumed it, and so on. One
 * may be there several times.
 */
export class ActiveThreads {
  readonly states = new Int32Array(1024);
  depth = 0;
  /** Called with each thread that begins to run. */
  onEnter: ((L: State) => void) | undefined;

  /** The thread that is running; 0 when none is. */
  get innermost(): State {
    return this.depth === 0 ? 0 : (this.states[this.depth - 1] ?? 0);
  }
}

export interface LoadedWasm {
  readonly api: LuaApi;
  readonly active: ActiveThreads;
  /** Makes a C function (lua_CFunction 'ii', lua_Hook 'vii' ...) from a JavaScript one: 14 µs, so once at start for each. */
  addFunction(fn: (...args: number[]) => number | undefined, signature: string): number;
}

/** Replaces imports of the module before it is instantiated; `api` is there when the imports are called. */
export type AdaptImports = (imports: WasmImports, api: () => LuaApi) => void;

interface Instantiated {
  readonly instance: { readonly exports: unknown };
}

/** Lua's throw: Emscripten's longjmp is a JavaScript exception with this value. It must pass every catch. */
const longjmp = Number.POSITIVE_INFINITY;

/** True for the exception that carries a Lua error or a yield through JavaScript frames: rethrow it. */
export function isLuaThrow(error: unknown): boolean {
  return error === longjmp;
}

/** Emscripten's protected call, without its argument checks. Any other exception goes through all Lua frames. */
function protectedCall(
  api: () => LuaApi,
  active: ActiveThreads,
): (index: number, a: number, b: number) => void {
  const functions: ((a: number, b: number) => void)[] = [];
  return (index, a, b) => {
    const lua = api();
    const stack = lua.stackSave();
    const { depth } = active;
    // The only function of Lua with a protected call is luaD_rawrunprotected, whose first argument is the thread.
    active.states[depth] = a;
    active.depth = depth + 1;
    active.onEnter?.(a);
    try {
      let fn = functions[index];
      if (fn === undefined) {
        fn = lua.__indirect_function_table.get(index) as (a: number, b: number) => void;
        functions[index] = fn;
      }
      fn(a, b);
      active.depth = depth;
    } catch (error) {
      active.depth = depth;
      lua.stackRestore(stack);
      if (error !== longjmp) throw error;
      lua.setThrew(1, 0);
    }
  };
}

/** Loads one at a time: the global WebAssembly.instantiate is exchanged meanwhile. */
let loading: Promise<unknown> = Promise.resolve();

/** One Lua WebAssembly instance with a memory of its own. `adapt` may replace imports (real files). */
export function loadWasm(adapt: AdaptImports): Promise<LoadedWasm> {
  const loaded = loading.then(() => load(adapt));
  loading = loaded.catch(() => undefined);
  return loaded;
}

async function load(adapt: AdaptImports): Promise<LoadedWasm> {
  const wasm = wasmGlobal();
  const instantiate = wasm.instantiate;
  let caught: LuaApi | undefined;
  const active = new ActiveThreads();
  const api = (): LuaApi => {
    if (caught === undefined) throw new Error('Lua: called before its module was instantiated');
    return caught;
  };
  wasm.instantiate = async (source: unknown, imports: WasmImports): Promise<unknown> => {
    const env = imports?.env;
    if (env?.invoke_vii === undefined) return instantiate.call(wasm, source, imports);
    env.invoke_vii = protectedCall(api, active);
    adapt(imports, api);
    const result = (await instantiate.call(wasm, withoutWeakKeys(source), imports)) as Instantiated;
    caught = result.instance.exports as LuaApi;
    return result;
  };
  try {
    const lua = await new LuaFactory().getLuaModule();
    const module = lua.module;
    api();
    return {
      api: api(),
      active,
      addFunction: (fn, signature) =>
        module.addFunction(fn, signature as Parameters<typeof module.addFunction>[1]),
    };
  } finally {
    wasm.instantiate = instantiate;
  }
}
