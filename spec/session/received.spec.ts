// The Received header of ours (smtp-received) in the running server: what it says of each kind of session, where it stands, who may take it
// away, and that whoever gets the message has it once.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type HopScript, NextHop } from '../../src/bench/ports/next-hop.ts';
import { spamdReply, startSpamd } from '../../src/bench/ports/spamd-server.ts';
import { makeKey } from '../fakes/mail-auth.ts';
import { SmtpRig } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const NOON = Date.UTC(2026, 10, 28, 12);
const MESSAGE =
  'Received: from before.example by other.example; Sat, 28 Nov 2026 11:00:00 +0000\r\nSubject: hello\r\n\r\nbody\r\n';
/** A header of PROXY with TLS 1.3 and no client certificate. */
const PROXY_TLS = ((): Buffer => {
  const item = (type: number, value: Buffer): Buffer =>
    Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value]);
  const text = (type: number, value: string): Buffer => item(type, Buffer.from(value));
  const ssl = Buffer.concat([
    Buffer.from('0100000001', 'hex'),
    text(0x21, 'TLSv1.3'),
    text(0x23, 'TLS_AES_128_GCM_SHA256'),
  ]);
  const block = Buffer.concat([Buffer.from('cb007109c6336419dc0409dd', 'hex'), item(0x20, ssl)]);
  return Buffer.concat([
    Buffer.from('0d0a0d0a000d0a515549540a2111', 'hex'),
    Buffer.from([block.length >> 8, block.length & 255]),
    block,
  ]);
})();

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function hop(script: HopScript = {}): Promise<NextHop> {
  const made = await NextHop.start(script);
  open.push(() => made.close());
  return made;
}

async function serve(policy: string, options: Readonly<Record<string, string>>): Promise<WholeServer> {
  const whole = await WholeServer.start({
    policy,
    options: { 'smtp-received': '+', ...options },
    clock: { ...systemClock, now: () => NOON },
  });
  open.push(() => whole.stop());
  return whole;
}

interface Sending {
  /** Before anything else. */
  readonly first?: Buffer;
  readonly hello?: readonly string[];
  readonly mail?: string;
  readonly recipients?: readonly string[];
  readonly message?: string;
}

/** Sends a message; the reply at the dot. */
async function send(
  whole: WholeServer,
  {
    first,
    hello = ['EHLO c.example'],
    mail = 'MAIL FROM:<a@b.example>',
    recipients = ['joe@d.example'],
    message = MESSAGE,
  }: Sending = {},
): Promise<string> {
  const client = await whole.connect();
  if (first !== undefined) client.write(first);
  await client.reply();
  for (const line of [...hello, mail, ...recipients.map((address) => `RCPT TO:<${address}>`), 'DATA'])
    await client.command(line);
  const reply = await client.command(`${message}.`);
  client.socket.end('QUIT\r\n');
  await whole.settled();
  return reply;
}

const contents = (next: NextHop): readonly string[] =>
  next.connections.flatMap(({ contents: all }) => all.map((content) => content.toString('latin1')));
const ours = (text: string): readonly string[] =>
  text.split(/\r\n(?![\t ])/).filter((header) => header.includes('(smtpe)'));

