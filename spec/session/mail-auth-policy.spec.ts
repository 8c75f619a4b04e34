// spf.check, dmarc.check and auth.* as a policy in the running server calls them: the suites with a name server, what is asked once, what is left
// of one message for the next, and what goes into the message.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeDnsServer, rcodeAction } from '../../src/bench/ports/dns-server.ts';
import type { SuiteZone, ZoneFaults, ZoneRow } from '../fakes/mail-auth-zone.ts';
import { ownSuite } from '../fakes/shared-suites.ts';
import { onTheWire, type SmtpClient } from '../fakes/smtp-client.ts';
import { rfc7208Cases, type SpfCase } from '../fakes/spf-suites.ts';
import { WholeServer } from '../fakes/whole-server.ts';

/** The arguments come with NOOP, in hexadecimal; the results go back to the client. */
const policy = `
local function plain(hex) return (hex:gsub('%x%x', function(digits) return string.char(tonumber(digits, 16)) end)) end
function hook.noop()
  local ip, helo, sender = client.input:match('^NOOP (%x*)%.(%x*)%.(%x*)$')
  local found = spf.check(plain(ip), plain(helo), plain(sender))
  return '250 2.0.0 ' .. found.result .. '|' .. (found.explanation or 'DEFAULT')
end
function hook.dot()
  local function words(name)
    local list = {}
    for word in (select(2, header.find(name, 1)) or ''):gmatch('[^ ,]+') do list[#list + 1] = word end
    return list
  end
  local domain = words('X-Spf')[1]
  local sender = { result = domain and 'pass' or 'none', scope = 'mfrom', domain = domain or '' }
  local signatures = {}
  for i, name in ipairs(words('X-Dkim')) do signatures[i] = { result = 'pass', cause = 'ok', domain = name } end
  local verdict = dmarc.check(sender, signatures)
  local removed = auth.remove('mx.example.com')
  said = ('%s|%s|%s|%s|%d'):format(verdict.result, verdict.policy, verdict.published, verdict.organisation, removed)
end
function hook.forward() return '250 2.0.0 ' .. said end
`;

let dns: FakeDnsServer;
let server: WholeServer;
let client: SmtpClient;
/** What fails although it is in the zone. */
let fails: (name: string, type: number) => boolean = () => false;

beforeAll(async () => {
  dns = await FakeDnsServer.start();
  dns.script(({ name, type }) => fails(name.toLowerCase(), type), rcodeAction(2));
  server = await WholeServer.start({
    policy,
    options: { 'dns-servers': dns.address, 'dns-cache-size': '0' },
  });
  client = await server.greeted();
  await client.command('EHLO client.example');
});
afterAll(async () => {
  client.destroy();
  await server.stop();
  await dns.close();
});

const numbers = { A: 1, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28 } as const;

function zoneLine(name: string, row: ZoneRow): string {
  const data =
    row.type === 'TXT'
      ? (row.strings ?? []).join('')
      : row.type === 'MX'
        ? `${row.preference} ${row.value}`
        : row.value;
  return `${name} ${row.type} 300 ${data}`;
}

/** What does not answer in the suites answers SERVFAIL here: the same to who asks, and sooner. */
function serve(zone: SuiteZone, { doesNotAnswer = [], serverFailure = [] }: ZoneFaults): void {
  const names = Object.entries(zone).filter(([name]) => !name.includes(' '));
  dns.setZone([
    ...names.flatMap(([name, { records }]) =>
      records.length > 0 ? records.map((row) => zoneLine(name, row)) : [`${name} TYPE65280 300 00`],
    ),
    ...[...doesNotAnswer, ...serverFailure].map((name) => `${name} FAIL 2`),
  ]);
  const partial = new Map(
    names
      .filter(([, { othersTimeOut }]) => othersTimeOut === true)
      .map(([name, { records }]) => [name.toLowerCase(), records.map(({ type }) => numbers[type] as number)]),
  );
  fails = (name, type) => partial.get(name)?.includes(type) === false;
}

