// Answers of Dovecot 2.3.19.1 (doveadm auth test) to what stands beside the recorded rows: result codes, fields, stored passwords and templates.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptsRig, startScripts } from '../../../fakes/dovecot-scripts.ts';

let rig: ScriptsRig;
beforeAll(async () => {
  // What is to be run comes as the password.
  const started = await startScripts({
    'script.lua': `
function auth_passdb_lookup(req)
  return load('local req = ... return ' .. req.password:match('^[^\\1]*'), '=lua')(req)
end`,
  });
  if ('problem' in started) throw new Error(started.problem);
  rig = started;
});
afterAll(() => rig.close());

/** In short: who is let in with which fields, or why not. */
async function answered(lua: string, user = 'bob@example.test', address = '192.0.2.7'): Promise<string> {
  const from = rig.log.lines.length;
  const answer = await rig.verify(user, lua, { address, realAddress: address });
  if (answer.kind === 'accepted') {
    const fields = Object.entries(answer.fields ?? {}).map(([name, value]) => ` ${name}=${value}`);
    return `OK ${answer.user}${fields.sort().join('')}`;
  }
  const said = rig.log.lines.slice(from).map(({ message }) => message.replace(/^lua\(.*?\): /, ''));
  return [answer.kind === 'unavailable' ? 'later' : 'no', ...said].join(': ');
}

const NETS = 'allow_nets check failed: IP 192.0.2.7 not in allowed networks';
const NONE = 'No password returned (and no nopassword)';

const rows: readonly (readonly [string, string])[] = [
  // Codes: what is no whole number is 0, no success.
  ['1, "nopassword"', 'OK bob@example.test'],
  ['1.0, "nopassword"', 'OK bob@example.test'],
  ['" 1 ", "nopassword"', 'OK bob@example.test'],
  ['"0x1", "nopassword"', 'OK bob@example.test'],
  ['"1e0", "nopassword"', 'OK bob@example.test'],
  ['1.9, "nopassword"', 'no'],
  ['"1.5", "nopassword"', 'no'],
  ['-1.5, "nopassword"', 'no'],
  ['math.huge, "nopassword"', 'no'],
  ['-math.huge, "nopassword"', 'no'],
  ['0/0, "nopassword"', 'no'],
  // Its int would be 1: somebody would be let in there.
  [
    '4294967297, "nopassword"',
    'later: db-lua: auth_passdb_lookup returned 4294967297, which is no result code',
  ],
  // Networks: those of IPv6 have no address of IPv4.
  ['1, "nopassword allow_nets=192.0.2.7"', 'OK bob@example.test'],
  ['1, "nopassword allow_nets=0.0.0.0/0"', 'OK bob@example.test'],
  ['1, "nopassword allow_nets=198.51.100.0/24,192.0.2.0/24"', 'OK bob@example.test'],
  ['1, "nopassword allow_nets=::/0"', `no: ${NETS}`],
  ['1, "nopassword allow_nets="', `no: ${NETS}`],
  ['1, "nopassword allow_nets"', `no: ${NETS}`],
  ['1, "nopassword allow_nets=local"', `no: ${NETS}`],
  ['1, "nopassword allow_nets=garbage"', `no: ${NETS}`],
  ['1, "nopassword allow_nets=192.0.2.0/33"', `no: ${NETS}`],
  ['1, "nopassword allow_nets=192.0.2"', `no: ${NETS}`],
  // Names
  ['1, "nopassword username=zed"', 'OK zed@example.test'],
  ['1, "nopassword username=a@b"', 'OK a@b'],
  ['1, "nopassword username="', 'OK @example.test'],
  ['1, "nopassword domain=dom.test"', 'OK bob@dom.test'],
  ['1, "nopassword domain="', 'OK bob@'],
  ['1, "nopassword user=new@a username=zed"', 'OK zed@a'],
  ['1, "nopassword user=a user=b"', 'OK b'],
  // Stored passwords: nothing behind the scheme is none.
  ['1, "password="', `no: ${NONE}`],
  ['1, "password"', `no: ${NONE}`],
  ['1, { password = "" }', `no: ${NONE}`],
  ['1, { password = "{PLAIN}" }', `no: ${NONE}`],
  ['1, { password = "{SHA}" }', `no: ${NONE}`],
  ['1, { password = "", nopassword = "" }', 'OK bob@example.test'],
  // Values of tables
  [
    '1, { nopassword = true, n = 42, f = 1.5, g = 2.0, h = 1e300, i = 1/0, j = -5 }',
    'OK bob@example.test f=0 g=2 h=0 i=0 j=-5 n=42',
  ],
  ['1, { nopassword = true, n = 9007199254740993 }', 'OK bob@example.test n=9007199254740993'],
  ['1, { nopassword = true, y = true, z = false }', 'OK bob@example.test y=yes z=no'],
  ['1, "nopassword userdb_=x"', 'OK bob@example.test'],
];
it.each(rows)('%s: %s', async (lua, wanted) => {
  expect(await answered(lua)).toBe(wanted);
});

