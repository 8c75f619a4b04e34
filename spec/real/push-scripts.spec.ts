// Push scripts in the running server, against real web servers: those of Dovecot's own documentation as they stand there, scripts that call what
// people's scripts call, and what may go wrong with them. Mail is never held up, lost or doubled by any of it.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GivenTexts } from '../../src/options/option-set.ts';
import { PushServer } from '../fakes/push-server.ts';
import { waitUntil } from '../fakes/wait-until.ts';
import { WholeServer } from '../fakes/whole-server.ts';

vi.setConfig({ testTimeout: 60_000 });

const scriptOf = (name: string): Promise<string> =>
  readFile(join(import.meta.dirname, 'dovecot-push', `${name}.lua`), 'utf8');

const MESSAGE =
  'From: "Al & Co" <a@x.test>\r\nTo: b@x.test\r\nSubject: Hi there =?utf-8?Q?=C3=BC?=\r\nMessage-ID: <i@x>\r\n\r\nbody text & more\r\n';

let server: WholeServer | undefined;
const webs: PushServer[] = [];
afterEach(async () => {
  await server?.stop();
  server = undefined;
  for (const web of webs.splice(0)) web.close();
});

async function web(): Promise<PushServer> {
  const one = await PushServer.start();
  webs.push(one);
  return one;
}

async function start(
  files: Readonly<Record<string, string>>,
  options: GivenTexts = {},
  policy = '',
): Promise<WholeServer> {
  server = await WholeServer.start({
    ...{ policy, files, pushScripts: Object.keys(files).filter((name) => name.startsWith('push')) },
    options: { 'smtp-smart-host': 'maildir:%n', ...options },
  });
  return server;
}

/** A mailbox for each, under the directory of the server. */
async function withMailboxes(
  files: Readonly<Record<string, string>>,
  users: readonly string[],
  options: GivenTexts = {},
): Promise<{ running: WholeServer; mail: string }> {
  const running = await start(files, options);
  const mail = join(running.directory, 'mail');
  for (const user of users) await mkdir(join(mail, user), { recursive: true });
  running.app.options.set('smtp-smart-host', `maildir:${mail}/%n`, 'spec');
  return { running, mail };
}

async function send(running: WholeServer, to: readonly string[], message = MESSAGE): Promise<string> {
  const client = await running.greeted();
  await client.command('EHLO c.example');
  await client.command('MAIL FROM:<a@x.test>');
  for (const user of to) await client.command(`RCPT TO:<${user}@x.test>`);
  await client.command('DATA');
  const reply = await client.command(`${message}.`);
  client.destroy();
  return reply;
}

const stored = async (mail: string, user: string): Promise<number> =>
  (await readdir(join(mail, user, 'new')).catch(() => [])).length;

const failures = (running: WholeServer): readonly string[] =>
  running.log.lines
    .filter(({ level }) => level === 'err' || level === 'warning')
    .map(({ message }) => message);

describe('scripts of Dovecot’s documentation', () => {
  it('example 1 tells of a message as it did there', async () => {
    const heard = await web();
    const { running, mail } = await withMailboxes({ 'push.lua': await scriptOf('example-1') }, ['bob'], {
      'plugin-push_lua_url': `${heard.url}/s/200/OK`,
    });
    expect(await send(running, ['bob'])).toMatch(/^250 /);
    const [request] = await heard.hears(1);
    expect(request).toMatchObject({
      method: 'POST',
      path: '/s/200/OK',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'from=%22Al%20%26%20Co%22%20%3ca%40x%2etest%3e&to=b%40x%2etest&subject=Hi%20there%20%c3%bc&snippet=body%20text%20%26%20more&user=bob%40x%2etest',
    });
    expect(await stored(mail, 'bob')).toBe(1);
    expect(failures(running)).toEqual([]);
  });

  it('example 2 tells of the mailbox too', async () => {
    const heard = await web();
    const { running } = await withMailboxes({ 'push.lua': await scriptOf('example-2') }, ['bob'], {
      'plugin-push_lua_url': `${heard.url}/s/200/OK`,
    });
    expect(await send(running, ['bob'])).toMatch(/^250 /);
    const told = await heard.hears(2);
    expect(told.map(({ body }) => body)).toEqual([
      'mailbox=INBOX&from=%22Al%20%26%20Co%22%20%3ca%40x%2etest%3e&subject=Hi%20there%20%c3%bc',
      // Numbers are shown as 1, where there it was 1.0.
      'mailbox=INBOX&recent=1&unseen=1&messages=1',
    ]);
    await waitUntil(() =>
      expect(running.log.lines.map(({ message }) => message)).toContainEqual(
        'rcpt bob@x.test: lua: Mailbox notify status 200',
      ),
    );
    expect(failures(running)).toEqual([]);
  });
});

