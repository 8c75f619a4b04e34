// What a push script costs a delivery: processor time of deliveries into a maildir with one and without, in turn, in one process of the built program.
// Usage: node spec/load/push-cost.mjs [ROUNDS [DELIVERIES]]; the quotient of the medians is to be 1.3 at most.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dist = new URL('../../dist/', import.meta.url);
const from = (path) => import(new URL(path, dist));
const { createApp } = await from('app.js');
const { silentWriter } = await from('base/log.js');
const { openEventLog } = await from('observe/event-log.js');
const { createOptions } = await from('options/option-set.js');
const { CurrentPolicy } = await from('policy/current-policy.js');
const { LocalCounters } = await from('net/connection-counters.js');

const [rounds = 5, deliveries = 300] = process.argv.slice(2).map(Number);
const directory = await mkdtemp(join(tmpdir(), 'smtpe-push-cost-'));
const script = `
local seen = 0
function dovecot_lua_notify_begin_txn(user) return user end
function dovecot_lua_notify_event_message_new(user, event)
  if event.from_address == 'a@x.test' and user:plugin_getenv('push') then seen = seen + event.uid end
end
function dovecot_lua_notify_end_txn() end
`;
await writeFile(join(directory, 'policy.lua'), '');
await writeFile(join(directory, 'push.lua'), script);

async function start(name, more) {
  const mail = join(directory, name);
  await mkdir(join(mail, 'bob'), { recursive: true });
  const spool = join(directory, `spool-${name}`);
  await mkdir(spool);
  const options = createOptions({
    ...{ 'host-name': 'mx.example', 'smtp-server-address': '127.0.0.1', 'smtp-server-port': '0' },
    ...{ 'dns-client-timeout': '0', 'dns-servers': '127.0.0.1:9', 'rate-global': '0', 'spool-dir': spool },
    ...{ 'limit-client-connections': '0', 'smtp-smart-host': `maildir:${mail}/%n`, ...more },
  });
  const log = openEventLog(silentWriter);
  const app = await createApp({ options, log, onBroken: (reason) => console.error(reason) });
  const push = await app.pushScripts.prepare(options);
  if (push.kind === 'failed') throw new Error(push.message);
  push.take();
  const policy = await CurrentPolicy.start(app.place(join(directory, 'policy.lua')));
  const server = app.server(policy.current, new LocalCounters());
  await server.listen();
  return { name, app, server, port: server.endpoints[0].port, spent: [] };
}

const BODY = `From: Al <a@x.test>\r\nTo: bob@x.test\r\nSubject: hello\r\n\r\n${'a line of text\r\n'.repeat(100)}.\r\n`;
const TRANSACTION = 'MAIL FROM:<a@x.test>\r\nRCPT TO:<bob@x.test>\r\nDATA\r\n';

/** Microseconds of the processor for each delivery, with all that follows it. */
async function round({ app, port }, count) {
  const begin = process.cpuUsage();
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let wake;
  socket.setEncoding('latin1').on('data', (piece) => {
    text += piece;
    wake?.();
  });
  const until = async (pattern) => {
    while (!pattern.test(text)) await new Promise((resolve) => (wake = resolve));
    const found = text;
    text = '';
    return found;
  };
  await until(/^220 .*\r\n/);
  socket.write('EHLO c.example\r\n');
  await until(/^250 .*\r\n/m);
  for (let n = 0; n < count; n++) {
    socket.write(TRANSACTION);
    await until(/^354 .*\r\n/m);
    socket.write(BODY);
    const reply = await until(/\r\n$/);
    if (!reply.startsWith('250')) throw new Error(reply);
  }
  socket.destroy();
  while (app.pushScripts.pending > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  const { system, user } = process.cpuUsage(begin);
  return (system + user) / count;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const both = [
  await start('without', {}),
  await start('with', { 'push-script': join(directory, 'push.lua'), 'plugin-push': 'yes' }),
];
try {
  for (const one of both) await round(one, Math.min(100, deliveries));
  for (let n = 0; n < rounds; n++) for (const one of both) one.spent.push(await round(one, deliveries));
  const [without, its] = both.map(({ spent }) => median(spent));
  for (const { name, spent } of both)
    console.log(
      `${name}: ${median(spent).toFixed(0)} us for each delivery (${spent.map((one) => one.toFixed(0)).join(' ')})`,
    );
  console.log(`quotient: ${(its / without).toFixed(2)}`);
} finally {
  for (const { app, server } of both) {
    await server.close(0);
    app.close();
  }
  await rm(directory, { recursive: true, force: true });
}
