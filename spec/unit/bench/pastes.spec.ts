// What a case asks for and nobody has said fails it, with a line; that line, pasted as it is printed, answers it: whatever octets the name has.
import { describe, expect, it } from 'vitest';
import { benchRun } from '../../fakes/bench-run.ts';

/** Octets, as they stand in files. */
const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const dns = (type: string, name: string): string =>
  `dns.open() dns.query(dns.class.IN, ${type}, ${name}) dns.wait(true) dns.close()`;
const http = (url: string): string => `service.http.request(${url}, 'POST', nil, 'x') service.wait(true)`;
const hop = (host: string): string => `smtp.sendfile({ ${host} }, 'a@b.example', { 'c@d.example' }, nil)`;

/** What the policy does. */
const asked: readonly string[] = [
  dns('dns.type.MX', "'Ex-Ample.COM.'"),
  dns('dns.type.TXT', "'we\"ird\\\\name.ex ample'"),
  dns('dns.type.TXT', octets("'bücher.example'")),
  dns('dns.type.TXT', "'b\\xff\\\\n\\'.\\27\\n\\0x.example'"),
  dns('dns.type.PTR', "net.reverse_ip('2001:db8::5', true)"),
  dns('52', "'_25._tcp.mx.example'"),
  dns('999', "'x.example'"),
  http("'http://h.example/it\\'s\"?q=\\'1'"),
  http(octets("'http://h.example/ü'")),
  http("'http://h.example/' .. ('long/'):rep(200)"),
  http("'https://user:pw@H.example:443/x#frag'"),
  hop("'mx.nobody.example:25'"),
  hop("'[2001:db8::1]:26'"),
  hop("'lmtp:/run/a b'"),
  hop("'lmtp:192.0.2.5:24'"),
  "service.clamd('/etc/hostname', '127.0.0.1:3310') service.wait(true)",
];

const policy = `function hook.mail(sender)
  local n = sender:match('^(%d+)@')
  ${asked.map((body, i) => `if n == '${i}' then ${body} end`).join('\n  ')}
end`;

const testOf = (pasted: readonly string[]): string =>
  `local t = require 'smtpe.test'\n${asked.map((_, i) => `t.case('${i}', function(s) ${pasted[i] ?? ''} s:mail('${i}@a.example'):expect(250) end)`).join('\n')}`;

describe('the line to paste', () => {
  it('answers what was asked for', async () => {
    const first = await benchRun({ 'policy.lua': policy, 'policy_test.lua': testOf([]) });
    const pasted = asked.map((_, i) => {
      const missing = first.case(String(i)).failure?.missing ?? [];
      return octets(missing.map(({ paste }) => paste).join(' '));
    });
    expect(pasted.map((line, i) => (line === '' ? asked[i] : ''))).toEqual(asked.map(() => ''));
    expect(pasted.filter((line) => /[\x00-\x1f\x7f]/.test(line))).toEqual([]);
    const second = await benchRun({ 'policy.lua': policy, 'policy_test.lua': testOf(pasted) });
    expect(
      asked.flatMap((body, i) => {
        const text = second.case(String(i)).failure?.text;
        return text === undefined ? [] : [{ body, line: pasted[i], text }];
      }),
    ).toEqual([]);
  });
});
