// A process that makes, renames and deletes accounts and delivers to them: `accounts-process.mjs DIRECTORY RUN`. Says each thing before it begins
// and when it is answered, a line of JSON each, until it is killed. Three rows of such things go on at once.
import { join } from 'node:path';
import { AccountsPlace } from '../../build/accounts/place.js';
import { systemClock, systemRandom } from '../../build/base/clock.js';
import { silentWriter } from '../../build/base/log.js';
import { HeadThread } from '../../build/mailbox/head-thread.js';
import { createMaildir } from '../../build/mailbox/maildir.js';
import { createMailUsers } from '../../build/mailbox/maildir-user.js';
import { ofThisProcess } from '../../build/mailbox/parts.js';
import { openEventLog } from '../../build/observe/event-log.js';
import { createOptions } from '../../build/options/option-set.js';

const [, , directory = '', run = ''] = process.argv;
const heads = new HeadThread({ clock: systemClock });
const parts = { ...ofThisProcess(), heads, clock: systemClock, random: systemRandom, hostName: 'mx.test' };
const place = new AccountsPlace({
  options: createOptions({
    'rumble-database': join(directory, 'db'),
    'rumble-storage': join(directory, 'mail'),
  }),
  ...{ clock: systemClock, log: openEventLog(silentWriter), files: parts.files, heads },
  ...{ maildir: createMaildir(parts), mailUsers: createMailUsers(parts) },
});
const opened = await place.open();
if (opened.kind !== 'open') throw new Error(JSON.stringify(opened));
const { accounts } = opened;
await accounts.createDomain('a.test');

// What nobody reads is kept back, and would be lost with the process.
const say = (what) => new Promise((resolve) => process.stdout.write(`${JSON.stringify(what)}\n`, resolve));

function value(outcome) {
  if (outcome.kind !== 'done' || outcome.value === undefined || outcome.value === false)
    throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

async function step(what, work) {
  await say({ ...what, done: false });
  const answer = await work();
  await say({ ...what, done: true });
  return answer;
}

const never = new AbortController().signal;

async function deliver(id, token) {
  const account = value(accounts.byId(id));
  const pieces = [Buffer.from(`Subject: ${token}\r\n\r\n${'text\r\n'.repeat(50)}`)];
  const content = {
    pieces,
    async *read() {
      yield* pieces;
    },
  };
  const stored = await accounts.store(account, content, never);
  if (stored.kind !== 'stored') throw new Error(JSON.stringify(stored));
}

async function row(name) {
  for (let at = 0; ; at++) {
    const user = `r${run}${name}${at}`;
    const letter = (part) => `letter-${user}-${part}.`;
    const rest = { domain: 'a.test', type: 'mbox', password: 'x', arguments: '' };
    const save = (wish) => accounts.save({ ...rest, ...wish });
    const id = value(await step({ do: 'save', user }, () => save({ user })));
    await step({ do: 'letter', token: letter('a') }, () => deliver(id, letter('a')));
    await step({ do: 'rename', user, to: `${user}-new` }, () => save({ id, user: `${user}-new` }));
    await step({ do: 'letter', token: letter('b') }, () => deliver(id, letter('b')));
    if (at % 2 === 0)
      await step({ do: 'delete', user: `${user}-new` }, async () => value(await accounts.delete({ id })));
  }
}

await Promise.all(['a', 'b', 'c'].map(row));
