// What a push script costs a delivery: processor time of deliveries into a maildir with one and without, in turn, in one process of the built program.
// Usage: node spec/load/push-cost.mjs [ROUNDS [DELIVERIES]]; the quotient is to be 1.3 at most.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compare, dial, numbers, spent, start, within } from './paired.mjs';

const [rounds, deliveries] = numbers(40, 30);
const script = `
local seen = 0
function dovecot_lua_notify_begin_txn(user) return user end
function dovecot_lua_notify_event_message_new(user, event)
  if event.from_address == 'a@x.test' and user:plugin_getenv('push') then seen = seen + event.uid end
end
function dovecot_lua_notify_end_txn() end
`;
const BODY = `From: Al <a@x.test>\r\nTo: bob@x.test\r\nSubject: hello\r\n\r\n${'a line of text\r\n'.repeat(100)}.\r\n`;
const TRANSACTION = 'MAIL FROM:<a@x.test>\r\nRCPT TO:<bob@x.test>\r\nDATA\r\n';

const round = ({ app, port }) =>
  spent(deliveries, async () => {
    const client = await dial(port);
    await client.ask('EHLO c.example\r\n');
    for (let n = 0; n < deliveries; n++) {
      await client.ask(TRANSACTION, /^354 .*\r\n$/m);
      const reply = await client.ask(BODY);
      if (!reply.startsWith('250')) throw new Error(reply);
    }
    client.end();
    while (app.pushScripts.pending > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

await within(async (directory) => {
  const push = join(directory, 'push.lua');
  await writeFile(push, script);
  const ways = [];
  for (const [name, more] of [
    ['without', {}],
    ['with', { 'push-script': push, 'plugin-push': 'yes' }],
  ]) {
    const mail = join(directory, name);
    await mkdir(join(mail, 'bob'), { recursive: true });
    ways.push(
      await start(directory, name, { options: { 'smtp-smart-host': `maildir:${mail}/%n`, ...more } }),
    );
  }
  await compare(ways, rounds, round);
  for (const way of ways) await way.close();
});
