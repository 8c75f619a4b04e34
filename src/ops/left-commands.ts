// Commands of policies (os.execute, io.popen) whose process was killed: nobody is left to end them. Each carries the number of its smtpe in
// its environment, which its own children inherit; where /proc shows it they are found by that.
import { readdir, readFile } from 'node:fs/promises';

/** The environment variable that commands get: the number of the process that started them. */
export const commandMark = 'SMTPE_COMMAND_OF';

const MARKED = new RegExp(`(?:^|\\0)${commandMark}=(\\d+)\\0`);

/** A shell forks while it is looked at: once more, until nothing is found. */
const ROUNDS = 5;

async function find(isDead: (owner: number) => boolean | Promise<boolean>): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => []);
  const found: number[] = [];
  for (const name of names) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    // Only processes of this user can be read.
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    const owner = MARKED.exec(environment)?.[1];
    if (owner !== undefined && (await isDead(Number(owner)))) found.push(Number(name));
  }
  return found;
}

/** Kills the commands whose smtpe is dead, and gives their number. `isDead` gets the number of the smtpe. Never rejects. */
export async function killLeftCommands(
  isDead: (owner: number) => boolean | Promise<boolean>,
): Promise<number> {
  const killed = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const found = await find(isDead);
    const before = killed.size;
    for (const pid of found) {
      killed.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    if (killed.size === before) break;
  }
  return killed.size;
}
