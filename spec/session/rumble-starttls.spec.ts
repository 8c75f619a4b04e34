// Hooks of scripts for Rumble on both sides of STARTTLS: what was said in clear is forgotten, the hello is asked about again, and no octet that
// came in clear is read as if it had come encrypted, by the engine or by a script.
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InboundTls } from '../../src/net/inbound-tls.ts';
import { mxEc } from '../fakes/tls-certificates.ts';
import { materialOf, StartTlsClient, tlsOption } from '../fakes/tls-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

/** NOOP shows the facts, `NOOP line` the next line, `NOOP octets` five octets. */
const SCRIPT = `
  Rumble.setHook(function(s, line) print('hello', line) end, 'smtp', 'command', 'helo')
  Rumble.setHook(function(s, line)
    print('starttls', line)
    if how == 'refuses' then how = nil return 454 end
    if how == 'answers' then how = nil s:send('454 4.7.0 mine\\r\\n') return 'ignore' end
    if how == 'receives' then how = nil s:send('334 say\\r\\n') print('received', (s:receive())) end
  end, 'smtp', 'command', 'starttls')
  Rumble.setHook(function(s, line) how = line:match('vrfy (%a+)$') end, 'smtp', 'command', 'vrfy')
  Rumble.setHook(function(s, line)
    if line == 'NOOP line' then s:send('334 say\\r\\n') s:send('250 ', (s:receive()), '\\r\\n') return 'ignore' end
    if line == 'NOOP octets' then s:send('334 say\\r\\n') s:send('250 ', (s:receivebytes(5)), '\\r\\n') return 'ignore' end
    s:send(('250 [%s] %s %d\\r\\n'):format(tostring(s.helo), tostring(s.sender), #s.recipients))
    return 'ignore'
  end, 'smtp', 'command', 'noop')
`;

let server: WholeServer;
let client: StartTlsClient;
let socket: Socket;
beforeAll(async () => {
  server = await WholeServer.start({
    files: { 'rumble.lua': SCRIPT },
    loadScripts: ['rumble.lua'],
    options: { 'smtp-tls': tlsOption('mxEc') },
    tls: new InboundTls(materialOf({ mxEc })),
  });
});
afterAll(() => server.stop());
beforeEach(async () => {
  server.log.lines.length = 0;
  socket = connect({ port: server.port, host: '127.0.0.1' });
  client = new StartTlsClient(socket);
  await client.reply();
});
afterEach(() => void socket.destroy());

/** What the script has printed. */
const printed = (): readonly string[] =>
  server.log.lines.map(({ message }) => message).filter((line) => /^(?:hello|starttls|received)/.test(line));

it('forgets what was said in clear, and is asked about the next hello', async () => {
  const before = ['EHLO clear.test', 'MAIL FROM:<s@x.test>', 'RCPT TO:<a@x.test>'];
  expect(await client.commands(...before)).toEqual(['250', '250', '250']);
  expect(await client.command('NOOP')).toBe('250 [clear.test] s@x.test 1\r\n');
  // A hook hears nothing of what is out of sequence.
  expect(await client.commands('STARTTLS', 'RSET')).toEqual(['503', '250']);
  expect(await client.command('STARTTLS')).toMatch(/^220 /);
  expect(await client.secure()).toBe('secured');
  expect(await client.command('NOOP')).toBe('250 [] nil 0\r\n');
  expect(await client.commands('MAIL FROM:<s@x.test>', 'EHLO secret.test')).toEqual(['503', '250']);
  expect(await client.command('NOOP')).toBe('250 [secret.test] nil 0\r\n');
  expect(printed()).toEqual(['hello\tEHLO clear.test', 'starttls\tSTARTTLS', 'hello\tEHLO secret.test']);
  // What it receives is what came encrypted.
  expect(await client.command('NOOP line')).toBe('334 say\r\n');
  expect(await client.command('over TLS')).toBe('250 over TLS\r\n');
});

it.each([
  ['refuses', /^454 4\.7\.1 /],
  ['answers', /^454 4\.7\.0 mine\r\n$/],
])('goes on in clear when a hook %s', async (how, reply) => {
  await client.commands('EHLO clear.test', `vrfy ${how}`);
  expect(await client.command('STARTTLS')).toMatch(reply);
  expect(await client.command('NOOP')).toBe('250 [clear.test] nil 0\r\n');
  expect(await client.command('STARTTLS')).toMatch(/^220 /);
  expect(await client.secure()).toBe('secured');
});

describe('octets in clear behind STARTTLS', () => {
  const REFUSED = /^(?:4|5)\d\d [^\n]*\n$/;

  it('in one packet with it: no hook is asked, nothing is read, the session ends', async () => {
    await client.command('EHLO clear.test');
    client.send('STARTTLS\r\nNOOP line\r\nRSET\r\n');
    expect(await client.rest()).toMatch(REFUSED);
    await server.quiet();
    expect(printed()).toEqual(['hello\tEHLO clear.test']);
  });

  it('while a hook talks: what it has not read is read by nobody', async () => {
    await client.commands('EHLO clear.test', 'vrfy receives');
    expect(await client.command('STARTTLS')).toBe('334 say\r\n');
    client.send('mine\r\nNOOP line\r\nEHLO injected.test\r\n');
    expect(await client.rest()).toMatch(REFUSED);
    await server.quiet();
    expect(printed()).toEqual(['hello\tEHLO clear.test', 'starttls\tSTARTTLS', 'received\tmine']);
  });

  it.each(['NOOP line', 'NOOP octets'])('behind a hook that has received: %s', async (command) => {
    await client.command('EHLO clear.test');
    expect(await client.command(command)).toBe('334 say\r\n');
    client.send('five\nSTARTTLS\r\nNOOP\r\n');
    expect(await client.reply()).toMatch(/^250 five/);
    expect(await client.rest()).toMatch(/(?:^|\n)(?:4|5)\d\d [^\n]*\n$/);
    await server.quiet();
    expect(printed()).toEqual(['hello\tEHLO clear.test']);
  });
});
