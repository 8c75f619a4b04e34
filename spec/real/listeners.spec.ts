// Several listeners of the built program, alone and with workers: what it says, what it takes, and why it does not start.
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ServiceSettings, ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

const services: ServiceUnderTrial[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.remove();
});
vi.setConfig({ testTimeout: 60_000 });

async function start(settings: ServiceSettings): Promise<ServiceUnderTrial> {
  const service = await ServiceUnderTrial.start(settings);
  services.push(service);
  return service;
}

/** The ports by the lines of the start, in order. */
async function ports({ program }: ServiceUnderTrial): Promise<readonly number[]> {
  const [, where = ''] = await program.wrote(/listening on (.*)\n(?:.*\n)* {2}policy/);
  return [...where.matchAll(/:(\d+)(?=,|$)/g)].map(([, port]) => Number(port));
}

async function ask(port: number, host: string, ...lines: readonly string[]): Promise<readonly string[]> {
  const client = await SmtpClient.connect(port, undefined, host);
  await client.reply();
  const replies: string[] = [];
  for (const line of lines) replies.push((await client.command(line)).trimEnd());
  client.destroy();
  return replies;
}

const policy = `
function hook.noop() return '250 ' .. tostring(client.listener) .. ' ' .. smtpe.getoption('limit-errors') end
function hook.auth() return '535 5.7.8 no' end`;
const HELLO = ['EHLO c', 'MAIL FROM:<a@b.example>', 'NOOP'];

describe.each([1, 2])('with %i process(es)', (workers) => {
  it('all of them listen, each with its name, flags and options, and share a reload', async () => {
    const service = await start({
      policy,
      listen: 'mx=127.0.0.1:0 mx=[::1]:0 submission=127.0.0.1:0/auth-required 127.0.0.1:0',
      file: 'limit-errors=7 submission.limit-errors=8\n',
      options: [`workers=${workers}`],
    });
    const [mx = 0, mx6 = 0, submission = 0, other = 0, ...more] = await ports(service);
    expect(more).toEqual([]);
    const lines = service.program.stdout.split('\n').slice(1, 4);
    expect(lines).toEqual([
      `  mx       127.0.0.1:${mx}, [::1]:${mx6}`,
      `  submission 127.0.0.1:${submission} auth-required`,
      `           127.0.0.1:${other}`,
    ]);
    const told = async (): Promise<unknown> => {
      const all = [];
      for (const [port, host] of [
        [mx, '127.0.0.1'],
        [mx6, '::1'],
        [submission, '127.0.0.1'],
        [other, '127.0.0.1'],
      ] as const) {
        const [, mail = '', noop] = await ask(port, host, ...HELLO);
        all.push(`${mail.slice(0, 3)} ${noop}`);
      }
      return all;
    };
    expect(await told()).toEqual(['250 250 mx 7', '250 250 mx 7', '530 250 submission 8', '250 250 nil 7']);
    await service.said(/session client=127\.0\.0\.1 .* close=\d listener=submission\n/);
    await service.said(/session client=127\.0\.0\.1 .* close=\d\n/);
    await writeFile(
      `${service.directory}/smtpe.cf`,
      'limit-errors=9 mx.limit-errors=10 mx.smtp-server-queue=11\n',
    );
    service.program.signal('SIGHUP');
    await service.said(/options changed.*limit-errors=9 mx\.limit-errors=10 submission\.limit-errors=9/);
    await service.said(/options=mx\.smtp-server-queue/);
    await expect
      .poll(told, { timeout: 20_000 })
      .toEqual(['250 250 mx 10', '250 250 mx 10', '530 250 submission 9', '250 250 nil 9']);
    expect((await service.program.stop()).code).toBe(0);
  });

  it('one address that is taken fails the start, and is named', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const where = taken.address();
    const port = where !== null && typeof where === 'object' ? where.port : 0;
    const service = await start({
      listen: `mx=127.0.0.1:0 submission=[::1]:0 submission=127.0.0.1:${port}`,
      options: [`workers=${workers}`],
    });
    const { code, stderr } = await service.program.ended;
    taken.close();
    expect(stderr).toContain(
      `cannot listen on 127.0.0.1:${port}: another program listens there; stop it, or set smtp-listen`,
    );
    expect(code).toBe(70);
  });
});

it('a flag that there is not is refused with 64, and what would be right is said', async () => {
  const service = await start({ listen: 'mx=127.0.0.1:0/tls-requird' });
  const { code, stderr } = await service.program.ended;
  expect(stderr).toMatch(
    /expected only the flags .* perhaps tls-required; not "mx=127\.0\.0\.1:0\/tls-requird"/,
  );
  expect(code).toBe(64);
});

it('hook.init cannot set what smtp-listen has taken the place of', async () => {
  const service = await start({
    listen: 'mx=127.0.0.1:0',
    policy: `function hook.init() smtpe.setoption('smtp-server-port', '2525') end`,
  });
  const { code, stderr } = await service.program.ended;
  expect(stderr).toMatch(
    /smtpe\.setoption: smtp-server-port=2525 has no effect beside smtp-listen \(command line\)/,
  );
  expect(code).toBe(70);
});

it('three hundred listeners are no trouble', async () => {
  const listen = Array.from({ length: 300 }, (_, i) => `n${i}=127.0.0.1:0`).join(' ');
  const service = await start({ policy, listen, options: ['workers=2', 'n299.limit-errors=3'] });
  const all = await ports(service);
  expect(new Set(all).size).toBe(300);
  expect(await ask(all[299] ?? 0, '127.0.0.1', 'NOOP')).toEqual(['250 n299 3']);
  expect((await service.program.stop()).code).toBe(0);
});
