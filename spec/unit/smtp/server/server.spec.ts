import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { listenerRows } from '../../../../src/net/listener-row.ts';
import { Listeners } from '../../../../src/net/listeners.ts';
import { Sessions } from '../../../../src/smtp/server/sessions.ts';
import { SmtpClient } from '../../../fakes/smtp-client.ts';
import { type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

const rigs: SmtpRig[] = [];

/** A rig that listens on a free port of 127.0.0.1. */
async function listening(
  settings: RigSettings = {},
): Promise<{ rig: SmtpRig; dial: (from?: string) => Promise<SmtpClient> }> {
  const rig = new SmtpRig({
    ...settings,
    options: {
      'smtp-server-address': '127.0.0.1',
      'smtp-server-port': '0',
      'rate-global': '0',
      ...settings.options,
    },
  });
  rigs.push(rig);
  const [endpoint] = await rig.server.listen();
  return { rig, dial: (from) => SmtpClient.connect(endpoint?.port ?? 0, from) };
}
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.server.close(0);
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

describe('the server', () => {
  it('gives each connection a session, and has nothing of it when it is over', async () => {
    const { rig, dial } = await listening({ hooks: { accept: () => undefined, close: () => undefined } });
    const clients = await Promise.all([dial(), dial('127.0.0.2'), dial('127.0.0.3')]);
    for (const client of clients)
      expect(await client.reply()).toMatch(/^220 mx\.example ESMTP \w{16}00\r\n$/);
    expect([rig.server.sessions, rig.limits.total, rig.counters.connections]).toEqual([3, 3, 3]);
    for (const client of clients) {
      client.socket.write('QUIT\r\n');
      expect(await client.reply()).toMatch(/^221/);
      client.socket.end();
    }
    await until(() => rig.server.sessions === 0);
    expect([rig.counters.sessions, rig.limits.total]).toEqual([0, 0]);
    expect(rig.instance.calls.map(([name, value]) => [name, value])).toEqual([
      ['accept', expect.stringMatching(/^127\.0\.0\.[123]$/)],
      ['close', 0],
    ]);
  });

  it('tells the policy addresses and port of the socket', async () => {
    const { rig, dial } = await listening({ hooks: { noop: () => undefined } });
    const client = await dial('127.0.0.5');
    await client.reply();
    client.socket.write('NOOP\r\n');
    await client.reply();
    expect(rig.instance.client).toMatchObject({
      address: '127.0.0.5',
      port: client.socket.localPort,
      local_address: '127.0.0.1',
    });
    client.socket.destroy();
  });

  it('turns away what is too much, with a reply, and without a session', async () => {
    const { rig, dial } = await listening({
      options: { 'limit-connections': '3', 'limit-client-connections': '2' },
      hooks: { accept: () => undefined },
    });
    const first = [await dial(), await dial()];
    for (const client of first) await client.reply();
    const third = await dial();
    expect(await third.reply()).toBe('421 4.7.0 too many connections from 127.0.0.1\r\n');
    await (await dial('127.0.0.2')).reply();
    const fifth = await dial('127.0.0.3');
    expect(await fifth.reply()).toBe('421 4.3.2 too many connections, try again later\r\n');
    expect([rig.server.sessions, rig.counters.connections]).toEqual([3, 5]);
    expect(
      rig.log.lines.filter(({ message }) => message === 'refused').map(({ fields }) => fields.cause),
    ).toEqual(['clientConnections', 'connections']);
    first[0]?.socket.destroy();
    await until(() => rig.server.sessions === 2);
    expect(await (await dial('127.0.0.3')).reply()).toMatch(/^220/);
  });

  it('serves so many new connections in a second as rate-global says; the others wait for their turn', async () => {
    const clock = new FakeClock(1_700_000_000_000);
    const { rig, dial } = await listening({ clock, options: { 'rate-global': '2' } });
    const clients: SmtpClient[] = [];
    for (let i = 0; i < 6; i++) clients.push(await dial());
    await until(() => rig.server.sessions === 6);
    expect(rig.said.filter((line) => line.includes('connections come faster than 2 a second'))).toHaveLength(
      1,
    );
    const greeted = new Set<SmtpClient>();
    for (const client of clients) void client.reply().then(() => greeted.add(client));
    for (const expected of [2, 4, 6]) {
      await until(() => greeted.size >= expected);
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
      expect(greeted.size).toBe(expected);
      clock.advance(1000);
    }
    for (const client of clients) client.socket.destroy();
    await until(() => rig.server.sessions === 0);
  });

  it('refuses whom rate-global would keep waiting for more than 30 s', async () => {
    const clock = new FakeClock(1_700_000_000_000);
    const { rig, dial } = await listening({ clock, options: { 'rate-global': '1' } });
    const clients: SmtpClient[] = [];
    for (let i = 0; i < 31; i++) clients.push(await dial());
    await until(() => rig.server.sessions === 31);
    const late = await dial();
    expect(await late.reply()).toBe('421 4.3.2 too many connections, try again later\r\n');
    expect(rig.limits.total).toBe(31);
    for (const client of clients) client.socket.resetAndDestroy();
    await until(() => rig.server.sessions === 0);
    expect(rig.limits.total).toBe(0);
  });

  it('is not moved by the wall clock: rate-client counts by the monotonic one', async () => {
    const clock = new FakeClock(1_700_000_000_000);
    const { rig, dial } = await listening({ clock, options: { 'rate-client': '2' } });
    for (const [hours, code] of [
      [0, '220'],
      [-1, '220'],
      [0, '421'],
      [5, '421'],
    ] as const) {
      clock.setWall(hours * 3_600_000);
      const client = await dial();
      expect((await client.reply()).slice(0, 3)).toBe(code);
      client.destroy();
      await until(() => rig.server.sessions === 0);
    }
    clock.setWall(-10 * 3_600_000);
    clock.advance(61_000);
    const client = await dial();
    expect((await client.reply()).slice(0, 3)).toBe('220');
    client.destroy();
    await until(() => rig.server.sessions === 0);
  });

  it('frees the place of a client that has gone, whatever hook.close waits for, and cuts that off', async () => {
    const clock = new FakeClock();
    const { rig, dial } = await listening({
      clock,
      hooks: { close: () => new Promise(() => undefined) },
      options: { 'limit-connections': '2', 'hook-close-limit': '5' },
    });
    for (let i = 0; i < 2; i++) (await dial()).destroy();
    await until(() => rig.server.sessions === 2 && rig.limits.total === 0);
    const client = await dial();
    expect(await client.reply()).toMatch(/^220 /);
    client.destroy();
    await until(() => rig.limits.total === 0);
    clock.advance(5000);
    await until(() => rig.server.sessions === 0);
    expect(rig.said).toContain('hook.close is cut off');
    expect(clock.pending).toBe(0);
  });

  it('does not let more sessions than limit-connections wait in hook.close', async () => {
    const { rig, dial } = await listening({
      hooks: { close: () => new Promise(() => undefined) },
      options: { 'limit-connections': '3' },
    });
    for (let i = 0; i < 10; i++) {
      const client = await dial();
      await client.reply();
      client.destroy();
      await until(() => rig.limits.total === 0);
    }
    await until(() => rig.server.sessions <= 3);
  });

  it('counts and logs a client that was gone before it was looked at', async () => {
    const { rig } = await listening();
    const { Socket } = await import('node:net');
    const [row] = listenerRows(rig.options, new Sessions(rig.deps));
    if (row !== undefined) new Listeners(rig.deps).accept(new Socket(), row);
    expect(rig.counters.connections).toBe(1);
    expect(rig.said).toEqual(['connection gone before it was served']);
  });

  it('refuses with 421 when hardly any file descriptor is left, and says once what would help', async () => {
    let scarce = true;
    const { rig, dial } = await listening({
      deps: { descriptors: { scarce: () => scarce, advice: () => ({ limit: 64, reserve: 8, advice: '' }) } },
    });
    for (let i = 0; i < 3; i++)
      expect(await (await dial()).reply()).toBe('421 4.3.2 too many connections, try again later\r\n');
    expect(rig.said.filter((line) => line.startsWith('file descriptors are used up'))).toHaveLength(1);
    expect(rig.server.sessions).toBe(0);
    scarce = false;
    expect(await (await dial()).reply()).toMatch(/^220 /);
  });

  it('notices a client that resets the connection: hook.error, hook.close(4)', async () => {
    const { rig, dial } = await listening({ hooks: { error: () => undefined, close: () => undefined } });
    const client = await dial();
    await client.reply();
    client.socket.resetAndDestroy();
    await until(() => rig.server.sessions === 0);
    expect(rig.instance.calls).toEqual([
      ['error', 104, 'Connection reset by peer'],
      ['close', 4],
    ]);
  });

  it('stops reading a client that sends on while a hook is suspended', async () => {
    let go = (): void => undefined;
    const { rig, dial } = await listening({
      options: {
        'limit-pipeline-bytes': '4096',
        'limit-commands': '0',
        'limit-unknown': '0',
        'limit-errors': '0',
      },
      hooks: {
        noop: () =>
          new Promise((resolve) => {
            go = () => resolve(undefined);
          }),
      },
    });
    const client = await dial();
    await client.reply();
    client.socket.write('NOOP\r\n');
    await until(() => rig.instance.calls.length === 1);
    const lines = 2_000_000;
    let sent = false;
    client.socket.write('RSET\r\n'.repeat(lines), () => {
      sent = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    // The kernel's buffers are full, ours are not: the rest is still with the client.
    expect(sent).toBe(false);
    go();
    let received = 0;
    client.socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await until(() => received > 14_000_000);
    expect(rig.counters.commands).toBeGreaterThan(1_000_000);
    client.socket.destroy();
    await until(() => rig.server.sessions === 0);
  }, 60_000);

  it('closes: no new connections, 421 to those that are idle', async () => {
    const { rig, dial } = await listening();
    const client = await dial();
    await client.reply();
    const closed = rig.server.close(30);
    expect(await client.reply()).toBe('421 4.3.2 mx.example shutting down\r\n');
    client.socket.end();
    await closed;
    await expect(dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('does not start when its address is taken', async () => {
    const { rig } = await listening();
    const port = String(rig.server.endpoints[0]?.port);
    const other = new SmtpRig({ options: { 'smtp-server-address': '127.0.0.1', 'smtp-server-port': port } });
    await expect(other.server.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('trusts nobody for a network it cannot read, and says so', async () => {
    const { rig, dial } = await listening({ options: { 'smtp-xclient-hosts': '10.0.0.0/8' } });
    const client = await dial();
    await client.reply();
    client.socket.write('VERB\r\n');
    expect(await client.reply()).toMatch(/^502/);
    client.socket.destroy();
    await once(client.socket, 'close');
    await until(() => rig.server.sessions === 0);
  });
});

describe('a session in test mode', () => {
  it('runs as Lua what is no command, and goes on after the end of the input', async () => {
    const rig = new SmtpRig({ hooks: { noop: async () => '250 at last' } });
    const client = rig.connect('127.0.0.1', true);
    client.send('NOOP\r\nreturn 1\n\nMAIL FROM:<a@b.cc>\r\nNOOP\r\n');
    client.stream.end();
    const text = await client.rest();
    expect(text).toMatch(/^220 .*\r\n250 at last\r\nran return 1\n503 .*\r\n250 at last\r\n$/);
    await client.over;
    expect(rig.counters.sessions).toBe(0);
  });

  it('does not refuse pipelining', async () => {
    const rig = new SmtpRig({ options: { 'rfc2920-pipelining-reject': '+' } });
    const client = rig.connect('127.0.0.1', true);
    await client.reply();
    client.send('NOOP\r\nNOOP\r\nQUIT\r\n');
    expect((await client.rest()).match(/^250/gm)).toHaveLength(2);
  });
});
