// What scripts that compare the processor time of two ways have in common: servers of the built program in this process, a client, rounds in turn.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const modules = new URL('../../build/', import.meta.url);
/** A module of the built program. */
export const from = (path) => import(new URL(path, modules));

const { createApp } = await from('app.js');
const { silentWriter } = await from('base/log.js');
const { openEventLog } = await from('observe/event-log.js');
const { createOptions } = await from('options/option-set.js');
const { CurrentPolicy } = await from('policy/current-policy.js');
const { LocalCounters } = await from('net/connection-counters.js');

/** Numbers of the command line, or what is usual. */
export const numbers = (...usual) => usual.map((one, at) => Number(process.argv[2 + at] ?? one));

/** `work(directory)` with a directory of its own, which is removed. */
export async function within(work) {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-cost-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A server without limits. It writes no log, nor makes the lines of one but with another `writer`. `policy`: Lua. */
export async function start(
  directory,
  name,
  { policy = '', options: more = {}, writer = silentWriter } = {},
) {
  const spool = join(directory, `spool-${name}`);
  await mkdir(spool);
  const file = join(directory, `policy-${name}.lua`);
  await writeFile(file, policy);
  const options = createOptions({
    ...{ 'host-name': 'mx.example', 'smtp-server-address': '127.0.0.1', 'smtp-server-port': '0' },
    ...{ 'dns-client-timeout': '0', 'dns-servers': '127.0.0.1:9', 'rate-global': '0', 'spool-dir': spool },
    ...{ 'limit-client-connections': '0', 'limit-connections': '0', 'limit-commands': '0' },
    ...{ 'limit-session-time': '0', 'smtp-auth-delay': '0', ...more },
  });
  const log = openEventLog(writer);
  const app = await createApp({ options, log, onBroken: (reason) => console.error(reason) });
  for (const scripts of [app.authScripts, app.pushScripts]) {
    const prepared = await scripts.prepare(options);
    if (prepared.kind === 'failed') throw new Error(prepared.message);
    prepared.take();
  }
  const started = await CurrentPolicy.start(app.place(file));
  if (started.kind === 'failed') throw new Error(started.message);
  const server = app.server(started.current, new LocalCounters());
  await server.listen();
  const close = async () => {
    await server.close(0);
    app.close();
  };
  return { name, app, log, options, server, port: server.endpoints[0].port, close };
}

/** A client that has read the greeting. `ask(text)`: the reply. */
export async function dial(port) {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let wake;
  socket.setEncoding('latin1').on('data', (piece) => {
    text += piece;
    wake?.();
  });
  const reply = async (pattern = /^\d{3} .*\r\n$/m) => {
    while (!pattern.test(text)) await new Promise((resolve) => (wake = resolve));
    const found = text;
    text = '';
    return found;
  };
  await reply();
  return {
    ask: (words, pattern) => {
      socket.write(words);
      return reply(pattern);
    },
    end: () => socket.destroy(),
  };
}

/** Microseconds of the processor that `work` takes for each of `count`, with all that follows it. */
export async function spent(count, work) {
  const begin = process.cpuUsage();
  await work();
  const { system, user } = process.cpuUsage(begin);
  return (system + user) / count;
}

/** A policy that looks at everything and does nothing. */
export const SIX_HOOKS = `
function hook.accept(ip) end
function hook.ehlo(name) end
function hook.mail(sender) end
function hook.rcpt(recipient) end
function hook.data() end
function hook.dot() end
`;
/** Takes lines of the usual levels, no further: what they are made of is made by every server, whether somebody counts or not. */
export const lineWriter = {
  write() {},
  shows: (level) => level !== 'debug',
  verbose: () => false,
  child: () => lineWriter,
};
const BODY = `From: Al <a@x.test>\r\nTo: bob@x.test\r\nSubject: hello\r\n\r\n${'a line of text\r\n'.repeat(60)}.\r\n`;

/** Microseconds of the processor for one of `messages` of 1 KB, `perConnection` over each connection. */
export const mails =
  (messages, perConnection) =>
  ({ port }) =>
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

const sorted = (list) => list.toSorted((a, b) => a - b);
export const median = (list) => sorted(list)[Math.floor(list.length / 2)];

/**
 * Measures the ways in turn, the first one last in every second round, after rounds that count for nothing: what only one of the ways does is compiled
 * later than what all of them do. `round(way)` gives microseconds. The others are told beside the first: a machine that others use is told best by the pairs.
 */
export async function compare(ways, rounds, round, warm = 1) {
  const found = ways.map(() => []);
  for (let n = 0; n < warm; n++) for (const way of ways) await round(way);
  for (let n = 0; n < rounds; n++) {
    const order = [...ways.keys()];
    for (const at of n % 2 === 0 ? order : order.reverse()) found[at].push(await round(ways[at]));
  }
  const [base] = found;
  return ways.map(({ name }, at) => {
    const own = found[at];
    const quotient = median(own.map((one, n) => one / base[n]));
    const difference = median(own.map((one, n) => one - base[n]));
    const beside =
      at === 0 ? '' : `; beside ${ways[0].name}: ${quotient.toFixed(3)}, ${difference.toFixed(0)} us more`;
    console.log(
      `${name}: median ${median(own).toFixed(0)} us, least ${sorted(own)[0].toFixed(0)} us${beside}`,
    );
    return { name, quotient, difference };
  });
}
