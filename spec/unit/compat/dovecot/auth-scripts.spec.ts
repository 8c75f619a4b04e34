// Authentication scripts as a source of log-ins, beyond what was recorded: what they hold, several at once, what is cut off.
import { afterEach, describe, expect, it } from 'vitest';
import { RecordLog } from '../../../../src/bench/ports/record-log.ts';
import { type ScriptsRig, startScripts } from '../../../fakes/dovecot-scripts.ts';
import { waitUntil } from '../../../fakes/wait-until.ts';

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

  it('are those that the listener of each log-in names, in its order', async () => {
    const says = (name: string) => `function auth_passdb_lookup() return 1, 'password=secret by=${name}' end`;
    const started = await startScripts({ 'a.lua': says('a'), 'b.lua': says('b') });
    if ('problem' in started) throw new Error(started.problem);
    rig = started;
    const rows = [
      ['a.lua b.lua', 'a'],
      ['b.lua', 'b'],
      ['b.lua a.lua', 'b'],
      ['a.lua', 'a'],
    ] as const;
    for (const [paths, by] of [...rows, ...rows]) {
      const values = { ...started.options.values, 'auth-script': paths };
      expect(await started.verify('u', 'secret', { values })).toMatchObject({ fields: { by } });
    }
  });

  it('is told once that a field has no effect', async () => {
    const its = await start(
      "function auth_passdb_lookup() return 1, 'nopassword proxy=y host=10.0.0.1 k=v' end",
    );
    const fields = { proxy: 'y', host: '10.0.0.1', k: 'v' };
    for (const user of ['a', 'b']) expect(await its.verify(user, 'sesame-77')).toMatchObject({ fields });
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
  ])('is asked for all users: %s', async (lua, users) => {
    const its = await start(`function auth_userdb_iterate() ${lua} end`, { 'hook-cpu-limit': '200' });
    expect(await its.scripts.users(new AbortController().signal)).toEqual(users);
  });

  it('has no more than a million users', { timeout: 120_000 }, async () => {
    const its = await start(
      "function auth_userdb_iterate() local t = {} for n = 1, 1000001 do t[n] = 'u' end return t end",
      { 'hook-cpu-limit': '60000', 'hook-time-limit': '100', 'lua-max-memory': '256' },
    );
    expect(await its.scripts.users(new AbortController().signal)).toEqual({
      problem: 'more than 1000000 users',
    });
  });

  it('is asked to the end when scripts are reloaded meanwhile, and ended then', async () => {
    const first = `
      function auth_password_verify(req, password)
        req:password_verify('${BLOWFISH}', 'x')
        return dovecot.auth.PASSDB_RESULT_NEXT, 'k=v'
      end
      function auth_userdb_lookup(req)
        req:password_verify('${BLOWFISH}', 'x')
        return dovecot.auth.USERDB_RESULT_USER_UNKNOWN, ''
      end
      function auth_userdb_iterate() return { 'a' } end
      function script_deinit() dovecot.i_info('end of first') end`;
    const second = `
      function auth_password_verify(req) return dovecot.auth.PASSDB_RESULT_OK, 'from=' .. req.passdb.k end
      function auth_userdb_lookup() return dovecot.auth.USERDB_RESULT_OK, 'home=/x' end
      function auth_userdb_iterate() return { 'b' } end
      function script_deinit() dovecot.i_info('end of second') end`;
    const started = await startScripts({ 'a.lua': first, 'b.lua': second });
    if ('problem' in started) throw new Error(started.problem);
    rig = started;
    const ends = (): readonly string[] => started.log.lines.map(({ message }) => message).sort();
    const asked = Promise.all([
      started.verify('u', 'x'),
      started.look('u@example.test'),
      started.scripts.users(new AbortController().signal),
    ]);
    const files = { files: [], missing: [] };
    const next = await started.scripts.prepare(started.options, [
      { path: 'a.lua', text: "function auth_password_verify() return -3, '' end", ...files },
      { path: 'b.lua', text: "function auth_password_verify() return 1, 'from=new' end", ...files },
    ]);
    if (next.kind === 'failed') throw new Error(next.message);
    next.take();
    expect(ends()).toEqual([]);
    expect(await started.verify('u', 'x')).toMatchObject({ fields: { from: 'new' } });
    expect(await asked).toEqual([
      { kind: 'accepted', user: 'u', fields: { k: 'v', from: 'v' } },
      { kind: 'known', fields: new Map([['home', '/x']]) },
      ['a', 'b'],
    ]);
    await waitUntil(() => ends().length === 2);
    expect(ends()).toEqual(['end of first', 'end of second']);
  });

  it('hears of settings of the web that have no effect, and its errors have no credentials of a URL', async () => {
    const its = await start(`
      local client = dovecot.http.client { ssl_client_require_valid_cert = false, rawlog_dir = '/x', timeout = 1 }
      dovecot.http.client { ssl_client_require_valid_cert = true }
      function auth_password_verify(req, url) client:request { url = url } end`);
    expect(its.log.lines.map(({ message }) => message.replace(/:[^:]*$/, '')).sort()).toEqual(
      [
        'dovecot.http.client: setting rawlog_dir has no effect',
        'dovecot.http.client: setting ssl_client_require_valid_cert has no effect',
        'dovecot.http.client',
      ].sort(),
    );
    await its.verify('u', 'http://joe:hush%40x@host/#fragment');
    expect(its.log.lines.at(-1)?.message).toContain(
      'Failed to parse url http://***@host/#fragment: URL fragment not allowed',
    );
    expect(JSON.stringify(its.log.lines)).not.toContain('hush');
  });

  // Whatever the script does with it: the password of a log-in is in no line, event or cause.
  it.each([
    "client:request { url = 'http://joe:' .. password .. '@host/#x' }",
    "client:request { url = 'http://host/' .. req.user .. '/' .. password .. '#x' }",
    "client:request { url = 'http://host/?p=' .. escaped .. '#x' }",
    "client:request { url = 'http://host/?p=' .. escaped:lower() .. '#x' }",
    "client:request { url = 'http://host/?p=' .. escaped:gsub('%%20', '+') .. '#x' }",
    'client:request { url = password }',
    "error('no such ' .. password)",
    'error({ password = password })',
    "error(dovecot.base64.encode(req.user .. ':' .. password))",
    "error('with ' .. require('json').encode({ password }))",
    "require('json').decode(password)",
    'load(password)()',
    "assert(load('x = ' .. password))",
    'local x = _G[password].field',
    'return _G[password]()',
    "setmetatable(_G, { __index = function(_, name) error('no ' .. name) end }) return _G[password]",
    'dovecot.restrict_global_variables(true) _G[password] = 1',
    "return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, 'GET /?p=' .. escaped .. ' failed'",
    'return dovecot.auth.PASSDB_RESULT_OK, { [password] = {} }',
    "return dovecot.auth.PASSDB_RESULT_OK, { user = password .. '\\n' }",
    'return password, password',
    'return dovecot.auth.PASSDB_RESULT_OK, { allow_nets = password }',
    "client:request { url = 'http://joe:' .. password:sub(1, 4) .. '/@x@host/#x' }",
    "req:log_info(password) dovecot.i_error('x' .. password) return 1, ''",
    "req:event():set_name(password):add_str('p', password):log_warning(password) return 1, ''",
    "req:event():append_log_prefix(password):log_error('x') return 1, ''",
    "dovecot.event():passthrough_event():add_str('p', password) return 1, ''",
    'dovecot.dict(password)',
    "dovecot.dict('file:/' .. password .. '/x/%q')",
    "dovecot.dict('file:/proc/1/' .. password):lookup('shared/x')",
    'dovecot.http.client { user_agent = 1, [password] = 1 }',
    "return req:password_verify('{' .. password .. '}x', password), ''",
    "return req:password_verify(password, {}), ''",
    "error(req:var_expand('%w %{password} %{nothing:' .. password .. '}'))",
  ])('never tells a password: %s', async (lua) => {
    const password = 'Hush "hush" ha%sh';
    const its = await start(`
      local client = dovecot.http.client {}
      function auth_password_verify(req, password)
        local escaped = password:gsub('[^%w]', function(one) return ('%%%02X'):format(one:byte()) end)
        ${lua}
      end`);
    const answer = await its.verify('u', password);
    const all = JSON.stringify([its.log.lines, answer.kind === 'accepted' ? '' : answer]);
    for (const form of [
      'hush',
      'ha%sh',
      'ha%25sh',
      Buffer.from(`u:${password}`).toString('base64').slice(0, 20),
    ])
      expect(all.toLowerCase()).not.toContain(form.toLowerCase());
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
    await its.verify('u', 'sesame-77');
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
