// What recording costs (option record-dir): processor time of messages without it, with record=refused while nothing is refused, and with all of them.
// Usage: node spec/load/recording-cost.mjs [ROUNDS [MESSAGES]]

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compare, dial, from, numbers, spent, start, within } from './paired.mjs';

const { startRecording } = await from('cli/record-sessions.js');
const { createOptions } = await from('options/option-set.js');
const { systemClock, systemRandom } = await from('base/clock.js');

const writer = { write() {}, shows: (level) => level !== 'debug', verbose: () => false, child: () => writer };
const [rounds, messages] = numbers(40, 400);
const policy = `
function hook.accept(ip) end
function hook.ehlo(name) end
function hook.mail(sender) end
function hook.rcpt(recipient) end
function hook.data() end
function hook.dot() end
`;
const BODY = `From: Al <a@x.test>\r\nTo: bob@x.test\r\nSubject: hello\r\n\r\n${'a line of text\r\n'.repeat(60)}.\r\n`;
const PER_CONNECTION = 1;

const round = ({ port }) =>
  spent(messages, async () => {
    for (let n = 0; n < messages; n += PER_CONNECTION) {
      const client = await dial(port);
      await client.ask('EHLO c.example\r\n');
      for (let m = 0; m < PER_CONNECTION; m++) {
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
  const stops = [];
  const ways = [];
  const recordings = {
    'not recorded': undefined,
    'not recorded, once more': undefined,
    'record=refused': { record: 'refused' },
    'record=all': { record: 'all' },
    'record=all with content': { record: 'all', 'record-content': '1000000' },
  };
  for (const [at, [name, wanted]] of Object.entries(recordings).entries()) {
    const way = await start(directory, String(at), {
      policy,
      options: { 'smtp-default-at-dot': '250' },
      writer,
    });
    ways.push({ ...way, name });
    if (wanted === undefined) continue;
    const place = join(directory, `rec-${at}`);
    await mkdir(place);
    stops.push(
      startRecording(createOptions({ 'record-dir': place, ...wanted }), {
        log: way.log,
        clock: systemClock,
        random: systemRandom,
        script: 'p',
      }),
    );
  }
  await compare(ways, rounds, round);
  for (const stop of stops) await stop();
  for (const way of ways) await way.close();
});
