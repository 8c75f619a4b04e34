// The port of compatibility layers, by a layer that nobody has: greeters, which are told who comes and say something.
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { capabilities } from '../../../src/base/capability.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import type { CompatLayer, CompatScript } from '../../../src/compat/compat.ts';
import { createLuaEngine, type LuaEngine } from '../../../src/lua/engine.ts';
import type { Results, ScriptOwner } from '../../../src/lua/script.ts';
import { noScriptTexts } from '../../../src/lua/source.ts';
import { entryTable } from '../../../src/lua-api/entry-table.ts';
import { luaFunction } from '../../../src/lua-api/function-spec.ts';
import { luaModule } from '../../../src/lua-api/module-spec.ts';
import { bytes } from '../../../src/lua-api/params.ts';
import { createOptions } from '../../../src/options/option-set.ts';

interface Street {
  /** Called when somebody comes; gives what is said. */
  comes: ((name: string) => Promise<string>) | undefined;
}

const entries = entryTable(undefined, ['greeter_init', 'greet']);
const text = (results: Results): { readonly kind: 'said'; readonly text: string } => ({
  kind: 'said',
  text: results.text(0),
});
const limits = { cpu: 1000, time: 1000, pending: 10, memory: 64 << 20 };

const greeters: CompatLayer<keyof typeof entries, { readonly shout: (text: string) => string }, Street> = {
  name: 'greeters',
  shape: { tables: [], fieldsModule: 'greeter' },
  entries,
  modules: ({ shout }) => [
    luaModule({
      name: 'greeter',
      text: '',
      functions: [
        luaFunction({
          name: 'shout',
          text: '',
          params: [bytes('text', '')],
          call: (_context, said) => [shout(said)],
        }),
      ],
    }),
  ],
  async start({ engine, factory, files, path }, street) {
    const owner: ScriptOwner = {
      id: path,
      options: createOptions(),
      capabilities: capabilities(),
      log: new RecordLog(),
      limits: () => limits,
      close() {},
    };
    const script = engine.newScript(owner, files);
    const loaded = await script.load(factory, () => ({ kind: 'loaded' }) as const);
    if (loaded.kind !== 'loaded')
      return { kind: 'failed', message: 'message' in loaded ? loaded.message : '' };
    const begun = await script.call(entries.greeter_init, [], text);
    if (begun.kind === 'error') return { kind: 'failed', message: begun.message };
    street.comes = async (name) => {
      const said = await script.call(entries.greet, [name], text);
      return said.kind === 'said' ? said.text : said.kind;
    };
    const close = () => new Promise<void>((closed) => script.close(closed));
    return { kind: 'started', running: { close } };
  },
};

let engine: LuaEngine | undefined;
afterEach(() => engine?.close());

async function compile(source: string): Promise<CompatScript> {
  engine = await createLuaEngine({
    log: new RecordLog(),
    clock: systemClock,
    options: createOptions(),
    modules: greeters.modules({ shout: (said) => `${said.toUpperCase()}!` }),
    shape: greeters.shape,
    libLuaDirectory: join(import.meta.dirname, '../../../lib-lua'),
    files: { onPath() {} },
  });
  const compiled = engine.compile(source, '@greeter.lua');
  if (compiled.kind === 'failed') throw new Error(compiled.message);
  const files = engine.newScriptFiles({ packagePath: '', texts: noScriptTexts });
  return { path: 'greeter.lua', engine, factory: compiled.factory, files };
}

describe('a compatibility layer', () => {
  it('has an engine with its own tables, and calls functions that are globals', async () => {
    const street: Street = { comes: undefined };
    const script = await compile(
      'local n = 0 function greet(name) n = n + 1 return greeter.shout(name) .. n .. type(hook) .. type(client) end',
    );
    const started = await greeters.start(script, street);
    expect(started.kind).toBe('started');
    expect(await street.comes?.('ann')).toBe('ANN!1nilnil');
    expect(await street.comes?.('bob')).toBe('BOB!2nilnil');
    if (started.kind === 'started') await started.running.close();
    expect(await street.comes?.('eve')).toBe('cancelled');
  });

  it.each([
    ['at its file level', 'error("no")'],
    ['at its start', 'function greeter_init() error("no") end'],
  ])('says with file and line what is wrong with a script %s', async (_where, source) => {
    const street: Street = { comes: undefined };
    const started = await greeters.start(await compile(source), street);
    expect(started).toEqual({ kind: 'failed', message: expect.stringMatching(/^greeter\.lua:1: no/) });
    expect(street.comes).toBeUndefined();
  });
});
