// The PROXY protocol in front of a session: who the client is, what counts, what gives rights, and what becomes of those who speak it unasked
// or not at all.
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { InboundTls } from '../../src/net/inbound-tls.ts';
import type { OptionName } from '../../src/options/option-table.ts';
import type { FakeHooks } from '../fakes/fake-policy.ts';
import { ListenerSite, turns, until } from '../fakes/listener-site.ts';
import { sharedSuite } from '../fakes/shared-suites.ts';
import { type RigClient, type RigSettings, SmtpRig } from '../fakes/smtp-rig.ts';
import { mxEc } from '../fakes/tls-certificates.ts';
import { materialOf, StartTlsClient, tlsOption } from '../fakes/tls-rig.ts';

const BALANCER = '10.0.0.5';
const V1 = 'PROXY TCP4 203.0.113.9 198.51.100.25 56324 2525\r\n';
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const v2 = (head: string, body: string): string =>
  SIGNATURE +
  Buffer.from(`${head}${(body.length / 2).toString(16).padStart(4, '0')}${body}`, 'hex').toString('latin1');
const FOUR = 'cb007109c6336419dc0409dd';
const LOCAL = v2('2000', '');

type OptionTexts = Partial<Record<OptionName, string>>;

function site(options: OptionTexts = {}, more: RigSettings = {}): ListenerSite {
  return new ListenerSite({
    hooks: { noop: () => undefined },
    ...more,
    options: { 'smtp-proxy-hosts': '10.0.0.0/8', ...options },
  });
}

const lines = ({ rig }: ListenerSite, level: string): unknown[] =>
  rig.log.lines.filter((line) => line.level === level).map(({ message, fields }) => ({ message, ...fields }));

async function closed(at: ListenerSite, ...clients: readonly RigClient[]): Promise<void> {
  for (const client of clients) client.stream.end();
  await until(() => at.sessions.count === 0 && at.rig.limits.total === 0);
}