describe('the suites of SPF', () => {
  /** A name with blanks is not asked for (dns/name.ts): it does not exist. */
  const givenUp = 'Macro expansion rules: macro-mania-in-domain';

  async function play(test: SpfCase): Promise<void> {
    serve(test.zone, test);
    const before = dns.queries.length;
    const hex = [test.ip, test.helo, test.mailfrom].map((text) =>
      Buffer.from(text, 'latin1').toString('hex'),
    );
    const said = (await client.command(`NOOP ${hex.join('.')}`)).replace(/^250 2\.0\.0 |\r\n$/g, '');
    const [result, explanation] = said.split('|');
    if (test.name === givenUp) return expect(result).toBe('fail');
    expect(test.result).toContain(result);
    if (test.explanation !== undefined) expect(explanation).toBe(test.explanation);
    const asked = new Set(dns.queries.slice(before).map(({ name, type }) => `${type} ${name.toLowerCase()}`));
    expect(asked.size).toBeLessThanOrEqual(test.mostQueries ?? 111);
  }

  const own = ownSuite<{ cases: readonly SpfCase[] }>('spf-cases').cases;
  it.each(own)('$name', play);

  const rfc = rfc7208Cases();
  describe.skipIf(rfc === undefined)('of RFC 7208 (SMTPE_SHARED/suites/spf-rfc7208)', () => {
    it('is all there', () => {
      expect(rfc?.length).toBe(153);
      expect(rfc?.filter(({ name }) => name === givenUp).length).toBe(1);
    });
    it.each(rfc ?? [])('$name', play);
  });
});

async function send(head: string, to = client): Promise<string> {
  await to.command('MAIL FROM:<a@example.com>');
  await to.command('RCPT TO:<b@example.net>');
  await to.command('DATA');
  to.write(onTheWire(Buffer.from(`${head}Subject: x\r\n\r\ntext\r\n`, 'latin1')));
  return (await to.reply()).replace(/^250 2\.0\.0 |\r\n$/g, '');
}

describe('the cases of DMARC', () => {
  interface Case extends ZoneFaults {
    readonly name: string;
    readonly from: string | null;
    readonly spfPass: string | null;
    readonly dkimPass: readonly string[];
    readonly zone: SuiteZone;
    readonly result: readonly string[];
    readonly policy?: string;
    readonly organisationalDomain?: string;
  }
  it.each(ownSuite<{ cases: readonly Case[] }>('dmarc-cases').cases)('$name', async (test) => {
    serve(test.zone, test);
    const head = `${test.from === null ? '' : `From: ${test.from}\r\n`}X-Spf: ${test.spfPass ?? ''}\r\nX-Dkim: ${test.dkimPass.join(',')}\r\n`;
    const [result, policy, published, organisation] = (await send(head)).split('|');
    expect(test.result).toContain(result);
    if (test.policy !== undefined) expect(published).toBe(test.policy);
    expect(policy).toBe(result === 'fail' ? published : 'none');
    if (test.organisationalDomain !== undefined) expect(organisation).toBe(test.organisationalDomain);
  });
});

describe('the cases of Authentication-Results', () => {
  const suite = ownSuite<{ cases: readonly { name: string; header: string; remove: boolean }[] }>(
    'authres-cases',
  );
  it.each(suite.cases)('$name', async ({ header, remove }) => {
    serve({}, {});
    expect((await send(`${header}\r\n`)).split('|').at(-1)).toBe(remove ? '1' : '0');
  });
});

