// The example policy etc/examples/phishing-links.lua: messages over SMTP, block lists from a name server that serves the zone below.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { onTheWire, type SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const policy = readFileSync(join(import.meta.dirname, '../../etc/examples/phishing-links.lua'), 'latin1');
/** The reply shows what the next hop would have got. */
const show = `
  function hook.forward(path)
    local file = assert(io.open(path, 'rb'))
    local text = file:read('*a')
    file:close()
    return '250 2.0.0 ' .. (text:match('X%-Links: ([^\\r]*)') or 'unmarked')
  end`;
const zone = [
  'listed2.co.uk.multi.surbl.org A 300 127.0.0.8',
  // We may not ask.
  'refused.net.multi.surbl.org A 300 127.0.0.1',
  'refused.net.dbl.spamhaus.org A 300 127.255.255.254',
  ...Array.from(
    { length: 40 },
    (_, i) => `n${i}.org.dbl.spamhaus.org A 300 ${i === 30 ? '127.0.1.2' : '127.0.0.1'}`,
  ),
  // Would be seen if it were asked about.
  'example.com.dbl.spamhaus.org A 300 127.0.1.2',
];

let dns: FakeDnsServer;
let server: WholeServer;
let client: SmtpClient;

beforeAll(async () => {
  dns = await FakeDnsServer.start(zone);
  server = await WholeServer.start({ policy: policy + show, options: { 'dns-servers': dns.address } });
  client = await server.greeted();
  await client.command('EHLO client.test');
});
afterAll(async () => {
  client.destroy();
  await server.stop();
  await dns.close();
});

async function send(message: string, to = client): Promise<string> {
  await to.command('MAIL FROM:<a@example.net>');
  await to.command('RCPT TO:<b@example.com>');
  await to.command('DATA');
  to.write(onTheWire(Buffer.from(message, 'utf8')));
  const reply = await to.reply();
  await to.command('RSET');
  return reply.trimEnd();
}

const html = (text: string): string =>
  `Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${text}\r\n`;
const link = (href: string, text: string): string => html(`<p>Look: <a href="${href}">${text}</a></p>`);
const fine = '250 2.0.0 unmarked';

