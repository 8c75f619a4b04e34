// Authentication scripts as a source of log-ins, beyond what was recorded: what they hold, several at once, what is cut off.
import { afterEach, describe, expect, it } from 'vitest';
import { RecordLog } from '../../../../src/bench/ports/record-log.ts';
import { type ScriptsRig, startScripts } from '../../../fakes/dovecot-scripts.ts';

let rig: ScriptsRig | undefined;
afterEach(() => {
  rig?.close();
  rig = undefined;
});

async function start(script: string, options: Readonly<Record<string, string>> = {}): Promise<ScriptsRig> {
  const started = await startScripts({ 'auth.lua': script }, options);
  if ('problem' in started) throw new Error(started.problem);
  rig = started;
  return started;
}

/** Stored passwords of `secret`. */
const BLOWFISH = '{BLF-CRYPT}$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a';

describe('an authentication script', () => {
  it('holds nothing of a log-in that is over', async () => {
    const its = await start(`
      local client = dovecot.http.client {}
      function auth_passdb_lookup(req)
        local event = dovecot.event(req:event())
        event:set_name('seen'):add_str('k', req.user)
        event:passthrough_event():log_debug('x')
        client:request { url = 'http://127.0.0.1/' }:add_header('X-Name', req.user)
        return dovecot.auth.PASSDB_RESULT_OK, req:response_from_template('password=secret user=%Lu')
      end`);
    const held = async (times: number): Promise<readonly number[]> => {
      for (let n = 0; n < times; n++)
        expect((await its.verify(`u${n % 10}`, 'secret')).kind).toBe('accepted');
      const engine = its.engine();
      engine?.collect();
      const { anchored = 0, objects = 0, threads = 0 } = engine?.holdings() ?? {};
      return [engine?.memoryUse().lua ?? 0, anchored, objects, threads];
    };
    const [before = 0, ...things] = await held(50);
    const [after = 0, ...later] = await held(200);
    expect(later).toEqual(things);
    // One of them is about 3 KB.
    expect(after - before).toBeLessThan(50_000);
  });

  it('checks expensive passwords itself, several at once, and others meanwhile', async () => {
    const its = await start(`
      local waiting, most = 0, 0
      function auth_password_verify(req, password)
        if req.user == 'most' then return dovecot.auth.PASSDB_RESULT_OK, { most = most } end
        waiting = waiting + 1
        if waiting > most then most = waiting end
        local code, text = req:password_verify('${BLOWFISH}', password)
        waiting = waiting - 1
        if code == 1 then return dovecot.auth.PASSDB_RESULT_OK, '' end
        return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, text
      end`);
    const answers = await Promise.all([
      its.verify('a', 'secret'),
      its.verify('b', 'wrong'),
      its.verify('c', 'secret'),
    ]);
    expect(answers.map(({ kind }) => kind)).toEqual(['accepted', 'refused', 'accepted']);
    expect(await its.verify('most', '')).toMatchObject({ fields: { most: '3' } });
  });

  it('knows what is wrong with a stored password by number and text', async () => {
    const its = await start(`
      function auth_password_verify(req, password)
        local code, text = req:password_verify(password, 'secret')
        return dovecot.auth.PASSDB_RESULT_OK, { code = code, text = text or '' }
      end`);
    const rows = [
      ['{PLAIN}secret', '1', ''],
      ['{PLAIN}other', '0', 'Password mismatch'],
      ['{FOO}secret', '0', 'Unknown scheme FOO'],
      ['{SHA}!!!', '-1', "Password data is not valid for scheme SHA: Input isn't valid base64 encoded data"],
      [BLOWFISH, '1', ''],
    ] as const;
    for (const [stored, code, text] of rows) {
      expect(await its.verify('u', stored)).toMatchObject({ fields: { code, text } });
    }
  });

  it('says that a guess was wrong though another script cannot be asked', async () => {
    const down =
      "function auth_passdb_lookup() return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, 'down' end";
    const right = "function auth_passdb_lookup() return dovecot.auth.PASSDB_RESULT_OK, 'password=secret' end";
    const started = await startScripts({ 'a.lua': right, 'b.lua': down });
    if ('problem' in started) throw new Error(started.problem);
    rig = started;
    expect(await started.verify('u', 'secret')).toMatchObject({ kind: 'accepted' });
    expect(await started.verify('u', 'guess')).toMatchObject({ kind: 'unavailable', refused: true });
    rig.close();
    const alone = await start(down);
    expect(await alone.verify('u', 'guess')).toMatchObject({ kind: 'unavailable', refused: false });
  });

  it('is told once that a field has no effect', async () => {
    const its = await start(
      "function auth_passdb_lookup() return 1, 'nopassword proxy=y host=10.0.0.1 k=v' end",
    );
    const fields = { proxy: 'y', host: '10.0.0.1', k: 'v' };
    for (const user of ['a', 'b']) expect(await its.verify(user, 'x')).toMatchObject({ fields });
    expect(its.log.lines.map(({ message }) => message)).toEqual([
      'auth.lua: field proxy has no effect: smtpe is no proxy of log-ins',
      'auth.lua: field host has no effect: smtpe is no proxy of log-ins',
    ]);
  });

  it('that cannot be asked about recipients makes none of them unknown', async () => {
    const its = await start("function auth_passdb_lookup() return 1, 'nopassword' end");
    expect(await its.look('a@example.test')).toEqual({
      kind: 'unavailable',
      cause: 'no auth-script has auth_userdb_lookup',
    });
  });

  it.each([
    ["return { 'a', 'b' }", ['a', 'b']],
    ["error('down')", { problem: 'auth_userdb_iterate failed: auth.lua:1: down' }],
    ['while true do end', { problem: expect.stringMatching(/^auth_userdb_iterate failed: stopped: /) }],
    ["local t = {} for n = 1, 1000001 do t[n] = 'u' end return t", { problem: 'more than 1000000 users' }],
  ])('is asked for all users: %s', async (lua, users) => {
    const its = await start(`function auth_userdb_iterate() ${lua} end`, {
      'hook-cpu-limit': '2000',
      'lua-max-memory': '256',
    });
    expect(await its.scripts.users(new AbortController().signal)).toEqual(users);
  });

  it('hears of settings of the web that have no effect, and its errors have no credentials of a URL', async () => {
    const its = await start(`
      local client = dovecot.http.client { ssl_client_require_valid_cert = false, rawlog_dir = '/x', timeout = 1 }
      dovecot.http.client { ssl_client_require_valid_cert = true }
      function auth_passdb_lookup(req)
        client:request { url = 'http://joe:hush%40x@host/#fragment' }
      end`);
    expect(its.log.lines.map(({ message }) => message.replace(/:[^:]*$/, '')).sort()).toEqual(
      [
        'dovecot.http.client: setting rawlog_dir has no effect',
        'dovecot.http.client: setting ssl_client_require_valid_cert has no effect',
        'dovecot.http.client',
      ].sort(),
    );
    await its.verify('u', 'x');
    const [last] = its.log.lines.slice(-1);
    expect(last?.message).toContain(
      'Failed to parse url http://***@host/#fragment: URL fragment not allowed',
    );
    expect(JSON.stringify(its.log.lines)).not.toContain('hush');
  });

  it('is cut off when the client is gone', async () => {
    const its = await start(`
      local ended = 0
      function auth_password_verify(req, password)
        if req.user == 'ended' then return dovecot.auth.PASSDB_RESULT_OK, { ended = ended } end
        local guard <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
        req:log_info('asked')
        return req:password_verify('${BLOWFISH}', password), ''
      end`);
    const gone = new AbortController();
    // It goes while the script runs, which then would wait.
    const log = new RecordLog();
    log.write = () => gone.abort();
    const answer = its.verify('u', 'secret', { signal: gone.signal, log });
    expect((await answer).kind).toBe('unavailable');
    expect(await its.verify('ended', '')).toMatchObject({ fields: { ended: '1' } });
  });

  it('tells name and fields of its events to the log, and what was never logged', async () => {
    const its = await start(`
      function auth_passdb_lookup(req)
        local event = dovecot.event()
        event:set_name('auth_done'):add_str('backend', 'ldap'):inc_int('tries', 2):inc_int('tries', -1):add_str('id', 'x')
        dovecot.event(event):append_log_prefix('p: '):log_warning('slow')
        event:passthrough_event():set_name('leaked')
        return dovecot.auth.PASSDB_RESULT_OK, 'nopassword'
      end`);
    await its.verify('u', 'x');
    expect(its.log.lines).toEqual([
      {
        level: 'warning',
        message: 'p: slow',
        fields: { event: 'auth_done', backend: 'ldap', tries: 1, x_id: 'x' },
      },
      { level: 'err', message: expect.stringMatching(/^Passthrough event leaked/), fields: {} },
    ]);
  });

  it.each([
    ['alice@example.test', 'accepted'],
    ['al ice', 'unknown'],
    ['alice\x01', 'unknown'],
    ['al\xefce', 'unknown'],
    ["x' OR '1'='1", 'unknown'],
  ])('is asked about names of the usual characters only: %j', async (user, kind) => {
    const its = await start("function auth_passdb_lookup() return 1, 'nopassword' end");
    expect((await its.verify(user, 'x')).kind).toBe(kind);
  });

  it('is asked about all names when the option is empty, but for control characters', async () => {
    const its = await start("function auth_passdb_lookup() return 1, 'nopassword' end", {
      'auth-username-chars': '',
    });
    expect((await its.verify('al \xefce', 'x')).kind).toBe('accepted');
    expect((await its.verify('al\nice', 'x')).kind).toBe('unknown');
  });

  it.each([
    ['a file level that fails', 'error("no")', /^auth\.lua:1: no$/],
    ['a syntax that is none', 'x = = 1', /^auth\.lua:1: /],
    [
      'a function that is none',
      'auth_passdb_lookup = 1',
      /^auth\.lua: auth_passdb_lookup is a number; right would be: a function$/,
    ],
    ['a loop at its file level', 'while true do end', /^stopped: .*auth\.lua:1: /],
  ])('does not start with %s', async (_what, script, message) => {
    const started = await startScripts({ 'auth.lua': script }, { 'hook-cpu-limit': '1000' });
    expect(started).toEqual({ problem: expect.stringMatching(message) });
  });
});