describe('a policy', () => {
  /** The message as it is forwarded, line ends as `|`, goes back to the client. */
  const shown = `function hook.forward(path)
    local file = assert(io.open(path, 'rb'))
    local text = file:read('*a')
    file:close()
    return '250 2.0.0 ' .. text:gsub('\\r\\n', '|'):gsub('[^ -~]', '?')
  end`;

  async function withPolicy(
    text: string,
    talk: (to: SmtpClient, whole: WholeServer) => Promise<void>,
    options: Record<string, string> = {},
  ): Promise<void> {
    fails = () => false;
    const own = { 'dns-servers': dns.address, 'dns-cache-size': '0', 'host-name': 'mx.example.com' };
    const whole = await WholeServer.start({ policy: text, options: { ...own, ...options } });
    try {
      const to = await whole.greeted();
      await to.command('EHLO h.example');
      await talk(to, whole);
      to.destroy();
      await whole.quiet();
      expect((await whole.settled()).files).toEqual([]);
      expect(whole.said(/^(?:warn|err)|internal/)).toEqual([]);
    } finally {
      await whole.stop();
    }
  }

  it('asks once in a transaction, and anew in the next', async () => {
    dns.setZone(['example.com TXT 300 v=spf1 -all', 'h.example TXT 300 v=spf1 +all']);
    const text = `
      function hook.helo() end
      function hook.mail() spf.check() said = spf.check().result end
      function hook.rcpt() assert(spf.check().scope == 'mfrom' and spf.check(nil, nil, '').scope == 'helo') end
      function hook.dot() said = said .. ' ' .. spf.check().result .. ' ' .. spf.check(nil, nil, '').result end
      function hook.forward() return '250 2.0.0 ' .. said end`;
    await withPolicy(text, async (to) => {
      const before = dns.queries.length;
      expect(await send('From: a@example.com\r\n', to)).toBe('fail fail pass');
      expect(dns.queries.length - before).toBe(2);
      expect(await send('From: a@example.com\r\n', to)).toBe('fail fail pass');
      expect(dns.queries.length - before).toBe(4);
    });
  });

  it('sees the name that is being said in hook.ehlo, and not one that was refused', async () => {
    dns.setZone(['h.example TXT 300 v=spf1 -all', 'good.example TXT 300 v=spf1 +all']);
    const text = `
      function hook.ehlo() if spf.check().result == 'fail' then return '550 5.7.23 ' .. spf.check().domain end end
      function hook.noop() local found = spf.check() return '250 2.0.0 ' .. found.domain .. ' ' .. found.result .. ' ' .. found.scope end`;
    await withPolicy(text, async (to) => {
      expect(await to.command('NOOP')).toBe('250 2.0.0  none helo\r\n');
      expect(await to.command('EHLO good.example')).toMatch(/^250/);
      expect(await to.command('EHLO h.example')).toBe('550 5.7.23 h.example\r\n');
      expect(await to.command('NOOP')).toBe('250 2.0.0 good.example pass helo\r\n');
    });
  });

  it('finds out for DMARC what it is not given', async () => {
    dns.setZone(['example.com TXT 300 v=spf1 +all', '_dmarc.example.com TXT 300 v=DMARC1; p=reject']);
    const text = `
      function hook.eoh() early = dmarc.check().result end
      function hook.dot()
        local verdict = dmarc.check()
        said = table.concat({ early, verdict.result, verdict.spf, verdict.cause, verdict.policy_domain, verdict.record }, ' ')
        assert(verdict.result == dmarc.result.PASS)
      end
      function hook.forward() return '250 2.0.0 ' .. said end`;
    await withPolicy(text, async (to) => {
      expect(await send('From: a@example.com\r\n', to)).toBe(
        'pass pass example.com ok example.com v=DMARC1; p=reject',
      );
    });
  });

  it('is told who wrote the message as it came, whatever it makes of From', async () => {
    const text = `
      function hook.mail() early = select(2, pcall(auth.author)) end
      function hook.dot()
        header.modify('From', 1, 'x@evil.example')
        local domain, address = auth.author()
        said = tostring(domain) .. ' ' .. address .. ' ' .. (early:match('headers are not complete yet') or early)
      end
      function hook.forward() return '250 2.0.0 ' .. said end`;
    await withPolicy(text, async (to) => {
      const early = 'headers are not complete yet';
      expect(await send('From: A <a@example.com>\r\n', to)).toBe(`example.com a@example.com ${early}`);
      expect(await send('fRom : a@example.com\r\nfrom: b@example.org\r\n', to)).toBe(
        `nil several_authors ${early}`,
      );
      expect(await send('From: a@example.com\r\nFrom (x): b@example.org\r\n', to)).toBe(
        `nil syntax ${early}`,
      );
      expect(await send('', to)).toBe(`nil no_author ${early}`);
    });
  });

  const forged =
    'Authentication-Results: mx.example.com; dmarc=pass\r\nAuthentication-Results: other.example; spf=pass\r\nauthentication-results : MX.example.com; x=y\r\n';

  it('writes what it found at the top, and takes out what a stranger wrote in our name', async () => {
    dns.setZone(['example.com TXT 300 v=spf1 +all']);
    const text = `
      function hook.dot()
        auth.add{ spf = spf.check(), dkim = dkim.verify(), iprev = true, auth = true }
        auth.add{ arc = arc.verify() }
      end
      ${shown}`;
    await withPolicy(text, async (to, whole) => {
      expect(await send(forged, to)).toBe(
        'Authentication-Results: mx.example.com;|?arc=none|Authentication-Results: mx.example.com;|?spf=pass smtp.mailfrom=example.com;|?dkim=none;|?iprev=permerror policy.iprev=127.0.0.1;|?auth=none|Authentication-Results: other.example; spf=pass|Subject: x||text|',
      );
      expect(whole.said(/authres/)).toEqual([expect.stringMatching(/^info authres .*"removed":2/)]);
    });
  });

  it.each([
    ['x;dkim=pass', '<>'],
    ['(x', '<"a) dkim=pass (b"@example.com>'],
    ['"x', '<"a;dkim=pass\\"b"@h.example>'],
  ])('writes nothing of HELO %j or the sender %j but names', async (helo, sender) => {
    dns.setZone([]);
    const text = `
      function hook.dot()
        auth.add{ spf = spf.check(), dmarc = dmarc.check(), dkim = dkim.verify(), auth = true }
        local _, value = header.find('Authentication-Results', 1)
        said = {}
        for i, found in ipairs(auth.parse(value).results) do
          said[i] = found.method .. '=' .. found.result
          for name, property in pairs(found.properties) do said[i] = said[i] .. ' ' .. name .. '=' .. property end
        end
      end
      function hook.forward() return '250 2.0.0 ' .. table.concat(said, '; ') end`;
    await withPolicy(text, async (to) => {
      expect(await to.command(`EHLO ${helo}`)).toMatch(/^250/);
      expect(await to.command(`MAIL FROM:${sender}`)).toMatch(/^250/);
      await to.command('RCPT TO:<b@example.net>');
      await to.command('DATA');
      to.write(onTheWire(Buffer.from('From: "x;dkim=pass" <a(b)@example.com>\r\n\r\n', 'latin1')));
      const mailfrom = /@([a-z.]+)>$/.exec(sender)?.[1];
      const domain = mailfrom === undefined ? '' : ` smtp.mailfrom=${mailfrom}`;
      expect(await to.reply()).toBe(
        `250 2.0.0 spf=none${domain}; dkim=none; dmarc=none header.from=example.com; auth=none\r\n`,
      );
    });
  });

  it.each([
    ['authres-remove', '-', 3],
    ['authres-trusted-hosts', '127.0.0.0/8', 3],
    ['authserv-id', 'house.example', 3],
    ['authserv-id', 'other.example', 2],
  ])('with %s=%s', async (name, value, left) => {
    const text = `function hook.dot() auth.add() end\n${shown}`;
    await withPolicy(
      text,
      async (to) => {
        const id = name === 'authserv-id' ? value : 'mx.example.com';
        const said = await send(forged, to);
        expect(said.startsWith(`Authentication-Results: ${id}; none|`)).toBe(true);
        expect(said.match(/authentication-results/gi)?.length).toBe(left + 1);
      },
      { [name]: value },
    );
  });

  it('that writes none leaves them, unless they always go', async () => {
    await withPolicy(shown, async (to) => {
      expect((await send(forged, to)).match(/mx\.example\.com/gi)?.length).toBe(2);
    });
    await withPolicy(
      `function hook.dot() said = header.find('Authentication-Results', 2) == nil end\n${shown}`,
      async (to) => {
        expect(await send(forged, to)).toBe(
          'Authentication-Results: other.example; spf=pass|Subject: x||text|',
        );
      },
      { 'authres-remove': '+' },
    );
  });

  it.each([
    ['by auth.add', 'auth.add()', '', ['none']],
    ['by hand', "header.insert('Authentication-Results: mx.example.com; x-own=pass', 1)", '', ['x-own=pass']],
    [
      'by hand, and by auth.add later',
      "header.insert('Authentication-Results: mx.example.com; x-own=pass', 1)",
      'auth.add()',
      ['none', 'x-own=pass'],
    ],
  ])(
    'keeps what it wrote at the end of the headers %s, and what came goes',
    async (_, atEnd, atDot, kept) => {
      const text = `function hook.eoh() ${atEnd} end function hook.dot() ${atDot} end\n${shown}`;
      const ours = kept.map((value) => `Authentication-Results: mx.example.com; ${value}|`).join('');
      await withPolicy(
        text,
        async (to) => {
          expect(await send(forged, to)).toBe(
            `${ours}Authentication-Results: other.example; spf=pass|Subject: x||text|`,
          );
        },
        { 'authres-remove': '+' },
      );
    },
  );

  it('makes a mistake when it hands over what is no result, writes too early, or too late', async () => {
    const text = `
      local function wrong(...) return select(2, pcall(...)):gsub('^.-:%d+: ', ''):sub(1, 90) end
      function hook.mail() mail = wrong(auth.add, {}) end
      function hook.dot()
        said = table.concat({ mail, wrong(auth.add, { spf = {} }), wrong(auth.add, { sfp = {} }), wrong(auth.add, 'x'),
          wrong(dmarc.check, 'pass'), wrong(dmarc.check, nil, { 'x' }), wrong(spf.check, {}) }, '; ')
      end
      function hook.forward() return '250 2.0.0 ' .. said .. '; ' .. wrong(auth.add, {}) end`;
    await withPolicy(text, async (to) => {
      expect((await send('From: a@example.com\r\n', to)).split('; ')).toEqual([
        expect.stringContaining('headers are not complete yet'),
        expect.stringContaining('result of spf.check as spf expected'),
        expect.stringContaining('table with spf, dkim, dmarc, arc, iprev, auth expected'),
        expect.stringContaining('table expected'),
        expect.stringContaining('result of spf.check expected'),
        expect.stringContaining('results of dkim.verify expected'),
        expect.stringContaining('string expected'),
        expect.stringContaining('only up to hook.dot'),
      ]);
    });
  });

  it.each([
    ['of the author', 'example.com', 'temperror none'],
    ['of somebody else', 'example.org', 'fail reject'],
  ])('a key %s that cannot be asked for decides', async (_, signer, said) => {
    dns.setZone([
      '_dmarc.example.com TXT 300 v=DMARC1; p=reject',
      'example.com TXT 300 v=spf1 -all',
      `x._domainkey.${signer} FAIL 2`,
    ]);
    const text = `
      function hook.dot() local verdict = dmarc.check() said = verdict.result .. ' ' .. verdict.policy end
      function hook.forward() return '250 2.0.0 ' .. said end`;
    const signature = `v=1; a=rsa-sha256; d=${signer}; s=x; h=from; bh=${'A'.repeat(43)}=; b=AAAA`;
    await withPolicy(text, async (to) => {
      expect(await send(`From: a@example.com\r\nDKIM-Signature: ${signature}\r\n`, to)).toBe(said);
    });
  });

  it('ends at its deadline when nobody answers, and is given up when the client goes', async () => {
    dns.setZone([]);
    dns.script('silent.example', { kind: 'drop' });
    const text = `
      function hook.mail() local found = spf.check(nil, nil, 'a@silent.example') return '550 5.7.24 ' .. found.result end`;
    await withPolicy(
      text,
      async (to) => {
        expect(await to.command('MAIL FROM:<a@example.com>')).toBe('550 5.7.24 temperror\r\n');
      },
      { 'spf-timeout': '1' },
    );
    await withPolicy(text, async (to, whole) => {
      const before = dns.queries.length;
      to.write('MAIL FROM:<a@example.com>\r\n');
      await dns.seen(before + 1);
      to.socket.resetAndDestroy();
      await whole.quiet();
    });
  });
});
