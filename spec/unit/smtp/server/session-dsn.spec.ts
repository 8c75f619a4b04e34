// The parameters of DSN (RFC 3461) as a client says them: what is taken, what is refused, what replies and log lines make of them.
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import { type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

const UE = '\xc3\xbc';
const ok: DeliveryOutcome = {
  kind: 'delivered',
  host: 'next',
  code: 250,
  text: '250 ok',
  rcpts: [],
  dsn: true,
};

function rig(settings: RigSettings = {}): SmtpRig {
  const options = { 'smtp-dsn': '+', 'smtp-utf8': '+', ...settings.options };
  return new SmtpRig({ smartHost: async () => ok, ...settings, options });
}

async function codeOf(lines: readonly string[], it_ = rig()): Promise<string> {
  const client = await it_.greeted();
  const replies = await client.commands('EHLO c.example', ...lines);
  await client.quit();
  return replies.at(-1)?.slice(0, 9).trim() ?? '';
}

const MAIL = 'MAIL FROM:<a@b.example>';

describe('MAIL with DSN', () => {
  it.each([
    ['ENVID=QQ314159', '250 2.1.0'],
    ['ENVID=a+2Bb+3D', '250 2.1.0'],
    ['ENVID=+0D+0AX', '250 2.1.0'],
    [`ENVID=${'x'.repeat(100)}`, '250 2.1.0'],
    ['RET=full', '250 2.1.0'],
    ['RET=HDRS', '250 2.1.0'],
    ['ret=FULL envid=x SIZE=1 BODY=8BITMIME SMTPUTF8', '250 2.1.0'],
    ['SMTPUTF8 ENVID=x BODY=7BIT RET=HDRS SIZE=1', '250 2.1.0'],
    ['ENVID=+zz', '501 5.5.4'],
    ['ENVID=', '501 5.5.4'],
    ['ENVID', '501 5.5.4'],
    ['ENVID=a=b', '501 5.5.4'],
    [`ENVID=${'x'.repeat(101)}`, '501 5.5.4'],
    [`ENVID=${UE} SMTPUTF8`, '501 5.5.4'],
    ['RET=x', '501 5.5.4'],
    ['RET', '501 5.5.4'],
    ['RET=FULL RET=FULL', '501 5.5.4'],
    ['ENVID=x RET=FULL ENVID=x', '501 5.5.4'],
    ['NOTIFY=NEVER', '555 5.5.4'],
    ['ORCPT=rfc822;a', '555 5.5.4'],
  ])('%s: %s', async (parameters, code) => {
    expect(await codeOf([`${MAIL} ${parameters}`])).toBe(code);
  });
});

describe('RCPT with DSN', () => {
  it.each([
    ['NOTIFY=NEVER', '250 2.1.0'],
    ['NOTIFY=SUCCESS,FAILURE', '250 2.1.0'],
    ['notify=delay ORCPT=rfc822;Bob+40example.com', '250 2.1.0'],
    ['ORCPT=utf-8;b\\x{FC}ro@example.com', '250 2.1.0'],
    [`ORCPT=rfc822;${'x'.repeat(493)}`, '250 2.1.0'],
    ['NOTIFY=NEVER,DELAY', '501 5.5.4'],
    ['NOTIFY=', '501 5.5.4'],
    ['NOTIFY=SOMETIMES', '501 5.5.4'],
    ['NOTIFY=SUCCESS,SUCCESS', '501 5.5.4'],
    ['NOTIFY=NEVER NOTIFY=NEVER', '501 5.5.4'],
    ['ORCPT=rfc822', '501 5.5.4'],
    ['ORCPT=rfc822;', '501 5.5.4'],
    ['ORCPT=rfc822;+4', '501 5.5.4'],
    [`ORCPT=rfc822;${'x'.repeat(494)}`, '501 5.5.4'],
    [`ORCPT=utf-8;b${UE}ro@example.com`, '501 5.5.4'],
    ['RET=FULL', '555 5.5.4'],
    ['ENVID=x', '555 5.5.4'],
  ])('%s: %s', async (parameters, code) => {
    expect(await codeOf([MAIL, `RCPT TO:<c@d.example> ${parameters}`])).toBe(code);
  });

  it('ORCPT in UTF-8 under SMTPUTF8 only, and well-formed', async () => {
    const rcpt = (orcpt: string): string => `RCPT TO:<c@d.example> ORCPT=${orcpt}`;
    const mail = `${MAIL} SMTPUTF8`;
    expect(await codeOf([mail, rcpt(`utf-8;b${UE}ro@example.com`)])).toBe('250 2.1.0');
    expect(await codeOf([mail, rcpt('utf-8;b\xc3\x28@example.com')])).toBe('501 5.5.4');
    expect(await codeOf([mail, rcpt(`rfc822;b${UE}ro@example.com`)])).toBe('501 5.5.4');
    expect(await codeOf([mail, `RCPT TO:<c@d.example> NOTIFY=${UE}`])).toBe('501 5.5.4');
  });
});

describe('where DSN is not offered', () => {
  const lines = [`${MAIL} RET=FULL ENVID=x`, 'RCPT TO:<c@d.example> NOTIFY=NEVER ORCPT=rfc822;a'];

  it('its parameters are unknown, or dropped by smtp-lenient', async () => {
    for (const word of ['-', 'auto'] as const) {
      expect(await codeOf(lines.slice(0, 1), rig({ options: { 'smtp-dsn': word } }))).toBe('555 5.5.4');
      const lenient = rig({ options: { 'smtp-dsn': word, 'smtp-lenient': '+' } });
      expect(await codeOf([...lines, 'DATA', 'A: 1\r\n\r\n.'], lenient)).toBe('250 2.0.0');
      expect(lenient.delivered[0]?.parameters).toEqual({});
      expect(lenient.delivered[0]?.recipients[0]?.parameters).toEqual({});
    }
  });

  it('auto: as the next hops offer it', async () => {
    const offered = rig({ options: { 'smtp-dsn': 'auto' }, nextHopOffers: ['DSN'] });
    const client = await offered.greeted();
    expect(await client.command('EHLO c')).toContain('250-DSN\r\n');
    await client.quit();
    expect(await codeOf([...lines, 'DATA', 'A: 1\r\n\r\n.'], offered)).toBe('250 2.0.0');
    expect(offered.delivered[0]?.parameters).toEqual({ RET: 'FULL', ENVID: 'x' });
    expect(offered.delivered[0]?.recipients[0]?.parameters).toEqual({ NOTIFY: 'NEVER', ORCPT: 'rfc822;a' });
  });
});

describe('who asks for a report', () => {
  const told = async (
    mail: string,
    rcpt: string,
    outcome: Partial<DeliveryOutcome> = {},
  ): Promise<readonly unknown[]> => {
    const reports: unknown[] = [];
    const it_ = rig({
      smartHost: async ({ recipients }) =>
        ({
          ...{ kind: 'delivered', host: 'next:25', code: 250, text: '250 ok' },
          rcpts: recipients.map((recipient) => ({ recipient, code: 250, text: '250 ok' })),
          ...outcome,
        }) as DeliveryOutcome,
      deps: {
        reports: {
          tell: ({ id, sender, headers }) => void reports.push([id.length, sender, String(headers)]),
        },
      },
    });
    const client = await it_.greeted();
    await client.commands('EHLO c', mail, rcpt, 'DATA');
    await client.command('A: 1\r\nB: 2\r\n\r\nbody\r\n.');
    await client.quit();
    return reports;
  };
  const SUCCESS = 'RCPT TO:<c@d.example> NOTIFY=DELAY,SUCCESS';

  it('gets one from us when the next hop has not heard of it, behind the 250', async () => {
    expect(await told(MAIL, SUCCESS)).toEqual([[18, 'a@b.example', 'A: 1\r\nB: 2\r\n']]);
  });

  it('and in no other case', async () => {
    expect(await told('MAIL FROM:<>', SUCCESS)).toEqual([]);
    expect(await told(MAIL, 'RCPT TO:<c@d.example>')).toEqual([]);
    expect(await told(MAIL, 'RCPT TO:<c@d.example> NOTIFY=NEVER')).toEqual([]);
    expect(await told(MAIL, 'RCPT TO:<c@d.example> NOTIFY=FAILURE,DELAY')).toEqual([]);
    expect(await told(MAIL, SUCCESS, { dsn: true })).toEqual([]);
    expect(await told(MAIL, SUCCESS, { kind: 'refused', stage: 'dot', code: 550, text: '550 no' })).toEqual(
      [],
    );
    expect(await told(MAIL, SUCCESS, { kind: 'failed', stage: 'dot', code: 130, error: 'lost' })).toEqual([]);
  });
});
