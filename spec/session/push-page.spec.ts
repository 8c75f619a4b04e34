// What doc/dovecot.md shows of push notification and module storage, and mail_user_created, in the running server.
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { pageBlock } from '../fakes/page-block.ts';
import { PushServer } from '../fakes/push-server.ts';
import { waitUntil } from '../fakes/wait-until.ts';
import { WholeServer, type WholeServerSettings } from '../fakes/whole-server.ts';

let server: WholeServer | undefined;
let web: PushServer | undefined;
let mail = '';
afterEach(async () => {
  await server?.stop();
  web?.close();
  server = web = undefined;
  await rm(mail, { recursive: true, force: true });
});

async function start(settings: WholeServerSettings): Promise<WholeServer> {
  mail = await mkdtemp(join(tmpdir(), 'smtpe-mail-'));
  for (const user of ['bob', 'carol']) await mkdir(join(mail, user));
  server = await WholeServer.start({
    ...settings,
    options: { 'smtp-smart-host': `maildir:${mail}/%n`, ...settings.options },
  });
  return server;
}

async function send(running: WholeServer, header = ''): Promise<string> {
  const client = await running.greeted();
  for (const line of ['EHLO c.example', 'MAIL FROM:<a@x.test>', 'RCPT TO:<bob@x.test>', 'DATA'])
    await client.command(line);
  const reply = await client.command(`From: A <a@x.test>\r\nSubject: hello\r\n${header}\r\nSome text.\r\n.`);
  client.destroy();
  return reply.trimEnd();
}

it('the script of the page tells a web server of new mail', async () => {
  web = await PushServer.start();
  const running = await start({
    files: { 'push.lua': pageBlock('doc/dovecot.md', 'push') },
    pushScripts: ['push.lua'],
    options: { 'plugin-push_url': web.url },
  });
  expect(await send(running)).toMatch(/^250 /);
  const [told] = await web.hears(1);
  expect(JSON.parse(told?.body ?? '')).toEqual({
    user: 'bob@x.test',
    from: 'a@x.test',
    subject: 'hello',
    text: 'Some text.',
  });
  await waitUntil(() =>
    expect(running.log.lines.map(({ message }) => message)).toContain('MessageNew in INBOX of bob@x.test'),
  );
});

it('the policy of the page puts spam into a folder', async () => {
  const running = await start({ policy: pageBlock('doc/dovecot.md', 'storage') });
  expect(await send(running, 'X-Spam-Flag: YES\r\n')).toBe('250 2.0.0 taken');
  expect(await send(running)).toMatch(/^250 /);
  expect((await readdir(join(mail, 'bob', '.Junk', 'cur'))).length).toBe(1);
  expect((await readdir(join(mail, 'bob', 'new'))).length).toBe(1);
});

it('scripts find what the userdb knows of the recipient, and a setting before it', async () => {
  const running = await start({
    files: {
      'auth.lua': `
function auth_userdb_lookup(req)
  return dovecot.auth.USERDB_RESULT_OK, { home = '/srv/' .. req.username, quota_rule = '*:storage=1G', push_url = 'of the userdb', n = 5 }
end`,
      'push.lua': `
function dovecot_lua_notify_begin_txn(user)
  local function get(name) return tostring(user:plugin_getenv(name)) end
  dovecot.i_info(table.concat({ user.home, get('quota_rule'), get('push_url'), get('n'), get('none'),
    user:var_expand('%h %{userdb:quota_rule} %{userdb:none}.') }, '|'))
end
function dovecot_lua_notify_event_message_new() end
function dovecot_lua_notify_end_txn() end`,
    },
    authScripts: ['auth.lua'],
    pushScripts: ['push.lua'],
    options: { 'plugin-push_url': 'of the settings', 'rcpt-userdb': '+' },
  });
  expect(await send(running)).toMatch(/^250 /);
  await waitUntil(() =>
    expect(running.log.lines.map(({ message }) => message)).toContain(
      '/srv/bob|*:storage=1G|of the settings|5|nil|/srv/bob *:storage=1G .',
    ),
  );
});

async function withMailScript(script: string): Promise<WholeServer> {
  const running = await start({ files: { 'mail.lua': script }, options: {} });
  running.app.options.set('mail-lua-script', join(running.directory, 'mail.lua'), 'spec');
  const prepared = await running.app.pushScripts.prepare(running.app.options);
  if (prepared.kind === 'failed') throw new Error(prepared.message);
  prepared.take();
  return running;
}

it.each([
  ['', '250'],
  ['return 0', '250'],
  ["return '1', 'x'", '250'],
  ["return '-1', 'x'", '451'],
  ['return false', '451'],
  ["return 'not today'", '451'],
  ['return {}', '451'],
])('mail_user_created with "%s" is answered %s', async (body, code) => {
  const running = await withMailScript(`function mail_user_created(user) ${body} end`);
  expect((await send(running)).slice(0, 3)).toBe(code);
  if (body === 'return false')
    expect(running.log.lines.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/mail_user_created\(\) returned a boolean: it has to be a number, which refuses/),
    );
});

it('mail_user_created keeps a message away for now', async () => {
  const running = await withMailScript(
    "function mail_user_created(user) if user.username == 'bob@x.test' then return -1, 'not today' end end",
  );
  expect(await send(running)).toMatch(/^451 4\.3\.0 /);
  expect(await readdir(join(mail, 'bob'))).toEqual([]);
  expect(running.log.lines.map(({ message }) => message)).toContain(
    'rcpt bob@x.test: Failed to initialize user: mail_user_created(user) failed: not today',
  );
});
