// Several listeners in one process, in the whole engine: what a policy sees of them, and what their flags do.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const policy = `
function hook.accept() seen = tostring(client.listener) end
function hook.noop() return '250 ' .. seen .. ' ' .. tostring(client.listener) end
function hook.auth() if client.auth_password == 'right' then return '235 2.7.0 ok' end end
function hook.mail() mails = (mails or 0) + 1 end
function hook.help() return '214 ' .. tostring(mails) end
`;
const auth = (password: string): string =>
  `AUTH PLAIN ${Buffer.from(`\0alice\0${password}`).toString('base64')}`;
const REQUIRED = '530 5.7.0 authentication required\r\n';

let server: WholeServer;
beforeAll(async () => {
  server = await WholeServer.start({
    policy,
    options: {
      'smtp-listen':
        'mx=127.0.0.1:0 Submission-2=127.0.0.1:0/auth-required Submission-2=[::1]:0/auth-required 127.0.0.1:0',
      'smtp-xclient-hosts': '127.0.0.0/8',
    },
  });
});
afterAll(() => server.stop());

/** A client of the listener at that place of smtp-listen, with the banner read. */
async function at(index: number): Promise<SmtpClient> {
  const endpoint = server.server.endpoints[index];
  if (endpoint === undefined) throw new Error(`nothing listens at ${index}`);
  const client = await SmtpClient.connect(endpoint.port, undefined, endpoint.address);
  expect(await client.reply()).toMatch(/^220 /);
  return client;
}

describe('listeners', () => {
  it.each([
    [0, 'mx'],
    [1, 'Submission-2'],
    [2, 'Submission-2'],
    [3, 'nil'],
  ])('number %i is %s to a policy, from hook.accept on and behind XCLIENT', async (index, name) => {
    const client = await at(index);
    expect(await client.command('NOOP')).toBe(`250 ${name} ${name}\r\n`);
    if (index !== 2) {
      expect(await client.command('XCLIENT ADDR=192.0.2.7')).toMatch(/^220 /);
      expect(await client.command('NOOP')).toBe(`250 ${name} ${name}\r\n`);
    }
    client.socket.end('QUIT\r\n');
  });

  it('tell the log which one a client came to', async () => {
    const told: unknown[] = [];
    const stop = server.log.bus.on('link-connect', (fields) => void told.push({ ...fields }));
    for (const index of [1, 3]) (await at(index)).socket.end('QUIT\r\n');
    stop();
    expect(told).toEqual([
      { client: '127.0.0.1', port: expect.any(Number), listener: 'Submission-2' },
      { client: '127.0.0.1', port: expect.any(Number) },
    ]);
  });
});

describe('flag auth-required', () => {
  it('lets nobody send who has not authenticated, and no hook hear of it', async () => {
    const client = await at(1);
    expect(await client.command('MAIL FROM:<a@b.example>')).toMatch(/^503 /);
    expect(await client.command('EHLO c.example')).toMatch(/^250-[\s\S]*AUTH PLAIN/);
    for (const line of [
      'MAIL FROM:<a@b.example>',
      'mail from:<>',
      'MAIL FROM:<a@b.example> SIZE=1',
      'MAIL',
    ]) {
      expect([line, await client.command(line)]).toEqual([line, REQUIRED]);
    }
    expect(await client.command('RCPT TO:<c@d.example>')).toMatch(/^503 /);
    expect(await client.command('DATA')).toMatch(/^503 /);
    expect(await client.command(auth('wrong'))).toMatch(/^535 /);
    expect(await client.command('MAIL FROM:<a@b.example>')).toBe(REQUIRED);
    expect(await client.command('HELP')).toBe('214 nil\r\n');
    expect(await client.command(auth('right'))).toMatch(/^235 /);
    expect(await client.command('MAIL FROM:<a@b.example>')).toMatch(/^250 /);
    expect(await client.command('RSET')).toMatch(/^250 /);
    expect(await client.command('EHLO c.example')).toMatch(/^250-/);
    expect(await client.command('MAIL FROM:<a@b.example>')).toMatch(/^250 /);
    client.socket.end('QUIT\r\n');
  });

  it('goes by who the client is now: another one, named by XCLIENT, has not authenticated', async () => {
    const client = await at(1);
    await client.command('EHLO c.example');
    expect(await client.command(auth('right'))).toMatch(/^235 /);
    expect(await client.command('XCLIENT ADDR=192.0.2.7 LOGIN=[UNAVAILABLE]')).toMatch(/^220 /);
    await client.command('EHLO c.example');
    expect(await client.command('MAIL FROM:<a@b.example>')).toBe(REQUIRED);
    expect(await client.command('XCLIENT LOGIN=bob')).toMatch(/^220 /);
    await client.command('EHLO c.example');
    expect(await client.command('MAIL FROM:<a@b.example>')).toMatch(/^250 /);
    client.socket.end('QUIT\r\n');
  });

  it('is of its listener only', async () => {
    for (const index of [0, 3]) {
      const client = await at(index);
      await client.command('EHLO c.example');
      expect(await client.command('MAIL FROM:<a@b.example>')).toMatch(/^250 /);
      client.socket.end('QUIT\r\n');
    }
  });
});

describe('an option of a listener', () => {
  const listen = 'own=127.0.0.1:0 plain=127.0.0.1:0';
  /** Two clients of it, one after the other: what each is told at first and to these lines. */
  async function asked(
    site: WholeServer,
    index: number,
    ...lines: readonly string[]
  ): Promise<readonly string[]> {
    const port = site.server.endpoints[index]?.port ?? 0;
    const told: string[] = [];
    const clients: SmtpClient[] = [];
    for (const _ of [1, 2]) {
      const client = await SmtpClient.connect(port);
      clients.push(client);
      told.push((await client.reply()).slice(0, 3));
      for (const line of lines) told.push((await client.command(line)).slice(0, 3));
    }
    for (const client of clients) client.destroy();
    return told;
  }

  it.each<readonly [string, readonly string[], readonly string[], readonly string[]]>([
    [
      'limit-line-length=512',
      [`NOOP ${'x'.repeat(600)}`],
      ['220', '500', '220', '500'],
      ['220', '250', '220', '250'],
    ],
    [
      'smtp-xclient-hosts=127.0.0.1',
      ['XCLIENT NAME=a.example'],
      ['220', '220', '220', '220'],
      ['220', '502', '220', '502'],
    ],
    ['limit-client-connections=1', [], ['220', '421'], ['220', '220']],
    ['limit-connections=1', [], ['220', '421'], ['220', '220']],
    ['rate-client=1', [], ['220', '421'], ['220', '220']],
    [
      'smtp-max-size=5',
      ['EHLO c', 'MAIL FROM:<a@b.example> SIZE=9'],
      ['220', '250', '552', '220', '250', '552'],
      ['220', '250', '250', '220', '250', '250'],
    ],
  ])('is that of its listener only: own.%s', async (option, lines, own, plain) => {
    const [name = '', value = ''] = option.split('=');
    const site = await WholeServer.start({ options: { 'smtp-listen': listen, [`own.${name}`]: value } });
    expect(await asked(site, 0, ...lines)).toEqual(own);
    await expect.poll(() => site.holdings().then(({ connections }) => connections)).toBe(0);
    expect(await asked(site, 1, ...lines)).toEqual(plain);
    await site.stop();
  });

  it('with less than the others have leaves the rest to them, as the count is one', async () => {
    const site = await WholeServer.start({
      options: { 'smtp-listen': listen, 'limit-connections': '3', 'own.limit-connections': '2' },
    });
    const told: string[] = [];
    const clients: SmtpClient[] = [];
    for (const index of [0, 1, 0, 1, 1]) {
      const client = await SmtpClient.connect(site.server.endpoints[index]?.port ?? 0);
      clients.push(client);
      told.push((await client.reply()).slice(0, 3));
    }
    expect(told).toEqual(['220', '220', '421', '220', '421']);
    for (const client of clients) client.destroy();
    await site.stop();
  });

  it('is what a policy sees of any of them, and can change for its connection', async () => {
    const site = await WholeServer.start({
      policy: `
        function hook.noop()
          local seen = smtpe.getoption('smtp-max-size') .. ' ' .. smtpe.getoption('limit-connections')
          smtpe.setoption('smtp-max-size', '9')
          local ok, wrong = pcall(smtpe.setoption, 'own.smtp-max-size', '1')
          return '250 ' .. seen .. ' ' .. smtpe.getoption('smtp-max-size') .. ' ' .. tostring(ok) .. ' ' .. wrong:gsub('[\\r\\n].*', '')
        end`,
      options: { 'smtp-listen': listen, 'own.smtp-max-size': '5', 'own.limit-connections': '77' },
    });
    const told: string[] = [];
    for (const index of [0, 1, 0]) {
      const client = await SmtpClient.connect(site.server.endpoints[index]?.port ?? 0);
      await client.reply();
      told.push(await client.command('NOOP'));
      client.destroy();
    }
    const wrong = / 9 false .*what a listener has of its own is set in the option file/;
    expect(told).toEqual([
      expect.stringMatching(new RegExp(`^250 5 77${wrong.source}`)),
      expect.stringMatching(new RegExp(`^250 52428800 10000${wrong.source}`)),
      expect.stringMatching(new RegExp(`^250 5 77${wrong.source}`)),
    ]);
    await site.stop();
  });
});
