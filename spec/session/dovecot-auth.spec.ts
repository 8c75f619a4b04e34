// Authentication scripts of Dovecot behind SMTP AUTH and RCPT, with a web server: doc/dovecot.md.
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageBlock } from '../fakes/page-block.ts';
import { WholeServer, type WholeServerSettings } from '../fakes/whole-server.ts';

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const plain = (user: string, password: string): string => `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`;

const OK = '235 2.7.0 authentication successful';
const NO = '535 5.7.8 authentication failed';
const LATER = '454 4.7.0 temporary authentication failure';

let server: WholeServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function serve(script: string, settings: WholeServerSettings = {}): Promise<WholeServer> {
  server = await WholeServer.start({
    policy: 'function hook.noop() return "250 2.0.0 " .. tostring(client.auth_user) end',
    ...settings,
    files: { 'auth.lua': script, ...settings.files },
    authScripts: settings.authScripts ?? ['auth.lua'],
  });
  return server;
}

async function greeted(): Promise<Awaited<ReturnType<WholeServer['greeted']>>> {
  const client = await (server as WholeServer).greeted();
  await client.command('EHLO c.example');
  return client;
}

async function logIn(user: string, password: string): Promise<string> {
  const client = await greeted();
  const reply = (await client.command(plain(user, password))).trimEnd();
  client.destroy();
  return reply;
}

const lookUp = `
local stored = {
  plain = '{PLAIN}secret', crypt = '{CRYPT}$1$saltsalt$9xy1btjgzLYfb7hivXtC//',
  blowfish = '{BLF-CRYPT}$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a', broken = '{FOO}x',
}
function auth_passdb_lookup(req)
  if req.username == 'renamed' then return dovecot.auth.PASSDB_RESULT_OK, { password = 'secret', user = 'New@Example.test', quota = '1G' } end
  if req.username == 'closed' then return dovecot.auth.PASSDB_RESULT_OK, 'password=secret nologin=y reason=moved_away' end
  if req.username == 'old' then return dovecot.auth.PASSDB_RESULT_PASS_EXPIRED, '' end
  if req.username == 'down' then return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, 'no database' end
  if req.username == 'error' then error('boom') end
  if req.username == 'loop' then while true do end end
  if req.username == 'hoard' then local t = {} while true do t[#t + 1] = ('x'):rep(65536) .. #t end end
  local password = stored[req.username]
  if not password then return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, '' end
  return dovecot.auth.PASSDB_RESULT_OK, { password = password }
end
function auth_userdb_lookup(req)
  if req.domain ~= 'example.test' then return dovecot.auth.USERDB_RESULT_USER_UNKNOWN, '' end
  if req.username == 'down' then return dovecot.auth.USERDB_RESULT_INTERNAL_FAILURE, 'no database' end
  if req.username == 'bob' then return dovecot.auth.USERDB_RESULT_OK, 'home=/home/bob' end
  return dovecot.auth.USERDB_RESULT_USER_UNKNOWN, ''
end
`;

