// What it costs the process that serves when its sessions are recorded (option record-dir), and when a shadow policy is shown all of them (shadow-script):
// processor time of this process for one message with each, and with neither, in turn; that of the shadow, a process of its own, is not in it. Two
// servers with neither tell how far apart the same thing is told. Usage: node spec/load/shadow-cost.mjs [ROUNDS [MESSAGES [PER_CONNECTION]]]; the quotient
// of the shadow, and of record=refused while nothing is refused, is to be 1.05 at most.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, dial, from, numbers, spent, start, within } from './paired.mjs';

const { startRecording } = await from('cli/record-sessions.js');
const { Shadow } = await from('cli/shadow.js');
const { forkShadow } = await from('ops/fork-shadow.js');
const { createOptions } = await from('options/option-set.js');
const { systemClock, systemRandom } = await from('base/clock.js');

// What a process starts to be its shadow.
process.argv[1] = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Lines of the usual levels go to it, and no further, as in observing-cost.mjs. */
const writer = { write() {}, shows: (level) => level !== 'debug', verbose: () => false, child: () => writer };

const [rounds, messages, perConnection] = numbers(30, 200, 5);
const policy = `
function hook.accept(ip) end
function hook.ehlo(name) end
function hook.mail(sender) end
function hook.rcpt(recipient) end
function hook.data() end
function hook.dot() end
`;
const BODY = `From: Al <a@x.test>\r\nTo: bob@x.test\r\nSubject: hello\r\n\r\n${'a line of text\r\n'.repeat(60)}.\r\n`;

const round = ({ port }) =>
  spent(messages, async () => {
    for (let n = 0; n < messages; n += perConnection) {
      const client = await dial(port);
      await client.ask('EHLO c.example\r\n');
      for (let m = 0; m < perConnection; m++) {
        await client.ask('MAIL FROM:<a@x.test>\r\n');
        await client.ask('RCPT TO:<bob@x.test>\r\n');
        await client.ask('DATA\r\n');
        const reply = await client.ask(BODY);
        if (!reply.startsWith('250')) throw new Error(reply);
      }
      await client.ask('QUIT\r\n');
      client.end();
    }
  });

await within(async (directory) => {
  const ends = [];
  const shadowScript = join(directory, 'shadow.lua');
  await writeFile(shadowScript, policy);
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
  const begin = {
    neither: () => {},
    'neither, once more': () => {},
    'a shadow of all sessions': async ({ app, log, options }) => {
      log.bus.on('shadow-judged', ({ count, result }) => {
        judged[result] = (judged[result] ?? 0) + count;
      });
      const shadow = new Shadow({
        ...{ log, clock: systemClock, random: systemRandom, hostName: app.hostName, fork: forkShadow },
      });
      const its = options.fork();
      its.set('shadow-script', shadowScript, 'here');
      const prepared = await shadow.prepare(its);
      if (prepared.kind === 'failed') throw new Error(prepared.message);
      prepared.take();
      ends.push(() => shadow.stop());
    },
    'record=refused': record({ record: 'refused' }),
    'record=all': record({ record: 'all' }),
    'record=all, with content': record({ record: 'all', 'record-content': '1000000' }),
  };
  const ways = [];
  for (const [at, [name, observe]] of Object.entries(begin).entries()) {
    const options = { 'smtp-default-at-dot': '250' };
    const way = { ...(await start(directory, String(at), { policy, options, writer })), name };
    await observe(way);
    ways.push(way);
  }
  await compare(ways, rounds, round);
  for (const end of ends) await end();
  console.log(`sessions that the shadow was shown: ${JSON.stringify(judged)}`);
  for (const way of ways) await way.close();
});
