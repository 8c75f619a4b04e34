// What a policy and a server ask besides names, scanners and stores is recorded and answered again: commands, user databases, accounts of the machine.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/accounts/password.ts';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { startRecording } from '../../src/cli/record-sessions.ts';
import { replayVerb } from '../../src/cli/replay.ts';
import { readCommandLine } from '../../src/cli/verb.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { value } from '../fakes/accounts-rig.ts';
import { WholeServer, type WholeServerSettings } from '../fakes/whole-server.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-outside-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

type Said = readonly string[];

/** Records one session of each list of commands; gives the replies to the last command of each. */
async function record(
  settings: WholeServerSettings,
  sessions: readonly Said[],
  prepare: (server: WholeServer) => Promise<void> = async () => undefined,
): Promise<readonly string[]> {
  const server = await WholeServer.start(settings);
  await prepare(server);
  const stop = startRecording(
    createOptions({ 'record-dir': directory, record: 'all', 'record-content': '100000' }),
    { log: server.log, clock: systemClock, random: systemRandom, script: 'policy.lua' },
  );
  const last: string[] = [];
  for (const said of sessions) {
    const client = server.inMemory('192.0.2.7');
    await client.reply();
    await client.command('EHLO c.example');
    let reply = '';
    for (const line of said) reply = await client.command(line);
    last.push(reply.trimEnd());
    await client.quit();
    client.stream.end();
    await client.over;
  }
  await stop?.();
  await server.stop();
  return last;
}

interface Result {
  readonly same: number;
  readonly different: number;
  readonly missing: number;
  readonly differences: readonly { readonly what: string }[];
  readonly missing_answers: readonly { readonly what: string }[];
}

async function play(policy: string): Promise<Result> {
  const path = join(directory, 'new.lua');
  await writeFile(path, policy);
  const options = createOptions();
  options.set('script', path, 'command line');
  let out = '';
  await replayVerb(options, readCommandLine(['replay', directory, '--json', path]), {
    print: async (text) => {
      out += text;
    },
    complain: (problems) => expect.fail(problems.join('\n')),
  });
  return JSON.parse(out) as Result;
}

async function recordings(): Promise<string> {
  const names = await readdir(directory, { recursive: true });
  const texts = names
    .filter((name) => name.endsWith('.rec'))
    .map((name) => readFile(join(directory, name), 'latin1'));
  return (await Promise.all(texts)).join('');
}

const mail = (from: string, to = 'x@example.com'): Said => [
  ...[`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA', `Subject: from ${from}\r\n\r\nhi\r\n.`],
];

describe('commands', () => {
  // What they say is another thing each time: which process it is.
  const policy = `
function hook.mail(sender)
  local status, how, code = os.execute('test ' .. sender:sub(1, 1) .. ' != b')
  if status ~= 0 then return '550 5.7.1 ' .. how .. ' ' .. code end
end
function hook.dot(path)
  local f = io.popen('echo $$; head -1 ' .. path)
  local pid, first = f:read('*l'), f:read('*l')
  local _, _, code = f:close()
  header.add('X-Looked: ' .. pid .. ' ' .. code .. ' ' .. first:gsub('%c', ''))
  local g = io.popen('cat >/dev/null; false', 'w') g:write('x') g:close()
end
`;

  it('end as they ended, and have said what they said', async () => {
    const replies = await record({ policy, options: { 'smtp-default-at-dot': '250' } }, [
      mail('a@b.example'),
      mail('b@b.example').slice(0, 1),
      mail('c@b.example'),
    ]);
    expect(replies.map((reply) => reply.slice(0, 22))).toEqual([
      expect.stringMatching(/^250 /),
      '550 5.7.1 exit 1',
      expect.stringMatching(/^250 /),
    ]);
    expect(await play(policy)).toMatchObject({ same: 3, different: 0, missing: 0 });
    expect(await play(policy.replace('status ~= 0', 'false'))).toMatchObject({
      ...{
        same: 2,
        missing: 0,
        differences: [{ what: expect.stringMatching(/^MAIL: 550 5\.7\.1 exit 1 -> 250$/) }],
      },
    });
    const other = await play(policy.replace('head -1', 'head -2'));
    expect(other).toMatchObject({ same: 1, missing: 2 });
    expect(other.missing_answers[0]?.what).toMatch(/^the command echo \$\$; head -2 /);
  });

  it('of a file level are those of each session, though that runs for hook.init as well', async () => {
    const early = `
local seen = store.incr('seen')
local f = io.popen('echo $$')
local id = f and f:read('*l') or 'nobody'
if f then f:close() end
function hook.mail() return '550 5.7.1 ' .. id .. ' ' .. seen end`;
    await record({ policy: early }, [['MAIL FROM:<a@b.example>'], ['MAIL FROM:<a@b.example>']]);
    expect(await play(early)).toMatchObject({ same: 2, different: 0, missing: 0 });
  });

  it('that say more than is kept are missing, not cut', async () => {
    const loud = `function hook.mail() local f = io.popen('yes | head -c 70000') local n = #f:read('*a') f:close() return '250 2.1.0 ' .. n end`;
    expect(await record({ policy: loud }, [['MAIL FROM:<a@b.example>']])).toEqual(['250 2.1.0 70000']);
    expect(await play(loud)).toMatchObject({ same: 0, missing: 1 });
  });
});

