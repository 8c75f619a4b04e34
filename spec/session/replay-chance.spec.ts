// A policy that draws lots draws the same ones when its sessions are played again: in a replay, and as a shadow.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock, systemLoop, systemRandom } from '../../src/base/clock.ts';
import { type Replayed, Replayer } from '../../src/bench/play/replayer.ts';
import { settle } from '../../src/bench/test-options.ts';
import { startRecording } from '../../src/cli/record-sessions.ts';
import { replayVerb } from '../../src/cli/replay.ts';
import { readCommandLine } from '../../src/cli/verb.ts';
import { FORMAT } from '../../src/observe/record/format.ts';
import { ShownSessions } from '../../src/observe/record/shown-sessions.ts';
import { readShown } from '../../src/observe/record/shown-text.ts';
import { entriesOf } from '../../src/observe/record/taped.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const SESSIONS = 200;
const policy = `
local lots = {}
-- Each connection runs this for itself.
local salt = math.random(1000)
function hook.init() math.random(5) end
function hook.mail()
  for i = 1, 3 do lots[i] = math.random(1000) end
  if math.random() < 0.5 then return '451 4.7.1 not today ' .. salt .. ' ' .. table.concat(lots, ' ') end
end
function hook.rcpt()
  return '250 2.1.5 lot ' .. math.random(-5, 5)
end
`;

let directory: string;
const shown: string[] = [];
let refused = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-chance-'));
  await writeFile(join(directory, 'policy.lua'), policy);
  const server = await WholeServer.start({ policy });
  const stop = startRecording(createOptions({ 'record-dir': directory, record: 'all' }), {
    ...{ log: server.log, clock: systemClock, random: systemRandom, script: 'policy.lua' },
  });
  const parts = { bus: server.log.bus, clock: systemClock, random: systemRandom, loop: systemLoop };
  const shadow = new ShownSessions(
    parts,
    { all: 100, busy: 100 },
    {
      over: ({ text }) => void shown.push(text),
      skip: (cause) => expect.fail(cause),
      unplayable: () => expect.fail('unplayable'),
    },
  );
  for (let n = 0; n < SESSIONS; n++) {
    const client = server.inMemory('192.0.2.7');
    await client.reply();
    await client.command('HELO c.example');
    if ((await client.command('MAIL FROM:<a@b.example>')).startsWith('451')) refused += 1;
    else await client.command('RCPT TO:<x@example.com>');
    await client.quit();
    client.stream.end();
    await client.over;
  }
  shadow.close();
  await stop?.();
  await server.stop();
}, 60_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

it('draws for each session', () => {
  // By chance fewer than once in 10^9 runs.
  expect(refused).toBeGreaterThan(55);
  expect(refused).toBeLessThan(145);
});

it('a replay has no difference', async () => {
  const options = createOptions();
  options.set('script', join(directory, 'policy.lua'), 'command line');
  let out = '';
  await replayVerb(options, readCommandLine(['replay', directory, '--json']), {
    print: async (text) => {
      out += text;
    },
    complain: (problems) => expect.fail(problems.join('\n')),
  });
  expect(JSON.parse(out)).toMatchObject({ sessions: SESSIONS, same: SESSIONS, differences: [] });
});

it('nor has a shadow', async () => {
  const opened = await Replayer.open({
    ...{ policy: { path: join(directory, 'policy.lua'), more: [] }, guesses: false },
    options: (scratch) => {
      const options = createOptions();
      settle(options, scratch, 'as named');
      return { options, problems: [] };
    },
  });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const { replayer } = opened;
  const played: Replayed[] = [];
  for (const text of shown) {
    const { began, client, session, steps } = readShown(text);
    played.push(
      await replayer.session({
        ...{ format: FORMAT, version: '', session, client, began, script: '', omitted: 0 },
        entries: [...entriesOf(session, client, steps)],
      }),
    );
  }
  await replayer.close();
  expect(played).toEqual(Array.from({ length: SESSIONS }, () => ({ kind: 'same', upTo: 'the end' })));
});
