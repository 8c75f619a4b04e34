// Next hops that fail, as the client of the whole server sees it: refused, silent, closing or resetting at each step, refusing at each step,
// two of them with fail-over. 250 only when a next hop has said it; nothing twice; nothing left.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type HopAction,
  type HopReply,
  type HopScript,
  type HopStage,
  NextHop,
  refusedPort,
} from '../../src/bench/ports/next-hop.ts';
import { WholeServer } from '../fakes/whole-server.ts';

/** Seconds that each step may take where nobody hangs. */
const PATIENCE = '15';
const MESSAGE = 'Subject: x\r\n\r\n.dot\r\n';

let server: WholeServer;
const hops: NextHop[] = [];
afterEach(async () => {
  expect(await readdir(server.spool)).toEqual([]);
  expect(server.app.spools.size).toBe(0);
  await server.stop();
  for (const hop of hops.splice(0)) await hop.close();
});

async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start(script);
  hops.push(started);
  return started;
}

async function start(targets: string, policy = '', patience = PATIENCE): Promise<void> {
  server = await WholeServer.start({
    policy,
    options: {
      'smtp-smart-host': targets,
      // What is asked earlier is in next-hop-walk.spec.ts.
      'smtp-forward-at': 'dot',
      'smtp-accept-timeout': patience,
      'smtp-command-timeout': PATIENCE,
      'smtp-data-timeout': patience,
      'smtp-dot-timeout': patience,
      'spool-memory': '0',
    },
  });
}

/** Sends a message; the reply at dot. The session must go on after it. */
async function dot(): Promise<string> {
  const client = server.inMemory();
  await client.reply();
  await client.openMessage();
  client.send(`${MESSAGE.replace('.dot', '..dot')}.\r\n`);
  const reply = await client.reply();
  expect(await client.command('NOOP')).toMatch(/^250/);
  await client.quit();
  return reply;
}

const received = (one: NextHop): number =>
  one.connections.flatMap((connection) => connection.contents).length;

const steps: readonly HopStage[] = ['banner', 'ehlo', 'mail', 'rcpt', 'data', 'dot'];

const accidents: readonly (readonly [string, HopReply])[] = [
  ['closes', { end: 'close' }],
  ['resets', { end: 'reset' }],
  ['sends garbage', 'what is this\r\n'],
  ['says 421 and closes', { reply: '421 4.3.2 going down\r\n', end: 'close' }],
  ['closes in the middle of a reply', { reply: '250-half', end: 'close' }],
];

describe('one next hop', () => {
  it('refused: 451, the message is not lost silently', async () => {
    await start(`127.0.0.1:${await refusedPort()}`);
    expect(await dot()).toBe('451 4.4.1 next hop not available, try again later\r\n');
    expect(server.said(/^warning next hop failed .*"stage":"connect"/)).toHaveLength(1);
    expect(server.said(/^info mail .*"result":"deferred".*"code":451/)).toHaveLength(1);
  });

  it.each(steps)('hangs at %s: 451 after the time-out', async (stage) => {
    const silent = await hop({ [stage]: { end: 'hang' } satisfies HopAction });
    // The time-out for commands is that of our clients too: the policy shortens it when the message is there.
    await start(silent.target, "function hook.dot() smtpe.setoption('smtp-command-timeout', '1') end", '1');
    expect(await dot()).toMatch(/^451 4\.4\.1 next hop not available, try again later\r\n$/);
    await silent.allClosed();
    expect(server.said(/^warning next hop (failed|may or may not have the message) /)).toHaveLength(1);
  });

  for (const [what, action] of accidents) {
    it.each(steps)(`${what} at %s: 451`, async (stage) => {
      const bad = await hop({ [stage]: action });
      await start(bad.target);
      expect(await dot()).toMatch(/^451 4\.\d\.\d [ -~]+\r\n$/);
      await bad.allClosed();
      expect(server.said(/^(warning|notice) next hop /).length).toBeGreaterThanOrEqual(1);
    });
  }

  it.each([
    ['banner', '554 5.7.1 not you\r\n', /^451 4\.4\.1 next hop not available/],
    ['ehlo', '550 5.7.1 not you\r\n', /^250 /], // HELO is tried then
    ['mail', '550 5.1.8 bad sender\r\n', /^550 5\.1\.8 bad sender\r\n$/],
    ['mail', '451 4.1.8 come back\r\n', /^451 4\.1\.8 come back\r\n$/],
    ['rcpt', '550 5.1.1 no such user\r\n', /^550 5\.1\.1 no such user\r\n$/],
    ['rcpt', '450 4.2.1 greylisted\r\n', /^450 4\.2\.1 greylisted\r\n$/],
    ['data', '554 5.5.1 no\r\n', /^554 5\.5\.1 no\r\n$/],
    ['dot', '554 5.7.1 spam\r\n', /^554 5\.7\.1 spam\r\n$/],
    ['dot', '452 4.3.1 disk full\r\n', /^452 4\.3\.1 disk full\r\n$/],
    ['dot', '421 4.3.2 going down\r\n', /^451 4\.3\.2 going down\r\n$/],
    ['dot', '354 what\r\n', /^451 4\.5\.0 unexpected reply/],
    ['dot', '250-ok\r\n250 really\r\n', /^250 2\.0\.0 message \w+ accepted\r\n$/],
  ] as const)('says at %s %j: the client hears it', async (stage, reply, heard) => {
    const one = await hop({ [stage]: [reply, '250 ok\r\n'] });
    await start(one.target);
    expect(await dot()).toMatch(heard);
    // The next message is none the worse for it.
    if (stage !== 'banner') expect(await dot()).toMatch(stage === 'data' ? /^451/ : /^250/);
  });

  it('takes some of the recipients: 451, nobody gets anything, and the log names the others', async () => {
    const one = await hop({ rcpt: ['250 ok\r\n', '550 5.1.1 no such user\r\n'] });
    await start(one.target);
    const client = server.inMemory();
    await client.reply();
    await client.commands(
      'EHLO c',
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<yes@d.example>',
      'RCPT TO:<no@d.example>',
      'DATA',
    );
    client.send(`${MESSAGE}.\r\n`);
    expect(await client.reply()).toBe('451 4.5.0 not taken for all recipients, refused: <no@d.example>\r\n');
    expect(server.said(/next hop refused recipients .*no@d\.example/)).toHaveLength(1);
    expect(received(one)).toBe(0);
    await client.quit();
  });

  it('goes away between two messages of a session: the kept connection is replaced, each message arrives once', async () => {
    const one = await hop();
    await start(one.target);
    expect(await dot()).toMatch(/^250/);
    one.hangUp();
    expect(await dot()).toMatch(/^250/);
    expect(received(one)).toBe(2);
    expect(one.connections).toHaveLength(2);
  });

  it('is maildir: and its disk fails: 451, nothing half delivered', async () => {
    await start('maildir:/proc/none/Mail');
    expect(await dot()).toMatch(/^451 4\.\d\.\d /);
    expect(server.said(/\/proc\/none/).length).toBeGreaterThanOrEqual(1);
  });
});

