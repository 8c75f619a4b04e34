import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeClamd, startClamd } from '../../../src/bench/ports/clamd-server.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { closedPort, startScripted } from '../../../src/bench/ports/scripted-server.ts';
import { type MessageSession, messageSession } from '../../fakes/message-session.ts';
import { luaArray, type Rig, serviceRig } from '../../fakes/service-rig.ts';

const MESSAGE = 'Subject: hello\r\n\r\nbody line\r\n';
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

let message: MessageSession;
let rig: Rig;
const servers: FakeClamd[] = [];

async function clamd(...args: Parameters<typeof startClamd>): Promise<FakeClamd> {
  const server = await startClamd(...args);
  servers.push(server);
  return server;
}

beforeEach(async () => {
  message = await messageSession(MESSAGE);
  rig = serviceRig({ message });
});

afterEach(async () => {
  rig.close();
  for (const server of servers.splice(0)) {
    await server.server.quiet();
    await server.close();
  }
  await message.dispose();
});

describe('service.clamd', () => {
  it('tells a clamd on this host the path of the message, which is on disk then', async () => {
    let seen: Buffer | undefined;
    const server = await clamd(async ({ command }) => {
      seen = await readFile(command.replace('SCAN ', ''));
      return `${message.spool.path}: OK\n`;
    });
    expect(message.spool.pieces).toBeDefined();
    expect(await rig.call('clamd', message.spool.path, server.host, 10)).toBe(true);
    const { clamd: result } = await rig.wait();
    expect(server.server.connections[0]?.received.toString()).toBe(`nSCAN ${message.spool.path}\n`);
    expect(seen?.toString()).toBe(MESSAGE);
    expect(result).toEqual({
      service_name: 'clamd',
      service_host: server.host,
      elapsed_time: expect.any(Number),
      file: message.spool.path,
      reply: `${message.spool.path}: OK\n`,
      is_infected: false,
      entries: [expect.objectContaining({ is_infected: false, file: message.spool.path })],
    });
  });

  it('names the signature', async () => {
    const server = await clamd(() => '/x: Eicar-Test-Signature FOUND\n');
    await rig.call('clamd', message.spool.path, server.host);
    const { clamd: result } = await rig.wait();
    expect(result).toMatchObject({ is_infected: true, signature: 'Eicar-Test-Signature' });
    expect(result).not.toHaveProperty('error');
  });

  it('streams to a server by name: every byte, however it was received', async () => {
    const server = await clamd(() => 'stream: OK\n');
    await message.dispose();
    const whole = Buffer.concat([
      Buffer.from('A: b\r\n\r\n'),
      ...Array.from({ length: 1000 }, () => everyByte),
    ]);
    const pieces = Array.from({ length: whole.length }, (_, i) => whole.subarray(i, i + 1));
    message = await messageSession(pieces);
    rig = serviceRig({ message });
    const host = `localhost:${server.server.port}`;
    expect(await rig.call('clamd', message.spool.path, host)).toBe(true);
    expect((await rig.wait()).clamd).toMatchObject({ is_infected: false, service_host: host });
    expect(server.commands[0]?.command).toBe('INSTREAM');
    expect(server.commands[0]?.content.equals(whole)).toBe(true);
    expect(await message.files()).toEqual([]);
  });

  it('streams from disk, and a message that has no file at all', async () => {
    const server = await clamd(() => 'stream: OK\n');
    const onDisk = await messageSession(MESSAGE, 'a@b.c', 0);
    const first = serviceRig({ message: onDisk });
    await first.call('clamd', onDisk.spool.path, `localhost:${server.server.port}`);
    expect((await first.wait()).clamd?.is_infected).toBe(false);
    expect(server.commands[0]?.content.toString()).toBe(MESSAGE);
    await onDisk.dispose();
  });

  it('sends the content when clamd cannot read the path, and at once the next time', async () => {
    const server = await clamd(({ command }) =>
      command === 'INSTREAM' ? 'stream: Eicar FOUND\n' : `${message.spool.path}: Access denied. ERROR\n`,
    );
    await rig.call('clamd', message.spool.path, server.host);
    expect((await rig.wait()).clamd).toMatchObject({
      is_infected: true,
      signature: 'Eicar',
      reply: 'stream: Eicar FOUND\n',
    });
    await rig.call('clamd', message.spool.path, server.host);
    expect((await rig.wait()).clamd?.is_infected).toBe(true);
    expect(server.commands.map(({ command }) => command.split(' ')[0])).toEqual([
      'SCAN',
      'INSTREAM',
      'INSTREAM',
    ]);
    expect(server.commands[1]?.content.toString()).toBe(MESSAGE);
  });

  it('gives the ERROR reply when neither way works', async () => {
    const server = await clamd(({ command }) =>
      command === 'INSTREAM' ? 'INSTREAM: Out of memory ERROR\n' : '/x: lstat() failed. ERROR\n',
    );
    await rig.call('clamd', message.spool.path, server.host);
    expect((await rig.wait()).clamd).toMatchObject({
      reply: 'INSTREAM: Out of memory ERROR\n',
      error: 'clamd said: INSTREAM: Out of memory ERROR',
    });
    // What did not help is not remembered.
    await rig.call('clamd', message.spool.path, server.host);
    await rig.wait();
    expect(server.commands.map(({ command }) => command.split(' ')[0])).toEqual([
      'SCAN',
      'INSTREAM',
      'SCAN',
      'INSTREAM',
    ]);
  });

  it('never puts a line end of a file name into the command', async () => {
    const server = await clamd(() => 'stream: OK\n');
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-spec-'));
    const path = join(directory, 'a\nnSHUTDOWN\n');
    await writeFile(path, 'content');
    await rig.call('clamd', path, server.host);
    expect((await rig.wait()).clamd).toMatchObject({ file: path, is_infected: false });
    expect(server.commands).toEqual([{ command: 'INSTREAM', content: Buffer.from('content') }]);
    await rm(directory, { recursive: true });
  });

  it('scans any regular file, and says what is wrong with others', async () => {
    const server = await clamd(({ command }) =>
      command === 'INSTREAM' ? 'stream: OK\n' : '/x: denied ERROR\n',
    );
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-spec-'));
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const [path, cause] of [
      [directory, 'not a regular file'],
      [fifo, 'not a regular file'],
      [join(directory, 'none'), 'no such file'],
    ] as const) {
      expect(await rig.call('clamd', path, `localhost:${server.server.port}`)).toBe(true);
      const { clamd: result } = await rig.wait();
      expect(result?.error).toBe(`cannot read ${JSON.stringify(path)}: ${cause}`);
      expect(result).not.toHaveProperty('is_infected');
    }
    await rm(directory, { recursive: true });
  });

  it('reads the reply of a clamd that has had enough and closes while we send', async () => {
    const big = await messageSession(Buffer.alloc(20_000_000, 'x'), 'a@b.c', 100_000_000);
    const limited = serviceRig({ message: big });
    for (let i = 0; i < 20; i++) {
      const greedy = await startScripted(async (connection) => {
        await connection.until((received) => received.length > 100_000);
        connection.socket.pause();
        await connection.send('INSTREAM size limit exceeded. ERROR\n');
        // Unread data makes this a reset, as with the real one.
        connection.socket.destroy();
      });
      await limited.call('clamd', big.spool.path, `localhost:${greedy.port}`);
      expect((await limited.wait()).clamd).toMatchObject({
        error: 'clamd said: INSTREAM size limit exceeded. ERROR',
      });
      await greedy.close();
    }
    await big.dispose();
  });

  it('goes to the next server when one refuses or closes without a word, and asks the good one first from then on', async () => {
    const dead = `127.0.0.1:${await closedPort()}`;
    const mute = await clamd((_command, connection) => {
      connection.end();
      return undefined;
    });
    const good = await clamd(() => '/x: OK\n');
    expect(await rig.call('clamd', message.spool.path, luaArray(dead, mute.host, good.host))).toBe(true);
    expect((await rig.wait()).clamd).toMatchObject({ service_host: good.host, is_infected: false });
    await rig.call('clamd', message.spool.path, `${dead} ${good.host}`);
    expect((await rig.wait()).clamd?.service_host).toBe(good.host);
    expect(good.commands).toHaveLength(2);
  });

  it('names every server with its reason when none answers', async () => {
    const first = `127.0.0.1:${await closedPort()}`;
    const second = join(message.directory, 'no.sock');
    expect(await rig.call('clamd', message.spool.path, `${first};${second}`)).toBe(false);
    const { clamd: result } = await rig.wait();
    expect(result?.error).toBe(`${first}: connection refused; ${second}: no such file`);
    expect(result).not.toHaveProperty('is_infected');
    expect(rig.log.lines).toContainEqual({
      level: 'warning',
      message: `service clamd failed: ${first}: connection refused; ${second}: no such file`,
      fields: { host: second, elapsed: expect.any(Number) },
    });
  });

  it('talks to a unix socket by path, with SCAN', async () => {
    const server = await clamd(() => '/x: OK\n', join(message.directory, 'clamd.sock'));
    expect(await rig.call('clamd', message.spool.path, server.host)).toBe(true);
    expect((await rig.wait()).clamd).toMatchObject({ service_host: server.host, is_infected: false });
    expect(server.commands[0]?.command).toBe(`SCAN ${message.spool.path}`);
  });

  it('looks names up and tries all their addresses', async () => {
    const server = await clamd(() => 'stream: OK\n');
    rig = serviceRig({ message, names: { 'scan.example': ['127.0.0.2', '127.0.0.1'] } });
    const host = `scan.example:${server.server.port}`;
    expect(await rig.call('clamd', message.spool.path, host)).toBe(true);
    expect((await rig.wait()).clamd).toMatchObject({ service_host: host, is_infected: false });
    expect(rig.asked).toEqual(['scan.example']);
    expect(await rig.call('clamd', message.spool.path, 'other.example')).toBe(false);
    expect((await rig.wait()).clamd?.error).toBe('other.example: no address found for other.example');
  });

  it('tries 127.0.0.1 port 3310 when no host is given', async () => {
    const clock = new FakeClock();
    rig = serviceRig({ message, clock });
    await rig.call('clamd', message.spool.path);
    expect((await rig.wait()).clamd).toMatchObject({ service_host: '127.0.0.1' });
  });

  it.each([
    [[undefined], "bad argument #1 to 'service.clamd' (string expected, got nil)"],
    [['/x', true], "bad argument #2 to 'service.clamd' (string or table of strings expected, got boolean)"],
    [['/x', 'h', 'soon'], "bad argument #3 to 'service.clamd' (number expected, got string)"],
    [['/x', 'h', 0], 'a timeout must be more than 0 seconds, got 0'],
  ])('refuses arguments %j', (args, text) => {
    expect(() => rig.start('clamd', ...args)).toThrow(text);
  });

  it('gives false and a result for a host list that is none', async () => {
    expect(await rig.call('clamd', message.spool.path, 'http://x/')).toBe(false);
    expect((await rig.wait()).clamd?.error).toContain('"http://x/" is not a host');
    expect(await rig.call('clamd', '', '127.0.0.1')).toBe(false);
    expect((await rig.wait()).clamd?.error).toBe('the file name is empty and no message is being received');
  });
});
