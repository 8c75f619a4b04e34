// Scripts for Rumble in the built program with two workers: services are served by both, and created once; ports outlive reloads and workers;
// an order of one script counts for all.
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { LineClient } from '../fakes/line-client.ts';
import { ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { waitUntil } from '../fakes/wait-until.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Of its own: other specs have the same ports elsewhere. */
const ADDRESS = '127.0.0.12';

let service: ServiceUnderTrial | undefined;
const clients: LineClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await service?.remove();
  service = undefined;
});

async function client(port: number): Promise<LineClient> {
  const one = await LineClient.connect(port, ADDRESS);
  clients.push(one);
  return one;
}

/** Waits until `check` has been true of as many connections in a row as would meet each worker. */
async function settles(check: () => Promise<boolean>): Promise<void> {
  await waitUntil(async () => {
    for (let n = 0; n < 8; n++) expect(await check()).toBe(true);
  });
}

/** Somebody there begins like this. */
async function says(port: number, text: string): Promise<boolean> {
  const one = await LineClient.connect(port, ADDRESS);
  const line = await one.line();
  one.destroy();
  return line.startsWith(text);
}

const refused = (port: number, address: string) => async (): Promise<boolean> => {
  try {
    (await LineClient.connect(port, address)).destroy();
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  }
};

const greeted = (port: number) => async (): Promise<boolean> => {
  try {
    const one = await SmtpClient.connect(port);
    const reply = await one.reply();
    one.destroy();
    return reply.startsWith('220');
  } catch {
    return false;
  }
};

async function start(names: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-rumble-'));
  await writeFile(join(directory, 'policy.lua'), '');
  for (const name of names)
    await copyFile(
      join(import.meta.dirname, `../session/rumble-cases/${name}.lua`),
      join(directory, `${name}.lua`),
    );
  for (const [name, text] of Object.entries(more)) await writeFile(join(directory, name), text);
  service = await ServiceUnderTrial.start(
    {
      options: [
        `load-script=${[...names.map((name) => `${name}.lua`), ...Object.keys(more)].join(' ')}`,
        ...[`rumble-service-address=${ADDRESS}`, 'rumble-allow=control accounts', 'workers=2'],
        'limit-client-connections=0',
        'rumble-receive-timeout=60',
        ...['rumble-database=rumble.db', 'rumble-storage=mail', 'smtp-smart-host=accounts:'],
      ],
    },
    directory,
  );
  return service.ready(2);
}

const HOOK = `
Rumble.setHook(function(session) session:send('250 hooked\\r\\n') return 'ignore' end, 'smtp', 'command', 'noop')
local free = Rumble.createService(function(session) session:send('free\\r\\n') end, 0)
print('free: ' .. tostring(free))
`;

it('two workers serve what one has created; a port outlives a reload and the death of a worker; an order counts for both', async () => {
  const port = await start(['01-strings', '03-accounts', '04-echo', '05-http', '12-switching-smtp'], {
    'hook.lua': HOOK,
  });
  const { program } = service as ServiceUnderTrial;
  const count = (text: string): number => program.stderr.split(text).length - 1;
  expect([count('echo: ready'), count('strings: ready'), count('free: true'), count('free: nil')]).toEqual([
    1, 1, 1, 1,
  ]);
  // Both have the hook.
  await settles(async () => {
    const one = await SmtpClient.connect(port);
    await one.reply();
    const reply = await one.command('NOOP');
    one.destroy();
    return reply === '250 hooked\r\n';
  });
  // What one worker has written the other reads.
  const console = await client(2703);
  expect([await console.ask('domain shop.test'), await console.ask('add ann shop.test mbox x')]).toEqual([
    'true',
    'true',
  ]);
  await settles(async () => {
    const one = await LineClient.connect(2703, ADDRESS);
    const answer = await one.ask('who ann shop.test');
    one.destroy();
    return answer === '1 ann@shop.test mbox []';
  });
  await settles(async () => {
    const one = await LineClient.connect(2701, ADDRESS);
    const answer = await one.ask('TRIP abc');
    one.destroy();
    return answer === 'true';
  });
  await settles(async () => {
    const one = await LineClient.connect(2706, ADDRESS);
    one.write('GET /hello?x=1 HTTP/1.1\r\nHost: a\r\n\r\n');
    return (await one.rest()).endsWith('\r\n\r\n/hello?x=1');
  });
  // The same free port in both.
  const [, free] = /hook\.lua: a service listens on [\d.]+:(\d+)/.exec(program.stderr) ?? [];
  await settles(() => says(Number(free), 'free'));
  const kept = await client(2705);
  expect([await kept.line(), await kept.ask('abc')]).toEqual([
    `hello ${kept.socket.localAddress} over IPv4`,
    '3:abc',
  ]);

  // A reload takes the port over; who is served is served to the end.
  process.kill((service as ServiceUnderTrial).pid, 'SIGHUP');
  let gone = 0;
  while (count('policy reloaded') + count('reloaded') === 0 && gone < 200) {
    const one = await client(2705);
    expect(await one.line()).toMatch(/^hello /);
    one.destroy();
    gone++;
  }
  expect(await kept.ask('de')).toBe('2:de');
  expect(count('echo: ready')).toBe(2);

  const one = await client(2713);
  expect(await one.ask('suspend smtp')).toBe('2');
  let began = performance.now();
  await settles(refused(port, '127.0.0.1'));
  expect(performance.now() - began).toBeLessThan(1000);
  expect(await one.ask('resume smtp')).toBe('1');
  began = performance.now();
  await settles(greeted(port));
  expect(performance.now() - began).toBeLessThan(1000);
  expect([await one.ask('stop 2705'), await kept.line()]).toEqual(['0', '<closed>']);
  await settles(refused(2705, ADDRESS));
  expect(await one.ask('start 2705')).toBe('1');
  await settles(() => says(2705, 'hello'));
  expect(await one.ask('stop smtp')).toBe('0');
  await settles(refused(port, '127.0.0.1'));

  // A worker dies: its successor is stopped, too, and serves the ports of scripts.
  const [worker = 0] = await (service as ServiceUnderTrial).workers();
  process.kill(worker, 'SIGKILL');
  await (service as ServiceUnderTrial).said(/accepting connections/, 3);
  await settles(() => says(2705, 'hello'));
  await settles(refused(port, '127.0.0.1'));
  const other = await client(2713);
  await settles(async () => (await other.ask('look smtp')) === '0');
  await other.ask('start smtp');
  await settles(greeted(port));
});
