// What it costs the process that serves when its sessions are recorded (option record-dir), and when a shadow policy is shown them (shadow-script):
// processor time of this process for one message with each, and with neither, in turn; that of the shadow, a process of its own, is not in it. Two
// servers with neither tell how far apart the same thing is told. This process is busy all the time: a shadow is shown as few sessions as
// shadow-percent-busy has it, or all where that is 100. Usage: node spec/load/shadow-cost.mjs [ROUNDS [MESSAGES [PER_CONNECTION]]]; the quotient of a
// shadow, and of record=refused while nothing is refused, is to be 1.05 at most.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, from, lineWriter, mails, numbers, SIX_HOOKS, start, within } from './paired.mjs';

const { startRecording } = await from('cli/record-sessions.js');
const { Shadow } = await from('cli/shadow.js');
const { forkShadow } = await from('ops/fork-shadow.js');
const { createOptions } = await from('options/option-set.js');
const { systemClock, systemLoop, systemRandom } = await from('base/clock.js');

// What a process starts to be its shadow.
process.argv[1] = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const [rounds, messages, perConnection] = numbers(30, 200, 5);
const round = mails(messages, perConnection);
/** Messages before it counts: a server is at work longer than a measurement. */
const WARM = 4000;

await within(async (directory) => {
  const ends = [];
  const shadowScript = join(directory, 'shadow.lua');
  await writeFile(shadowScript, SIX_HOOKS);
  const judged = {};
  const record =
    (wanted) =>
    async ({ log, name }) => {
      const place = join(directory, name.replaceAll(/\W/g, '-'));
      await mkdir(place);
      const options = createOptions({ 'record-dir': place, ...wanted });
      ends.push(
        startRecording(options, { log, clock: systemClock, random: systemRandom, script: 'policy.lua' }),
      );
    };
  const shadow =
    (wanted) =>
    async ({ app, log, name, options }) => {
      const counts = { same: 0 };
      judged[name] = counts;
      log.bus.on('shadow-judged', ({ count, result }) => {
        counts[result] = (counts[result] ?? 0) + count;
      });
      const shadow = new Shadow({
        ...{ log, clock: systemClock, loop: systemLoop, random: systemRandom },
        ...{ hostName: app.hostName, fork: forkShadow },
      });
      const its = options.fork();
      for (const [option, text] of Object.entries({ 'shadow-script': shadowScript, ...wanted }))
        its.set(option, text, 'here');
      const prepared = await shadow.prepare(its);
      if (prepared.kind === 'failed') throw new Error(prepared.message);
      prepared.take();
      ends.push(() => shadow.stop());
    };
  const begin = {
    neither: () => {},
    'neither, once more': () => {},
    'a shadow': shadow({}),
    'a shadow of all sessions': shadow({ 'shadow-percent-busy': '100' }),
    'record=refused': record({ record: 'refused' }),
    'record=all': record({ record: 'all' }),
    'record=all, with content': record({ record: 'all', 'record-content': '1000000' }),
  };
  const ways = [];
  for (const [at, [name, observe]] of Object.entries(begin).entries()) {
    const options = { 'smtp-default-at-dot': '250' };
    const way = {
      ...(await start(directory, String(at), { policy: SIX_HOOKS, options, writer: lineWriter })),
      name,
    };
    await observe(way);
    ways.push(way);
  }
  await compare(ways, rounds, round, Math.ceil(WARM / messages));
  for (const end of ends) await end();
  console.log(`sessions that the shadows were shown, and were not: ${JSON.stringify(judged)}`);
  for (const way of ways) await way.close();
});