describe('a header of a balancer in smtp-proxy-hosts', () => {
  it.each(Array.from(`${V1}EHLO a.example\r\n`, (_, i) => i))(
    'comes before everything else, cut at octet %i',
    async (at) => {
      const text = `${V1}EHLO a.example\r\n`;
      const where = site();
      const client = where.arrive(BALANCER);
      client.send(text.slice(0, at));
      await turns();
      expect(client.received === '').toBe(at < V1.length);
      client.send(text.slice(at));
      const replies = [await client.reply(), await client.reply()];
      expect(replies.map((reply) => reply.slice(0, 3))).toEqual(['220', '250']);
      expect((await client.command('NOOP')).slice(0, 3)).toBe('250');
      expect(where.rig.instance.client).toMatchObject({
        address: '203.0.113.9',
        port: 56_324,
        host: '[203.0.113.9]',
        local_address: '198.51.100.25',
        local_port: 2525,
        proxy: { fields: { address: BALANCER, port: 1234, version: 1, local: false } },
      });
      await closed(where, client);
    },
  );

  it.each([
    ['version 1', 'PROXY UNKNOWN\r\n', 1],
    ['UNSPEC', v2('2100', ''), 2],
    ['UNIX', v2('2131', '00'.repeat(216)), 2],
    ['LOCAL', LOCAL, 2],
  ])('names nobody: %s', async (_, header, version) => {
    const where = site();
    const client = where.arrive(BALANCER);
    client.send(header);
    await client.reply();
    expect(await client.command('NOOP')).toMatch(/^250/);
    expect(where.rig.instance.client).toMatchObject({
      address: BALANCER,
      port: 1234,
      local_address: '192.0.2.25',
      local_port: 25,
      proxy: { fields: { address: BALANCER, version, local: true } },
    });
    expect(await client.command('QUIT')).toMatch(/^221/);
    await closed(where, client);
  });

  it('may say which server was asked for, and an id', async () => {
    const where = site();
    const client = where.arrive(BALANCER);
    client.send(v2('2111', `${FOUR}020004${Buffer.from('mx.x').toString('hex')}050002abcd`));
    await client.reply();
    await client.command('NOOP');
    expect(where.rig.instance.client).toMatchObject({
      proxy: { fields: { version: 2, authority: 'mx.x', unique_id: 'abcd' } },
    });
    await closed(where, client);
  });

  it('stands in the log beside the client, in every line of the session', async () => {
    const where = site();
    const client = where.arrive(BALANCER);
    client.send(V1);
    await client.reply();
    await client.command('MAIL FROM:<a@b@c>');
    await client.command('QUIT');
    await closed(where, client);
    expect(lines(where, 'info')).toMatchObject([
      { message: 'refused', client: '203.0.113.9', proxy: BALANCER },
      { message: 'session', client: '203.0.113.9', proxy: BALANCER },
    ]);
  });

  it.each([
    ['no header', 'EHLO a.example\r\n', 'proxy: no PROXY header'],
    ['TLS', '\x16\x03\x01', 'proxy: no PROXY header'],
    [
      'a wrong header',
      'PROXY TCP4 1.2.3.4\r\n',
      'proxy: version 1: two addresses and two ports expected, one blank between them',
    ],
    ['two wrong octets', 'PX', 'proxy: no PROXY header'],
  ])('is required, whole and right: %s', async (_, text, cause) => {
    const where = site();
    const client = where.arrive(BALANCER);
    client.send(text);
    expect(await client.rest()).toBe('421 4.3.5 a header of the PROXY protocol is expected here\r\n');
    expect(lines(where, 'info')).toEqual([
      {
        message: 'refused',
        reply: '421 4.3.5 a header of the PROXY protocol is expected here',
        cause,
        client: BALANCER,
      },
    ]);
    expect([where.sessions.count, where.rig.counters.connections]).toEqual([0, 1]);
    await closed(where, client);
  });

  it.each([
    ['silent', ''],
    ['slow', V1],
  ])('has smtp-proxy-timeout to come: a balancer that is %s', async (_, text) => {
    const clock = new FakeClock();
    const where = site({ 'smtp-proxy-timeout': '3' }, { clock });
    const client = where.arrive(BALANCER);
    for (let i = 0; i < 29; i++) {
      if (i < text.length) client.send(text.slice(i, i + 1));
      await turns();
      clock.advance(100);
    }
    expect(client.ended).toBe(false);
    clock.advance(100);
    expect(await client.rest()).toMatch(/^421 4\.3\.5 /);
    expect(lines(where, 'info')).toMatchObject([{ cause: 'proxy: not done within 3 s' }]);
    client.stream.end();
    await until(() => where.rig.limits.total === 0);
    await turns();
    expect([where.sessions.count, clock.pending]).toEqual([0, 0]);
  });

  it.each(['', 'PRO', V1.slice(0, -1)])('has nothing left of a balancer that goes after %j', async (text) => {
    const clock = new FakeClock();
    const where = site({}, { clock });
    const client = where.arrive(BALANCER);
    client.send(text);
    await turns();
    client.stream.end();
    await until(() => where.rig.limits.total === 0);
    await turns();
    expect([where.sessions.count, clock.pending, where.rig.said]).toEqual([
      0,
      0,
      ['connection gone before it was served'],
    ]);
  });

  it('is read before anything is looked up', async () => {
    const asked: string[] = [];
    const where = site(
      { 'dns-client-timeout': '5' },
      {
        reverse: async (address) => {
          asked.push(address);
          return undefined;
        },
      },
    );
    const client = where.arrive(BALANCER);
    await turns();
    expect(asked).toEqual([]);
    client.send(V1);
    await client.reply();
    expect(asked).toEqual(['203.0.113.9']);
    await closed(where, client);
  });

  it('is early talk as far as something stands behind it', async () => {
    const clock = new FakeClock();
    const said: string[] = [];
    for (const behind of ['', 'EHLO a.example\r\n']) {
      const where = site({ 'smtp-greet-pause': '1000' }, { clock });
      const client = where.arrive(BALANCER);
      client.send(V1 + behind);
      await turns();
      clock.advance(1000);
      said.push((await client.reply()).slice(0, 3));
      await closed(where, client);
    }
    expect(said).toEqual(['220', '554']);
  });

  it('may be followed by nothing of the kind: a second one is not asked for', async () => {
    const where = site();
    const client = where.arrive(BALANCER);
    client.send(V1 + V1);
    expect(await client.rest()).toMatch(/^220 .*\r\n421 4\.3\.5 /);
    await closed(where, client);
  });

  it('is for the listener whose option says so', async () => {
    const clock = new FakeClock();
    const where = site(
      { 'smtp-listen': 'own=127.0.0.1:0 plain=127.0.0.1:0', 'smtp-proxy-hosts': '' },
      { clock },
    );
    where.rig.options.set('own.smtp-proxy-hosts', BALANCER, 'spec');
    where.rig.options.set('own.smtp-proxy-timeout', '1', 'spec');
    const clients = [0, 1].map((at) => where.arrive(BALANCER, at));
    for (const client of clients) client.send(V1);
    expect(await clients[0]?.reply()).toMatch(/^220/);
    expect(await clients[1]?.rest()).toMatch(/^220 .*\r\n421 4\.3\.5 /);
    const silent = where.arrive(BALANCER, 0);
    await turns();
    clock.advance(1000);
    expect(await silent.rest()).toMatch(/^421 4\.3\.5 /);
    silent.stream.end();
    await closed(where, ...clients);
  });

  it('takes new balancers at a reload', async () => {
    const where = site({ 'smtp-proxy-hosts': '' });
    where.rig.options.set('smtp-proxy-hosts', BALANCER, 'reload');
    const client = where.arrive(BALANCER);
    client.send(V1);
    expect(await client.reply()).toMatch(/^220/);
    await closed(where, client);
  });
});

