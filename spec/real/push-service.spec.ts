// The built program with a push script: killed right after its reply, asked to end while a web server is told, and given another script.
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PushServer } from '../fakes/push-server.ts';
import { ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

vi.setConfig({ testTimeout: 60_000 });

const services: ServiceUnderTrial[] = [];
const webs: PushServer[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.remove();
  for (const web of webs.splice(0)) web.close();
});

async function web(silent = false): Promise<PushServer> {
  const one = await PushServer.start();
  one.silent = silent;
  webs.push(one);
  return one;
}

const script = (url: string): string => `
function dovecot_lua_notify_begin_txn(user) return user end
function dovecot_lua_notify_event_message_new(user, event)
  dovecot.http.client({}):request { url = '${url}/' .. event.uid, method = 'GET' }:submit()
end
function dovecot_lua_notify_end_txn() end
`;

async function place(url: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-push-'));
  await mkdir(join(directory, 'Mail', 'bob'), { recursive: true });
  await writeFile(join(directory, 'policy.lua'), '');
  await writeFile(join(directory, 'push.lua'), script(url));
  return directory;
}

async function start(directory: string, ...options: readonly string[]): Promise<ServiceUnderTrial> {
  const service = await ServiceUnderTrial.start(
    { options: ['smtp-smart-host=maildir:Mail/%n', 'push-script=push.lua', ...options] },
    directory,
  );
  services.push(service);
  return service;
}

/** The reply at the dot; `then` is called in the moment that it is here. */
async function send(service: ServiceUnderTrial, then: () => void = () => undefined): Promise<string> {
  const client = await SmtpClient.connect(await service.port());
  await client.reply();
  for (const line of ['EHLO c.example', 'MAIL FROM:<a@x.test>', 'RCPT TO:<bob@x.test>', 'DATA'])
    await client.command(line);
  const reply = await client.command('Subject: hello\r\n\r\nHi.\r\n.');
  then();
  client.destroy();
  return reply;
}

const lying = async (directory: string, where: 'new' | 'tmp'): Promise<number> =>
  (await readdir(join(directory, 'Mail', 'bob', where))).length;

describe('the program with a push script', () => {
  it('killed right after its reply, has the message once, and the next start goes on', async () => {
    const dead = await web(true);
    const directory = await place(dead.url);
    const first = await start(directory);
    expect(await send(first, () => first.signalGroup('SIGKILL'))).toMatch(/^250 /);
    await first.program.ended;
    expect([await lying(directory, 'new'), await lying(directory, 'tmp')]).toEqual([1, 0]);
    const told = dead.told.length;
    dead.silent = false;
    const second = await start(directory);
    expect(await send(second)).toMatch(/^250 /);
    await dead.hears(told + 1);
    // uids go on, and what the first one had is not told again.
    expect(dead.told.slice(told).map(({ path }) => path)).toEqual(['/2']);
    expect(await lying(directory, 'new')).toBe(2);
  });

  it('asked to end while a web server is told, waits for it', async () => {
    const slow = await web(true);
    const service = await start(await place(slow.url));
    expect(await send(service)).toMatch(/^250 /);
    await slow.hears(1);
    process.kill(service.pid, 'SIGTERM');
    await service.said(/signal SIGTERM|shutting down/);
    slow.answer();
    expect((await service.program.ended).code).toBe(0);
    expect(service.program.stderr).not.toMatch(/given up|was stopped|was cut off/);
  });

  it('does not wait for it longer than shutdown-timeout', async () => {
    const dead = await web(true);
    const service = await start(await place(dead.url), 'shutdown-timeout=1');
    expect(await send(service)).toMatch(/^250 /);
    expect(await send(service)).toMatch(/^250 /);
    await dead.hears(1);
    process.kill(service.pid, 'SIGTERM');
    expect((await service.program.ended).code).toBe(0);
    expect(service.program.stderr).toMatch(/2 notifications given up at the end/);
  });

  it('keeps its script at a reload with a broken one, and takes one that is good', async () => {
    const [one, two] = [await web(), await web()];
    const directory = await place(one.url);
    const service = await start(directory);
    expect(await send(service)).toMatch(/^250 /);
    await one.hears(1);
    await writeFile(join(directory, 'push.lua'), 'function (');
    process.kill(service.pid, 'SIGHUP');
    await service.said(/push\.lua:1: /);
    expect(await send(service)).toMatch(/^250 /);
    expect((await one.hears(2)).map(({ path }) => path)).toEqual(['/1', '/2']);
    await writeFile(join(directory, 'push.lua'), script(two.url));
    process.kill(service.pid, 'SIGHUP');
    await service.said(/policy reloaded/);
    expect(await send(service)).toMatch(/^250 /);
    expect((await two.hears(1)).map(({ path }) => path)).toEqual(['/3']);
    expect(await lying(directory, 'new')).toBe(3);
  });
});
