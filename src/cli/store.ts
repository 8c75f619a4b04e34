// Verb `store`: looks at what policies remember, and changes it, beside a running server. What is in memory is that of the one server of this
// user that runs.
import { once } from 'node:events';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock, systemRandom } from '../base/clock.ts';
import { codeOf, textOf } from '../base/errors.ts';
import type { EventBus, EventName } from '../base/events.ts';
import { type Log, silentWriter } from '../base/log.ts';
import { openResolver } from '../dns/resolver.ts';
import { openEventLog } from '../observe/event-log.ts';
import { canOwn } from '../ops/process-life.ts';
import type { Options } from '../options/options.ts';
import { readStoreUrl } from '../options/store-url.ts';
import { EmbeddedStore } from '../store/embedded/embedded-store.ts';
import { findMemory, givenMemory } from '../store/embedded/memory-place.ts';
import {
  type DeleteOutcome,
  type Failed,
  MAX_KEY,
  MAX_TTL,
  type MemberOutcome,
  type SetOutcome,
  type Store,
} from '../store/store.ts';
import { OpenStores } from '../store/stores.ts';
import { exitCode } from './exit-code.ts';
import { complain, print } from './problems.ts';
import { entryLine, readEntryLine, shownKey, typedOctets } from './store-text.ts';
import { verbTable } from './verb.ts';

const PAGE = 500;

/** Says what is wrong, and gives the code. */
async function fail(problem: string, code: number = exitCode.usage): Promise<number> {
  await complain([`store: ${problem}`]);
  return code;
}

/** What says why a call of a store has failed. */
const failures: ReadonlySet<EventName> = new Set(['store-down', 'store-refuses', 'store-write-failed']);

/** The cause of the last failure, as the log would have it. */
class Reasons {
  last: string | undefined;
  constructor(bus: EventBus) {
    bus.onEvery(({ server, cause }, _source, name) => {
      if (failures.has(name)) this.last = server === undefined ? String(cause) : `${server}: ${cause}`;
    });
  }
}

type Explain = (failed: Failed) => Promise<number>;

/** Says what a cause means for who has typed a command. */
function explainer(options: Options, reasons: Reasons): Explain {
  return ({ cause }) => {
    switch (cause) {
      case 'type':
        return fail('the entry is of another kind: a set has no value, see export');
      case 'limit':
        return fail(
          reasons.last ??
            `too much: a key has 1 to ${MAX_KEY} octets, SECONDS is 1 to ${MAX_TTL}, a value has at most ${options.values['store-max-value']} octets (store-max-value)`,
        );
      default:
        return fail(reasons.last ?? `no answer: ${cause}`, exitCode.system);
    }
  };
}

type Command = (store: Store, operands: readonly string[], explain: Explain) => Promise<number>;

const list: Command = async (store, [prefix = '', most = '1000'], explain) => {
  if (!/^\d+$/.test(most)) return fail(`list PREFIX N: N is a number, not ${JSON.stringify(most)}`);
  const found = await store.list(typedOctets(prefix), Number(most));
  if (found.kind === 'failed') return explain(found);
  await print(found.keys.map((key) => `${shownKey(key)}\n`).join(''));
  return exitCode.ok;
};

const get: Command = async (store, [key = ''], explain) => {
  const found = await store.get(typedOctets(key));
  if (found.kind === 'failed') return explain(found);
  if (found.kind === 'missing') return exitCode.missing;
  // A value may hold anything: a terminal gets no control characters.
  if (process.stdout.isTTY) await print(`${shownKey(found.value)}\n`);
  else if (!process.stdout.write(found.value)) await once(process.stdout, 'drain');
  return exitCode.ok;
};

const set: Command = async (store, [key = '', value = '', seconds = ''], explain) => {
  if (!/^\d+$/.test(seconds)) return fail('set KEY VALUE SECONDS: every entry has a time to live');
  const outcome = await store.set(typedOctets(key), typedOctets(value), Number(seconds));
  return outcome.kind === 'failed' ? explain(outcome) : exitCode.ok;
};

const remove: Command = async (store, [key = ''], explain) => {
  const outcome = await store.delete(typedOctets(key));
  if (outcome.kind === 'failed') return explain(outcome);
  return outcome.kind === 'missing' ? exitCode.missing : exitCode.ok;
};

const only = 'of a store on this machine; Redis has its own tools';

