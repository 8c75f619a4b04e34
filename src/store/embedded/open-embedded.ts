// Opens the store on this machine, over LMDB: looks at the place and at the file before LMDB maps it, and moves a damaged one aside.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { textOf } from '../../base/errors.ts';
import type { OpenOutcome, OpenStore, StoreParts } from '../adapter.ts';
import { moveAside, moveDamaged } from './damage.ts';
import { directoryProblem, makeLockFile, roomAt, tryNewFile } from './directory.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { type Environment, loadLmdb } from './environment.ts';
import { isOpenHere, type SharedEnvironment, shareEnvironment } from './shared-environment.ts';
import { inTurnAlone } from './turn.ts';

/** Of the tables and their keys; records have a version of their own. */
const LAYOUT = '1';
const VERSION = Buffer.from('version');

const refused = (problem: string): OpenOutcome => ({ kind: 'refused', problem });

export const openEmbedded: OpenStore<'memory' | 'lmdb'> = async (name, url, parts) => {
  try {
    await loadLmdb();
    return url.kind === 'memory' ? await openInMemory(name, parts) : await openOnDisk(name, url.path, parts);
  } catch (error) {
    return refused(textOf(error));
  }
};

async function openInMemory(name: string, parts: StoreParts): Promise<OpenOutcome> {
  const path = join(await parts.memory.path(), name);
  const problem = await directoryProblem(path);
  if (problem !== undefined) return refused(`${problem}; stores in memory lie in /dev/shm, else in TMPDIR`);
  return inTurnAlone(path, async () => {
    await tryNewFile(path);
    await makeLockFile(path);
    return opened(name, path, await shareEnvironment(path, 'memory'), parts);
  });
}

async function openOnDisk(name: string, path: string, parts: StoreParts): Promise<OpenOutcome> {
  const problem = await directoryProblem(path);
  return problem === undefined ? inTurnAlone(path, () => openThere(name, path, parts)) : refused(problem);
}

async function openThere(name: string, path: string, parts: StoreParts): Promise<OpenOutcome> {
  const { clock, log } = parts;
  const onDamage = (cause: string, aside: string): void =>
    log.emit('store-damaged', { store: name, cause, aside });
  if (!(await isOpenHere(path))) await moveDamaged(path, clock.now(), onDamage);
  const first = await openRight(path);
  if (typeof first !== 'string') {
    await tellOthers(name, path, first, parts);
    return opened(name, path, first, parts);
  }
  onDamage(first, await moveAside(path, clock.now()));
  const second = await openRight(path);
  return typeof second === 'string' ? refused(`${path}: ${second}`) : opened(name, path, second, parts);
}

/** The environment, or what is wrong with the file. Throws when it is not the file that is wrong. */
async function openRight(path: string): Promise<Environment | string> {
  await tryNewFile(path);
  await makeLockFile(path);
  let environment: SharedEnvironment;
  try {
    environment = await shareEnvironment(path, 'disk');
  } catch (error) {
    const cause = textOf(error);
    if (/MDB_(?:INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND|INCOMPATIBLE)/.test(cause)) return cause;
    throw error;
  }
  const version = await versionOf(environment);
  if (version === LAYOUT) return environment;
  await environment.closeInTurn();
  return `its layout is version ${version} and not ${LAYOUT}`;
}

/** Of what is in the tables; a new one gets ours. */
async function versionOf(environment: Environment): Promise<string> {
  const there = environment.state.get(VERSION);
  if (there !== undefined) return there.toString('latin1');
  // A disk that is full has room for it later.
  const writeIt = (): void => environment.state.put(VERSION, Buffer.from(LAYOUT));
  await Promise.resolve(environment.writeInTurn(writeIt)).catch(() => undefined);
  return LAYOUT;
}

/** Says who else has the same directory, on purpose or not. */
async function tellOthers(
  store: string,
  directory: string,
  environment: Environment,
  parts: StoreParts,
): Promise<void> {
  for (const pid of environment.readers()) {
    if (pid === process.pid) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const isSibling = process.send !== undefined && parent === process.ppid;
    if (!isSibling) parts.log.emit('store-shared', { store, process: pid, directory });
  }
}

async function opened(
  store: string,
  directory: string,
  environment: Environment,
  { clock, isVisitor = false, log, options }: StoreParts,
): Promise<OpenOutcome> {
  const { values } = options;
  const wanted = values['store-max-memory'];
  const allowed = Math.floor(Math.min(wanted, await roomAt(directory)));
  if (allowed < wanted) log.emit('store-small', { store, allowed, wanted, directory });
  log.emit('store-opened', { store, directory });
  const parts = {
    ...{ clock, environment, log, name: store, maxValue: values['store-max-value'] },
    limits: isVisitor
      ? { entries: Number.POSITIVE_INFINITY, octets: Number.POSITIVE_INFINITY }
      : { entries: values['store-max-entries'], octets: allowed },
  };
  return { kind: 'open', store: new EmbeddedStore(parts) };
}
