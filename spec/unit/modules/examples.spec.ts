// Every function of the API has an example, and every example runs through in a policy, with the modules as the program puts them together.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../../src/app.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import type { FunctionSpec } from '../../../src/lua-api/function-spec.ts';
import type { ModuleSpec } from '../../../src/lua-api/module-spec.ts';
import { HeaderList } from '../../../src/message/header/header-list.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { hookNames } from '../../../src/policy/hook-table.ts';
import { loadPolicy } from '../../../src/policy/loader.ts';
import type { SessionView } from '../../../src/policy/session-view.ts';
import { NO_PARAMETERS } from '../../../src/smtp/protocol/parameters.ts';
import { MailStory } from '../../../src/smtp/server/mail-story.ts';
import { Transaction } from '../../../src/smtp/server/transaction.ts';
import { allModules } from '../../fakes/all-modules.ts';
import { libLuaDirectory } from '../../fakes/lua-engine.ts';

const log = new RecordLog();
const options = createOptions();
let app: App;
let directory: string;
beforeAll(async () => {
  // Where bob's mail lies.
  directory = await mkdtemp(join(tmpdir(), 'smtpe-examples-'));
  await mkdir(join(directory, 'bob'));
  options.set('smtp-smart-host', `maildir:${directory}/%n`, 'spec');
  app = await createApp({ options, log, onBroken() {} });
});
afterAll(async () => {
  app.close();
  await rm(directory, { recursive: true, force: true });
});

/** A client that takes what it is sent. */
function session(sent: string[], transaction: SessionView['transaction'] = undefined): SessionView {
  return {
    idSess: 'session',
    client: {
      address: '192.0.2.1',
      rightsAddress: '192.0.2.1',
      host: undefined,
      isConfirmed: false,
      helo: '',
      user: undefined,
      tls: undefined,
    },
    transaction,
    headers: new HeaderList(),
    write: async (text) => {
      sent.push(text.toString('latin1'));
      return { kind: 'written' };
    },
    observe: (_key, create) => create(),
  };
}

/** A message of which nothing has come yet. */
function begun(): Transaction {
  const path = { address: 'bob@example.com', normal: 'bob@example.com', domain: 'example.com' };
  return new Transaction(
    'transaction',
    { path, parameters: NO_PARAMETERS, sent: '' },
    new HeaderList(),
    new MailStory(systemClock, 0),
  );
}

/** Runs an example, and then the hooks it defines. What went wrong, or undefined. */
async function run(example: string, transaction?: Transaction): Promise<string | undefined> {
  const loaded = await loadPolicy(
    app.engine,
    { source: '', name: 'example.lua' },
    { revision: 1, luaPath: '', libLuaDirectory },
  );
  if (loaded.kind === 'failed') return loaded.message;
  const opened = await loaded.policy.open({
    session: session([], transaction),
    options: options.fork(),
    log,
  });
  if (opened.kind === 'failed') return 'not opened';
  try {
    for (const step of [
      'example',
      ...hookNames.filter((name) => example.includes(`function hook.${name}(`)),
    ]) {
      const outcome = await (step === 'example'
        ? opened.instance.run(example, '=example')
        : opened.instance.call(hookNames.find((name) => name === step) ?? 'init', argumentsOf(step)));
      if (outcome.kind !== 'returned') return 'message' in outcome ? outcome.message : outcome.kind;
    }
    return undefined;
  } finally {
    opened.instance.close();
  }
}

const argumentsOf = (hook: string): readonly string[] =>
  hook === 'mail' || hook === 'rcpt' ? ['bob@example.com', 'example.com'] : [];

/** What is about an envelope needs one. */
const needsEnvelope = /client\.(?:set_sender|add_recipient|remove_recipient)/;

interface Named {
  readonly name: string;
  readonly spec: FunctionSpec;
}

function functionsOf(module: ModuleSpec, path: string): readonly Named[] {
  return [
    ...module.functions.map((spec) => ({ name: `${path}.${spec.name}`, spec })),
    ...module.classes.flatMap((cls) =>
      cls.methods.map((spec) => ({ name: `${cls.name}:${spec.name}`, spec })),
    ),
    ...module.modules.flatMap((child) => functionsOf(child, `${path}.${child.name}`)),
  ];
}

const functions = allModules().flatMap((module) => functionsOf(module, module.name));

it.each(functions.map(({ name, spec }) => [name, spec] as const))(
  '%s has an example and a text',
  (_, spec) => {
    expect(spec.examples.length).toBeGreaterThan(0);
    expect(spec.text.length).toBeGreaterThan(20);
  },
);

describe('the examples', () => {
  const examples = functions.flatMap(({ name, spec }) =>
    spec.examples.map((example, i) => [`${name} ${i + 1}`, example] as const),
  );
  it.each(examples)('%s', async (_, example) => {
    expect(await run(example, needsEnvelope.test(example) ? begun() : undefined)).toBeUndefined();
  });

  it('would fail when they were wrong', async () => {
    expect(await run('assert(net.has_valid_tld("example.invalid"))')).toMatch(/assertion failed/);
    expect(await run('function hook.help() error("no help") end')).toMatch(/no help/);
  });

  it('of client.write sends what it shows', async () => {
    const sent: string[] = [];
    const spec = functions.find(({ name }) => name === 'client.write')?.spec;
    const loaded = await loadPolicy(
      app.engine,
      { source: spec?.examples[0] ?? '', name: 'example.lua' },
      { revision: 1, luaPath: '', libLuaDirectory },
    );
    if (loaded.kind === 'failed') throw new Error(loaded.message);
    const opened = await loaded.policy.open({ session: session(sent), options: options.fork(), log });
    if (opened.kind === 'failed') throw new Error('not opened');
    const outcome = await opened.instance.call('help', []);
    opened.instance.close();
    expect(sent).toEqual(['214-first\r\n', '214-second\r\n']);
    expect(outcome).toMatchObject({ kind: 'returned', reply: '214 end' });
  });
});