const exportAll: Command = async (store, [prefix = '']) => {
  if (!(store instanceof EmbeddedStore)) return fail(`export is ${only}`);
  const wanted = typedOctets(prefix);
  let after = Buffer.alloc(0);
  for (;;) {
    const page = store.page(after, PAGE);
    const lines = page.flatMap((entry) =>
      (entry.value ?? entry.items) !== undefined && entry.key.subarray(0, wanted.length).equals(wanted)
        ? [`${entryLine(entry)}\n`]
        : [],
    );
    if (lines.length > 0 && !process.stdout.write(lines.join(''))) await once(process.stdout, 'drain');
    const last = page.at(-1);
    if (last === undefined) return exitCode.ok;
    after = Buffer.from(last.key);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const importAll: Command = async (store) => {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line === '') continue;
    const entry = readEntryLine(line);
    if (typeof entry === 'string') return fail(`line ${number}: ${entry}; the lines before are imported`);
    const { key, ttl, value, items = [] } = entry;
    const outcomes: (DeleteOutcome | MemberOutcome | SetOutcome)[] = [];
    if (value === undefined) {
      // One after the other: an item of the set that is there would be found before that is gone.
      outcomes.push(await store.delete(key));
      outcomes.push(...(await Promise.all(items.map((item) => store.member(key, item, ttl)))));
    } else outcomes.push(await store.set(key, value, ttl));
    for (const outcome of outcomes) {
      if (outcome.kind !== 'failed') continue;
      await complain([`store: line ${number}: failed: ${outcome.cause}; the lines before are imported`]);
      return exitCode.system;
    }
  }
  return exitCode.ok;
};

const backup: Command = async (store, [directory = '']) => {
  if (!(store instanceof EmbeddedStore)) return fail(`backup is ${only}`);
  try {
    // An old one is not written over.
    await mkdir(directory, { mode: 0o700 });
    await store.backup(directory);
    await chmod(join(directory, 'data.mdb'), 0o600);
    return exitCode.ok;
  } catch (error) {
    return fail(
      `backup ${directory}: ${textOf(error)}; name a directory that is not there yet`,
      exitCode.system,
    );
  }
};

/** Each with the least and the most arguments. */
const commands: Readonly<Record<string, readonly [Command, number, number]>> = {
  list: [list, 0, 2],
  get: [get, 1, 1],
  set: [set, 3, 3],
  delete: [remove, 1, 1],
  export: [exportAll, 0, 1],
  import: [importAll, 0, 0],
  backup: [backup, 1, 1],
};

/** The directory in memory of the server that runs; what is wrong when that cannot be said. */
async function memoryOf(options: Options): Promise<{ readonly path: string } | { readonly problem: string }> {
  if (options.values.store.toLowerCase() !== 'memory') return { path: '' };
  const found = await findMemory(canOwn);
  const [path] = found;
  if (path === undefined)
    return { problem: 'store=memory, and no server of this user runs that has anything in it' };
  if (found.length > 1)
    return {
      problem: `${found.length} servers of this user run, each with a store in memory: ${found.join(' ')}`,
    };
  return { path };
}

/** A store on disk that is not there: who looks into it has misspelt something, and would get an empty one. */
async function missingStore(options: Options, command: string): Promise<string | undefined> {
  const read = readStoreUrl(options.values.store);
  if (read.kind === 'wrong' || read.url.kind !== 'lmdb' || command === 'set' || command === 'import')
    return undefined;
  const { path } = read.url;
  const isThere = await stat(join(path, 'data.mdb')).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR',
  );
  return isThere ? undefined : `${options.values.store}: there is no store in ${path}`;
}

export async function store(options: Options, operands: readonly string[]): Promise<number> {
  const [name = '', ...rest] = operands;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined || rest.length < command[1] || rest.length > command[2]) {
    const what = name === '' ? 'what is to be done?' : `${[name, ...rest].join(' ')}: not so`;
    return fail(`${what}\n${verbTable.store.usage}\n${verbTable.store.more}`);
  }
  const memory = await memoryOf(options);
  if ('problem' in memory) return fail(memory.problem, exitCode.system);
  const missing = await missingStore(options, name);
  if (missing !== undefined) return fail(missing, exitCode.system);
  const log: Log = openEventLog(silentWriter);
  const reasons = new Reasons(log.bus);
  const ports = { options, log, clock: systemClock, random: systemRandom };
  const resolver = await openResolver(ports);
  const stores = new OpenStores({ ...ports, resolver, memory: givenMemory(memory.path), isVisitor: true });
  try {
    const opened = await stores.open('');
    if (opened.kind === 'refused')
      return await fail(`${options.values.store}: ${opened.problem}`, exitCode.system);
    return await command[0](opened.store, rest, explainer(options, reasons));
  } finally {
    await stores.close();
    resolver.close();
  }
}