describe('scripts that people run', () => {
  it('all of them, in order, for each recipient of a message', async () => {
    const heard = await web();
    const files = {
      'push-1.lua': await scriptOf('marks'),
      'push-2.lua': await scriptOf('counts'),
      'push-3.lua': await scriptOf('every-event'),
    };
    const { running, mail } = await withMailboxes(files, ['bob', 'carol'], {
      'plugin-push_endpoint': `${heard.url}/counts`,
      'plugin-push_secret': 's3cret',
      'plugin-push_every': `${heard.url}/every`,
    });
    expect(await send(running, ['bob', 'carol'])).toMatch(/^250 /);
    const told = [...(await heard.hears(6))].sort((a, b) => (a.path + a.body).localeCompare(b.path + b.body));
    const counts = {
      event: 'MessageNew',
      from: 'a@x.test',
      messages: 1,
      name: 'Al & Co',
      subject: 'Hi there \xc3\xbc',
      unseen: 1,
    };
    const every = { event: 'MessageNew', flags: '', keywords: '', mailbox: 'INBOX', uid: 1 };
    expect(told.map(({ body, path }) => [path, JSON.parse(body)])).toEqual([
      ['/counts/bob%40x%2etest', counts],
      ['/counts/carol%40x%2etest', counts],
      ['/every', { event: 'MailboxCreate', mailbox: 'INBOX', user: 'bob@x.test' }],
      ['/every', { event: 'MailboxCreate', mailbox: 'INBOX', user: 'carol@x.test' }],
      ['/every', { ...every, user: 'bob@x.test' }],
      ['/every', { ...every, user: 'carol@x.test' }],
    ]);
    expect(told[0]?.headers.authorization).toBe('Bearer s3cret');
    await waitUntil(() => expect(running.app.pushScripts.pending).toBe(0));
    for (const user of ['bob', 'carol']) {
      const access = running.app.ports.mailUsers.user(
        { name: user, path: join(mail, user) },
        { signal: new AbortController().signal },
      );
      const mark = await access.mailbox('INBOX').metadata.get('/private/messagenew');
      expect(mark).toEqual({ kind: 'done', value: '' });
    }
    expect(failures(running)).toEqual(['dovecot.http.client: setting timeout is unknown, and has no effect']);
  });
});

const HANDLER = `
function dovecot_lua_notify_begin_txn(user) return user end
function dovecot_lua_notify_end_txn() end
`;

describe('what may go wrong', () => {
  it.each([
    ['loops', 'while true do end', /was stopped: /],
    [
      'hoards',
      "local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end",
      /was stopped: |not enough memory/,
    ],
    ['raises', "error('no')", /message_new, 2, 0\) failed: .*push\.lua:\d+: no/],
    ['raises something odd', 'error({})', /failed: \(error object is a table value\)/],
  ])('a script that %s is stopped, and mail goes on', async (_what, code, said) => {
    const script = `${HANDLER}\nfunction dovecot_lua_notify_event_message_new(user, event) ${code} end`;
    const { running, mail } = await withMailboxes({ 'push.lua': script }, ['bob', 'carol'], {
      'hook-cpu-limit': '200',
      'lua-max-memory': '64',
    });
    expect(await send(running, ['bob'])).toMatch(/^250 /);
    expect(await send(running, ['carol'])).toMatch(/^250 /);
    await waitUntil(() => expect(running.app.pushScripts.pending).toBe(0));
    expect([await stored(mail, 'bob'), await stored(mail, 'carol')]).toEqual([1, 1]);
    const wrong = failures(running).filter((line) => said.test(line));
    expect(wrong.length, failures(running).join('\n')).toBe(2);
  });

  it('a server that never answers holds up its own notification only', async () => {
    const dead = await web();
    dead.silent = true;
    const script = `${HANDLER}
function dovecot_lua_notify_event_message_new(user, event)
  local where = user.username == 'bob@x.test' and '${dead.url}' or user:plugin_getenv('live')
  dovecot.http.client({}):request { url = where }:submit()
end`;
    const live = await web();
    const { running, mail } = await withMailboxes({ 'push.lua': script }, ['bob', 'carol'], {
      'plugin-live': live.url,
      'hook-time-limit': '2',
    });
    expect(await send(running, ['bob'])).toMatch(/^250 /);
    await dead.hears(1);
    expect(await send(running, ['carol'])).toMatch(/^250 /);
    await live.hears(1);
    await waitUntil(() => expect(running.app.pushScripts.pending).toBe(1));
    // A second one for bob waits for its turn.
    expect(await send(running, ['bob'])).toMatch(/^250 /);
    await dead.hears(2);
    await waitUntil(() => expect(running.app.pushScripts.pending).toBe(0));
    expect([await stored(mail, 'bob'), await stored(mail, 'carol')]).toEqual([2, 1]);
    expect(failures(running).filter((line) => /was stopped: /.test(line)).length).toBe(2);
  });

  it('more than may wait are dropped, and the log says so', async () => {
    const dead = await web();
    dead.silent = true;
    const script = `${HANDLER}
function dovecot_lua_notify_event_message_new() dovecot.http.client({}):request { url = '${dead.url}' }:submit() end`;
    const { running, mail } = await withMailboxes({ 'push.lua': script }, ['bob'], {
      'push-max-waiting': '1',
    });
    for (let n = 0; n < 3; n++) expect(await send(running, ['bob'])).toMatch(/^250 /);
    expect(running.app.pushScripts.pending).toBe(2);
    expect(failures(running)).toEqual(['push scripts are not told of 1 events of bob@x.test']);
    expect(await stored(mail, 'bob')).toBe(3);
    // The end does not wait for it longer than it may.
    await running.app.pushScripts.drain(10);
    expect(failures(running).at(-1)).toBe('2 notifications given up at the end');
    await waitUntil(() => expect(running.app.pushScripts.pending).toBe(0));
  });

  it('who is under way at the end is waited for', async () => {
    const slow = await web();
    const script = `${HANDLER}
local socket = require 'socket'
function dovecot_lua_notify_event_message_new() dovecot.http.client({}):request { url = '${slow.url}' }:submit() end`;
    const { running } = await withMailboxes({ 'push.lua': script }, ['bob'], {});
    expect(await send(running, ['bob'])).toMatch(/^250 /);
    await running.app.pushScripts.drain(20_000);
    expect(slow.told.length).toBe(1);
    expect(failures(running)).toEqual([]);
  });
});
