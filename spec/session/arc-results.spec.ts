// What the first sealer of a chain recorded reaches a policy only when the chain passes and the policy trusts every sealer in it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { makeKey, sealed } from '../fakes/mail-auth.ts';
import { onTheWire, type SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const key = makeKey('rsa', 2048);
const txt = { 'sel._domainkey.one.test': key.record, 'sel._domainkey.two.test': key.record };

const policy = `
  local function said(chain, domains)
    local list = chain.results(domains)
    if not list then return 'nil' end
    local words = {}
    for i, found in ipairs(list) do
      words[i] = found.method .. '=' .. found.result .. (found.properties['smtp.mailfrom'] and '@' or '')
    end
    return table.concat(words, ',')
  end
  local texts
  function hook.dot()
    local chain = arc.verify()
    texts = {
      said(chain, { 'one.test', 'two.test' }), said(chain, { 'ONE.test.', 'two.test', 'three.test' }), said(chain, { 'two.test' }),
      said(chain, { 'one.test' }), said(chain, {}),
    }
    for _, wrong in ipairs { 'nil', "'one.test'", '{ 1 }', "{ one = 'one.test' }", '{ {} }' } do
      local ok, message = pcall(load('return function(chain) return chain.results(' .. wrong .. ') end')(), chain)
      assert(not ok and message:find("bad argument #1 to 'results'", 1, true), wrong .. ': ' .. tostring(message))
    end
    -- As it comes, and once it was stored somewhere.
    local again = chain.results
    assert(said({ results = again }, { 'two.test' }) == texts[3])
    auth.add { arc = chain }
  end
  function hook.forward() return '250 2.0.0 ' .. table.concat(texts, ' ') end`;

let dns: FakeDnsServer;
let whole: WholeServer;
let to: SmtpClient;
beforeAll(async () => {
  dns = await FakeDnsServer.start(Object.entries(txt).map(([name, record]) => `${name} TXT 300 ${record}`));
  whole = await WholeServer.start({ policy, options: { 'dns-servers': dns.address } });
  to = await whole.greeted();
  await to.command('EHLO a.test');
});
afterAll(async () => {
  to.destroy();
  await whole.stop();
  await dns.close();
});

const plain = 'From: a@one.test\r\nSubject: x\r\n\r\ntext\r\n';
const seal = (message: string, domain: string, results: string): Promise<string> =>
  sealed(message, { key: key.key, domain, results }, { txt, now: Math.floor(Date.now() / 1000) });
const first = 'mx.one.test; spf=pass smtp.mailfrom=one.test; dkim=fail; dmarc=pass header.from=one.test';
const both = async (results: string): Promise<string> =>
  seal(await seal(plain, 'one.test', results), 'two.test', 'mx.two.test; spf=fail');

it.each<[string, () => Promise<string>, string]>([
  ['no chain', async () => plain, 'nil nil nil nil nil'],
  [
    'one sealer',
    () => seal(plain, 'one.test', first),
    'spf=pass@,dkim=fail,dmarc=pass spf=pass@,dkim=fail,dmarc=pass nil spf=pass@,dkim=fail,dmarc=pass nil',
  ],
  [
    'two sealers',
    () => both(first),
    'spf=pass@,dkim=fail,dmarc=pass spf=pass@,dkim=fail,dmarc=pass nil nil nil',
  ],
  ['a chain that fails', async () => (await both(first)).replace('text', 'other'), 'nil nil nil nil nil'],
  ['results that cannot be read', () => both('mx.one.test; spf=(pass'), 'nil nil nil nil nil'],
  ['results that say nothing', () => both('mx.one.test; none'), '  nil nil nil'],
])('%s', async (_, message, expected) => {
  for (const line of ['MAIL FROM:<a@one.test>', 'RCPT TO:<b@example.net>', 'DATA'])
    expect(await to.command(line)).toMatch(/^[23]/);
  to.write(onTheWire(Buffer.from(await message(), 'latin1')));
  expect(await to.reply()).toBe(`250 2.0.0 ${expected}\r\n`);
  expect(whole.said(/^(?:warn|err|crit)/)).toEqual([]);
});
