// What smtpe check, start and reload say about the text of a policy.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type LintFile, lintPolicy } from '../../../../src/policy/lint/lint.ts';
import { luaLibraries } from '../../../../src/policy/lint/lua-library.ts';
import { allModules } from '../../../fakes/all-modules.ts';
import { TestEngine } from '../../../fakes/lua-engine.ts';

const library =
  'assert error ipairs next pairs pcall print rawget require select setfenv setmetatable tonumber tostring type unpack xpcall math os string table io _G hook';
const modules = allModules();
const globals = new Set([...library.split(' '), ...modules.map(({ name }) => name)]);

const look = (...files: readonly (string | LintFile)[]) =>
  lintPolicy({
    files: files.map((file) => (typeof file === 'string' ? { name: 'p.lua', text: file } : file)),
    modules,
    globals,
  });
const mistakes = (text: string) => look(text).mistakes;

describe('results of hooks', () => {
  it.each([
    'hook = { rcpt = function(r) return 550, true end }',
    "hook = { ['rcpt'] = function(r) return 550, true end, [1] = 2, 3 }",
    'local function f() return 550, true end hook = { rcpt = f }',
  ])('%s', (text) => {
    expect(mistakes(text)).toEqual([expect.stringContaining('hook.rcpt returns 550, true')]);
  });

  it.each([
    ["return '550 5.7.1 no', true", 'the drop flag comes first'],
    ['return 550, true', 'the drop flag comes first'],
    ["return {'550 no'}", 'the reply itself'],
    ["return 550, 'no'", 'code and text are one string'],
    ["return '550', '5.7.1 no'", 'code and text are one string'],
    ["return '5.7.1 no'", 'begins with a code'],
    ["return 'no such user ' .. r", 'begins with a code'],
    ["return '99 no'", 'begins with a code'],
    ["return '5500 no'", 'begins with a code'],
    ["return '600 no'", 'begins with a code'],
    ['return 600', 'a code from 200 to 599'],
    ['return 550.5', 'a code from 200 to 599'],
    ['return -550', 'a code from 200 to 599'],
    ["return '354 go'", 'codes that fit hook.rcpt'],
    ["return true, false, '550 no'", 'at most two results'],
    ["return true, {'550 no'}", 'the reply itself'],
    ["return {}, '550 no'", 'the drop flag'],
    ["return 'reject', '550 no'", 'code and text are one string'],
    ['return function() end', 'the reply itself'],
    ["return r == 'a' and '550 no' or 'ok'", 'begins with a code'],
    ["return r and {'550 no'}", 'the reply itself'],
    ["return r or (r and 'ok') or '550 no'", 'begins with a code'],
    ["return true, r and 'no'", 'begins with a code'],
    ["return true, r and '550 no' or false", 'a reply is a text'],
    ["if r then for i = 1, 2 do while r do return 'no' end end end", 'begins with a code'],
  ])('%s', (text, right) => {
    const all = mistakes(`function hook.rcpt(r) ${text} end`);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatch(/^p\.lua:1:\d+: hook\.rcpt returns /);
    expect(all[0]).toContain(right);
  });

  it.each([
    '',
    'return',
    'return nil',
    'return true',
    'return false',
    'return 550',
    "return '550 5.7.1 no'",
    "return '550-a\\r\\n550 b'",
    "return '550'",
    "return true, '550 no'",
    "return r == 'a' and '550 no' or nil",
    "return r == 'a' and '550 no' or '250 ok'",
    "return r == 'a' and '550 no'",
    'return not r or r > 5',
    "return true, r and '550 no' or nil",
    "return false, '450 ' .. r",
    "return nil, '450 no'",
    "return r, '450 no'",
    'return r',
    'return f(r)',
    'return true, f(r)',
    "return 'x' .. r",
    "return r .. 'x'",
    "local function inner() return 'no' end return inner() and nil",
  ])('%s is right, or nobody can know', (text) => {
    expect(mistakes(`local f = tostring function hook.rcpt(r) f() ${text} end`)).toEqual([]);
  });

  it('knows hooks by every way to set them, and what fits each', () => {
    expect(mistakes("hook.rcpt = function() return 'no' end")).toHaveLength(1);
    expect(mistakes("hook['rcpt'] = function() return 'no' end")).toHaveLength(1);
    expect(mistakes("local function f() return 'no' end hook.rcpt = f hook.mail = f")).toHaveLength(1);
    expect(mistakes("function hook.data() return '250 ok' end")[0]).toContain('354, 4xx or 5xx');
    expect(mistakes("function hook.data() return '354 go' end")).toEqual([]);
    expect(mistakes("function hook.auth() return '250 ok' end")[0]).toContain('235, 4xx or 5xx');
    expect(mistakes("function hook.auth() return '235 ok' end")).toEqual([]);
    expect(mistakes("function hook.reset() return 'no' end function hook.close() return 'no' end")).toEqual(
      [],
    );
    expect(mistakes("local hookish = {} function hookish.rcpt() return 'no' end")).toEqual([]);
  });
});