describe('smtp-received', () => {
  it('is off: the message goes on as it came', async () => {
    const next = await hop();
    const whole = await serve('', { 'smtp-received': '-', 'smtp-smart-host': next.target });
    expect(await send(whole)).toMatch(/^250 /);
    expect(contents(next)).toEqual([MESSAGE]);
  });

  it('puts one header on top', async () => {
    const next = await hop();
    const whole = await serve('', { 'smtp-smart-host': next.target });
    expect(await send(whole)).toMatch(/^250 /);
    expect(contents(next)).toEqual([
      expect.stringMatching(
        /^Received: from c\.example \(unknown \[127\.0\.0\.1\]\)\r\n\tby mx\.example \(smtpe\) with ESMTP id \w{18}\r\n\tfor <joe@d\.example>; Sat, 28 Nov 2026 12:00:00 \+0000\r\n/,
      ),
    ]);
    expect(contents(next)[0]?.endsWith(`+0000\r\n${MESSAGE}`)).toBe(true);
  });

  const AUTH = `AUTH PLAIN ${Buffer.from('\0joe (x)\0secret').toString('base64')}`;
  it.each<readonly [string, Sending, readonly string[]]>([
    ['SMTP', { hello: ['HELO c.example'] }, []],
    ['ESMTP', {}, []],
    ['ESMTPA', { hello: ['EHLO c.example', AUTH] }, ['\t(authenticated as joe??x?)']],
    ['ESMTP', { hello: ['HELO x.example', 'EHLO c.example'] }, []],
    ['SMTP', { hello: ['EHLO x.example', 'HELO c.example'] }, []],
    ['UTF8SMTP', { mail: 'MAIL FROM:<a@b.example> SMTPUTF8' }, []],
    ['ESMTPS', { first: PROXY_TLS }, ['\t(using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 (128 bits))']],
    [
      'ESMTPSA',
      { first: PROXY_TLS, hello: ['EHLO c.example', AUTH] },
      ['\t(using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 (128 bits))', '\t(authenticated as joe??x?)'],
    ],
  ])('says how the message came: %s %j', async (word, sending, between) => {
    const next = await hop();
    const whole = await serve("function hook.auth() return '235 2.7.0 ok' end", {
      'smtp-smart-host': next.target,
      'smtp-received-user': '+',
      'smtp-utf8': '+',
      ...(sending.first === undefined ? {} : { 'smtp-proxy-hosts': '127.0.0.1' }),
    });
    expect(await send(whole, sending)).toMatch(/^250 /);
    const lines = (ours(contents(next)[0] ?? '')[0] ?? '').split('\r\n');
    const address = sending.first === undefined ? '127.0.0.1' : '203.0.113.9';
    expect(lines[0]).toBe(`Received: from c.example (unknown [${address}])`);
    expect(lines.slice(1, -2)).toEqual(between);
    expect(lines.at(-2)).toMatch(new RegExp(`^\\tby mx\\.example \\(smtpe\\) with ${word} id \\w{18}$`));
  });

  it('shows the user only where it is told to', async () => {
    const next = await hop();
    const whole = await serve("function hook.auth() return '235 2.7.0 ok' end", {
      'smtp-smart-host': next.target,
    });
    await send(whole, { hello: ['EHLO c.example', AUTH] });
    expect(contents(next)[0]).not.toContain('joe ');
    expect(contents(next)[0]).not.toContain('authenticated');
    expect(contents(next)[0]).toContain('with ESMTPA id');
  });

  it.each([
    ['a) by evil (b', 'a??by?evil??b'],
    ['x'.repeat(1000), 'x'.repeat(255)],
    ['x;y\x7fz\xe4', 'x?y?z?'],
  ])('keeps HELO in its place: %j', async (helo, shown) => {
    const next = await hop();
    const whole = await serve('', { 'smtp-smart-host': next.target });
    await send(whole, { hello: [`EHLO ${helo}`] });
    expect(contents(next)[0]?.split('\r\n')[0]).toBe(`Received: from ${shown} (unknown [127.0.0.1])`);
  });

  it('names no recipient when there are two', async () => {
    const next = await hop();
    const whole = await serve('', { 'smtp-smart-host': next.target });
    await send(whole, { recipients: ['joe@d.example', 'ann@d.example'] });
    expect(contents(next)[0]).toMatch(/ id \w{18};\r\n\tSat, 28 Nov/);
    expect(contents(next)[0]).not.toContain('for <');
  });

  it.each([
    ['no header', '\r\nbody\r\n', /^Received: from [\s\S]*\+0000\r\n\r\nbody\r\n$/],
    ['no empty line', 'Subject: x\r\n', /^Received: from [\s\S]*\+0000\r\nSubject: x\r\n\r\n$/],
    ['no header and no empty line', 'body\r\n', /^Received: from [\s\S]*\+0000\r\nbody\r\n\r\n$/],
    [
      'a line of a mailbox in front',
      'From a@b Sat\r\nSubject: x\r\n\r\n',
      /^From a@b Sat\r\nReceived: from [\s\S]*\+0000\r\nSubject: x\r\n\r\n$/,
    ],
  ])('goes on top of a message with %s', async (_, message, expected) => {
    const next = await hop();
    const whole = await serve('', { 'smtp-smart-host': next.target });
    expect(await send(whole, { message })).toMatch(/^250 /);
    expect(contents(next)[0]).toMatch(expected);
  });

  it('is refused no more than 100 times: a message that goes round ends', async () => {
    const next = await hop();
    const whole = await serve('', { 'smtp-smart-host': next.target });
    const trail = (count: number): string => 'Received: by x\r\n'.repeat(count);
    expect(await send(whole, { message: `${trail(100)}\r\nbody\r\n` })).toMatch(/^250 /);
    expect(await send(whole, { message: `${trail(101)}\r\nbody\r\n` })).toMatch(/^554 5\.4\.6 /);
  });
});

