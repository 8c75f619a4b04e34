// The verbs that ask a server that runs: their text for people, what strangers' words become on a terminal, and their exit codes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminClient } from '../../../src/admin/ask-admin.ts';
import { duration, sessionsText, shown, statusText } from '../../../src/cli/admin-text.ts';
import type { SessionRow } from '../../../src/ops/desk.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { AdminRig, FakeDesk, TOKEN } from '../../fakes/admin-rig.ts';

const row: SessionRow = {
  ...{ id: 'S1', client: '192.0.2.1', host: '[192.0.2.1]', listener: 'mx', state: 'hook', hook: 'rcpt' },
  ...{ hook_seconds: 2.5, bytes: 120, messages: 1, commands: 4, seconds: 75, hello: 'c.example' },
  ...{ sender: 'a@b.example', recipients: 2 },
  waits: [
    { for: 'dns', what: 'dns A x.test.', seconds: 0.3 },
    { for: 'engine', what: 'smtpe' },
  ],
};

describe('as text', () => {
  it('times have their two largest units', () => {
    expect([0, 0.4, 7, 60, 61, 3600, 86_400 + 5, 200_000].map(duration)).toEqual([
      ...['0 s', '0 s', '7 s', '1 min', '1 min 1 s', '1 h', '1 d', '2 d 7 h'],
    ]);
  });

  it('sessions are a table, and what a stranger says cannot move the cursor', () => {
    const hostile = {
      ...row,
      hello: '\x1b]0;gotcha\x07\u202e',
      sender: 'x'.repeat(100),
      hook: undefined,
      hook_seconds: undefined,
      state: 'content',
      waits: [{ for: 'client', what: 'client', seconds: 2 }] as const,
    };
    const { hook: _h, hook_seconds: _s, ...other } = hostile;
    const text = sessionsText([row, other], 3, [77]);
    expect(text.split('\n').map((line) => line.replace(/ {2,}/g, '|'))).toEqual([
      'ID|CLIENT|LISTENER|TLS|STATE|WAITS FOR|AGE|BYTES|MESSAGES|HELLO|SENDER',
      'S1|192.0.2.1|mx|-|hook|hook.rcpt: dns A x.test. 0.3 s, smtpe|1 min 15 s|120|1|c.example|<a@b.example>',
      `S1|192.0.2.1|mx|-|content|client 2 s|1 min 15 s|120|1|\\x1B]0;gotcha\\x07\\u{202E}|<${'x'.repeat(56)}...`,
      ...['1 more', 'process 77 does not answer: its sessions are not in the list', ''],
    ]);
    expect(sessionsText([], 0, [])).toBe('no sessions\n');
    expect(shown('\0\x7f\x9bé')).toBe('\\x00\\x7F\\x9B\\xE9');
  });

  it('status', () => {
    const facts = {
      ...{
        version: '1.2.3',
        pid: 7,
        uptime: 90,
        processes: 2,
        unwell: [],
        unready: ['draining', 'spool-dir=/x: full'],
      },
      policy: { path: '/etc/smtpe.lua', digest: `sha256:${'ab'.repeat(32)}` },
      sessions: { command: 3, hook: 1, content: 0 },
      mail: { accepted: 12, refused: 3, lost: 0 },
    };
    expect(statusText(facts)).toBe(
      'smtpe    1.2.3, process 7, up 1 min 30 s, 2 processes serve\npolicy   /etc/smtpe.lua sha256:abababababab\nhealthy  yes\n' +
        'ready    no: draining\n         spool-dir=/x: full\nsessions 4 (3 command, 1 hook)\nmail     12 accepted, 3 refused since the start\n',
    );
  });
});

describe('who asks', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-ask-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const client = async (place: string, token = ''): Promise<AdminClient | string> =>
    AdminClient.open(createOptions({ 'admin-listen': place, 'admin-token-file': token }));

  async function opened(place: string, token = ''): Promise<AdminClient> {
    const made = await client(place, token);
    if (typeof made === 'string') throw new Error(made);
    return made;
  }

  it('needs the option, and a token that can be read', async () => {
    expect(await client('')).toMatch(/^admin-listen is empty: .*127\.0\.0\.1:9101/);
    expect(await client('127.0.0.1:1', join(directory, 'none'))).toMatch(/there is no such file/);
  });

  it('hears that nobody is there, at a port, a socket, and a socket of a dead process', async () => {
    for (const place of ['127.0.0.1:1', `unix:${directory}/admin.sock`]) {
      const outcome = await (await opened(place)).ask('GET', '/healthz', 1000);
      expect(outcome).toEqual({
        kind: 'failed',
        problem: expect.stringMatching(/nobody is there: smtpe does not run/),
      });
    }
  });

  it('shows the token where it has one, and gives up in time', async () => {
    const rig = await AdminRig.start({
      desks: [new FakeDesk(7, () => ({ kind: 'done' }))],
      reload: () => new Promise(() => undefined),
    });
    const token = join(directory, 'token');
    await writeFile(token, `${TOKEN}\nsecond line\n`);
    const place = `127.0.0.1:${rig.port}`;
    expect(await (await opened(place, token)).ask('POST', '/drain', 1000)).toMatchObject({
      kind: 'heard',
      status: 200,
    });
    expect(await (await opened(place)).ask('POST', '/drain', 1000)).toMatchObject({
      kind: 'heard',
      status: 401,
    });
    expect(await (await opened(place, token)).ask('POST', '/reload', 50)).toEqual({
      ...{ kind: 'failed', problem: `admin-listen=${place}: no answer within 0.05 s` },
    });
    await rig.stop();
  });
});