describe('variables', () => {
  it('that nobody gives a value are told once, with the nearest name and where it is', () => {
    expect(mistakes('dommains = {}\nfunction hook.rcpt()\n  return domains.x, domains.y\nend')).toEqual([
      "p.lua:3:10: there is no variable 'domains'; did you mean 'dommains' (p.lua line 1)?",
    ]);
    expect(mistakes('Dns.open()')).toEqual(["p.lua:1:1: there is no variable 'Dns'; did you mean 'dns'?"]);
  });

  it.each([
    'local t = {} for i, v in ipairs(t) do t[i] = v end',
    'x = 1 print(x)',
    'print(x) x = 1',
    'function f() return g() end function g() return f end',
    'local function f() return f() end f()',
    'if maybe then maybe() end',
    "local v = maybe or 'x' print(v)",
    'local v = maybe and maybe() print(v)',
    "if type(maybe) == 'function' then maybe() end",
    'if maybe ~= nil then maybe() end',
    "print(rawget(_G, 'x'))",
    "module('mine') print(anything)",
    'setmetatable(_G, { __index = function() return 1 end }) print(anything)',
    'goto done do print(1) end ::done::',
    'local x <const> = 1 print(x)',
    '#!/usr/bin/lua\nprint(1)',
    'repeat local x = 1 until x == 1',
    'for i = 1, 10 do print(i) end',
    "local a = { b = { c = 1 } } print(a.b.c, a['b'], a:d())",
    'print(1 // 2, 1 << 2, ~1)',
    'this is no Lua',
  ])('nothing is said of: %s', (text) => {
    expect(mistakes(text)).toEqual([]);
  });

  it('that a module sets are there for the policy, and the other way round; modules are looked at too', () => {
    const script = "require 'm' print(from_module) from_script = 1 client.state = 7";
    const found = look(
      { name: 'p.lua', text: script },
      { name: '/etc/m.lua', text: 'from_module = 1\nprint(from_script, client.state, mising)' },
      { name: '/usr/share/lua/other.lua', text: 'print(strange) from_other = 1', told: false },
    );
    expect(found.mistakes).toEqual(["/etc/m.lua:2:34: there is no variable 'mising'"]);
  });

  it('are not looked for when the environment is unknown', () => {
    expect(
      lintPolicy({ files: [{ name: 'p', text: 'print(x)' }], modules, globals: undefined }).mistakes,
    ).toEqual([]);
  });
});

describe('locals', () => {
  it('that nobody uses are warnings', () => {
    const { warnings, mistakes: none } = look(
      'local a, _b = 1, 2\nlocal function f() return f() end\nlocal c = 1 c = 2\nlocal d = 1\nprint(d)',
    );
    expect(none).toEqual([]);
    expect(warnings).toEqual([
      "p.lua:1:7: nobody uses the local 'a'",
      "p.lua:2:16: nobody uses the local 'f'",
      "p.lua:3:7: nobody uses the local 'c'",
    ]);
  });

  it.each([
    'local function f(a, b) return b end return f',
    'for i, v in pairs({}) do print(v) end',
    'local x = 1 return function() return x end',
  ])('nothing is said of: %s', (text) => expect(look(text).warnings).toEqual([]));

  it('local hook hides all hooks', () => {
    expect(look('local hook = {}\nfunction hook.rcpt() end').hidden[0]).toMatch(
      /^p\.lua:1:7: 'local hook' hides/,
    );
    expect(look('local hook = hook function hook.rcpt() end').hidden).toEqual([]);
    expect(look('local function f() local hook = {} return hook end return f').hidden).toEqual([]);
  });
});

