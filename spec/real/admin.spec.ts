// The administration interface of the built program: reload, drain, sessions and metrics while mail goes through it, with one process and with
// two of which one is killed.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { askHttp, type Response } from '../fakes/admin-rig.ts';
import { readExposition, seriesValue } from '../fakes/exposition.ts';
import { ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

vi.setConfig({ testTimeout: 60_000 });

let services: ServiceUnderTrial[] = [];
afterEach(async () => {
  for (const service of services) await service.remove();
  services = [];
});

const POLICY =
  "function hook.noop() return '250 old' end\nfunction hook.helo() util.sleep(20) end\nfunction hook.forward() return '250 2.0.0 mine' end\n";

async function start(workers: number, more = ''): Promise<ServiceUnderTrial> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-admin-'));
  const file = `admin-listen=unix:${directory}/admin.sock\nadmin-drain-wait=0\nworkers=${workers}\nlimit-client-connections=0\n${more}`;
  const service = await ServiceUnderTrial.start({ policy: POLICY, file }, directory);
  services.push(service);
  return service;
}

const ask = ({ directory }: ServiceUnderTrial, method: string, path: string): Promise<Response> =>
  askHttp({ socketPath: join(directory, 'admin.sock'), method, path });

const metrics = async (service: ServiceUnderTrial) =>
  readExposition((await ask(service, 'GET', '/metrics')).text);

async function greeted(port: number): Promise<SmtpClient> {
  const client = await SmtpClient.connect(port);
  expect(await client.reply()).toMatch(/^220/);
  return client;
}

async function sendOne(port: number): Promise<void> {
  const client = await SmtpClient.connect(port);
  await client.envelope();
  client.write('Subject: x\r\n\r\nx\r\n.\r\n');
  expect(await client.reply()).toMatch(/^250/);
  expect(await client.command('QUIT')).toMatch(/^221/);
  client.destroy();
}

const accepted = (found: Awaited<ReturnType<typeof metrics>>): number =>
  seriesValue(found, 'smtpe_messages_total', { result: 'accepted' }) ?? -1;