describe('what counts behind a balancer', () => {
  const from = (address: string): string => `PROXY TCP4 ${address} 198.51.100.25 1 25\r\n`;

  it('is the client of the header for limit-client-connections, the connection for limit-connections', async () => {
    const where = site({ 'limit-client-connections': '2', 'limit-connections': '4' });
    const clients = [1, 1, 1, 2].map((n) => ({ n, client: where.arrive(BALANCER) }));
    expect(await where.arrive(BALANCER).rest()).toBe('421 4.3.2 too many connections, try again later\r\n');
    for (const { n, client } of clients) client.send(from(`203.0.113.${n}`));
    const said = await Promise.all(clients.map(({ client }) => client.reply()));
    expect(said.map((text) => text.slice(0, 3))).toEqual(['220', '220', '421', '220']);
    expect(lines(where, 'info')).toMatchObject([
      { cause: 'connections', client: BALANCER },
      { cause: 'clientConnections', client: '203.0.113.1', proxy: BALANCER },
    ]);
    await closed(where, ...clients.map(({ client }) => client));
  });

  it('is the client of the header for rate-client', async () => {
    const where = site({ 'rate-client': '1' });
    const clients = [1, 2, 1].map((n) => {
      const client = where.arrive(BALANCER);
      client.send(from(`203.0.113.${n}`));
      return client;
    });
    const said = await Promise.all(clients.map((client) => client.reply()));
    expect(said.map((text) => text.slice(0, 3))).toEqual(['220', '220', '421']);
    await closed(where, ...clients);
  });

  it('is nobody for a health check, which waits for nothing either', async () => {
    const where = site({ 'rate-client': '1', 'limit-client-connections': '1', 'smtp-greet-pause': '60000' });
    const clients = Array.from({ length: 4 }, () => where.arrive(BALANCER));
    for (const client of clients) {
      client.send(LOCAL);
      expect(await client.reply()).toMatch(/^220/);
    }
    await closed(where, ...clients);
  });

  it('is the balancer for those whom it does not name, without those who are still to be named', async () => {
    const where = site({ 'limit-client-connections': '1' });
    const waiting = [where.arrive(BALANCER), where.arrive(BALANCER)];
    const named = [where.arrive(BALANCER), where.arrive(BALANCER)];
    for (const client of named) client.send('PROXY UNKNOWN\r\n');
    const said = await Promise.all(named.map((client) => client.reply()));
    expect(said.map((text) => text.slice(0, 3))).toEqual(['220', '421']);
    await closed(where, ...waiting, ...named);
  });

  it('is the peer itself for those who are no balancer', async () => {
    const where = site({ 'limit-client-connections': '1' });
    const clients = [where.arrive(), where.arrive()];
    const said = await Promise.all(clients.map((client) => client.reply()));
    expect(said.map((text) => text.slice(0, 3))).toEqual(['220', '421']);
    expect(lines(where, 'info')).toMatchObject([{ cause: 'clientConnections', client: '192.0.2.1' }]);
    await closed(where, ...clients);
  });
});