it('an empty stored password lets nobody in with an empty one', async () => {
  const started = await startScripts({
    'script.lua': "function auth_passdb_lookup() return dovecot.auth.PASSDB_RESULT_OK, 'password=' end",
  });
  if ('problem' in started) throw new Error(started.problem);
  expect((await started.verify('u', '')).kind).toBe('refused');
  started.close();
});

it('an address of IPv6 is in a network of its own kind', async () => {
  expect(await answered('1, "nopassword allow_nets=0.0.0.0/0"', 'bob', '2001:db8::1')).toMatch(/^no: /);
  expect(await answered('1, "nopassword allow_nets=2001:db8::/32"', 'bob', '2001:db8::1')).toBe('OK bob');
});

it.each([
  ['{PLAIN-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==', '1'],
  ['{PLAIN-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69', '1'],
  ['{LDAP-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69', '1'],
  ['{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4', '1'],
  ['{SHA256.HEX}2BB80D537B1DA3E38BD30361AA855686BDE0EACD7162FEF6A25FE97BF527A25B', '1'],
  ['{PLAIN.B64}c2VjcmV0', '1'],
  ['{PLAIN.HEX}736563726574', '1'],
  ['{PLAIN}}secret', '0'],
  ['{}secret', '0'],
])('%s against "secret" is %s', async (stored, wanted) => {
  expect(await answered(`1, { nopassword = true, v = req:password_verify("${stored}", "secret") }`)).toBe(
    `OK bob@example.test v=${wanted}`,
  );
});

describe('templates', () => {
  const templates: readonly (readonly [string, string])[] = [
    ['%u %n %d %s %r %l', 'bob@example.test bob example.test smtp 192.0.2.7 192.0.2.25'],
    ['%Lu %Uu %Mu', 'bob@example.test BOB@EXAMPLE.TEST 94dbbb40db96c96463c3e6402e50a40c'],
    ['%5u %2.3u %-3u %05u', 'bob@e b@e bob bob@example.test'],
    ['%-4.3u %20u', 'tes bob@example.test'],
    ['%a %b %c %m %k.', '25 40001  PLAIN .'],
    ['%i %q', 'UNSUPPORTED_VARIABLE_i UNSUPPORTED_VARIABLE_q'],
    ['%{nosuch} %{md5:user}', 'UNSUPPORTED_VARIABLE_nosuch 94dbbb40db96c96463c3e6402e50a40c'],
    ['%{', 'UNSUPPORTED_VARIABLE_{'],
    ['%{user', 'UNSUPPORTED_VARIABLE_{user'],
    ['100%', '100'],
    ['%%u', '%u'],
    ['%Xu %Ru %Hu', '0 tset.elpmaxe@bob 4cd5db4'],
    ['%{if;%n;eq;bob;yes;no}%{if;1;==;1;yes;no}%{if;1;==;2;yes}', 'yesyes'],
    ['%{domain_first} %{domain_last} %{session} %{lport}', 'example.test example.test SESS1 25'],
  ];
  it.each(templates)('%s', async (template, wanted) => {
    expect(await answered(`1, { nopassword = true, v = req:var_expand("${template}") }`)).toBe(
      `OK bob@example.test v=${wanted}`,
    );
  });

  it.each([
    ['%{if;1;==;1;yes;no}%{if;a;==;b;yes;no}', 'if: a (lhs) is not a number'],
    ['%{if;1;>;x;yes;no}', 'if: x (rhs) is not a number'],
    ['%{if;a;xx;b;yes;no}', "if: Unsupported comparator 'xx'"],
    ['%{if;a;constructor;b;yes;no}', "if: Unsupported comparator 'constructor'"],
    ['%{if;a;eq}', 'if: requires four or five parameters, got 2'],
  ])('%s is an error', async (template, why) => {
    const lua = `1, { nopassword = true, v = select(2, pcall(req.var_expand, req, "${template}")) }`;
    expect(await answered(lua)).toBe(`OK bob@example.test v=var_expand(${template}) failed: ${why}`);
  });
});

