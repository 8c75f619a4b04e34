// Addresses in UTF-8 (RFC 6531) as a client says them: what is taken, what is refused, what replies and log lines make of them, when it ends.
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import { type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

const UE = '\xc3\xbc';
const AE = '\xc3\xa4';
const SENDER = `b${UE}cher@ex${AE}mple.com`;
const taken: DeliveryOutcome = { kind: 'delivered', host: 'next', code: 250, text: '250 ok', rcpts: [] };

function rig(settings: RigSettings = {}): SmtpRig {
  return new SmtpRig({ ...settings, options: { 'smtp-utf8': '+', ...settings.options } });
}

/** Replies to each line, behind EHLO. */
async function replies(it_: SmtpRig, ...lines: readonly string[]): Promise<readonly string[]> {
  const client = await it_.greeted();
  await client.command('EHLO c.example');
  const said = await client.commands(...lines);
  await client.quit();
  return said;
}

const codes = (said: readonly string[]): readonly string[] =>
  said.map((reply) => /^\d{3}(?: \d\.\d\.\d)?/.exec(reply)?.[0] ?? reply);

describe('MAIL and RCPT with SMTPUTF8', () => {
  it.each([
    [`MAIL FROM:<${SENDER}> SMTPUTF8`, '250 2.1.0'],
    [`MAIL FROM:<${SENDER}> SIZE=1 BODY=8BITMIME SMTPUTF8`, '250 2.1.0'],
    [`MAIL FROM:<${SENDER}> smtputf8 SIZE=1`, '250 2.1.0'],
    ['MAIL FROM:<a@example.com> SMTPUTF8', '250 2.1.0'],
    ['MAIL FROM:<> SMTPUTF8', '250 2.1.0'],
    [`MAIL FROM:<"b${UE}cher und mehr"@example.com> SMTPUTF8`, '250 2.1.0'],
    [`MAIL FROM:<a@[192.0.2.1]> SMTPUTF8`, '250 2.1.0'],
    [`MAIL FROM:<@ex${AE}mple.com:a@example.com> SMTPUTF8`, '250 2.1.0'],
    [`MAIL FROM:<${SENDER}>`, '553 5.6.7'],
    [`MAIL FROM:<${SENDER}> SIZE=1`, '553 5.6.7'],
    [`MAIL FROM:<a@ex${AE}mple.com>`, '553 5.6.7'],
    [`MAIL FROM:<"${UE}"@example.com>`, '553 5.6.7'],
    // A source route is taken off, and nothing of it is left.
    [`MAIL FROM:<@ex${AE}mple.com:a@example.com>`, '250 2.1.0'],
    ['MAIL FROM:<a\xc3\x28@example.com> SMTPUTF8', '553 5.6.7'],
    ['MAIL FROM:<a\xc0\xae@example.com> SMTPUTF8', '553 5.6.7'],
    ['MAIL FROM:<a\xed\xa0\x80@example.com> SMTPUTF8', '553 5.6.7'],
    ['MAIL FROM:<a\xfc@example.com> SMTPUTF8', '553 5.6.7'],
    ['MAIL FROM:<a\xc2\x85b@example.com> SMTPUTF8', '553 5.6.7'],
    ['MAIL FROM:<a@ex\xff.com> SMTPUTF8', '553 5.6.7'],
    [`MAIL FROM:<a\0${UE}@example.com> SMTPUTF8`, '500 5.5.2'],
    // Characters that IDNA makes others of, and names that are none
    ['MAIL FROM:<a@\xef\xbd\x85xample.com> SMTPUTF8', '553 5.1.7'],
    ['MAIL FROM:<a@ex\xc2\xadample.com> SMTPUTF8', '553 5.1.7'],
    [`MAIL FROM:<a@-${AE}.com> SMTPUTF8`, '553 5.1.7'],
    [`MAIL FROM:<a@${AE}..com> SMTPUTF8`, '553 5.1.7'],
    [`MAIL FROM:<a@${AE}.1> SMTPUTF8`, '553 5.1.7'],
    [`MAIL FROM:<${UE}..a@example.com> SMTPUTF8`, '553 5.1.7'],
    [`MAIL FROM:<${UE} a@example.com> SMTPUTF8`, '553 5.1.7'],
    [`MAIL FROM:<"${UE}\\${UE}"@example.com> SMTPUTF8`, '553 5.1.7'],
    ['MAIL FROM:<a@example.com> SMTPUTF8=x', '501 5.5.4'],
    ['MAIL FROM:<a@example.com> SMTPUTF8 SMTPUTF8', '501 5.5.4'],
    [`MAIL FROM:<a@example.com> SMTPUTF8 X=${UE}`, '501 5.5.4'],
    [`MAIL FROM:<a@example.com> SMTPUTF8${UE}`, '501 5.5.4'],
  ])('%j: %s', async (line, code) => {
    expect(codes(await replies(rig(), line))).toEqual([code]);
  });

  it('RCPT takes UTF-8 when MAIL has said so, whatever the sender is', async () => {
    const rcpt = `RCPT TO:<${SENDER}>`;
    const mail = 'MAIL FROM:<a@example.com>';
    expect(
      codes(await replies(rig(), `${mail} SMTPUTF8`, rcpt, 'RCPT TO:<b@c\xff.d>', 'RCPT TO:<x@y.zz>')),
    ).toEqual([...['250 2.1.0', '250 2.1.0', '553 5.6.7', '250 2.1.0']]);
    expect(codes(await replies(rig(), mail, rcpt))).toEqual(['250 2.1.0', '553 5.6.7']);
    for (const end of ['RSET', 'EHLO again.example']) {
      expect(codes(await replies(rig(), `${mail} SMTPUTF8`, rcpt, end, mail, rcpt)).toSpliced(2, 1)).toEqual([
        ...['250 2.1.0', '250 2.1.0', '250 2.1.0', '553 5.6.7'],
      ]);
    }
  });

  it('a message ends it, too', async () => {
    const it_ = rig({ smartHost: async () => taken });
    const client = await it_.greeted();
    const before = ['EHLO c', `MAIL FROM:<${SENDER}> SMTPUTF8`, `RCPT TO:<${SENDER}>`, 'DATA'];
    await client.commands(...before);
    expect(await client.command(`Subject: ${UE}\r\n\r\nx\r\n.`)).toMatch(/^250/);
    expect(codes(await client.commands('MAIL FROM:<>', `RCPT TO:<${SENDER}>`))).toEqual([
      '250 2.1.0',
      '553 5.6.7',
    ]);
    await client.quit();
    const [delivery] = it_.delivered;
    expect([delivery?.sender, delivery?.recipients[0]?.address]).toEqual([SENDER, SENDER]);
    expect([delivery?.parameters?.SMTPUTF8, delivery?.eightBit, delivery?.utf8Headers]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('is known in the transaction only; without the option it is no parameter', async () => {
    expect(codes(await replies(rig(), `RCPT TO:<${SENDER}>`))).toEqual(['503 5.5.1']);
    const off = rig({ options: { 'smtp-utf8': '-' } });
    const client = await off.greeted();
    expect(await client.command('EHLO c')).not.toContain('SMTPUTF8');
    expect(
      codes(await client.commands('MAIL FROM:<a@b.example> SMTPUTF8', `MAIL FROM:<${SENDER}> SMTPUTF8`)),
    ).toEqual([...['555 5.5.4', '553 5.6.7']]);
    await client.quit();
  });

  it('auto: as the next hops have offered it at the first EHLO, for the whole connection', async () => {
    const offers: 'SMTPUTF8'[] = [];
    const it_ = rig({ options: { 'smtp-utf8': 'auto' }, nextHopOffers: offers });
    const without = await it_.greeted();
    expect(await without.command('EHLO c')).not.toContain('SMTPUTF8');
    offers.push('SMTPUTF8');
    expect(await without.command('EHLO c')).not.toContain('SMTPUTF8');
    expect(await without.command('MAIL FROM:<a@b.example> SMTPUTF8')).toMatch(/^555/);
    await without.quit();
    const client = await it_.greeted();
    expect(await client.command('EHLO c')).toContain('250-SMTPUTF8\r\n');
    // What was announced is taken even so.
    offers.pop();
    expect(await client.command('MAIL FROM:<a@b.example> SMTPUTF8')).toMatch(/^250/);
    await client.quit();
  });

  it('lengths count octets', async () => {
    const options = { 'rfc2821-local-length': '+' };
    const mail = (local: string, domain = 'example.com'): string => `MAIL FROM:<${local}@${domain}> SMTPUTF8`;
    const long = rig({ options });
    expect(codes(await replies(long, mail(UE.repeat(32))))).toEqual(['250 2.1.0']);
    expect(codes(await replies(long, mail(`${UE.repeat(32)}a`)))).toEqual(['553 5.1.0']);
    expect(codes(await replies(rig(), mail('a', `${'a.'.repeat(127)}b`)))).toEqual(['250 2.1.0']);
    expect(codes(await replies(rig(), mail('a', `${`${AE}.`.repeat(85)}b`)))).toEqual(['553 5.1.0']);
  });

  it('hooks get the form that was sent, and default replies repeat it', async () => {
    const seen: unknown[] = [];
    const look = (...given: readonly unknown[]): undefined => {
      seen.push(given.slice(1));
    };
    const it_ = rig({ hooks: { mail: look, rcpt: look } });
    const said = await replies(it_, `MAIL FROM:<${SENDER}> SMTPUTF8`, `RCPT TO:<${UE}@EX${AE}MPLE.com>`);
    expect(said).toEqual([
      `250 2.1.0 sender <${SENDER}> OK\r\n`,
      `250 2.1.0 recipient <${UE}@ex${AE}mple.com> OK\r\n`,
    ]);
    expect(seen).toEqual([
      [SENDER, `ex${AE}mple.com`],
      [`${UE}@EX${AE}MPLE.com`, `ex${AE}mple.com`],
    ]);
  });

  it('default replies hold UTF-8 in such a transaction only, and never what is none', async () => {
    const it_ = rig();
    const client = await it_.greeted();
    expect(await client.command(`EHLO c${UE}`)).toMatch(/^250-Hello c\?\? /);
    expect(await client.command(`N${UE} x`)).toBe('502 5.5.1 N?? x command unknown\r\n');
    expect(await client.command(`MAIL FROM:<> SMTPUTF8 X=${UE}`)).toBe(
      '501 5.5.4 invalid parameter X=??\r\n',
    );
    await client.command('MAIL FROM:<> SMTPUTF8');
    expect(await client.command(`N${UE} x`)).toBe(`502 5.5.1 N${UE} x command unknown\r\n`);
    expect(await client.command('N\xfc x')).toBe('502 5.5.1 N? x command unknown\r\n');
    await client.command('RSET');
    expect(await client.command(`N${UE} x`)).toBe('502 5.5.1 N?? x command unknown\r\n');
    await client.quit();
  });

  it('a reply that is cut is cut between characters', async () => {
    const long = UE.repeat(225);
    for (const start of ['', 'a']) {
      const line = `MAIL FROM:<${start}${long}@example.com> SMTPUTF8`;
      const [reply = ''] = await replies(rig(), line);
      const address = /<(.*)> OK\r\n$/s.exec(reply)?.[1] ?? '';
      expect(address.length).toBeLessThanOrEqual(400);
      expect(Buffer.from(address, 'latin1').toString('utf8')).not.toContain('\ufffd');
      expect(`${start}${long}`).toContain(address);
    }
  });

  it('what comes in any split gives the same', async () => {
    const text = `MAIL FROM:<${SENDER}> SMTPUTF8\r\nRCPT TO:<${SENDER}>\r\n`;
    const whole = await (async () => {
      const client = await rig().greeted();
      await client.command('EHLO c');
      client.send(...text.split(''));
      const said = [await client.reply(), await client.reply()];
      await client.quit();
      return said;
    })();
    expect(codes(whole)).toEqual(['250 2.1.0', '250 2.1.0']);
    for (let at = 1; at < text.length; at++) {
      const client = await rig().greeted();
      await client.command('EHLO c');
      client.send(text.slice(0, at), text.slice(at));
      expect([await client.reply(), await client.reply()]).toEqual(whole);
      await client.quit();
    }
  });
});

describe('VRFY with UTF-8', () => {
  it.each([
    [`VRFY ${SENDER} SMTPUTF8`, '252 2.5.0'],
    [`VRFY ${UE} smtputf8`, '252 2.5.0'],
    ['VRFY bob', '252 2.5.0'],
    [`VRFY ${SENDER}`, '553 5.6.7'],
    [`VRFY ${UE}SMTPUTF8`, '553 5.6.7'],
    ['VRFY \xc3\x28 SMTPUTF8', '553 5.6.7'],
    ['VRFY \xc0\xae SMTPUTF8', '553 5.6.7'],
  ])('%j: %s', async (line, code) => {
    expect(codes(await replies(rig(), line))).toEqual([code]);
  });

  it('without the option: refused', async () => {
    const off = rig({ options: { 'smtp-utf8': '-' } });
    expect(codes(await replies(off, `VRFY ${UE} SMTPUTF8`, 'VRFY bob SMTPUTF8'))).toEqual([
      '553 5.6.7',
      '252 2.5.0',
    ]);
  });
});
