// How long a list of a thousand letters takes in the built program (Mailman.listHeaders, without Lua), and how long anybody else is held up by it: the
// first list of a process, whose code has not run before, first lists of other accounts, and lists of letters that are known. Usage:
// [TMPDIR=/dev/shm] node spec/load/letters-cost.mjs [ACCOUNTS [LETTERS [LISTS]]]
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { from, numbers, within } from './paired.mjs';

const { Accounts } = await from('accounts/accounts.js');
const { openDatabase } = await from('accounts/database.js');
const { Letters } = await from('accounts/letters.js');
const { Passwords } = await from('accounts/password.js');
const { systemClock, systemRandom } = await from('base/clock.js');
const { silentWriter } = await from('base/log.js');
const { FolderSite } = await from('mailbox/folder.js');
const { HeadThread } = await from('mailbox/head-thread.js').catch(() => ({}));
const { createMaildir } = await from('mailbox/maildir.js');
const { createMailUsers } = await from('mailbox/maildir-user.js');
const { ofThisProcess } = await from('mailbox/parts.js');
const { openEventLog } = await from('observe/event-log.js');
const { ownMark } = await from('ops/process-mark.js');

const [accountCount, letterCount, lists] = numbers(6, 1000, 5);
const never = new AbortController().signal;

const fields = Array.from({ length: 12 }, (_, at) => `X-Field-${at}: ${'value '.repeat(8)}\r\n`).join('');
const letter = `From: Sam <s@x.test>\r\nSubject: a letter\r\n${fields}\r\n${'body\r\n'.repeat(300)}`;

/** Of this thread where Node tells it (from 23.9), else of the process with the thread that reads letters. */
const processorTime = () => {
  const { user, system } = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1000;
};

/** Milliseconds that `work` took, and the longest between two rounds of the loop, as spec/fakes/standstill.ts tells it. */
async function timed(work) {
  let [longest, isOver] = [0, false];
  let [before, began] = [processorTime(), performance.now()];
  const first = began;
  const round = () => {
    const [now, time] = [processorTime(), performance.now()];
    longest = Math.max(longest, Math.min(now - before, time - began));
    [before, began] = [now, time];
    if (!isOver) setImmediate(round);
  };
  setImmediate(round);
  await work();
  isOver = true;
  return `${(performance.now() - first).toFixed(0)} ms (${longest.toFixed(1)})`;
}

await within(async (directory) => {
  const heads = HeadThread && new HeadThread({ clock: systemClock });
  heads?.start((cause) => console.error(cause));
  const parts = { ...ofThisProcess(), heads, clock: systemClock, random: systemRandom, hostName: 'mx.test' };
  const site = new FolderSite(parts);
  const { database } = await openDatabase(join(directory, 'db'));
  const accounts = new Accounts({
    ...{ database, storage: join(directory, 'mail'), log: openEventLog(silentWriter), clock: systemClock },
    ...{ files: parts.files, maildir: createMaildir(parts, site), mailUsers: createMailUsers(parts, site) },
    ...{ passwords: new Passwords('sha256'), mark: await ownMark() },
  });
  await accounts.createDomain('a.test');
  const ids = [];
  for (let account = 0; account < accountCount; account++) {
    const user = `user${account}`;
    await accounts.save({ user, domain: 'a.test', type: 'mbox', password: '', arguments: '' });
    const { id, maildir } = accounts.exact('a.test', user).value;
    for (const part of ['tmp', 'new', 'cur']) await mkdir(join(maildir, part), { recursive: true });
    for (let at = 0; at < letterCount; at++)
      await writeFile(join(maildir, 'new', `${1_700_000_000 + at}.M${at}.mx,S=${letter.length}`), letter);
    ids.push(id);
  }
  const letters = new Letters(accounts);
  for (const [at, id] of ids.entries()) {
    const told = [];
    for (let list = 0; list < lists; list++)
      told.push(
        await timed(async () => {
          const { value } = await letters.heads(id, 0, never);
          if (value?.length !== letterCount) throw new Error(`${value?.length} letters listed`);
        }),
      );
    console.log(`account ${at + 1}, milliseconds (of standstill): ${told.join(', ')}`);
  }
  await heads?.close();
  await accounts.close();
});