describe('a policy and the Received header', () => {
  it('may take it away in hook.dot, change it, and sees the message without it in the file', async () => {
    for (const [edit, count, text] of [
      ["header.delete('Received', 1)", 0, ''],
      ["header.modify('Received', 1, 'by me (smtpe)')", 1, 'Received: by me (smtpe)'],
      ["seen = header.find('Received', 1)", 1, ''],
    ] as const) {
      const next = await hop();
      const whole = await serve(
        `function hook.dot(path)
           local file = assert(io.open(path, 'rb'))
           local content = file:read('a')
           file:close()
           if content:find('smtpe', 1, true) or #content ~= client.message_length then return '550 5.0.0 ' .. #content end
           ${edit}
         end`,
        { 'smtp-smart-host': next.target },
      );
      expect(await send(whole)).toMatch(/^250 /);
      expect(ours(contents(next)[0] ?? '')).toHaveLength(count);
      expect(contents(next)[0]).toContain(text);
    }
  });

  const key = makeKey('rsa', 2048);
  const names = (text: string): readonly string[] =>
    text
      .slice(0, text.indexOf('\r\n\r\n'))
      .split(/\r\n(?![\t ])/)
      .map((header) => header.slice(0, header.indexOf(':')));

  it('has it above what it writes about the sender, and above signatures', async () => {
    const next = await hop();
    const where = `{ domain = 'ours.example', selector = 's', key = [[${key.pem}]] }`;
    const whole = await serve(
      `function hook.dot()
         auth.add{ iprev = true }
         header.add('X-Last: 1')
         dkim.sign ${where}
         arc.seal ${where}
       end`,
      { 'smtp-smart-host': next.target },
    );
    const message = 'Authentication-Results: other.example; spf=pass\r\nFrom: a@ours.example\r\n\r\nbody\r\n';
    expect(await send(whole, { message })).toMatch(/^250 /);
    expect(names(contents(next)[0] ?? '')).toEqual([
      'Received',
      'Authentication-Results',
      'ARC-Seal',
      'ARC-Message-Signature',
      'ARC-Authentication-Results',
      'DKIM-Signature',
      'Authentication-Results',
      'From',
      'X-Last',
    ]);
  });

  it('has it above results that were written at the end of the headers, and signatures on top without it', async () => {
    const next = await hop();
    const whole = await serve(
      `function hook.eoh() auth.add{ iprev = true } end
       function hook.dot()
         header.delete('Received', 1)
         dkim.sign { domain = 'ours.example', selector = 's', key = [[${key.pem}]] }
       end`,
      { 'smtp-smart-host': next.target },
    );
    const kept = await serve('function hook.eoh() auth.add{ iprev = true } end', {
      'smtp-smart-host': next.target,
    });
    const message = 'From: a@ours.example\r\n\r\nbody\r\n';
    expect(await send(whole, { message })).toMatch(/^250 /);
    expect(await send(kept, { message })).toMatch(/^250 /);
    expect(contents(next).map(names)).toEqual([
      ['DKIM-Signature', 'Authentication-Results', 'From'],
      ['Received', 'Authentication-Results', 'From'],
    ]);
  });

  it('has it also when a service has put another message in the place', async () => {
    const left: string[] = [];
    for (const takenAway of [false, true]) {
      const rig = new SmtpRig({
        options: { 'smtp-received': '+' },
        hooks: {
          dot: async ({ owner }) => {
            const transaction = owner.session.transaction;
            if (takenAway) transaction?.headers.delete('Received', 1);
            await transaction?.replaceMessage(Buffer.from('Subject: new\r\n\r\nnew\r\n'));
            left.push(...(transaction?.headers.all ?? []).map((header) => header.slice(0, 10)));
            return '550 5.7.1 no';
          },
        },
      });
      const client = await rig.greeted();
      await client.commands(
        'EHLO c',
        'MAIL FROM:<a@b.example>',
        'RCPT TO:<c@d.example>',
        'DATA',
        `${MESSAGE}.`,
      );
      await client.quit();
    }
    expect(left).toEqual(['Received: ', 'Subject: n', 'Subject: n']);
  });

  it.each(['PROCESS', 'HEADERS'])(
    'has it once when spamd gives back what it was given (%s)',
    async (method) => {
      const next = await hop();
      const spamd = await startSpamd(({ message: given }) =>
        spamdReply(true, 9, given.toString('latin1').replace('\r\n', '\r\nX-Spam-Flag: YES\r\n')),
      );
      open.push(() => spamd.close());
      const whole = await serve(
        `function hook.dot(path)
         assert(service.spamd(path, '${spamd.host}', '${method}'))
         assert(service.wait().spamd.replaced)
         auth.add{ iprev = true }
         dkim.sign { domain = 'ours.example', selector = 's', key = [[${key.pem}]] }
       end`,
        { 'smtp-smart-host': next.target },
      );
      expect(await send(whole)).toMatch(/^250 /);
      expect(ours(contents(next)[0] ?? '')).toHaveLength(1);
      expect(names(contents(next)[0] ?? '')).toEqual([
        'X-Spam-Flag',
        'Received',
        'Authentication-Results',
        'DKIM-Signature',
        'Received',
        'Subject',
      ]);
    },
  );

  it('judges signatures of the message as it came', async () => {
    const next = await hop();
    const whole = await serve(
      `function hook.dot()
         local found = dkim.verify()
         header.add('X-Found: ' .. #found)
       end`,
      { 'smtp-smart-host': next.target },
    );
    expect(await send(whole)).toMatch(/^250 /);
    expect(contents(next)[0]).toContain('X-Found: 0\r\n');
    expect(ours(contents(next)[0] ?? '')).toHaveLength(1);
  });
});

