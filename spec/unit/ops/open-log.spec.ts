import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { isJournal } from '../../../src/ops/log-stream.ts';
import { type LogSurroundings, openLog } from '../../../src/ops/open-log.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import type { OptionName } from '../../../src/options/option-table.ts';

let directory: string;
let stderr: number;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-log-'));
  stderr = openSync(join(directory, 'stderr'), 'a');
});
afterEach(async () => {
  try {
    closeSync(stderr);
  } catch {
    // The sink closed it.
  }
  await rm(directory, { recursive: true, force: true });
});

const around = (changes: Partial<LogSurroundings> = {}): LogSurroundings => ({
  clock: systemClock,
  pid: 42,
  host: 'mx.example',
  env: {},
  stderr,
  syslogSocket: join(directory, 'no-such-socket'),
  trouble: () => undefined,
  ...changes,
});

async function open(
  texts: Readonly<Partial<Record<OptionName, string>>>,
  changes: Partial<LogSurroundings> = {},
) {
  const outcome = await openLog(createOptions(texts), around(changes));
  if (outcome.kind === 'failed') throw new Error(outcome.problem);
  return outcome;
}

/** All that a server gets until the client ends. */
async function received(server: Server): Promise<string> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('latin1');
}

function portOf(address: ReturnType<Server['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('openLog', () => {
  it('writes text lines to stderr, all of them before close resolves', async () => {
    const { log } = await open({});
    for (let i = 0; i < 1000; i++) log.write('info', `line ${i}`);
    await log.close();
    const lines = (await readFile(join(directory, 'stderr'), 'latin1')).split('\n');
    expect(lines).toHaveLength(1001);
    expect(lines[0]).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d smtpe\[42\] info - line 0$/,
    );
    expect(lines[999]).toMatch(/line 999$/);
  });

  it('writes JSON lines when asked', async () => {
    const { log } = await open({ 'log-format': 'json' });
    log.write('notice', 'x');
    await log.close();
    expect(JSON.parse(await readFile(join(directory, 'stderr'), 'latin1'))).toMatchObject({
      level: 'notice',
      msg: 'x',
    });
  });

  it('puts the priority in front when stderr is the journal', async () => {
    const { dev, ino } = fstatSync(stderr);
    expect(isJournal(stderr, undefined)).toBe(false);
    expect(isJournal(stderr, '8:1')).toBe(false);
    const { log } = await open({}, { env: { JOURNAL_STREAM: `${dev}:${ino}` } });
    log.write('err', 'x');
    await log.close();
    expect(await readFile(join(directory, 'stderr'), 'latin1')).toMatch(/^<3>\d{4}-/);
  });

  it('writes to a log file instead, and to a new one after rotation', async () => {
    const path = join(directory, 'smtpe.log');
    const { log, reopen } = await open({ 'log-file': path });
    log.write('info', 'one');
    await expect.poll(() => readFile(path, 'latin1')).toMatch(/one\n$/);
    await rename(path, `${path}.1`);
    reopen();
    await expect.poll(() => readFile(path, 'latin1').catch(() => 'none')).toBe('');
    log.write('info', 'two');
    await log.close();
    expect(await readFile(path, 'latin1')).toMatch(/^\S+ \S+ info - two\n$/);
    expect(await readFile(`${path}.1`, 'latin1')).toMatch(/one\n$/);
    expect(await readFile(join(directory, 'stderr'), 'latin1')).toBe('');
  });

  it.each([
    ['none/smtpe.log', 'ENOENT: there is no directory DIR/none; make it with: mkdir -p DIR/none'],
    ['', 'EISDIR: that is a directory; name a file in it'],
    ['policy.lua/smtpe.log', expect.stringContaining('ENOTDIR')],
  ])('says which log file cannot be opened, and what would be right: %s', async (name, why) => {
    await writeFile(join(directory, 'policy.lua'), '');
    const path = join(directory, name);
    const outcome = await openLog(createOptions({ 'log-file': path }), around());
    if (outcome.kind !== 'failed') throw new Error('opened');
    const [, said] = outcome.problem.split(`log-file=${path}: cannot be opened: `);
    expect(said?.replaceAll(directory, 'DIR')).toEqual(why);
  });

  it('sends RFC 5424 over UDP as well', async () => {
    const server = createSocket('udp4');
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const { log } = await open({ 'syslog-address': `udp:127.0.0.1:${server.address().port}` });
    const message = once(server, 'message');
    log.write('warning', 'one\nline', { id: 'T1' });
    expect(String((await message)[0])).toMatch(
      /^<20>1 \d{4}-\d\d-\d\dT[\d:.]+Z mx\.example smtpe 42 - - T1 one\\nline$/,
    );
    log.write('info', 'last');
    const last = once(server, 'message');
    await log.close();
    expect(String((await last)[0])).toMatch(/last$/);
    server.close();
    expect(await readFile(join(directory, 'stderr'), 'latin1')).toMatch(/one\\nline\n.*last\n$/);
  });

  it('sends over TCP with octet counting, everything before close resolves', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const all = received(server);
    const { log } = await open({ 'syslog-address': `tcp:127.0.0.1:${portOf(server.address())}` });
    for (let i = 0; i < 100; i++) log.write('info', `line ${i}`);
    await log.close();
    const text = await all;
    let rest = text;
    const lines: string[] = [];
    while (rest !== '') {
      const blank = rest.indexOf(' ');
      const end = blank + 1 + Number(rest.slice(0, blank));
      lines.push(rest.slice(blank + 1, end));
      rest = rest.slice(end);
    }
    expect(lines).toHaveLength(100);
    expect(lines[99]).toMatch(/^<22>1 .* line 99$/);
    server.close();
  });

  it('connects again when the syslog server comes back, and keeps the lines', async () => {
    const path = join(directory, 'syslog');
    let delays = 0;
    const clock = {
      ...systemClock,
      after: (ms: number, fire: () => void) => {
        if (ms === 500) delays++;
        return systemClock.after(ms === 500 ? 1 : ms, fire);
      },
    };
    const { log } = await open({ 'syslog-address': `unix:${path}` }, { clock });
    log.write('info', 'early');
    await expect.poll(() => delays).toBeGreaterThan(0);
    const server = createServer().listen(path);
    const [socket] = (await once(server, 'connection')) as [Socket];
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/^<22>1 .* early\n$/);
    await log.close();
    server.close();
  });

  it('with +daemon and nothing else uses the syslog of the machine, through logger(1)', async () => {
    const out = join(directory, 'out');
    const program = join(directory, 'logger');
    await writeFile(program, `#!/bin/sh\necho "$@" > ${out}\nexec cat >> ${out}\n`);
    await chmod(program, 0o755);
    const { log } = await open(
      { daemon: '+' },
      { env: { PATH: `${directory}:/usr/bin:/bin` }, syslogSocket: directory },
    );
    log.write('err', 'one\ntwo', { id: 'T1' });
    await log.close();
    expect(await readFile(out, 'latin1')).toBe(
      '--prio-prefix --id=42 --tag smtpe --size 8192\n<19>T1 one\\ntwo\n',
    );
    expect(await readFile(join(directory, 'stderr'), 'latin1')).toBe('');
  });

  it('with +daemon and no syslog says what to set', async () => {
    expect(await openLog(createOptions({ daemon: '+' }), around())).toEqual({
      kind: 'failed',
      problem: expect.stringMatching(/^\+daemon: there is no syslog .*no-such-socket.*set log-file=PATH or/),
    });
  });
});
