// What a session knows of a log-in that an auth-script has decided: until RSET, STARTTLS, a second AUTH and a transaction.
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { InboundTls } from '../../src/net/inbound-tls.ts';
import { mxEc } from '../fakes/tls-certificates.ts';
import { materialOf, StartTlsClient, tlsOption } from '../fakes/tls-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const SCRIPT = `
local users = {
  alice = { password = 'secret', quota = '1G', user = 'Alice@x.test', seen = '' },
  carol = { password = 'other', colour = 'blue' },
  closed = { password = 'x', nologin = 'y', reason = 'moved' },
}
function auth_passdb_lookup(req)
  local found = users[req.username]
  if not found then return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, '' end
  local fields = { secured = req.secured }
  for name, value in pairs(found) do fields[name] = value end
  return dovecot.auth.PASSDB_RESULT_OK, fields
end`;
const POLICY = `
-- What the sources say is known in this hook only.
function hook.auth() last = client.auth_result end
function hook.noop()
  local names = {}
  for name, value in pairs(client.auth_fields or {}) do names[#names + 1] = name .. '=' .. value end
  table.sort(names)
  return '250 ' .. table.concat({ tostring(client.authenticated), tostring(client.auth_user), tostring(client.auth_mechanism),
    tostring(client.auth_result or last), table.concat(names, ',') }, ' ')
end`;

let server: WholeServer;
let client: StartTlsClient;
let socket: Socket;
beforeAll(async () => {
  server = await WholeServer.start({
    policy: POLICY,
    files: { 'auth.lua': SCRIPT },
    authScripts: ['auth.lua'],
    options: {
      ...{ 'smtp-tls': tlsOption('mxEc'), 'smtp-tls-auth-only': '-', 'smtp-auth-delay': '0' },
    },
    tls: new InboundTls(materialOf({ mxEc })),
  });
});
afterAll(() => server.stop());
afterEach(() => void socket.destroy());

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const logIn = (user: string, password: string): Promise<string> =>
  client.command(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`);
async function begin(): Promise<void> {
  socket = connect({ port: server.server.endpoints[0]?.port ?? 0, host: '127.0.0.1' });
  client = new StartTlsClient(socket);
  await client.reply();
  await client.command('EHLO c.example');
}
const known = async (): Promise<string> => (await client.command('NOOP')).trimEnd();

const ALICE = '250 true Alice@x.test PLAIN ok quota=1G,secured=secured,seen=';
const NOBODY = '250 false nil nil nil';
const AGAIN = /^503 5\.5\.1 /;

it('stays over RSET and EHLO, and there is no second log-in', async () => {
  await begin();
  expect(await known()).toBe(NOBODY);
  expect(await logIn('alice', 'secret')).toMatch(/^235 /);
  expect(await known()).toBe(ALICE);
  for (const command of ['RSET', 'EHLO c.example', 'RSET']) {
    await client.command(command);
    expect(await known()).toBe(ALICE);
    expect(await logIn('carol', 'other')).toMatch(AGAIN);
    expect(await known()).toBe(ALICE);
  }
});

it('is forgotten at STARTTLS, and the next one knows nothing of it', async () => {
  await begin();
  expect(await logIn('alice', 'secret')).toMatch(/^235 /);
  expect(await client.command('STARTTLS')).toMatch(/^220 /);
  expect(await client.secure()).toBe('secured');
  // `last` is a variable of the policy, which is the policy's business.
  const forgotten = '250 false nil nil ok';
  expect(await known()).toBe(forgotten);
  const offered = await client.command('EHLO c.example');
  expect(offered).toContain('AUTH PLAIN LOGIN');
  expect(await known()).toBe(forgotten);
  expect(await logIn('carol', 'wrong')).toMatch(/^535 /);
  expect(await known()).toBe('250 false nil nil mismatch');
  expect(await logIn('carol', 'other')).toMatch(/^235 /);
  expect(await known()).toBe('250 true carol PLAIN ok colour=blue,secured=TLS');
  expect(await logIn('alice', 'secret')).toMatch(AGAIN);
});

it('of one that failed is what the last one was, and keeps nothing of it for the next', async () => {
  await begin();
  for (const [user, password, result] of [
    ['alice', 'bad', 'mismatch'],
    ['nobody', 'bad', 'unknown'],
    ['closed', 'x', 'disabled'],
  ] as const) {
    expect(await logIn(user, password)).toMatch(/^535 5\.7\.8 /);
    expect(await known()).toBe(`250 false nil nil ${result}`);
    await client.command('RSET');
  }
  expect(await logIn('alice', 'secret')).toMatch(/^235 /);
  expect(await known()).toBe(ALICE);
});

it('begins outside of a transaction only', async () => {
  await begin();
  expect(await client.command('MAIL FROM:<a@x.test>')).toMatch(/^250 /);
  expect(await logIn('alice', 'secret')).toMatch(AGAIN);
  expect(await known()).toBe(NOBODY);
  await client.command('RSET');
  expect(await logIn('alice', 'secret')).toMatch(/^235 /);
  expect(await client.command('MAIL FROM:<a@x.test>')).toMatch(/^250 /);
  await client.command('RSET');
  expect(await known()).toBe(ALICE);
});