it('one process: health, reload that is refused and one that is taken, drain while a message comes in', async () => {
  const service = await start(1);
  const port = await service.port();
  expect((await ask(service, 'GET', '/healthz')).text).toBe('ok\n');
  expect((await ask(service, 'GET', '/readyz')).text).toBe('ok\n');

  await service.policy('function hook.noop()\n  return 1 +\nend\n');
  const broken = await ask(service, 'POST', '/reload');
  expect(broken.status).toBe(422);
  expect(JSON.parse(broken.text).problems).toEqual([expect.stringMatching(/policy\.lua:3: /)]);
  const client = await greeted(port);
  expect(await client.command('NOOP')).toBe('250 old\r\n');

  const file = join(service.directory, 'smtpe.cf');
  await writeFile(file, 'limit-recipients=x\n');
  const wrong = await ask(service, 'POST', '/reload');
  expect([wrong.status, JSON.parse(wrong.text).problems]).toEqual([
    422,
    [expect.stringMatching(/smtpe\.cf:1: "limit-recipients=x": expected an integer/)],
  ]);
  await service.policy(POLICY.replace('old', 'new'));
  const admin = `admin-listen=unix:${service.directory}/admin.sock\nadmin-drain-wait=0\nlimit-client-connections=0\n`;
  await writeFile(file, `${admin}limit-recipients=7\nuser=nobody\n`);
  const taken = await ask(service, 'POST', '/reload');
  expect([taken.status, JSON.parse(taken.text)]).toEqual([
    200,
    { done: true, changed: ['limit-recipients=7'], need_restart: ['user'], silent: [] },
  ]);
  expect(await (await greeted(port)).command('NOOP')).toBe('250 new\r\n');

  const sending = await SmtpClient.connect(port);
  await sending.envelope();
  expect((await ask(service, 'POST', '/drain')).status).toBe(200);
  await service.said(/draining/);
  const list = JSON.parse((await ask(service, 'GET', '/sessions?state=content')).text);
  expect(list.sessions).toMatchObject([{ client: '127.0.0.1', sender: 'a@example.com', recipients: 1 }]);
  await expect
    .poll(async () => (await SmtpClient.connect(port)).reply(), { timeout: 20_000 })
    .toMatch(/^421 4\.3\.2 /);
  expect((await ask(service, 'GET', '/readyz')).status).toBe(503);
  expect((await ask(service, 'GET', '/healthz')).status).toBe(200);
  sending.write('Subject: x\r\n\r\nx\r\n.\r\n');
  expect(await sending.reply()).toMatch(/^250/);
  expect((await ask(service, 'POST', '/undrain')).status).toBe(200);
  await sendOne(port);
  expect(accepted(await metrics(service))).toBe(2);
  const main = join(import.meta.dirname, '../../dist/main.js');
  const status = execFileSync(process.execPath, [main, 'status', `file=${file}`], { encoding: 'utf8' });
  expect(status).toMatch(/^healthy {2}yes\nready {4}yes\n.*\nmail {5}2 accepted since the start$/m);
  const info = JSON.parse((await ask(service, 'GET', '/info')).text);
  expect(info.policy.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect((await service.program.stop()).code).toBe(0);
  expect(existsSync(join(service.directory, 'admin.sock'))).toBe(false);
});

describe('two workers', () => {
  it('are added up, and when one is killed nothing goes back; 500 sessions are seen', async () => {
    const service = await start(2);
    const port = await service.ready(2);
    for (let i = 0; i < 8; i++) await sendOne(port);
    const before = await metrics(service);
    expect(accepted(before)).toBe(8);
    expect(seriesValue(before, 'smtpe_workers')).toBe(2);
    // What both have told of the seconds in which that happened.
    const read = async (path: string) => JSON.parse((await ask(service, 'GET', path)).text);
    await expect.poll(async () => (await read('/transactions?q=from=a@example.com')).matched).toBe(8);
    const { hooks, seconds } = await read('/rates?seconds=60');
    const sum = (name: string) =>
      seconds.reduce((all: number, row: Record<string, number>) => all + (row[name] ?? 0), 0);
    expect([sum('accepted'), sum('connections'), hooks.forward.count]).toEqual([8, 8, 8]);
    expect(seriesValue(before, 'smtpe_spool_bytes')).toBe(0);
    const [victim = 0] = await service.workers();
    process.kill(victim, 'SIGKILL');
    await service.said(/accepting connections/, 3);
    await sendOne(port);
    const after = await metrics(service);
    expect(accepted(after)).toBe(9);
    for (const family of before.values()) {
      if (family.type === 'gauge') continue;
      for (const { labels, name, value } of family.samples)
        expect(seriesValue(after, name, labels), name).toBeGreaterThanOrEqual(value);
    }
    expect(seriesValue(after, 'smtpe_worker_restarts_total', { reason: 'ended' })).toBe(1);

    const clients = await Promise.all(Array.from({ length: 500 }, () => greeted(port)));
    expect(seriesValue(await metrics(service), 'smtpe_sessions', { listener: 'default' })).toBe(500);
    const { sessions, total } = JSON.parse((await ask(service, 'GET', '/sessions')).text);
    expect([sessions.length, total]).toEqual([500, 500]);
    const [{ id }] = sessions;
    expect((await ask(service, 'POST', `/sessions/${id}/close`)).status).toBe(200);
    await expect
      .poll(async () => JSON.parse((await ask(service, 'GET', '/sessions')).text).total, { timeout: 20_000 })
      .toBe(499);
    for (const client of clients) client.destroy();

    await service.policy('function hook.noop(\n');
    const broken = await ask(service, 'POST', '/reload');
    expect([broken.status, JSON.parse(broken.text).problems]).toEqual([
      422,
      [expect.stringMatching(/policy\.lua:/)],
    ]);
    await service.policy(POLICY.replace('old', 'new'));
    expect((await ask(service, 'POST', '/reload')).status).toBe(200);
    for (let i = 0; i < 6; i++) expect(await (await greeted(port)).command('NOOP')).toBe('250 new\r\n');
    expect((await service.program.stop()).code).toBe(0);
  });
});

/** A stream of the administration: what has come of it, and whether it goes on. */
class OpenStream {
  text = '';
  isOver = false;
  readonly #request;

  constructor({ directory }: ServiceUnderTrial, path: string) {
    this.#request = get({ socketPath: join(directory, 'admin.sock'), path, agent: false }, (response) => {
      response.on('data', (piece: Buffer) => {
        this.text += piece.toString('latin1');
      });
      response.on('close', () => {
        this.isOver = true;
      });
      response.on('error', () => undefined);
    });
    this.#request.on('error', () => undefined);
  }

  says(pattern: RegExp): Promise<void> {
    return expect.poll(() => this.text, { timeout: 20_000 }).toMatch(pattern);
  }

  /** Events of the page: what the last list of sessions said of processes that do not answer. */
  get silent(): string {
    return [...this.text.matchAll(/"silent":\[([\d,]*)\]/g)].at(-1)?.[1] ?? '';
  }

  close(): void {
    this.#request.destroy();
  }
}