it('a request has no fields by number', async () => {
  const lua =
    '1, { nopassword = true, v = tostring(req[1]) .. tostring(req[3]) .. tostring(req[1.5]) .. tostring(req[true]) }';
  expect(await answered(lua)).toBe('OK bob@example.test v=nilnilnilnil');
});

describe('web requests', () => {
  const urls: readonly (readonly [string, string])[] = [
    ['', 'Relative HTTP URL not allowed'],
    ['/x', 'Relative HTTP URL not allowed'],
    ['mailto:x', 'Not an HTTP URL'],
    ['ftp://x/', 'Not an HTTP URL'],
    ['http:x', "Absolute HTTP URL requires `//' after `http:'"],
    ['http://', 'HTTP URL does not allow empty host identifier'],
    ['http:///x', 'HTTP URL does not allow empty host identifier'],
    ['http://x y/', 'Invalid host identifier'],
    ['http://-/', 'Invalid host identifier'],
    ['http://127.0.0.1:x/', 'Invalid host port'],
    ['http://127.0.0.1:99999/', 'Invalid port number'],
    ['http://[::1/', "Expecting ']' at end of IP-literal"],
    ['http://127.0.0.1/a b', 'Path component contains invalid character'],
    ['http://127.0.0.1:1/ ', 'Path component contains invalid character'],
    ['http://127.0.0.1/\\195\\188', 'Path component contains invalid character'],
    ['http://127.0.0.1/%zz', "Expecting hex digit after '%', but found 'z'"],
    ['http://127.0.0.1/#f', 'URL fragment not allowed for HTTP URL in this context'],
  ];
  it.each(urls)('to %j', async (url, why) => {
    const lua = `1, { nopassword = true, v = select(2, pcall(function() return (dovecot.http.client{}:request { url = "${url}" }) end)):match("url .-: (.*)$") }`;
    expect(await answered(lua)).toBe(`OK bob@example.test v=${why}`);
  });

  it.each([
    'http://127.0.0.1:/',
    'http://[::1]:1/',
    'HTTP://127.0.0.1:1/',
    'http://a:b@127.0.0.1:1/',
    'http://127.0.0.1:1?x',
    'http://127.0.0.1:1',
    'http://1.2.3/',
    'http://x%41/',
    "http://host_name/a;b=c,d/(e)!$&'*+:@~%20?q={|}",
  ])('to %j are good', async (url) => {
    const lua = `1, { nopassword = true, v = type(dovecot.http.client{}:request { url = [[${url}]] }) }`;
    expect(await answered(lua)).toBe('OK bob@example.test v=table');
  });

  it('have numbers of 32 bits as settings', async () => {
    const made = (value: string): string =>
      `1, { nopassword = true, v = tostring(pcall(dovecot.http.client, { request_timeout_msecs = ${value} })) }`;
    expect(await answered(made('4294967295'))).toBe('OK bob@example.test v=true');
    expect(await answered(made('4294967296'))).toBe('OK bob@example.test v=false');
  });
});