describe('AUTH with an auth-script', () => {
  it('is answered by what the script and the stored password say', async () => {
    await serve(lookUp, { options: { 'hook-cpu-limit': '1000' } });
    const rows: readonly (readonly [string, string, string])[] = [
      ['plain@example.test', 'secret', OK],
      ['PLAIN@Example.test', 'secret', OK],
      ['plain@example.test', 'Secret', NO],
      ['crypt', 'secret', OK],
      ['crypt', 'secre', NO],
      ['blowfish', 'secret', OK],
      ['blowfish', 'Secret', NO],
      ['broken', 'x', NO],
      ['nobody', 'secret', NO],
      ['closed', 'secret', '535 5.7.8 moved_away'],
      ['old', 'secret', '535 5.7.8 Password expired'],
      ['down', 'secret', LATER],
      ['error', 'secret', LATER],
      ['loop', 'secret', LATER],
      ['with blank', 'secret', NO],
      ['plain', 'secret', OK],
    ];
    for (const [user, password, reply] of rows)
      expect([user, await logIn(user, password)]).toEqual([user, reply]);
  });

  it('takes LOGIN as well, and gives the session the name that the script gives, and hook.auth its fields', async () => {
    const seen =
      'function hook.auth() syslog.info("seen " .. client.auth_result .. " " .. tostring((client.auth_fields or {}).quota)) end';
    await serve(lookUp, {
      policy: `${seen}\nfunction hook.noop() return '250 2.0.0 ' .. tostring(client.auth_user) end`,
    });
    const client = await greeted();
    expect(await client.command('AUTH LOGIN')).toBe('334 VXNlcm5hbWU6\r\n');
    expect(await client.command(base64('renamed@example.test'))).toBe('334 UGFzc3dvcmQ6\r\n');
    expect(await client.command(base64('secret'))).toBe(`${OK}\r\n`);
    expect(await client.command('NOOP')).toBe('250 2.0.0 New@Example.test\r\n');
    expect(server?.log.lines.map(({ message }) => message)).toContain('seen ok 1G');
    client.destroy();
  });

  it('goes on after a script that hoards was stopped', async () => {
    await serve(lookUp, { options: { 'lua-max-memory': '16' } });
    expect(await logIn('hoard', 'secret')).toBe(LATER);
    expect(await logIn('plain', 'secret')).toBe(OK);
    expect(await logIn('hoard', 'secret')).toBe(LATER);
    expect(await logIn('crypt', 'secret')).toBe(OK);
  });

  it('never writes a password', async () => {
    await serve(lookUp, { verbose: true });
    for (const user of ['plain', 'crypt', 'broken', 'down', 'error', 'nobody'])
      await logIn(user, 'Hush-Hush');
    const said = JSON.stringify(server?.log.lines);
    expect(said).not.toContain('Hush-Hush');
    expect(said).not.toContain(base64('Hush-Hush').slice(0, 8));
    expect(said).not.toContain('saltsalt');
  });

  it('asks several scripts in order', async () => {
    const first = `function auth_password_verify(req, password)
      if req.user == 'next' then return dovecot.auth.PASSDB_RESULT_NEXT, 'k=v' end
      if req.user == 'shut' then return dovecot.auth.PASSDB_RESULT_USER_DISABLED, '' end
      if req.user == 'down' then return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, '' end
      return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, ''
    end`;
    const second = `function auth_passdb_lookup(req)
      if req.user == 'down' then return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, '' end
      return dovecot.auth.PASSDB_RESULT_OK, 'password=' .. (req.passdb.k == 'v' and 'from-next' or 'second')
    end`;
    await serve(first, { files: { 'second.lua': second }, authScripts: ['auth.lua', 'second.lua'] });
    expect(await logIn('any', 'second')).toBe(OK);
    expect(await logIn('next', 'second')).toBe(NO);
    expect(await logIn('next', 'from-next')).toBe(OK);
    expect(await logIn('shut', 'second')).toBe(NO);
    expect(await logIn('down', 'second')).toBe(LATER);
  });

  it('keeps its globals between log-ins, and is ended by script_deinit', async () => {
    const script = `local n = 0
      function script_init(settings) dovecot.i_info('settings ' .. settings.url) return 0 end
      function script_deinit() dovecot.i_info('the end after ' .. n) end
      function auth_passdb_lookup(req) n = n + 1 return dovecot.auth.PASSDB_RESULT_OK, 'password=' .. n end`;
    const its = await serve(script, { options: { 'auth-script-settings': 'url=http://a/ x' } });
    expect(await logIn('a', '1')).toBe(OK);
    expect(await logIn('a', '2')).toBe(OK);
    await its.stop();
    server = undefined;
    const said = its.log.lines.map(({ message }) => message);
    expect(said).toEqual(expect.arrayContaining(['settings http://a/', 'the end after 2']));
  });

  it('stays what it was when a reload finds it broken', async () => {
    const { app, directory } = await serve(lookUp);
    await writeFile(join(directory, 'auth.lua'), 'function auth_passdb_lookup(req) return nil nil end');
    const broken = await app.authScripts.prepare(app.options);
    expect(broken).toEqual({ kind: 'failed', message: expect.stringMatching(/auth\.lua:1: /) });
    expect(await logIn('plain', 'secret')).toBe(OK);
    await writeFile(join(directory, 'auth.lua'), lookUp.replace('{PLAIN}secret', '{PLAIN}other'));
    const next = await app.authScripts.prepare(app.options);
    if (next.kind === 'prepared') next.take();
    expect(await logIn('plain', 'secret')).toBe(NO);
    expect(await logIn('plain', 'other')).toBe(OK);
  });
});