describe('open streams over two workers', () => {
  it('say that one stands still, that it is back, that it was killed; a reload changes nothing; sums only grow', async () => {
    const service = await start(2, 'shutdown-timeout=1\n');
    const port = await service.ready(2);
    const events = new OpenStream(service, '/events');
    const trace = new OpenStream(service, '/trace?format=text');
    let last = new Map<string, number>();
    let mails = 0;
    /** What counts has not become less since the last time. */
    const grows = async (): Promise<void> => {
      const now = new Map<string, number>();
      for (const family of (await metrics(service)).values()) {
        if (family.type === 'gauge') continue;
        for (const { labels, name, value } of family.samples)
          now.set(`${name}${JSON.stringify(labels)}`, value);
      }
      for (const [name, value] of last) expect(now.get(name), name).toBeGreaterThanOrEqual(value);
      last = now;
    };
    const send = async (): Promise<void> => {
      await sendOne(port);
      mails++;
      await grows();
    };
    await events.says(/event: sessions/);
    for (let i = 0; i < 4; i++) await send();
    await trace.says(/S: 250 2\.0\.0 mine/);
    const [one = 0, other = 0] = await service.workers();
    // Who serves it is seen by who takes it with him.
    const held = await Promise.all(Array.from({ length: 6 }, () => greeted(port)));
    await expect.poll(async () => (await ask(service, 'GET', '/sessions')).text).toContain('"total":6');

    process.kill(one, 'SIGSTOP');
    await trace.says(new RegExp(`process ${one}: no answer within 1 s`));
    await expect.poll(() => events.silent, { timeout: 20_000 }).toBe(String(one));
    expect((await ask(service, 'GET', '/healthz')).status).toBe(200);
    await grows();
    process.kill(one, 'SIGCONT');
    await expect.poll(() => events.silent, { timeout: 20_000 }).toBe('');
    for (let i = 0; i < 2; i++) await send();

    process.kill(other, 'SIGKILL');
    await trace.says(new RegExp(`end: process ${other}, which served it, has gone`));
    await service.said(/accepting connections/, 3);
    for (let i = 0; i < 4; i++) await send();
    await expect.poll(async () => accepted(await metrics(service))).toBe(mails);

    service.program.signal('SIGHUP');
    await service.said(/policy reloaded/, 1);
    process.kill(one, 'SIGHUP');
    trace.text = '';
    for (let i = 0; i < 2; i++) await send();
    await trace.says(/S: 250 2\.0\.0 mine/);
    const told = events.text.match(/event: rates/g)?.length ?? 0;
    await expect
      .poll(() => events.text.match(/event: rates/g)?.length, { timeout: 20_000 })
      .toBeGreaterThan(told);
    expect([events.isOver, trace.isOver, (await service.workers()).length]).toEqual([false, false, 2]);
    for (const client of held) client.destroy();
    for (const stream of [events, trace]) stream.close();
    expect((await service.program.stop()).code).toBe(0);
  });
});

describe('smtpe trace', () => {
  it('shows sessions of two workers, ends those of one that is killed, follows the next one; no escape sequence comes through', async () => {
    const service = await start(2);
    const port = await service.ready(2);
    const main = join(import.meta.dirname, '../../dist/main.js');
    const args = [main, 'trace', `file=${join(service.directory, 'smtpe.cf')}`, 'client=127.0.0.0/8'];
    const verb = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    verb.stdout.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
    });
    try {
      const first = await greeted(port);
      await expect.poll(() => text, { timeout: 20_000 }).toMatch(/S: 220 |was there before/);
      const clients = await Promise.all(Array.from({ length: 8 }, () => greeted(port)));
      await first.command('EHLO \x1b]0;owned\x07');
      for (const client of clients) await client.command('NOOP');
      await expect.poll(() => text, { timeout: 20_000 }).toContain('C: EHLO \\x1B]0;owned\\x07');
      await expect
        .poll(() => text.match(/hook\.noop\(\) +policy\.lua:1/g)?.length, { timeout: 20_000 })
        .toBe(8);
      const [victim = 0] = await service.workers();
      process.kill(victim, 'SIGKILL');
      await expect
        .poll(() => text, { timeout: 20_000 })
        .toContain(`end: process ${victim}, which served it, has gone`);
      await service.said(/accepting connections/, 3);
      const seen = text.length;
      // Its first sessions may begin before it has heard who wants to see them.
      const shown = (what: RegExp): number => text.slice(seen).match(what)?.length ?? 0;
      for (let i = 0; i < 60 && shown(/S: 250 2\.0\.0 mine/g) < 8; i++) await sendOne(port);
      await expect.poll(() => shown(/S: 250 2\.0\.0 mine/g)).toBeGreaterThanOrEqual(8);
      expect(text).toMatch(/^[\n -~]*$/);
      await expect.poll(() => shown(/total \d+ ms/g)).toBeGreaterThanOrEqual(8);
      // The interface ends, and so does whoever looks on.
      const code = new Promise((resolve) => verb.on('exit', resolve));
      expect((await service.program.stop()).code).toBe(0);
      expect(await code).not.toBeNull();
    } finally {
      verb.kill('SIGKILL');
    }
  });
});

