// dkim.verify, arc.verify and dkim.sign as a policy in the running server calls them: the suites over SMTP, with a name server; when they may be
// asked, what they judge, what is signed, and what is left of them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { type Forwarded, forwardedBy } from '../fakes/forwarded.ts';
import {
  makeKey,
  sealed,
  signed,
  specTime,
  type TxtTable,
  takeIn,
  verifiedDkim,
  zoneOf,
} from '../fakes/mail-auth.ts';
import { ownSuite, sharedSuite } from '../fakes/shared-suites.ts';
import { onTheWire, type SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

/** The results go back to the client. */
const policy = `
function hook.dot()
  local list = {}
  for i, signature in ipairs(dkim.verify()) do
    list[i] = signature.result .. ' ' .. signature.cause
  end
  local chain = arc.verify()
  said = (#list == 0 and 'none' or table.concat(list, ',')) .. '; ' .. chain.result
end
function hook.forward() return '250 2.0.0 ' .. said end
`;

let now = specTime;
let dns: FakeDnsServer;
let server: WholeServer;
let client: SmtpClient;

beforeAll(async () => {
  dns = await FakeDnsServer.start();
  server = await WholeServer.start({
    policy,
    options: { 'dns-servers': dns.address, 'dns-cache-size': '0', 'limit-body-line': '2000000' },
    clock: { ...systemClock, now: () => now * 1000 },
  });
  client = await server.greeted();
  await client.command('EHLO client.example');
});
afterAll(async () => {
  client.destroy();
  await server.stop();
  await dns.close();
});

async function send(message: string, txt: TxtTable, to = client): Promise<string> {
  dns.setZone(zoneOf(txt));
  await to.command('MAIL FROM:<a@example.com>');
  await to.command('RCPT TO:<b@example.net>');
  await to.command('DATA');
  to.write(onTheWire(Buffer.from(message, 'latin1')));
  return (await to.reply()).replace(/^250 2\.0\.0 |\r\n$/g, '');
}

const openDkim = sharedSuite<{ txt: TxtTable; cases: readonly Case[] }>('dkim-opendkim');
const chains = sharedSuite<{
  scenarios: readonly { txt: TxtTable; tests: readonly { name: string; message: string; cv: string }[] }[];
}>('arc-valimail-verify');

interface Case {
  readonly name: string;
  readonly message: string;
  readonly result: readonly string[];
}

/** What SMTP takes as it is: whole lines, no bare CR or LF. */
const isMail = ({ message }: { readonly message: string }): boolean =>
  message.endsWith('\r\n') && !/\r(?!\n)|(?<!\r)\n/.test(message);

describe('the suites over SMTP', () => {
  const own = ownSuite<{ cases: readonly (Case & { txt: TxtTable; time: number })[] }>(
    'dkim-cases',
  ).cases.filter(isMail);

  it('lose only what is no mail', () => {
    expect(own.length).toBe(84);
  });

  it.each(own)('$name', async ({ message, txt, time, result }) => {
    now = time;
    const [said = ''] = (await send(message, txt)).split(';');
    expect(result).toContain(said.replace(/ [a-z_]+/g, ''));
  });

  describe.skipIf(openDkim === undefined)('OpenDKIM (SMTPE_SHARED/suites/dkim-opendkim)', () => {
    const { txt, cases } = openDkim ?? { txt: {}, cases: [] };
    it.each(cases.filter(isMail))('$name', async ({ message, result }) => {
      const [said = ''] = (await send(message, txt)).split(';');
      expect(result).toContain(said.replace(/ [a-z_]+/g, ''));
    });
  });

  describe.skipIf(chains === undefined)('ARC (SMTPE_SHARED/suites/arc-valimail-verify)', () => {
    const all = (chains?.scenarios ?? []).flatMap(({ txt, tests }) =>
      tests.map((test) => ({ ...test, txt })),
    );
    it.each(all.filter(isMail))('$name', async ({ message, cv, txt }) => {
      expect(await send(message, txt)).toMatch(new RegExp(`; ${cv === '' ? 'fail' : cv}$`));
    });
  });
});

describe('a policy', () => {
  const rsa = makeKey('rsa');
  const txt = { 'sel._domainkey.example.com': rsa.record, 'sel._domainkey.example.org': rsa.record };
  const mail =
    'From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\nDate: today\r\n\r\nsome text\r\n';

  async function withPolicy(
    text: string,
    message: string,
    options: Record<string, string> = {},
  ): Promise<string> {
    now = specTime;
    dns.setZone(zoneOf(txt));
    const whole = await WholeServer.start({
      policy: text,
      options: { 'dns-servers': dns.address, 'dns-cache-size': '0', ...options },
      clock: { ...systemClock, now: () => now * 1000 },
    });
    try {
      const other = await whole.greeted();
      await other.command('EHLO client.example');
      const said = await send(message, txt, other);
      other.destroy();
      await whole.quiet();
      expect((await whole.settled()).files).toEqual([]);
      expect(whole.said(/^(?:warn|err)/)).toEqual([]);
      return said;
    } finally {
      await whole.stop();
    }
  }

  it('gets every field', async () => {
    const message = await signed(mail, { key: rsa.key, expire: 60, identity: '@Sub.example.com' });
    const said = await withPolicy(
      `function hook.dot()
        local s = dkim.verify()[1]
        said = table.concat({ s.result, s.cause, s.domain, s.selector, s.identity, s.algorithm, s.bits, tostring(s.testing),
          s.unsigned_bytes, #s.signed_headers, s.signed_headers[1], s.time, s.expires, #s.b }, ' ')
        assert(s.result == dkim.result.PASS and s.cause == dkim.cause.OK)
      end
      function hook.forward() return '250 2.0.0 ' .. said end`,
      message,
    );
    expect(said).toBe(
      `pass ok example.com sel @sub.example.com rsa-sha256 1024 false 0 8 from ${specTime} ${specTime + 60} 8`,
    );
  });

  it('judges what was received, and gets the same again, also behind hook.dot', async () => {
    const message = await sealed(await signed(mail, { key: rsa.key }), { key: rsa.key }, { txt });
    const said = await withPolicy(
      `function hook.dot()
        header.modify('Subject', 1, 'changed')
        header.delete('DKIM-Signature')
        local first = dkim.verify()
        assert(dkim.verify()[1].b == first[1].b)
        local chain = arc.verify()
        said = first[1].result .. ' ' .. chain.result .. ' ' .. chain.instance .. ' ' .. chain.oldest_pass .. ' ' .. chain.sealers[1].domain
      end
      function hook.forward() return '250 2.0.0 ' .. said .. ' ' .. dkim.verify()[1].result .. ' ' .. arc.verify().result end`,
      message,
    );
    expect(said).toBe('pass pass 1 0 example.org pass pass');
  });

  it('asks for a key once, whatever it asks', async () => {
    const before = dns.queries.length;
    const message = await signed(await signed(mail, { key: rsa.key }), { key: rsa.key });
    const said = await withPolicy(
      `function hook.dot() dkim.verify() dkim.verify() arc.verify() end
       function hook.forward() return '250 2.0.0 done' end`,
      message,
    );
    expect(said).toBe('done');
    expect(dns.queries.length - before).toBe(1);
  });

  it('may not ask before hook.dot, nor first behind it', async () => {
    const early = await withPolicy(
      `local mail, body, late
       function hook.mail() mail = select(2, pcall(dkim.verify)) end
       function hook.body() body = select(2, pcall(arc.verify)) end
       function hook.forward()
         late = select(2, pcall(dkim.verify))
         for _, text in ipairs { mail, body, late } do assert(text:find('ask first in hook.dot', 1, true), text) end
         return '250 2.0.0 ' .. #{ mail, body, late }
       end
       function hook.noop() end`,
      mail,
    );
    expect(early).toBe('3');
  });

  it('is told of a word that does not exist, in every table of words', async () => {
    const said = await withPolicy(
      `local n = 0
       local function check(name, t)
         for _ = 1, 2 do
           local ok, e = pcall(function() return t.XYZ end)
           assert(not ok and e:find('^[^:]+:%d+: ' .. name .. ' has no XYZ$'), e)
           assert(not pcall(function() return t[1] end) and not pcall(function() return t[{}] end))
           assert(rawget(t, 'XYZ') == nil)
           t.XYZ = nil
           -- The second time all of the table has been looked at.
           for word, value in pairs(t) do assert(value == word:lower() and t[word] == value) end
         end
         t.OWN = 'own'
         assert(t.OWN == 'own')
         n = n + 1
       end
       function hook.dot()
         check('dkim.result', dkim.result)
         check('dkim.cause', dkim.cause)
         check('arc.result', arc.result)
         check('spf.result', spf.result)
         check('dmarc.result', dmarc.result)
         assert(dns.type.XYZ == nil and service.http.code[1] == nil)
       end
       function hook.forward() return '250 2.0.0 ' .. n end`,
      mail,
    );
    expect(said).toBe('5');
  });

  it('has nothing outside a transaction', async () => {
    const said = await withPolicy(
      `local n
       function hook.ehlo() n = #dkim.verify() .. arc.verify().result end
       function hook.forward() return '250 2.0.0 ' .. n end`,
      mail,
    );
    expect(said).toBe('0none');
  });

  it('has nothing of the message before', async () => {
    now = specTime;
    expect(await send(await signed(mail, { key: rsa.key }), txt)).toBe('pass ok; none');
    expect(await send(mail, txt)).toBe('none; none');
    expect(await send(await sealed(mail, { key: rsa.key }, { txt }), txt)).toBe('none; pass');
  });

  it('reads a message on disk as one in memory', async () => {
    now = specTime;
    const large = `${mail}${'some words in a line\r\n'.repeat(50_000)}`;
    expect(await send(await signed(large, { key: rsa.key }), txt)).toBe('pass ok; none');
    expect(await send((await signed(large, { key: rsa.key })).replace('words', 'WORDS'), txt)).toBe(
      'fail body_changed; none',
    );
  });

  it('gets temperror when nobody answers within dkim-timeout, and nothing is left', async () => {
    const silent = await FakeDnsServer.start();
    silent.script(() => true, ...Array.from({ length: 20 }, () => ({ kind: 'drop' }) as const));
    try {
      const message = await signed(mail, { key: rsa.key });
      const said = await withPolicy(policy, message, { 'dns-servers': silent.address, 'dkim-timeout': '1' });
      expect(said).toBe('temperror dns; none');
    } finally {
      await silent.close();
    }
  });

  it.each([
    ['in the hook', policy],
    [
      'behind it, where a seal waits for the chain',
      `function hook.dot() arc.seal{ domain = 'example.com', selector = 'sel', key = [[${rsa.pem}]] } end`,
    ],
  ])('is cut off when the client goes, and nothing is left: %s', async (_, text) => {
    const silent = await FakeDnsServer.start();
    silent.script(() => true, ...Array.from({ length: 20 }, () => ({ kind: 'drop' }) as const));
    const hop = await NextHop.start();
    const options = { 'dns-servers': silent.address, 'smtp-smart-host': hop.target };
    const whole = await WholeServer.start({ policy: text, options });
    const chain = await sealed(mail, { key: rsa.key }, { txt: {} });
    try {
      const before = await whole.settled();
      const other = await whole.greeted();
      for (const line of ['EHLO x', 'MAIL FROM:<a@example.com>', 'RCPT TO:<b@example.net>', 'DATA'])
        await other.command(line);
      other.write(onTheWire(Buffer.from(await signed(chain, { key: rsa.key }), 'latin1')));
      await silent.seen(1);
      other.socket.resetAndDestroy();
      await whole.quiet();
      expect(await whole.backTo(before)).toEqual(before);
      expect(hop.connections.flatMap(({ contents }) => contents)).toEqual([]);
    } finally {
      await whole.stop();
      await hop.close();
      await silent.close();
    }
  });
});

describe('dkim.sign', () => {
  const rsa = makeKey('rsa', 2048);
  const ed = makeKey('ed25519');
  const txt = { 'rsa._domainkey.example.com': rsa.record, 'ed._domainkey.example.com': ed.record };
  const mail =
    'From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\nDate: today\r\n\r\n.some text\r\n';

  const forwarded = (dot: string, message = mail, options: Record<string, string> = {}): Promise<Forwarded> =>
    forwardedBy(dot, message, { options, files: { 'rsa.pem': rsa.pem, 'ed.pem': ed.pem } });

  it('signs what all edits have made of the message; the first one stands highest', async () => {
    const { reply, file } = await forwarded(
      `dkim.sign{ domain = 'example.com', selector = 'rsa', key = keys .. 'rsa.pem', identity = 'x@example.com', expire = 60 }
       header.modify('Subject', 1, 'changed')
       dkim.sign{ domain = 'example.com', selector = 'ed', key = keys .. 'ed.pem', canonicalization = 'simple/simple' }
       header.insert('X-First: 1')`,
    );
    expect(reply).toBe('ok');
    expect(file).toMatch(
      /^DKIM-Signature: .*s=rsa;.*DKIM-Signature: .*s=ed;.*X-First: 1\r\nFrom: .*Subject: changed/s,
    );
    expect(file.endsWith('\r\n\r\n.some text\r\n')).toBe(true);
    expect(await verifiedDkim(takeIn(file), { txt })).toMatchObject([
      { result: 'pass', selector: 'rsa', identity: 'x@example.com', expires: specTime + 60 },
      { result: 'pass', selector: 'ed', algorithm: 'ed25519-sha256' },
    ]);
  });

  it('signs a large message, on disk, and one whose body the policy has written', async () => {
    const large = `${mail}${'some words in a line\r\n'.repeat(50_000)}`;
    const sign = `dkim.sign{ domain = 'example.com', selector = 'rsa', key = keys .. 'rsa.pem' }`;
    const { file } = await forwarded(sign, large);
    expect(file.length).toBeGreaterThan(large.length);
    expect(await verifiedDkim(takeIn(file), { txt })).toMatchObject([{ result: 'pass' }]);
    const written = await forwarded(
      `${sign}
       local file = assert(io.open(path, 'ab'))
       file:write('-- \\r\\nfooter\\r\\n')
       file:close()`,
    );
    expect(written.file).toContain('footer');
    expect(await verifiedDkim(takeIn(written.file), { txt })).toMatchObject([{ result: 'pass' }]);
  });

  it('warns once of a key that is short', async () => {
    const short = makeKey('rsa', 1024).pem.trim().replaceAll('\n', '\\n');
    const sign = `dkim.sign{ domain = 'example.com', selector = 'short', key = '${short}' }`;
    const { reply, said } = await forwarded(`${sign} ${sign}`);
    expect(reply).toBe('ok');
    expect(said.map((line) => line.slice(0, 48))).toEqual([
      'warning an RSA key of 1024 bits signs: take 2048',
    ]);
  });

  it('signs no message that is refused', async () => {
    const { reply, file } = await forwarded(
      `dkim.sign{ domain = 'example.com', selector = 'rsa', key = keys .. 'rsa.pem' } return '550 5.7.1 no'`,
    );
    expect([reply, file]).toEqual(['550 5.7.1 no', '']);
  });

  it.each([
    ['451', /^451 4\.3\.0 /, 0],
    ['unsigned', /^ok$/, mail.length],
  ])('a signature that cannot be made, dkim-sign-failure=%s', async (word, answer, length) => {
    const many = `${'To: x\r\n'.repeat(1000)}${mail}`;
    const { reply, file, said } = await forwarded(
      `dkim.sign{ domain = 'example.com', selector = 'rsa', key = keys .. 'rsa.pem' }`,
      many,
      { 'dkim-sign-failure': word },
    );
    expect(reply).toMatch(answer);
    expect(file).toBe(length === 0 ? '' : many);
    expect(said.join('')).toContain('could not be signed');
  });

  it('raises an error for what an author has written wrongly', async () => {
    const good = `domain = 'example.com', selector = 's', key = keys .. 'rsa.pem'`;
    const wrong = {
      "'x'": 'takes a table',
      '{}': 'needs a domain',
      "{ domain = 'example.com' }": 'needs a selector',
      "{ domain = 'example.com', selector = 's' }": 'needs a key',
      "{ domain = 'example.com', selector = 's', key = '/nowhere.pem' }": 'ENOENT',
      "{ domain = 'example.com', selector = 's', key = '/etc/hostname' }": 'is no private key',
      "{ domain = 'a b', selector = 's', key = keys .. 'rsa.pem' }": 'domain is no domain name',
      [`{ ${good}, body_length = 1 }`]: 'knows no body_length',
      [`{ ${good}, canonicalization = 'x' }`]: 'relaxed/relaxed',
      [`{ ${good}, headers = 'From' }`]: 'array of header names',
      [`{ ${good}, headers = { 'a b' } }`]: 'names of headers',
      [`{ ${good}, expire = '1' }`]: 'has to be a number',
      [`{ ${good}, identity = 'x@other.example' }`]: 'identity',
    };
    const tests = Object.entries(wrong).map(
      ([table, text]) =>
        `do local ok, e = pcall(dkim.sign, ${table}) assert(not ok and tostring(e):find('${text}', 1, true), tostring(e)) end`,
    );
    const { reply, said } = await forwarded(tests.join('\n'));
    expect(said).toEqual([]);
    expect(reply).toBe('ok');
  });

  it('signs in hook.dot only, ten times at most', async () => {
    const { reply, said } = await forwarded(
      `local sign = { domain = 'example.com', selector = 'rsa', key = keys .. 'rsa.pem' }
       for i = 1, 10 do dkim.sign(sign) end
       assert(not pcall(dkim.sign, sign))
       hook.forward = function () return pcall(dkim.sign, sign) and '550 5.0.0 signed' or '250 2.0.0 ok' end`,
    );
    expect([reply, said]).toEqual(['ok', []]);
  });
});