describe('whoever gets the message', () => {
  it('has the header once, also the second next hop that is asked, and at a retry', async () => {
    const first = await hop({ data: '421 4.3.2 going down\r\n' });
    const second = await hop({ dot: ['451 4.3.0 not now\r\n', '250 2.0.0 ok\r\n'] });
    const whole = await serve('', { 'smtp-smart-host': `${first.target} ${second.target}` });
    expect(await send(whole)).toMatch(/^451 /);
    expect(await send(whole)).toMatch(/^250 /);
    expect(first.commands).toContain('DATA');
    expect(contents(second).map((text) => ours(text).length)).toEqual([1, 1]);
  });

  it('has it once in two messages of a session', async () => {
    const next = await hop();
    const whole = await serve('', { 'smtp-smart-host': next.target });
    const client = await whole.greeted();
    await client.command('EHLO c.example');
    for (const n of [1, 2]) {
      for (const line of [`MAIL FROM:<a${n}@b.example>`, `RCPT TO:<joe${n}@d.example>`, 'DATA'])
        await client.command(line);
      expect(await client.command(`${MESSAGE}.`)).toMatch(/^250 /);
    }
    client.socket.end('QUIT\r\n');
    await whole.settled();
    const [one = '', two = ''] = contents(next).map((text) => ours(text).join());
    expect(one).toContain('for <joe1@d.example>');
    expect(two).toContain('for <joe2@d.example>');
    expect(two).not.toContain('joe1');
  });

  it('has it in a mailbox', async () => {
    const box = await mkdtemp(join(tmpdir(), 'smtpe-received-'));
    open.push(() => rm(box, { recursive: true }));
    const whole = await serve('', { 'smtp-smart-host': `maildir:${box}` });
    expect(await send(whole)).toMatch(/^250 /);
    const [name = ''] = await readdir(join(box, 'new'));
    expect(ours(await readFile(join(box, 'new', name), 'latin1'))).toHaveLength(1);
  });

  it('has it when the policy sends the message on itself', async () => {
    const next = await hop();
    const whole = await serve(
      `function hook.forward(path, sender, recipients)
         local ok = smtp.sendfile({ '${next.target}' }, sender, recipients, path)
         return ok and '250 2.0.0 ok' or '451 4.3.0 no'
       end`,
      {},
    );
    expect(await send(whole)).toMatch(/^250 /);
    expect(ours(contents(next)[0] ?? '')).toHaveLength(1);
  });

  it('has it on disk, too', async () => {
    const next = await hop();
    const whole = await serve('', { 'smtp-smart-host': next.target, 'spool-memory': '0' });
    expect(await send(whole, { message: `Subject: x\r\n\r\n${'line\r\n'.repeat(50_000)}` })).toMatch(/^250 /);
    expect(ours(contents(next)[0]?.slice(0, 1000) ?? '')).toHaveLength(1);
  });
});