describe('smtpe top', () => {
  it('in a terminal: shows sessions, filters, follows one, ends one when that is confirmed; leaves the terminal as it was', async () => {
    const service = await start(1);
    const port = await service.port();
    const main = join(import.meta.dirname, '../../dist/main.js');
    const file = `file=${join(service.directory, 'smtpe.cf')}`;
    const client = await greeted(port);
    await client.command('EHLO top.example\x1b[2J');
    const once = execFileSync(process.execPath, [main, 'top', file], { encoding: 'latin1' });
    expect(once).toMatch(/^smtpe .* sessions 1 \(1 command\)\nin \d/);
    expect(once).toMatch(/^[\n -~]*$/);
    const command = `stty columns 180 rows 20; ${process.execPath} ${main} top ${file}; echo over $?; stty -a`;
    const screen = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    screen.stdout.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
    });
    const shows = (what: RegExp) => expect.poll(() => text, { timeout: 20_000 }).toMatch(what);
    try {
      await shows(/127\.0\.0\.1 .* command +client \d/);
      const other = await greeted(port);
      other.write('HELO slow.example\r\n');
      await shows(/127\.0\.0\.1 .* hook +hook\.helo: util\.sleep \(20 s\) \d/);
      other.destroy();
      screen.stdin.write('/nobody\r');
      await shows(/\/nobody: 0 of \d /);
      screen.stdin.write('\x1b');
      text = '';
      await shows(/127\.0\.0\.1 .* command /);
      screen.stdin.write('\r');
      await shows(/was there before/);
      await client.command('NOOP');
      await shows(/hook\.noop\(\)/);
      screen.stdin.write('q');
      await shows(/enter: trace/);
      screen.stdin.write('kn');
      await shows(/end session \w{18} with 421\? y: yes/);
      expect(await client.command('NOOP')).toMatch(/^250/);
      screen.stdin.write('ky');
      expect(await client.reply()).toMatch(/^421 /);
      await shows(/session \w{18} is ended/);
      screen.stdin.write('q');
      await shows(/over 0/);
      await shows(/ icanon[\s\S]* echo /);
      expect(text).toContain('\x1b[?25h\x1b[?1049l');
    } finally {
      screen.kill('SIGKILL');
    }
  });
});

const python = '/usr/lib/python3/dist-packages/prometheus_client';
describe.skipIf(!existsSync(python))('python3-prometheus-client (skipped without it)', () => {
  it('reads what a scrape gives as our own reader does', async () => {
    const service = await start(1);
    await sendOne(await service.port());
    const { text } = await ask(service, 'GET', '/metrics');
    const source =
      'import json, sys\nfrom prometheus_client.parser import text_string_to_metric_families as read\n' +
      'print(json.dumps([[f.name, f.type, s.name, s.labels, s.value] for f in read(sys.stdin.read()) for s in f.samples]))';
    const theirs: [string, string, string, Record<string, string>, number][] = JSON.parse(
      execFileSync('/usr/bin/python3', ['-c', source], { input: text, encoding: 'utf8' }),
    );
    const ours = readExposition(text);
    for (const [, type, name, labels, value] of theirs) {
      expect(seriesValue(ours, name, labels), name).toBe(value);
      expect(['counter', 'gauge', 'histogram']).toContain(type);
    }
    const samples = [...ours.values()].reduce((sum, { samples: one }) => sum + one.length, 0);
    expect(theirs.length).toBe(samples);
    expect(samples).toBeGreaterThan(100);
  });
});