describe('the API', () => {
  it.each([
    ["net.contain_ip('a', 'b')", 'there is no net.contain_ip; did you mean net.contains_ip?'],
    ['print(dns.type.MXX)', 'there is no dns.type.MXX; did you mean dns.type.MX?'],
    ['print(service.htp)', 'there is no service.htp; did you mean service.http?'],
    ['print(client.adress)', 'there is no client.adress; did you mean client.address?'],
    [
      "dns.query('IN', 'MXX', 'a.example')",
      'dns.query: argument 2 (type): type name or number from 0 to 65535 expected, got "MXX"',
    ],
    ['header.insert({})', undefined],
    ['service.http.request(nil)', 'service.http.request: argument 1 (url)'],
    ['text.find()', undefined],
    ["smtpe.setoption('smtp-max-size')", 'smtpe.setoption: argument 2'],
    ["smtpe.setoption('smtp-prot', '1')", 'there is no option "smtp-prot"; did you mean'],
    ["smtpe.setoption('smtp-max-size', 'big')", 'option smtp-max-size=big: expected an integer'],
    ['smtpe.setoption("smtp-max-size", 1000)', undefined],
    ["smtpe.setoption('smtp-smart-host', f())", undefined],
    ['text.find(f())', undefined],
    ['text.find(...)', undefined],
  ])('%s', (text, expected) => {
    const all = mistakes(`local f = print ${text} f()`);
    if (expected === undefined) expect(all).toEqual([]);
    else expect(all.join('\n')).toContain(expected);
  });

  it.each([
    'local x = client.helo_arg or 1 print(x)',
    'if dns.lookup then dns.lookup() end',
    'local x = md5.hash and md5.hash(1) print(x)',
    'client.state = 1 print(client.state)',
    'function net.mine() end net.mine()',
    'local net = { mine = print } net.mine()',
    'dns = { lookup = print } dns.lookup()',
    'print(dns.type[1], dns.type.MX, service.http.code.OK)',
    'print(client.address:len(), smtpe.host:upper())',
  ])('nothing is said of: %s', (text) => {
    expect(mistakes(text)).toEqual([]);
  });
});

