// Nothing that was found out about one sender is left for the next in the same connection: not over a second message, RSET, EHLO or XCLIENT,
// whatever of it was asked, written or asked to be signed before.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { makeKey, signed } from '../fakes/mail-auth.ts';
import { onTheWire, type SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const key = makeKey('rsa', 2048);

/** Whatever is known, as NOOP and the reply to the dot show it; what is forwarded stands behind `#`, line ends as `|`. */
const policy = `
  local said, isGood = '', false
  local function known()
    local sender, signatures, verdict = spf.check(), dkim.verify(), dmarc.check()
    local text = auth.results { spf = sender, dkim = signatures, dmarc = verdict, arc = arc.verify(), auth = true, iprev = true }
    local who, why = auth.author()
    return (text .. ' author=' .. tostring(who) .. '/' .. tostring(why) .. ' org=' .. tostring(verdict.organisation)):gsub('%s+', ' ')
  end
  function hook.mail(sender)
    isGood = sender == 'a@good.test'
    spf.check()
  end
  function hook.noop()
    -- Before the dot there is no message to be judged, only its sender.
    local ok, text = pcall(known)
    return '250 2.0.0 ' .. (ok and text or spf.check().result .. ' ' .. spf.check().domain)
  end
  function hook.rset() end
  function hook.dot()
    said = known()
    if isGood then
      auth.add { spf = spf.check(), dkim = dkim.verify(), dmarc = dmarc.check() }
      dkim.sign { domain = 'ours.test', selector = 'sel', key = [[${key.pem}]] }
    end
  end
  function hook.forward(path)
    local file = assert(io.open(path, 'rb'))
    local text = file:read('*a')
    file:close()
    return '250 2.0.0 ' .. said .. '#' .. text:gsub('\\r\\n', '|'):gsub('[^ -~]', '?')
  end`;

let dns: FakeDnsServer;
beforeAll(async () => {
  dns = await FakeDnsServer.start([
    'good.test TXT 300 v=spf1 ip4:192.0.2.1 -all',
    '_dmarc.good.test TXT 300 v=DMARC1; p=reject',
    `sel._domainkey.good.test TXT 300 ${key.record}`,
    'first.test TXT 300 v=spf1 ip4:192.0.2.1 -all',
    'second.test TXT 300 v=spf1 ?all',
  ]);
});
afterAll(() => dns.close());

async function talk(work: (to: SmtpClient, whole: WholeServer) => Promise<void>): Promise<void> {
  const whole = await WholeServer.start({
    policy,
    options: {
      'dns-servers': dns.address,
      'host-name': 'mx.example.com',
      'smtp-xclient-hosts': '127.0.0.1',
    },
  });
  try {
    const to = await whole.greeted();
    await comesFrom(to, '192.0.2.1', 'LOGIN=alice');
    expect(await to.command('EHLO first.test')).toMatch(/^250/);
    await work(to, whole);
    to.destroy();
    await whole.quiet();
    expect(whole.said(/^(?:warn|err|crit)/)).toEqual([]);
  } finally {
    await whole.stop();
  }
}

async function comesFrom(to: SmtpClient, address: string, more = ''): Promise<void> {
  await to.command('EHLO proxy.test');
  expect(await to.command(`XCLIENT ADDR=${address} NAME=[UNAVAILABLE] ${more}`.trim())).toMatch(/^220/);
}

async function begin(to: SmtpClient, sender: string): Promise<void> {
  expect(await to.command(`MAIL FROM:<${sender}>`)).toMatch(/^250/);
  expect(await to.command('RCPT TO:<b@example.net>')).toMatch(/^250/);
}

async function send(to: SmtpClient, sender: string, message: string): Promise<string> {
  await begin(to, sender);
  await to.command('DATA');
  to.write(onTheWire(Buffer.from(message, 'latin1')));
  return (await to.reply()).replace(/^250 2\.0\.0 |\r\n$/g, '');
}

const vouched = (): Promise<string> =>
  signed('From: a@good.test\r\nSubject: x\r\n\r\ntext\r\n', {
    key: key.key,
    domain: 'good.test',
    now: Math.floor(Date.now() / 1000),
  });

/** What is known of the first message. */
const first =
  /^mx\.example\.com; spf=pass smtp\.mailfrom=good\.test; dkim=pass header\.d=good\.test .*; dmarc=pass policy\.dmarc=reject header\.from=good\.test; arc=none; iprev=permerror policy\.iprev=192\.0\.2\.1; auth=pass smtp\.auth=alice author=good\.test\/a@good\.test org=good\.test#DKIM-Signature: .*d=ours\.test.*Authentication-Results: mx\.example\.com;\|\?spf=pass/;

const idle = (spf: string, rest: string): string =>
  `250 2.0.0 mx.example.com; ${spf}; dkim=none; dmarc=permerror; arc=none; ${rest} author=nil/no_author org=nil\r\n`;
const alice = 'iprev=permerror policy.iprev=192.0.2.1; auth=pass smtp.auth=alice';

/** What the second message of a connection is known by. */
const second = (from: string): string =>
  `mx.example.com; spf=neutral smtp.mailfrom=second.test; dkim=none; dmarc=none header.from=second.test; arc=none; ${from} author=second.test/b@second.test org=second.test#From: b@second.test||text|`;
const other = 'From: b@second.test\r\n\r\ntext\r\n';

describe('nothing is left of a message', () => {
  it('for the next one', () =>
    talk(async (to) => {
      expect(await send(to, 'a@good.test', await vouched())).toMatch(first);
      expect(await to.command('NOOP')).toBe(idle('spf=pass smtp.helo=first.test', alice));
      expect(await send(to, 'b@second.test', other)).toBe(second(alice));
      expect(await send(to, 'a@good.test', await vouched())).toMatch(first);
    }));

  it.each([
    ['RSET', 'RSET', 'spf=pass smtp.helo=first.test'],
    ['EHLO', 'EHLO second.test', 'spf=neutral smtp.helo=second.test'],
    ['HELO', 'HELO second.test', 'spf=neutral smtp.helo=second.test'],
  ])('that %s ends', (_, command, spf) =>
    talk(async (to) => {
      expect(await send(to, 'a@good.test', await vouched())).toMatch(first);
      await begin(to, 'a@good.test');
      expect(await to.command('NOOP')).toBe('250 2.0.0 pass good.test\r\n');
      expect(await to.command(command)).toMatch(/^250/);
      expect(await to.command('NOOP')).toBe(idle(spf, alice));
      expect(await send(to, 'b@second.test', other)).toBe(second(alice));
    }),
  );

  it('when XCLIENT says that another client speaks', () =>
    talk(async (to) => {
      expect(await send(to, 'a@good.test', await vouched())).toMatch(first);
      await comesFrom(to, '198.51.100.9', 'LOGIN=[UNAVAILABLE]');
      const nobody = 'iprev=permerror policy.iprev=198.51.100.9; auth=none';
      expect(await to.command('NOOP')).toBe(idle('spf=none', nobody));
      expect(await to.command('EHLO first.test')).toMatch(/^250/);
      expect(await to.command('NOOP')).toBe(idle('spf=fail smtp.helo=first.test', nobody));
      expect(await send(to, 'b@second.test', other)).toBe(second(nobody));
      expect(await send(to, 'a@good.test', 'From: a@good.test\r\n\r\n')).toMatch(
        /^mx\.example\.com; spf=fail smtp\.mailfrom=good\.test; dkim=none; dmarc=fail policy\.dmarc=reject /,
      );
    }));
});
