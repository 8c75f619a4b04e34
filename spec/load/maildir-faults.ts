// Deliveries into a Maildir under faults, by processes that are killed: every message that was answered is there exactly once, no uid comes twice or
// changes, nothing is left behind that stops the next one. `tsx spec/load/maildir-faults.ts [DELIVERIES] [DIRECTORY]`.
//
// A third of the processes is killed with SIGKILL at a call of the file system that is drawn; others have a fault at a call that is drawn (ENOSPC, EDQUOT,
// EIO), once or from there on. Two deliver at the same time.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { createMaildir } from '../../src/mailbox/maildir.ts';
import { createMailUsers } from '../../src/mailbox/maildir-user.ts';
import { ofThisProcess } from '../../src/mailbox/parts.ts';
import { FaultyFiles } from '../fakes/faulty-files.ts';
import { Seeded } from '../fakes/seeded.ts';

const never = new AbortController().signal;
const EACH = 100;

/** One process: delivers numbers from `first` on, and says of each what became of it. */
async function child(path: string, first: number, seed: number): Promise<void> {
  const random = new Seeded(seed);
  const isKilled = random.oneIn(3);
  const faulty = new FaultyFiles({
    at: 0,
    code: random.pick(['ENOSPC', 'EDQUOT', 'EIO']),
    lasting: random.oneIn(3),
  });
  if (isKilled) {
    const at = 1 + random.below(EACH * 30);
    faulty.before = () => {
      if (faulty.calls === at) process.kill(process.pid, 'SIGKILL');
    };
  }
  // Three seconds ahead: a lock is judged by its process at once, and not after two seconds.
  const clock = { ...systemClock, now: () => systemClock.now() + 3000 };
  const parts = {
    ...ofThisProcess(),
    clock,
    random: systemRandom,
    hostName: 'mx',
    files: faulty.files,
  };
  const maildir = createMaildir(parts);
  for (let number = first; number < first + EACH; number++) {
    faulty.fault.at = isKilled || random.oneIn(3) ? 0 : faulty.calls + 1 + random.below(40);
    const piece = Buffer.from(`X-Number: ${number}\r\n\r\nbody\r\n`);
    const content = {
      pieces: [piece],
      async *read() {
        yield piece;
      },
    };
    const outcome = await maildir.store(path, content, never);
    const said =
      outcome.kind === 'stored'
        ? `stored ${outcome.uid ?? '-'}`
        : outcome.kind === 'failed' && outcome.mayBeStored
          ? 'perhaps'
          : 'not';
    process.stdout.write(`${number} ${said}\n`);
  }
}

async function main(): Promise<void> {
  const total = Number(process.argv[2] ?? 10_000);
  const directory = process.argv[3] ?? (await mkdtemp(join(tmpdir(), 'smtpe-maildir-faults-')));
  const path = join(directory, 'Maildir');
  await mkdir(path, { recursive: true });
  const said = new Map<number, string>();
  let killed = 0;
  const started = Date.now();
  const run = (first: number): Promise<void> => {
    const args = [
      ...process.execArgv,
      process.argv[1] ?? '',
      'child',
      path,
      String(first),
      String(first * 7 + 1),
    ];
    const running: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (running.stdout !== null)
      createInterface({ input: running.stdout }).on('line', (line) => {
        const [number = '', ...words] = line.split(' ');
        said.set(Number(number), words.join(' '));
      });
    return new Promise((resolve) => {
      running.on('close', (_, signal) => {
        if (signal === 'SIGKILL') killed++;
        resolve();
      });
    });
  };
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < total) {
      const first = next;
      next += EACH;
      await run(first);
    }
  };
  await Promise.all([lane(), lane()]);

  const seconds = (Date.now() - started) / 1000;
  const problems: string[] = [];
  const there = new Map<number, number>();
  for (const part of ['new', 'cur']) {
    for (const name of await readdir(join(path, part))) {
      const number = Number(
        /^X-Number: (\d+)/.exec(await readFile(join(path, part, name), 'latin1'))?.[1] ?? -1,
      );
      there.set(number, (there.get(number) ?? 0) + 1);
    }
  }
  for (const [number, count] of there)
    if (count !== 1 || number < 0) problems.push(`message ${number}: ${count} times`);
  const counts = { stored: 0, withoutUid: 0, perhaps: 0, not: 0, unanswered: 0, unansweredThere: 0 };
  const box = createMailUsers({
    ...ofThisProcess(),
    clock: systemClock,
    random: systemRandom,
    hostName: 'mx',
  })
    .user({ name: 'x', path }, { signal: never })
    .mailbox('INBOX');
  const mails = await box.mails();
  if (mails.kind !== 'done') throw new Error(JSON.stringify(mails));
  const uids = new Map<number, number>();
  for (const mail of mails.value) {
    const opened = await mail.open();
    if (opened.kind !== 'done') throw new Error(JSON.stringify(opened));
    let text = '';
    for await (const piece of opened.value.read()) text += piece.toString('latin1');
    uids.set(Number(/^X-Number: (\d+)/.exec(text)?.[1] ?? -1), mail.uid);
  }
  if (new Set(uids.values()).size !== uids.size) problems.push('a uid comes twice');
  if (uids.size !== there.size) problems.push(`${there.size} files, ${uids.size} of them have a uid`);
  for (let number = 0; number < total; number++) {
    const word = said.get(number);
    const isThere = there.has(number);
    if (word === undefined) {
      counts.unanswered++;
      if (isThere) counts.unansweredThere++;
    } else if (word.startsWith('stored')) {
      counts.stored++;
      if (!isThere) problems.push(`message ${number} was answered and is lost`);
      const uid = word.slice('stored '.length);
      if (uid === '-') counts.withoutUid++;
      else if (uids.get(number) !== Number(uid))
        problems.push(`message ${number}: uid ${uid} became ${uids.get(number)}`);
    } else if (word === 'not') {
      counts.not++;
      if (isThere) problems.push(`message ${number} was refused and is there`);
    } else counts.perhaps++;
  }
  const left = (await readdir(join(path, 'tmp'))).length;
  console.log(
    JSON.stringify({ total, seconds, killed, ...counts, inTmp: left, problems: problems.slice(0, 20) }),
  );
  if (process.argv[3] === undefined) await rm(directory, { recursive: true, force: true });
  process.exitCode = problems.length > 0 ? 1 : 0;
}

if (process.argv[2] === 'child')
  await child(process.argv[3] ?? '', Number(process.argv[4]), Number(process.argv[5]));
else await main();