describe('etc/examples/phishing-links.lua', () => {
  it('refuses links that show one domain and lead to another', async () => {
    const refusal = '550 5.7.1 a link shows good.org and leads to evil.net';
    expect(await send(link('http://evil.net/', 'https://www.good.org/login'))).toBe(refusal);
    expect(await send(link('http://evil.net/', 'www.<b>good</b>.org'))).toBe(refusal);
    expect(await send(link('http://evil.net/', 'good.org'))).toBe(refusal);
    expect(await send(link('http://www.good.org.evil.net/', 'http://www.good.org'))).toBe(refusal);
    // Many that are right hide none that is not.
    const many = '<a href="http://good.org/">good.org</a>'.repeat(500);
    expect(
      await send(html(`${many}<a href="http://evil.net/">here</a><a href="http://evil.net/">good.org</a>`)),
    ).toBe(refusal);
  });

  it('takes links that show what they lead to, or words', async () => {
    expect(await send(link('http://www.good.org/x', 'https://good.org/'))).toBe(fine);
    expect(await send(link('http://evil.net/', 'click here'))).toBe(fine);
    expect(await send(link('http://evil.net/', 'see good.org, or call'))).toBe(fine);
    expect(await send(link('http://c.net/?url=https%3A%2F%2Fwww.good.org%2F', 'www.good.org'))).toBe(fine);
    expect(await send(link('http://c7.example-mailings.net/1', 'www.good.org'))).toBe(fine);
    expect(await send(link('mailto:joe@evil.net', 'joe@good.org'))).toBe(fine);
    // Names and files that could be hosts.
    for (const name of ['ASP.NET', 'Good.Org', 'README.md', 'v1.2', 'St.Louis', 'joe@good.org', 'report.pdf'])
      expect(await send(link('http://c.net/x', name))).toBe(fine);
    expect(await send(link('http://www.good.org/', 'GOOD.ORG'))).toBe(fine);
    expect(await send(link('http://c.net/x', 'http://Good.Org'))).toMatch(/^550 /);
    expect(await send('Subject: x\r\n\r\nhttp://www.good.org/ and http://evil.net/\r\n')).toBe(fine);
  });

  it('takes addresses of the own network', async () => {
    for (const host of ['127.0.0.1:8080', '192.168.1.1', '10.0.0.1', '[::1]', '[fd00::1]'])
      expect(await send(`Subject: x\r\n\r\nhttp://${host}/\r\n`)).toBe(fine);
    expect(await send(link('http://2130706433/', 'here'))).toBe('550 5.7.1 a link hides that it leads to ?');
  });

  it('refuses bare addresses and hosts that nobody can read', async () => {
    for (const host of ['192.0.2.1', '3221225985', '0xc0.0.0x2.1', '192.0.513'])
      expect(await send(link(`http://${host}/`, 'here'))).toBe(
        '550 5.7.1 a link leads to the address 192.0.2.1',
      );
    expect(await send('Subject: x\r\n\r\nhttp://[2001:DB8::0:1]/\r\n')).toBe(
      '550 5.7.1 a link leads to the address 2001:db8::1',
    );
    expect(await send(link('http://www.good.org@evil.net/', 'here'))).toBe(
      '550 5.7.1 a link hides that it leads to evil.net',
    );
    expect(await send(link('http://ev%69l.net/', 'here'))).toBe(
      '550 5.7.1 a link hides that it leads to evil.net',
    );
    expect(await send(link('http://\u0440aypal.com/', 'here'))).toBe(
      '550 5.7.1 a link hides that it leads to xn--aypal-uye.com',
    );
    // What stands in headers of those who carried the mail is no link.
    expect(await send('X-Seen-By: http://192.0.2.1/\r\nSubject: x\r\n\r\nx\r\n')).toBe(fine);
  });

  it('refuses domains that are listed, wherever they stand', async () => {
    expect(await send('Subject: x\r\n\r\nhttp://a.listed2.co.uk/\r\n')).toBe(
      '550 5.7.1 listed2.co.uk is listed by multi.surbl.org',
    );
    expect(await send(link('http://c.net/?u=http://www.listed2.co.uk/', 'here'))).toMatch(/^550 .*listed2/);
    expect(await send('Subject: x\r\n\r\nhxxp://listed2[.]co[.]uk\r\n')).toMatch(/^550 .*listed2/);
    expect(await send('Subject: x\r\n\r\nhttp://refused.net/ http://www.example.com/\r\n')).toBe(fine);
  });

  it('asks for all at once and no more than 25 domains, and says when there were more', async () => {
    const hosts = Array.from({ length: 40 }, (_, i) => `http://n${i}.org/`);
    const before = dns.queries.length;
    expect(await send(`Subject: x\r\n\r\n${hosts.slice(0, 30).join(' ')}\r\n`)).toBe(
      '250 2.0.0 too many to look through',
    );
    expect(dns.queries.length - before).toBe(50);
    expect(await send(`Subject: x\r\n\r\n${hosts.slice(20, 40).join(' ')}\r\n`)).toBe(
      '550 5.7.1 n30.org is listed by dbl.spamhaus.org',
    );
    // A mark of the sender's making is none.
    expect(await send('X-Links: fine\r\nSubject: x\r\n\r\nx\r\n')).toBe(fine);
  });

  it('marks instead, and takes no link at its word, where it is told to', async () => {
    const marking = await WholeServer.start({
      policy:
        policy
          .replace("MISLEADING = 'refuse'", "MISLEADING = 'mark'")
          .replace('TRUST_NESTED = true', 'TRUST_NESTED = false') + show,
      options: { 'dns-servers': dns.address },
    });
    try {
      const to = await marking.greeted();
      await to.command('EHLO client.test');
      expect(await send(link('http://evil.net/', 'www.good.org'), to)).toBe(
        '250 2.0.0 a link shows good.org and leads to evil.net',
      );
      expect(await send(link('http://evil.net/?url=http://www.good.org/', 'www.good.org'), to)).toBe(
        '250 2.0.0 a link shows good.org and leads to evil.net',
      );
      to.destroy();
      expect(marking.said(/^(?:warn|err|crit)/)).toEqual([]);
    } finally {
      await marking.stop();
    }
  });

  it('logs no error in all of this', () => {
    expect(server.said(/^(?:warn|err|crit)/)).toEqual([]);
  });
});