it('commands of a log-in are in no recording, also where they end behind it', async () => {
  const policy = `
function hook.auth()
  io.popen('echo stored-hash; sleep 0.2; exit 3'):read('*l')
  return '235 2.7.0 in'
end
function hook.mail() os.execute('sleep 0.6; exit 7') end`;
  const auth = `AUTH PLAIN ${Buffer.from('\0joe\0sesame').toString('base64')}`;
  expect(await record({ policy }, [[auth, 'MAIL FROM:<a@b.example>']])).toEqual([
    expect.stringMatching(/^250/),
  ]);
  const text = await recordings();
  expect(text).toContain('exit 7');
  expect(text).not.toMatch(/stored-hash|exit 3/);
});

describe('who recipients are', () => {
  const script = `
function auth_userdb_lookup(req)
  if req.username == 'down' then return dovecot.auth.USERDB_RESULT_INTERNAL_FAILURE, 'no database' end
  if req.username == 'bob' then return dovecot.auth.USERDB_RESULT_OK, 'home=/home/bob hidden=sesame' end
  return dovecot.auth.USERDB_RESULT_USER_UNKNOWN, ''
end`;
  const rcpt = (to: string): Said => ['MAIL FROM:<a@b.example>', `RCPT TO:<${to}@example.test>`];

  it('is said by a user database as it was', async () => {
    const replies = await record(
      { files: { 'auth.lua': script }, authScripts: ['auth.lua'], options: { 'rcpt-userdb': '+' } },
      ['bob', 'nobody', 'down'].map(rcpt),
    );
    expect(replies.map((reply) => reply.slice(0, 9))).toEqual(['250 2.1.0', '550 5.1.1', '451 4.3.0']);
    expect(await play('')).toMatchObject({ same: 3, different: 0, missing: 0 });
    expect(await recordings()).not.toContain('sesame');
  });

  it('is said by accounts as it was', async () => {
    const replies = await record(
      {
        options: {
          ...{ 'smtp-smart-host': 'accounts:', 'rumble-database': join(directory, 'db') },
          'rumble-storage': join(directory, 'mail'),
        },
      },
      [mail('a@b.example', 'ann@box.test'), rcpt('x'), [...rcpt('y').slice(0, 1), 'RCPT TO:<eve@box.test>']],
      async ({ app }) => {
        const opened = await app.ports.accounts.open();
        if (opened.kind !== 'open') throw new Error(JSON.stringify(opened));
        value(await opened.accounts.createDomain('box.test', '', 0));
        const ann = {
          user: 'ann',
          domain: 'box.test',
          type: 'mbox',
          password: digestOf('sesame'),
          arguments: '',
        } as const;
        value(await opened.accounts.save(ann));
      },
    );
    expect(replies.map((reply) => reply.slice(0, 9))).toEqual(['250 2.0.0', '550 5.7.1', '550 5.1.1']);
    expect(await play('')).toMatchObject({ same: 3, different: 0, missing: 0 });
    const strict = await play(
      "function hook.rcpt(to) if to:find '^eve' then return '451 4.7.1 later' end end",
    );
    expect(strict).toMatchObject({
      same: 2,
      differences: [{ what: expect.stringMatching(/^RCPT: 550 5\.1\.1 .* -> 451/) }],
    });
  });
});