describe('two next hops', () => {
  it('the first refuses connections: the second gets the message', async () => {
    const second = await hop();
    await start(`127.0.0.1:${await refusedPort()} ${second.target}`);
    expect(await dot()).toMatch(/^250/);
    expect(received(second)).toBe(1);
  });

  it.each(
    steps.slice(0, -1).flatMap((stage) => accidents.map(([what, action]) => [what, stage, action] as const)),
  )('the first one %s at %s: the second one gets the message, once', async (what, stage, action) => {
    const first = await hop({ [stage]: action });
    const second = await hop();
    await start(`${first.target} ${second.target}`);
    expect(await dot()).toMatch(/^250/);
    expect([what, received(first), received(second)]).toEqual([what, 0, 1]);
  });

  it.each(accidents)(
    'the first one %s at dot: 451, the second one is not asked, as the first may have it',
    async (_what, action) => {
      const first = await hop({ dot: action });
      const second = await hop();
      await start(`${first.target} ${second.target}`);
      expect(await dot()).toMatch(/^451/);
      expect(received(first)).toBe(1);
      expect(second.connections).toHaveLength(0);
    },
  );

  it('the first one refuses the message: the second one is not asked', async () => {
    const first = await hop({ dot: '554 5.7.1 spam\r\n' });
    const second = await hop();
    await start(`${first.target} ${second.target}`);
    expect(await dot()).toBe('554 5.7.1 spam\r\n');
    expect(second.connections).toHaveLength(0);
  });

  it('the first one is gone, the second is a maildir: delivered there', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-maildir-'));
    await start(`127.0.0.1:${await refusedPort()} maildir:${directory}`);
    expect(await dot()).toMatch(/^250/);
    expect(await readdir(join(directory, 'new'))).toHaveLength(1);
    await rm(directory, { recursive: true });
  });

  it('both are gone: 451 with the reason in the log for each', async () => {
    await start(`127.0.0.1:${await refusedPort()} 127.0.0.1:${await refusedPort()}`);
    expect(await dot()).toMatch(/^451 4\.4\.1/);
    expect(server.said(/^warning next hop failed .*"stage":"connect"/)).toHaveLength(2);
  });
});

describe('a Lua error in hook.forward', () => {
  it('leaves the message to the smart host; without one it is not accepted', async () => {
    const one = await hop();
    await start(one.target, "function hook.forward() error('broken') end");
    expect(await dot()).toMatch(/^250/);
    expect(received(one)).toBe(1);
    await server.stop();
    await start('', "function hook.forward() error('broken') end");
    const client = server.inMemory();
    await client.reply();
    await client.openMessage();
    client.send(`${MESSAGE}.\r\n`);
    expect(await client.rest()).toBe('421 4.3.0 internal error\r\n');
    client.stream.end();
    await client.over;
  });
});
