// What verifiers judge is what was received, whatever the policy has made of the message before it asks: its file written to, its headers
// edited, another message of a service in its place. A policy that nobody expected to ask gets that, or an error; never another verdict.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { spamdReply, startSpamd } from '../../src/bench/ports/spamd-server.ts';
import { makeKey, signed } from '../fakes/mail-auth.ts';
import { onTheWire } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const key = makeKey('rsa', 2048);

let dns: FakeDnsServer;
beforeAll(async () => {
  dns = await FakeDnsServer.start([`sel._domainkey.good.test TXT 300 ${key.record}`]);
});
afterAll(() => dns.close());

/** The signature says `result`: the first word of what the policy says at the dot. */
async function verdict(
  hooks: string,
  more: { body?: string; options?: Record<string, string> } = {},
): Promise<string> {
  const whole = await WholeServer.start({
    policy: `
      local said = ''
      local function judge(name)
        local results = _G[name].verify()
        return results[1] and results[1].result .. ' ' .. tostring(results[1].cause) or 'nothing'
      end
      ${hooks}
      function hook.forward() return '250 2.0.0 ' .. said end`,
    options: { 'dns-servers': dns.address, ...more.options },
  });
  try {
    const to = await whole.greeted();
    for (const line of ['EHLO a.test', 'MAIL FROM:<a@good.test>', 'RCPT TO:<b@example.net>', 'DATA'])
      expect(await to.command(line)).toMatch(/^[23]/);
    const message = await signed(`From: a@good.test\r\nSubject: x\r\n\r\n${more.body ?? 'text\r\n'}`, {
      key: key.key,
      domain: 'good.test',
      now: Math.floor(Date.now() / 1000),
    });
    to.write(onTheWire(Buffer.from(message, 'latin1')));
    const reply = await to.reply();
    to.destroy();
    await whole.quiet();
    return reply.trimEnd();
  } finally {
    await whole.stop();
  }
}

const spoil = `local function spoil(path)
  local file = assert(io.open(path, 'wb'))
  file:write('Subject: other\\r\\n\\r\\nother\\r\\n')
  file:close()
end`;
const long = 'some words in a line\r\n'.repeat(20_000);

describe('a policy that names a verifier', () => {
  it.each([
    ['before anything', ''],
    ['after it wrote the file', 'spoil(path)'],
    ['after a command wrote the file', 'os.execute("echo other > " .. path)'],
    ['after it removed a signed header', "header.delete('Subject')"],
    ['after it added a header above', "header.insert('Subject: second', 1)"],
  ])('gets the verdict about what was received: %s', async (_, change) => {
    const hooks = `${spoil} function hook.dot(path) ${change} said = judge('dkim') end`;
    expect(await verdict(hooks)).toBe('250 2.0.0 pass ok');
    expect(await verdict(hooks, { body: long, options: { 'spool-memory': '1000' } })).toBe(
      '250 2.0.0 pass ok',
    );
  });

  it('gets it after a service has put another message in its place', async () => {
    const server = await startSpamd(() => spamdReply(false, 1, 'X-Y: 1\r\n\r\nz\r\n'));
    expect(
      await verdict(`function hook.dot(path)
        assert(service.spamd(path, '${server.host}', 'PROCESS'))
        service.wait()
        said = judge('dkim')
      end`),
    ).toBe('250 2.0.0 pass ok');
    await server.close();
  });
});

describe('a policy whose text names none', () => {
  const hidden = (change: string): string =>
    `${spoil} function hook.dot(path) ${change} local ok, text = pcall(judge, 'dk' .. 'im') said = text:gsub('^.-: ', '') end`;

  it.each([
    ['before anything', ''],
    ['after it removed a signed header', "header.delete('Subject')"],
    ['after it only read the file', "local file = io.open(path) file:read('*a') file:close()"],
  ])('gets the verdict about what was received: %s', async (_, change) => {
    expect(await verdict(hidden(change))).toBe('250 2.0.0 pass ok');
    expect(await verdict(hidden(change), { body: long })).toBe('250 2.0.0 pass ok');
  });

  it('gets an error after it wrote the file', async () => {
    expect(await verdict(hidden('spoil(path)'))).toMatch(
      /^250 2\.0\.0 .*the message is not as it was received any more/,
    );
  });
});