describe('rights behind a balancer', () => {
  const header = (address: string): string =>
    `PROXY TCP${address.includes(':') ? 6 : 4} ${address} ${address.includes(':') ? '2001:db8::25' : '198.51.100.25'} 1 25\r\n`;
  const ALL = '127.0.0.0/8 ::1 203.0.113.9 198.51.100.25 192.0.2.25 0.0.0.0';

  it.each([['203.0.113.9'], ['127.0.0.1'], ['::1'], ['192.0.2.25']])(
    'to use XCLIENT and VERB are not had by the name of %s',
    async (address) => {
      const where = site({ 'smtp-xclient-hosts': ALL });
      const client = where.arrive(BALANCER);
      client.send(header(address));
      await client.reply();
      expect(await client.command('EHLO a.example')).not.toContain('XCLIENT');
      expect(await client.command('XCLIENT ADDR=192.0.2.9')).toMatch(/^502/);
      expect(await client.command('VERB ON')).toMatch(/^502/);
      await closed(where, client);
    },
  );

  it('to use XCLIENT are those of the balancer', async () => {
    const where = site({ 'smtp-xclient-hosts': BALANCER });
    const client = where.arrive(BALANCER);
    client.send(header('203.0.113.9'));
    await client.reply();
    expect(await client.command('EHLO a.example')).toContain('XCLIENT');
    expect(await client.command('XCLIENT ADDR=192.0.2.9')).toMatch(/^220/);
    await client.command('NOOP');
    expect(where.rig.instance.client).toMatchObject({
      address: '192.0.2.9',
      proxy: { fields: { address: BALANCER } },
    });
    await closed(where, client);
  });

  /** The addresses of which a header of ours in the message stays. */
  it.each([
    ['203.0.113.9', header('203.0.113.9'), true],
    ['127.0.0.1', header('127.0.0.1'), false],
    ['::1', header('::1'), false],
    ['0.0.0.0', header('0.0.0.0'), false],
    ['the address that the client connected to', header('198.51.100.25'), false],
    ['our own address', header('192.0.2.25'), false],
    ['nobody', 'PROXY UNKNOWN\r\n', false],
    ['a health check', LOCAL, false],
  ])('of authres-trusted-hosts: %s', async (_, sent, stays) => {
    let kept: boolean | undefined;
    const hooks: FakeHooks = {
      dot: ({ owner }) => {
        kept = owner.session.transaction?.headers.find('Authentication-Results', 1) !== undefined;
        return '550 5.7.1 no';
      },
    };
    const where = site({ 'authres-remove': '+', 'authres-trusted-hosts': `${ALL} ${BALANCER}` }, { hooks });
    const client = where.arrive(BALANCER);
    client.send(sent);
    await client.reply();
    for (const line of ['EHLO a.example', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA'])
      await client.command(line);
    await client.command('Authentication-Results: mx.example; spf=pass\r\n\r\nhello\r\n.');
    expect(kept).toBe(stays);
    await closed(where, client);
  });
});

describe('the PROXY protocol from somebody who is not asked to speak it', () => {
  const headers = [
    ['version 1', V1],
    ['version 2', v2('2111', FOUR)],
    ['LOCAL', LOCAL],
  ] as const;
  const event = (client: string): object => ({
    message: `a load balancer at ${client} speaks the PROXY protocol: if its clients are to come to us, it has to be in smtp-proxy-hosts`,
  });

  it.each(headers)('gets 421 and one error that names the option, at every split: %s', async (_, header) => {
    const text = `${header}EHLO a.example\r\n`;
    for (let at = 0; at <= text.length; at++) {
      const where = site();
      const client = where.arrive('192.0.2.1');
      client.send(text.slice(0, at));
      await turns();
      client.send(text.slice(at));
      expect(await client.rest()).toMatch(
        /^220 [^\n]*\n421 4\.3\.5 mx\.example does not take the PROXY protocol from you\r\n$/,
      );
      expect(lines(where, 'err')).toMatchObject([event('192.0.2.1')]);
      await closed(where, client);
    }
  });

  it.each(headers)(
    'gets it instead of a banner when it does not wait for that, at every split: %s',
    async (_, header) => {
      for (let at = 0; at <= header.length; at++) {
        const clock = new FakeClock();
        const rig = new SmtpRig({ clock, options: { 'smtp-greet-pause': '5000' } });
        const client = rig.connect();
        client.send(header.slice(0, at));
        await turns();
        client.send(header.slice(at));
        expect(await client.rest()).toMatch(/^421 4\.3\.5 /);
        expect(rig.log.lines.filter(({ level }) => level === 'err')).toHaveLength(1);
        client.stream.end();
        await client.over;
        expect(clock.pending).toBe(0);
      }
    },
  );

  it('gets it where talking before the banner is refused', async () => {
    let found = (_: undefined): void => undefined;
    const rig = new SmtpRig({
      options: { 'rfc2920-pipelining-reject': '+', 'dns-client-timeout': '5' },
      reverse: () =>
        new Promise((resolve) => {
          found = resolve;
        }),
    });
    const client = rig.connect();
    client.send(V1);
    await turns();
    found(undefined);
    expect(await client.rest()).toMatch(/^421 4\.3\.5 /);
    client.stream.end();
    await client.over;
  });

  it('is looked for in what comes first only', async () => {
    const rig = new SmtpRig();
    const client = await rig.greeted();
    expect(await client.command('NOOP')).toMatch(/^250/);
    expect(await client.command('PROXY TCP4 a b 1 2')).toMatch(/^502/);
    client.send(SIGNATURE);
    expect(await client.reply()).toMatch(/^50/);
    client.stream.end();
    await client.over;
  });

  it('is not taken for it when it only begins like it', async () => {
    const rig = new SmtpRig();
    for (const text of ['PROXYING\r\n', 'proxy TCP4\r\n', '\r\n\r\nNOOP\r\n', '\r\n\r\n\0\r\nQUIT\r\n']) {
      const client = await rig.greeted();
      client.send(text);
      const replies = await Promise.all(
        text
          .split('\n')
          .slice(1)
          .map(() => client.reply()),
      );
      expect(replies[0]).toMatch(/^50/);
      client.stream.end();
      await client.over;
    }
    expect(rig.log.lines.filter(({ level }) => level === 'err')).toEqual([]);
  });

  it('keeps a client with an empty first line waiting for a second, and no longer', async () => {
    const clock = new FakeClock();
    const rig = new SmtpRig({ clock });
    const client = await rig.greeted();
    client.send('\r\n');
    await turns();
    clock.advance(900);
    client.send('\r');
    await turns();
    clock.advance(99);
    await turns();
    expect(client.received).toBe('');
    clock.advance(1);
    expect(await client.reply()).toMatch(/^502/);
    client.send('\n\0\r\nQUIT\r\n');
    expect(
      [await client.reply(), await client.reply(), await client.reply()].map((text) => text.slice(0, 3)),
    ).toEqual(['502', '500', '221']);
    client.stream.end();
    await client.over;
  });

  it('answers an empty first line at once when nothing more can come', async () => {
    const rig = new SmtpRig();
    const client = await rig.greeted();
    client.send('\r\n');
    client.stream.end();
    expect(await client.rest()).toMatch(/^502/);
    await client.over;
  });
});

describe('a listener with the flag proxy', () => {
  const flagged = (): ListenerSite => site({ 'smtp-listen': '127.0.0.1:0/proxy' });

  it('serves the hosts of the list', async () => {
    const where = flagged();
    const client = where.arrive(BALANCER);
    client.send(V1);
    expect(await client.reply()).toMatch(/^220/);
    await closed(where, client);
  });

  it.each(['', V1, 'EHLO a.example\r\n'])('refuses others, whatever they say: %j', async (text) => {
    const where = flagged();
    const client = where.arrive();
    client.send(text);
    expect(await client.rest()).toBe('421 4.3.5 a header of the PROXY protocol is expected here\r\n');
    expect(lines(where, 'info')).toMatchObject([
      { cause: 'proxy: is not in smtp-proxy-hosts', client: '192.0.2.1' },
    ]);
    await closed(where, client);
  });
});

describe('TLS and a balancer', () => {
  const CERTIFICATE = { 'smtp-tls': tlsOption('mxEc') };
  const withTls = (options: OptionTexts, clock: Clock = systemClock): ListenerSite =>
    site({ ...CERTIFICATE, ...options }, { clock, deps: { tls: new InboundTls(materialOf({ mxEc })) } });
  const item = (type: number, value: Buffer): Buffer =>
    Buffer.concat([Buffer.from([type, 0, value.length]), value]);
  const SSL = item(
    0x20,
    Buffer.concat([Buffer.from('0100000001', 'hex'), item(0x21, Buffer.from('TLSv1.2'))]),
  );
  const PROXY_TLS = v2('2111', FOUR + SSL.toString('hex'));

  it.each([0, 1, 20, V1.length])('the header comes before the hello, cut at octet %i', async (at) => {
    const clock = new FakeClock();
    const where = withTls({ 'smtp-listen': '127.0.0.1:0/tls' }, clock);
    const client = new StartTlsClient(where.stream(BALANCER));
    client.send(V1.slice(0, at));
    await turns();
    client.send(V1.slice(at));
    expect(await client.secure()).toBe('secured');
    expect(await client.reply()).toMatch(/^220 /);
    expect(await client.command('NOOP')).toMatch(/^250/);
    expect(where.rig.instance.client).toMatchObject({
      address: '203.0.113.9',
      is_tls: true,
      tls: { by: 'smtpe', implicit: true },
      proxy: { fields: { address: BALANCER } },
    });
    expect(await client.command('QUIT')).toMatch(/^221/);
    client.end();
    await turns();
    // Nothing closes a pair of streams below TLS: the server has read on for as long as it does.
    clock.advance(5000);
    await until(() => where.sessions.count === 0);
  });

  it('that the balancer speaks meets tls-required, and nothing more is offered', async () => {
    const where = withTls({ 'smtp-listen': '127.0.0.1:0/tls-required' });
    const said: string[] = [];
    for (const header of [PROXY_TLS, V1]) {
      const client = where.arrive(BALANCER);
      client.send(header);
      await client.reply();
      said.push(String((await client.command('EHLO c.example')).includes('STARTTLS')));
      said.push((await client.command('MAIL FROM:<a@b.example>')).slice(0, 3));
      if (header === PROXY_TLS) {
        await client.command('NOOP');
        expect(where.rig.instance.client).toMatchObject({
          is_tls: true,
          tls: { by: 'proxy', version: 'TLSv1.2' },
        });
        expect(await client.command('RSET')).toMatch(/^250/);
        expect(await client.command('STARTTLS')).toMatch(/^503/);
      }
      await closed(where, client);
    }
    expect(said).toEqual(['false', '250', 'true', '530']);
  });

  it.each([V1, v2('2111', FOUR), LOCAL])(
    'an unasked header in place of the hello is told of, at every split: %j',
    async (header) => {
      for (let at = 0; at <= header.length; at++) {
        const where = withTls({ 'smtp-listen': '127.0.0.1:0/tls' });
        const client = where.arrive();
        client.send(header.slice(0, at));
        await turns();
        client.send(header.slice(at));
        expect(await client.rest()).toBe('');
        await closed(where, client);
        await turns();
        expect(lines(where, 'err')).toHaveLength(1);
        expect(lines(where, 'info')).toMatchObject([
          { cause: 'tls: a header of the PROXY protocol in place of a TLS hello', client: '192.0.2.1' },
        ]);
        await closed(where, client);
      }
    },
  );

  it.each(['EHLO c\r\n', 'PROXYING', '\r\nEHLO c\r\n'])('other words in clear are not: %j', async (text) => {
    const where = withTls({ 'smtp-listen': '127.0.0.1:0/tls' });
    const client = where.arrive();
    for (const octet of text) client.send(octet);
    expect(await client.rest()).toBe('');
    await closed(where, client);
    await turns();
    expect(lines(where, 'err')).toEqual([]);
    expect(lines(where, 'info')).toMatchObject([{ cause: 'tls: no TLS record, or no handshake' }]);
  });
});

interface Case {
  readonly name: string;
  readonly hex: string;
  readonly rest?: string;
  readonly result: { readonly kind: string; readonly source?: string; readonly sourcePort?: number };
}

const suite = sharedSuite<{ readonly cases: readonly Case[] }>('proxy-cases');

describe.skipIf(suite === undefined)('the cases of others, over a connection', () => {
  it.each(suite?.cases ?? [])('$name', async ({ hex, rest = '', result }) => {
    const bytes = Buffer.from(hex, 'hex');
    const header = bytes.subarray(0, bytes.length - rest.length / 2);
    const ways = [[bytes], Array.from(bytes, (octet) => Buffer.from([octet]))];
    for (const chunks of ways) {
      const where = site();
      const client = where.arrive(BALANCER);
      client.send(...chunks);
      if (result.kind === 'refused') expect(await client.rest()).toMatch(/^421 4\.3\.5 [^\n]*\n$/);
      else if (result.kind === 'incomplete') {
        await turns();
        expect(client.received).toBe('');
      } else {
        expect(await client.reply()).toMatch(/^220 /);
        if (rest !== '') expect(await client.reply()).toMatch(/^250/);
        expect(await client.command('NOOP')).toMatch(/^250/);
        const { source = BALANCER, sourcePort = 1234 } = result;
        expect(where.rig.instance.client).toMatchObject({ address: source, port: sourcePort });
      }
      await closed(where, client);
    }
    if (result.kind !== 'proxied' && result.kind !== 'local') return;
    const where = site({ 'smtp-greet-pause': '60000' });
    const client = where.arrive(BALANCER);
    client.send(Buffer.concat([header, Buffer.from('EHLO a.example\r\n')]));
    // Nobody has asked the client yet; a health check may.
    expect(await client.reply()).toMatch(where.rig.log.lines.length > 0 ? /^554 / : /^220 /);
    await closed(where, client);
  });
});