describe('fields of what functions give', () => {
  it.each([
    [
      'if service.wait(true).clamd.infected then end',
      'clamd_results has no field infected; did you mean is_infected?',
    ],
    ['local c = service.wait(true).clamd print(c.infected)', 'clamd_results has no field infected'],
    [
      "local found = service.wait(true) local v, s = found.clamd, found.spamd print(s['scor'])",
      'spamd_results has no field scor; did you mean score?',
    ],
    [
      'local r = service.wait(true) print(r.http[1].code)',
      'http_response has no field code; did you mean rcode?',
    ],
    ['local r = service.wait() print(r.clamav)', 'service_results has no field clamav; did you mean clamd?'],
    [
      'for _, a in ipairs(dns.wait()) do print(a.answers[1].value) end',
      'dns_answer has no field answers; did you mean answer?',
    ],
    ["print(dns.wait()['IN,A,x.'].answer[1].adress)", 'dns_record has no field adress'],
    [
      "for _, mx in ipairs(dns.mx('x')) do print(mx.pref) end",
      'dns_mx has no field pref; did you mean preference?',
    ],
    [
      'local ok, n, rcpts, last = smtp.sendstring({}, "", {}) print(ok, n, rcpts, last.reply)',
      'smtp_last has no field reply',
    ],
    ['print(spf.check().results)', 'spf_result has no field results; did you mean result?'],
    [
      'for _, part in ipairs(mime.parts) do print(part.file_names) end',
      'mime_part has no field file_names; did you mean filenames?',
    ],
    ['for _, key in ipairs(uri.found) do print(uri.found[key].hosts) end', 'has no field hosts'],
    [
      'if client.tls and client.tls.versoin then end',
      'client_tls has no field versoin; did you mean version?',
    ],
    [
      "local user = storage.user('x') user:mailbx('Junk')",
      'storage_user has no field mailbx; did you mean mailbox?',
    ],
    [
      "local user = storage.user('x') print(user:mailbox('Junk'):status().unread)",
      'storage_status has no field unread',
    ],
    ["if spf.check().result == 'fial' then end", "this is never 'fial' (spf.result); did you mean 'fail'?"],
    ["local r = dmarc.check() if 'PASS' ~= r.result then end", "did you mean 'pass'?"],
    [
      "local v, why = store.get('x') if why == 'gone' then end print(v)",
      "this is never 'gone' (store.cause)",
    ],
    ["md5.new():apend('x')", 'md5_obj has no field apend; did you mean append?'],
    [
      'local c function hook.dot() c = 1 end local r = service.wait() print(r.clamd.infected)',
      'clamd_results has no field infected',
    ],
  ])('%s', (text, says) => {
    const found = mistakes(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(says);
  });

  it.each([
    'local c = service.wait().clamd c = {} print(c.infected)',
    'local c = service.wait().clamd function hook.dot() c = other end print(c.infected)',
    'local c = service.wait().clamd c.infected = true print(c.infected)',
    'function hook.dot(c) print(c.infected) end',
    'local function f(service) return service.wait().clamd.infected end f()',
    'local service = { wait = print } print(service.wait().clamd.infected)',
    'local c = service.wait().clamd do local c = {} print(c.infected) end print(c.error)',
    "local r = store.get{ 'a' } print(r.a, r['b'])",
    'print(client.parameters.SIZE) client.mine = {} print(client.mine.deep)',
    'local list = header.received() print(list[1], #list, list.n)',
    'print(service.wait().clamd[1].signature, service.wait().rspamd.symbols.GTUBE.score)',
    'for k, v in pairs(service.wait()) do print(k, v.anything) end',
  ])('nothing is said of: %s', (text) => {
    expect(mistakes(`other = {} ${text}`)).toEqual([]);
  });
});

const policies = ['etc', 'spec/load/policies'].flatMap((place) =>
  readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.lua') && !name.endsWith('_test.lua'))
    .map((name) => `${place}/${name}`),
);

it('a hook is no method', () => {
  expect(mistakes("function hook:rcpt(r) return r == 'a' and '550 no' end")).toEqual([
    expect.stringMatching(/^p\.lua:1:10: hook:rcpt has .* right would be: function hook\.rcpt$/),
  ]);
  expect(mistakes("function hook:quit() return '221 bye' end")).toEqual([]);
});

describe('warnings', () => {
  it.each([
    ["function rcpt(r) return '550 no' end", "smtpe never calls 'rcpt'; right would be: function hook.rcpt"],
    [
      "function hook.rcpt() print(string.fromat('x')) end",
      'Lua has no string.fromat; did you mean string.format?',
    ],
    ['print(os.tmpnam())', 'Lua has no os.tmpnam; did you mean os.tmpname?'],
  ])('%s', (text, says) => {
    expect(look(text).warnings).toEqual([expect.stringContaining(says)]);
  });

  it.each([
    'function data() end function hook.rcpt() data() end',
    'function string.trim(s) return s end print(string.trim(x))',
    "if string.pack2 then print(string.pack2('x')) end",
    "for name, f in pairs(other) do string[name] = f end print(string.mine('x'))",
  ])('none: %s', (text) => {
    expect(look(`x = 1 other = {} ${text}`).warnings).toEqual([]);
  });

  it('know what policies have of the libraries', async () => {
    const engine = await TestEngine.start();
    const names = [...luaLibraries].map(([library, all]) => `${library}.${[...all].sort().join(' ')}`);
    const lua = `local all = {} for name in pairs(...) do all[#all + 1] = name end table.sort(all) return table.concat(all, ' ')`;
    const there = await engine.eval(
      `local f = load[[${lua}]] return ${[...luaLibraries.keys()].map((library) => `'${library}.' .. f(${library})`).join(', ')}`,
    );
    engine.engine.close();
    expect(there).toEqual(names);
  });
});

describe('what we ship', () => {
  it('has no field that is none in any example of the documents', () => {
    const pages = readdirSync('doc', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.md'),
    );
    const found = pages.flatMap((page) =>
      [...readFileSync(`doc/${page}`, 'latin1').matchAll(/^```lua\n(.*?)^```/gms)].flatMap(([, text = '']) =>
        mistakes(text).filter((one) => one.includes(' has no field ')),
      ),
    );
    expect(found).toEqual([]);
  });

  it.each(policies)('has no mistake: %s', (path) => {
    const found = look({ name: path, text: readFileSync(path, 'latin1') });
    expect(found).toMatchObject({ mistakes: [], warnings: [], hidden: [] });
  });
});

it('a policy larger than any is not looked at', () => {
  expect(mistakes(`print(nosuch) ${'-- text\n'.repeat(100_000)}`)).toEqual([]);
});

describe('modules of scripts from elsewhere', () => {
  it('set globals when they are required', () => {
    expect(mistakes("function hook.accept() require 'socket' return '220 ' .. socket.gettime() end")).toEqual(
      [],
    );
    expect(mistakes("require('redis') local c = Redis.connect() c:get('x')")).toEqual([]);
    expect(mistakes("function hook.accept() return '220 ' .. socket.gettime() end")).toEqual([
      expect.stringContaining("there is no variable 'socket'"),
    ]);
  });

  it('have their functions', () => {
    expect(mistakes("require 'socket' socket.gettim()")).toEqual([
      expect.stringContaining('there is no socket.gettim; did you mean socket.gettime?'),
    ]);
    expect(mistakes("require 'json' json.stringify {}")).toEqual([
      expect.stringContaining('there is no json.stringify'),
    ]);
  });

  it('are not looked for where a file of that name comes first', () => {
    const own = { name: '/policies/socket.lua', text: 'socket = { mine = 1 }' };
    expect(look("require 'socket' return socket.mine", own).mistakes).toEqual([]);
  });
});
