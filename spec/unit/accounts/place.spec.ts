// The place of the accounts of a process: the thread that reads letters is there as long as they are open, and never without them.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AccountsPlace } from '../../../src/accounts/place.ts';
import { systemClock, systemRandom } from '../../../src/base/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { createMaildir } from '../../../src/mailbox/maildir.ts';
import { createMailUsers } from '../../../src/mailbox/maildir-user.ts';
import { ofThisProcess } from '../../../src/mailbox/parts.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { freshDirectory } from '../../fakes/accounts-rig.ts';

let directory: string;
beforeAll(async () => {
  directory = await freshDirectory();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function placeAt(database: string) {
  const calls: string[] = [];
  const parts = { ...ofThisProcess(), clock: systemClock, random: systemRandom, hostName: 'mx.test' };
  const log = new RecordLog();
  void log.events;
  let lost: (cause: string) => void = () => undefined;
  const place = new AccountsPlace({
    ...{ options: createOptions({ 'rumble-database': database }), clock: systemClock, log },
    ...{ files: parts.files, maildir: createMaildir(parts), mailUsers: createMailUsers(parts) },
    heads: {
      start: (onLost) => {
        lost = onLost;
        calls.push('start');
      },
      close: () => {
        calls.push('close');
        return Promise.resolve();
      },
    },
  });
  return { place, calls, log, lose: (cause: string) => lost(cause) };
}

it('starts the thread once when they are opened, says when it is lost, and closes it with them', async () => {
  const { calls, log, lose, place } = placeAt(join(directory, 'db'));
  expect(calls).toEqual([]);
  expect(await Promise.all([place.open(), place.open()])).toMatchObject([{ kind: 'open' }, { kind: 'open' }]);
  expect(calls).toEqual(['start']);
  lose('it has died');
  expect(log.events.of('accounts-thread-lost')).toMatchObject([{ cause: 'it has died' }]);
  await place.close();
  expect(calls).toEqual(['start', 'close']);
});

it.each([
  ['none are named', () => '', 'none'],
  ['they cannot be opened', () => '/dev/null/db', 'refused'],
])('starts nothing when %s', async (_, database, kind) => {
  const { calls, place } = placeAt(database());
  expect(await place.open()).toMatchObject({ kind });
  await place.close();
  expect(calls).not.toContain('start');
});