describe('rcpt-userdb', () => {
  it('is the recipient check', async () => {
    await serve(lookUp, { options: { 'rcpt-userdb': '+' }, policy: '' });
    const client = await greeted();
    await client.command('MAIL FROM:<a@c.example>');
    expect(await client.command('RCPT TO:<Bob@Example.test>')).toMatch(/^250 /);
    expect(await client.command('RCPT TO:<nobody@example.test>')).toMatch(/^550 5\.1\.1 /);
    expect(await client.command('RCPT TO:<down@example.test>')).toMatch(/^451 4\.3\.0 /);
    expect(await client.command('RCPT TO:<bob@elsewhere.test>')).toMatch(/^550 5\.1\.1 /);
    client.destroy();
    const user = await greeted();
    await user.command(plain('plain', 'secret'));
    await user.command('MAIL FROM:<plain@example.test>');
    expect(await user.command('RCPT TO:<bob@elsewhere.test>')).toMatch(/^250 /);
    user.destroy();
  });

  it('says where the mail of each lies, and where it says nothing the path of the target holds', async () => {
    const box = await mkdtemp(join(tmpdir(), 'smtpe-userdb-'));
    try {
      await mkdir(join(box, 'by-name/carol'), { recursive: true });
      const script = `
        function auth_userdb_lookup(req)
          local known = { bob = 'mail=maildir:${box}/said/bob home=/none', alice = 'mail=maildir:~/Maildir home=${box}/alice', carol = '' }
          local fields = known[req.username]
          if not fields then return dovecot.auth.USERDB_RESULT_USER_UNKNOWN, '' end
          return dovecot.auth.USERDB_RESULT_OK, fields
        end`;
      const options = { 'rcpt-userdb': '+', 'smtp-smart-host': `maildir:${box}/by-name/%n` };
      await serve(script, { options, policy: '' });
      const client = await greeted();
      await client.command('MAIL FROM:<a@c.example>');
      for (const name of ['Bob', 'alice', 'carol'])
        expect(await client.command(`RCPT TO:<${name}@example.test>`)).toMatch(/^250 /);
      expect(await client.command('RCPT TO:<eve@example.test>')).toMatch(/^550 5\.1\.1 /);
      await client.command('DATA');
      expect(await client.command('Subject: x\r\n\r\nx\r\n.')).toMatch(/^250 2\.0\.0 /);
      client.destroy();
      for (const path of ['said/bob', 'alice/Maildir', 'by-name/carol']) {
        const [name = '', ...others] = await readdir(join(box, path, 'new'));
        expect([path, others]).toEqual([path, []]);
        expect(await readFile(join(box, path, 'dovecot-uidlist'), 'latin1')).toContain(`\n1 :${name}\n`);
      }
      expect((await readdir(box)).sort()).toEqual(['alice', 'by-name', 'said']);
    } finally {
      await rm(box, { recursive: true });
    }
  });

  it('asks about its domains only, where they are named', async () => {
    await serve(lookUp, {
      options: { 'rcpt-userdb': '+', 'rcpt-userdb-domains': 'Example.test' },
      policy: '',
    });
    const client = await greeted();
    await client.command(plain('plain', 'secret'));
    await client.command('MAIL FROM:<a@c.example>');
    expect(await client.command('RCPT TO:<x@elsewhere.test>')).toMatch(/^250 /);
    expect(await client.command('RCPT TO:<x@example.test>')).toMatch(/^550 5\.1\.1 /);
    client.destroy();
  });

  it.each([
    [{ 'rcpt-userdb': '+' }, [], 'rcpt-userdb: there is no auth-script to ask'],
    [{ 'rcpt-userdb': '+' }, ['auth.lua'], /^rcpt-userdb: no function auth_userdb_lookup in /],
  ] as const)('does not start without somebody to ask: %j %j', async (options, authScripts, message) => {
    const script = 'function auth_passdb_lookup() end';
    await expect(serve(script, { options, authScripts })).rejects.toThrow(message);
  });
});

describe('the example of doc/dovecot.md', () => {
  let web: Server;
  let held: (() => void) | undefined;
  const asked: (readonly [string, string | undefined, string | undefined])[] = [];
  beforeAll(async () => {
    web = createServer((request, response) => {
      const { authorization = '', 'x-forwarded-for': client } = request.headers;
      asked.push([`${request.method} ${request.url}`, authorization, String(client)]);
      const [, password = ''] = Buffer.from(authorization.slice(6), 'base64').toString('latin1').split(':');
      const answer = (): void => {
        response.writeHead({ good: 207, slow: 207, bad: 401 }[password] ?? 500).end();
      };
      if (password === 'slow') held = answer;
      else answer();
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
  });
  afterAll(() => web.close());

  it('asks a web server, which holds up one log-in only', async () => {
    const page = pageBlock('doc/dovecot.md', 'web');
    const { port } = web.address() as AddressInfo;
    await serve(page.replace('https://cloud.example.com/dav/', `http://127.0.0.1:${port}/dav/`));
    expect(await logIn('alice@example.test', 'good')).toBe(OK);
    expect(asked).toEqual([['PROPFIND /dav/', `Basic ${base64('alice@example.test:good')}`, '127.0.0.1']]);
    expect(await logIn('alice@example.test', 'bad')).toBe(NO);
    expect(await logIn('alice@example.test', 'other')).toBe(LATER);
    const waiting = logIn('alice@example.test', 'slow');
    await expect.poll(() => held !== undefined).toBe(true);
    expect(await logIn('alice@example.test', 'good')).toBe(OK);
    held?.();
    expect(await waiting).toBe(OK);
    const lines = server?.log.lines.map(({ message }) => message) ?? [];
    expect(lines.find((line) => line.includes('db-lua: PROPFIND - '))).toMatch(
      / - 500 Internal Server Error$/,
    );
  });

  it('is a temporary failure when nobody listens', async () => {
    const page = pageBlock('doc/dovecot.md', 'web');
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await serve(page.replace('https://cloud.example.com/dav/', `http://127.0.0.1:${port}/`));
    expect(await logIn('alice@example.test', 'good')).toBe(LATER);
    const lines = server?.log.lines.map(({ message }) => message) ?? [];
    expect(lines.find((line) => line.includes('PROPFIND'))).toContain(
      `9003 connect(127.0.0.1:${port}) failed: Connection refused`,
    );
  });
});
