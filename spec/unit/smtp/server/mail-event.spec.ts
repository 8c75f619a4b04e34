// The one `mail` event of a transaction: each way in which one can end, with what it says; and that there is never none, and never two.
import { describe, expect, it } from 'vitest';
import type { LogFields } from '../../../../src/base/log.ts';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import type { SmartHostDelivery } from '../../../../src/delivery/smart-host.ts';
import { formatLine } from '../../../../src/ops/log-line.ts';
import type { FakeHooks } from '../../../fakes/fake-policy.ts';
import { type RigClient, type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

const HELLO = 'EHLO c.example\r\n';
const MAIL = 'MAIL FROM:<a@b.example>\r\n';
const RCPT = 'RCPT TO:<c@d.example>\r\n';
const BAD = 'RCPT TO:<bad@d.example>\r\n';
const CONTENT = 'Message-ID: <1@b.example>\r\nSubject: x\r\n\r\ntext\r\n';
const DATA = `DATA\r\n${CONTENT}.\r\n`;
const QUIT = 'QUIT\r\n';
const OPEN = HELLO + MAIL + RCPT;
const MESSAGE = OPEN + DATA;

const mine: FakeHooks = { forward: () => '250 2.0.0 mine' };
const no = (word: string) => () => `550 5.7.1 ${word}`;
const later = () => '451 4.7.1 later';
const bug = () => {
  throw new Error('a bug of the policy');
};
/** Not at the first hello, which is a reset too. */
const bugLater: FakeHooks['reset'] = ({ calls }) =>
  calls.filter(([name]) => name === 'reset').length > 1 ? bug() : undefined;
const notBad: FakeHooks['rcpt'] = (_, to) => (to === 'bad@d.example' ? '550 5.1.1 no such user' : undefined);

/** A next hop that takes the message but for these. */
const takes =
  (text: string, refused: readonly string[] = []) =>
  async ({ recipients }: SmartHostDelivery): Promise<DeliveryOutcome> => ({
    kind: 'delivered',
    host: 'mx-a:25',
    code: 250,
    text,
    rcpts: recipients.map((recipient) =>
      refused.includes(recipient.address)
        ? { recipient, code: 550, text: '550 5.1.1 not here' }
        : { recipient, code: 250, text: '250 ok' },
    ),
  });

const refuses =
  (stage: 'rcpt' | 'dot', code: number) =>
  async ({ recipients }: SmartHostDelivery): Promise<DeliveryOutcome> => ({
    kind: 'refused',
    host: 'mx-a:25',
    stage,
    code,
    text: `${code} no`,
    rcpts: recipients.map((recipient) => ({
      recipient,
      code: stage === 'rcpt' ? code : 250,
      text: `${code} x`,
    })),
  });

const hears = {
  kind: 'failed',
  host: 'mx-a:25',
  stage: 'connect',
  code: 110,
  error: 'ECONNREFUSED',
  rcpts: [],
} satisfies DeliveryOutcome;

interface Way {
  readonly settings?: RigSettings;
  readonly sent: string;
  /** How the client ends; by itself when `sent` has QUIT. */
  readonly leaves?: (client: RigClient) => void;
  readonly expected: LogFields | readonly LogFields[];
}

/** It has the reply to the last thing that it has sent. */
const reset = (client: RigClient): void => client.reset();
const close = (client: RigClient): void => void client.stream.end();
const C = { to: 'c@d.example' };

const ways: Readonly<Record<string, Way>> = {
  'taken by the policy': {
    settings: { hooks: mine },
    sent: MESSAGE + QUIT,
    expected: {
      result: 'accepted',
      code: 250,
      cause: 'hook.forward',
      bytes: CONTENT.length,
      message_id: '<1@b.example>',
      recipients: 1,
      to: [{ ...C, status: 250 }],
    },
  },
  'taken by the next hop': {
    settings: { smartHost: takes('250 2.0.0 Ok: queued as 89D6222E8B2') },
    sent: MESSAGE + QUIT,
    expected: {
      result: 'accepted',
      code: 250,
      next_hop: 'mx-a:25',
      queue_id: '89D6222E8B2',
      to: [{ ...C, status: 250 }],
    },
  },
  'taken by the next hop for some, smtp-partial=250': {
    settings: { smartHost: takes('250 ok', ['bad@d.example']), options: { 'smtp-partial': '250' } },
    sent: OPEN + BAD + DATA + QUIT,
    expected: {
      result: 'accepted',
      code: 250,
      to: [
        { ...C, status: 250, why: '250 ok' },
        { to: 'bad@d.example', status: 550, why: '550 5.1.1 not here' },
      ],
    },
  },
  'taken by the next hop for some, smtp-partial=451': {
    settings: { smartHost: takes('250 ok', ['bad@d.example']) },
    sent: OPEN + BAD + DATA + QUIT,
    expected: { result: 'deferred', code: 451, to: [{ status: 250 }, { status: 550 }] },
  },
  'accepted, and one recipient refused before': {
    settings: { hooks: { ...mine, rcpt: notBad } },
    sent: OPEN + BAD + DATA + QUIT,
    expected: {
      result: 'accepted',
      recipients: 2,
      to: [
        { ...C, status: 250 },
        { to: 'bad@d.example', status: 550, why: 'hook.rcpt' },
      ],
    },
  },
  'thrown away': {
    settings: { options: { 'smtp-default-at-dot': '250' } },
    sent: MESSAGE + QUIT,
    expected: { result: 'discarded', code: 250 },
  },
  'refused at MAIL by the policy': {
    settings: { hooks: { mail: no('mail') } },
    sent: HELLO + MAIL + QUIT,
    expected: {
      result: 'refused',
      code: 550,
      cause: 'hook.mail',
      from: 'a@b.example',
      recipients: 0,
      to: [],
    },
  },
  'deferred at MAIL by the policy': {
    settings: { hooks: { mail: later } },
    sent: HELLO + MAIL + QUIT,
    expected: { result: 'deferred', code: 451, cause: 'hook.mail' },
  },
  'a bug in hook.mail': {
    settings: { hooks: { mail: bug } },
    sent: HELLO + MAIL,
    expected: { result: 'deferred', code: 421 },
  },
  'hook.mail asks for the end': {
    settings: { hooks: { mail: () => [true, '550 5.7.1 no'] } },
    sent: HELLO + MAIL,
    expected: { result: 'refused', code: 550, cause: 'hook.mail' },
  },
  'every recipient refused, then QUIT': {
    settings: { hooks: { rcpt: no('rcpt') } },
    sent: OPEN + QUIT,
    expected: {
      result: 'refused',
      code: 550,
      cause: 'hook.rcpt',
      recipients: 1,
      to: [{ ...C, status: 550, why: 'hook.rcpt' }],
    },
  },
  'every recipient refused, then RSET': {
    settings: { hooks: { rcpt: no('rcpt') } },
    sent: `${OPEN}RSET\r\n${QUIT}`,
    expected: { result: 'refused', code: 550, cause: 'hook.rcpt' },
  },
  'every recipient refused, one for a while': {
    settings: { hooks: { rcpt: (_, to) => (to === 'bad@d.example' ? '550 5.1.1 no' : '451 4.7.1 later') } },
    sent: OPEN + BAD + QUIT,
    expected: { result: 'deferred', code: 451, recipients: 2 },
  },
  'a recipient that is none': {
    sent: `${HELLO}${MAIL}RCPT TO:<no address>\r\n${QUIT}`,
    expected: { result: 'refused', code: 553, to: [{ to: 'no address', status: 553 }] },
  },
  'too many recipients, then QUIT': {
    settings: { options: { 'limit-recipients': '1' } },
    sent: OPEN + BAD + QUIT,
    expected: { result: 'lost', cause: 'QUIT', to: [C, { to: 'bad@d.example', status: 452 }] },
  },
  'a bug in hook.rcpt': {
    settings: { hooks: { rcpt: bug } },
    sent: OPEN,
    expected: { result: 'deferred', code: 421, to: [{ ...C, status: 421 }] },
  },
  'DATA refused, then RSET': {
    settings: { hooks: { data: no('data') } },
    sent: `${OPEN}DATA\r\nRSET\r\n${QUIT}`,
    expected: { result: 'refused', code: 550, cause: 'hook.data', to: [{ ...C, status: 550 }] },
  },
  'DATA refused, and taken the second time': {
    settings: {
      hooks: {
        ...mine,
        data: ({ calls }) =>
          calls.filter(([name]) => name === 'data').length === 1 ? '451 4.0.0 later' : undefined,
      },
    },
    sent: `${OPEN}DATA\r\n${DATA}${QUIT}`,
    expected: { result: 'accepted', code: 250 },
  },
  'refused at the dot by the policy': {
    settings: { hooks: { dot: no('dot') } },
    sent: MESSAGE + QUIT,
    expected: { result: 'refused', code: 550, cause: 'hook.dot', to: [{ ...C, status: 550 }] },
  },
  'refused by hook.header': {
    settings: { hooks: { header: no('header') } },
    sent: MESSAGE + QUIT,
    expected: { result: 'refused', code: 550, cause: 'hook.header' },
  },
  'a bug in hook.header': {
    settings: { hooks: { header: bug } },
    sent: MESSAGE,
    expected: { result: 'deferred', code: 421 },
  },
  'a bug in hook.dot': {
    settings: { hooks: { dot: bug } },
    sent: MESSAGE,
    expected: { result: 'deferred', code: 421 },
  },
  'a bug in hook.reset, behind a message that was taken': {
    settings: { hooks: { ...mine, reset: bugLater } },
    sent: MESSAGE,
    expected: { result: 'accepted', code: 250 },
  },
  'a bug in hook.reset at RSET': {
    settings: { hooks: { reset: bugLater } },
    sent: `${OPEN}RSET\r\n`,
    expected: { result: 'lost', cause: 'RSET' },
  },
  'nobody takes it': {
    sent: MESSAGE + QUIT,
    expected: { result: 'deferred', code: 451, cause: 'smtp-default-at-dot=451: nobody took the message' },
  },
  'too large': {
    settings: { options: { 'smtp-max-size': '10' } },
    sent: MESSAGE + QUIT,
    expected: { result: 'refused', code: 552 },
  },
  'the next hop refuses the content': {
    settings: { smartHost: refuses('dot', 554) },
    sent: MESSAGE + QUIT,
    expected: {
      result: 'refused',
      code: 554,
      next_hop: 'mx-a:25',
      cause: 'mx-a:25 refused at dot: 554 no',
      to: [{ ...C, status: 554 }],
    },
  },
  'the next hop refuses the only recipient': {
    settings: { smartHost: refuses('rcpt', 550) },
    sent: MESSAGE + QUIT,
    expected: { result: 'refused', code: 550, to: [{ ...C, status: 550, why: '550 x' }] },
  },
  'the next hop cannot be reached': {
    settings: { smartHost: async () => hears },
    sent: MESSAGE + QUIT,
    expected: {
      result: 'deferred',
      code: 451,
      next_hop: 'mx-a:25',
      cause: 'mx-a:25 failed at connect: ECONNREFUSED',
    },
  },
  'hook.reply says something else': {
    settings: {
      hooks: {
        ...mine,
        reply: (_, text) => (String(text).includes('mine') ? '451 4.0.0 not now' : undefined),
      },
    },
    sent: MESSAGE + QUIT,
    expected: { result: 'deferred', code: 451, cause: 'hook.reply, in place of 250: hook.forward' },
  },
  'RSET by the client': {
    sent: `${OPEN}RSET\r\n${QUIT}`,
    expected: { result: 'lost', cause: 'RSET', to: [C] },
  },
  'EHLO by the client': {
    sent: `${OPEN}${HELLO}${QUIT}`,
    expected: { result: 'lost', cause: 'EHLO or HELO' },
  },
  'QUIT by the client': { sent: OPEN + QUIT, expected: { result: 'lost', cause: 'QUIT', to: [C] } },
  'a command that nobody knows is no word about the message': {
    sent: `${OPEN}FOO\r\n${QUIT}`,
    expected: { result: 'lost', cause: 'QUIT' },
  },
  'the connection is lost behind RCPT': {
    sent: OPEN,
    leaves: reset,
    expected: { result: 'lost', cause: 'read ECONNRESET', unheard: true, to: [C] },
  },
  'the client closes behind MAIL': {
    sent: HELLO + MAIL,
    leaves: close,
    expected: { result: 'lost', cause: 'the client closed the connection', to: [] },
  },
  'the client closes within the content': {
    sent: `${OPEN}DATA\r\nSubject: x\r\n`,
    leaves: close,
    expected: { result: 'lost', bytes: 12, to: [C] },
  },
  'a chunk, then RSET': {
    sent: `${OPEN}BDAT 4\r\nabcdRSET\r\n${QUIT}`,
    expected: { result: 'lost', cause: 'RSET', bytes: 4 },
  },
  'a message in chunks': {
    settings: { hooks: mine },
    sent: `${OPEN}BDAT 4\r\nabcdBDAT 4 LAST\r\nef\r\n${QUIT}`,
    expected: { result: 'accepted', code: 250, bytes: 8 },
  },
  'a chunk refused by hook.data': {
    settings: { hooks: { data: no('data') } },
    sent: `${OPEN}BDAT 4\r\nabcd${QUIT}`,
    expected: { result: 'refused', code: 550, cause: 'hook.data' },
  },
  'a chunk of a message that is too large': {
    settings: { options: { 'smtp-max-size': '2' } },
    sent: `${OPEN}BDAT 4\r\nabcd${QUIT}`,
    expected: { result: 'refused', code: 552 },
  },
  'a second MAIL in the transaction': {
    sent: `${OPEN}MAIL FROM:<x@y.example>\r\n${QUIT}`,
    expected: { result: 'lost', from: 'a@b.example' },
  },
  'the end by a limit': {
    settings: { options: { 'limit-unknown': '1' } },
    sent: `${OPEN}FOO\r\nFOO\r\nFOO\r\n`,
    expected: { result: 'lost', to: [C] },
  },
  'two messages on one connection, the second refused': {
    settings: {
      hooks: { ...mine, mail: (_, from) => (from === 'x@y.example' ? '550 5.7.1 no' : undefined) },
    },
    sent: `${MESSAGE}MAIL FROM:<x@y.example>\r\n${QUIT}`,
    expected: [
      { result: 'accepted', from: 'a@b.example' },
      { result: 'refused', from: 'x@y.example', to: [] },
    ],
  },
  'MAIL that was not understood': { sent: `${HELLO}MAIL FROM:a b\r\n${QUIT}`, expected: [] },
  'MAIL out of sequence': { sent: `MAIL FROM:<a@b.example>\r\n${QUIT}`, expected: [] },
};

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

async function mailsOf({
  leaves,
  sent,
  settings = {},
}: Pick<Way, 'leaves' | 'sent' | 'settings'>): Promise<LogFields[]> {
  const rig = new SmtpRig(settings);
  const client = await rig.greeted();
  client.send(sent);
  await turns();
  leaves?.(client);
  if (leaves === undefined) {
    await client.rest();
    client.stream.end();
  }
  await client.over;
  return rig.log.lines.filter(({ message }) => message === 'mail').map(({ fields }) => fields);
}

describe('exactly one mail event, for', () => {
  it.each(Object.entries(ways))('%s', async (_, way) => {
    const told = await mailsOf(way);
    const expected = Array.isArray(way.expected) ? way.expected : [way.expected];
    expect(told).toMatchObject(expected);
    expect(told).toHaveLength(expected.length);
    expect(new Set(told.map(({ transaction }) => transaction)).size).toBe(told.length);
  });

  it('a message that is taken while its client goes', async () => {
    let deliver = (): void => undefined;
    const rig = new SmtpRig({
      smartHost: (delivery) =>
        new Promise((resolve) => {
          deliver = () => void takes('250 queued as 1A')(delivery).then(resolve);
        }),
    });
    const client = await rig.greeted();
    client.send(MESSAGE);
    await turns();
    client.reset();
    await turns();
    deliver();
    await client.over;
    const told = rig.log.lines.filter(({ message }) => message === 'mail');
    expect(told.map(({ fields }) => fields)).toMatchObject([
      { result: 'accepted', code: 250, unheard: true, queue_id: '1A', to: [{ ...C, status: 250 }] },
    ]);
    expect(told).toHaveLength(1);
  });

  it('a session that is cut off while a hook waits', async () => {
    const rig = new SmtpRig({ hooks: { dot: () => new Promise(() => undefined) } });
    const client = await rig.greeted();
    client.send(MESSAGE);
    await turns();
    void rig.server.close(0);
    await client.rest();
    client.stream.end();
    await client.over;
    const told = rig.log.lines.filter(({ message }) => message === 'mail');
    expect(told.map(({ fields }) => fields)).toMatchObject([{ result: 'lost', cause: 'shutdown-timeout' }]);
    expect(told).toHaveLength(1);
  });
});

describe('a mail event', () => {
  it('has the client, the stages in milliseconds and the revision of the policy', async () => {
    const clock = new FakeClock();
    const rig = new SmtpRig({
      clock,
      options: { 'dns-client-timeout': '5' },
      reverse: async () => 'host.b.example',
      hooks: {
        rcpt: () => void clock.advance(7),
        dot: () => void clock.advance(11),
        forward: () => {
          clock.advance(5);
          return '250 2.0.0 mine';
        },
      },
    });
    const client = await rig.greeted();
    client.send(`${OPEN}DATA\r\n${CONTENT}`);
    await turns();
    clock.advance(100);
    client.send('.\r\n');
    await turns();
    await client.quit();
    const { fields } = rig.log.lines.find(({ message }) => message === 'mail') ?? {};
    expect(fields).toMatchObject({
      ...{ client: '192.0.2.1', host: 'host.b.example', helo: 'c.example' },
      ...{
        ms_mail: undefined,
        ms_rcpt: 7,
        ms_data: 100,
        ms_policy: 23,
        ms_forward: undefined,
        policy: rig.policy.revision,
      },
    });
  });

  it('has as many recipients as there is room for, and says how many are left out', async () => {
    const rcpts = Array.from({ length: 300 }, (_, i) => `RCPT TO:<u${i}@d.example>\r\n`);
    const [few] = await mailsOf({
      settings: { hooks: mine },
      sent: HELLO + MAIL + rcpts.join('') + DATA + QUIT,
    });
    expect(few).toMatchObject({ recipients: 300, to_more: 200 });
    expect(few?.to).toHaveLength(100);
    const long = rcpts.map((line) => line.replace('@', `${'x'.repeat(50)}@`));
    const [fewer] = await mailsOf({
      settings: { hooks: mine },
      sent: HELLO + MAIL + long.join('') + DATA + QUIT,
    });
    const rows = (fewer?.to ?? []) as readonly LogFields[];
    expect(rows.length + Number(fewer?.to_more)).toBe(300);
    expect(rows.map(({ to }) => String(to)).join('').length).toBeLessThan(4000);
    const refused = await mailsOf({
      settings: { hooks: { rcpt: no('x') }, options: { 'limit-errors': '1000' } },
      sent: HELLO + MAIL + rcpts.join('') + QUIT,
    });
    expect(refused).toMatchObject([{ result: 'refused', recipients: 300 }]);
    expect(((refused[0]?.to ?? []) as readonly LogFields[]).length + Number(refused[0]?.to_more)).toBe(300);
  });

  it('is one line of printable ASCII, whatever a stranger puts into it, and has no password', async () => {
    const evil = '\x1b[31m\u2028"\\ = to=x status=250';
    const secret = Buffer.from('\0us er\0hush').toString('base64');
    const rig = new SmtpRig({
      reverse: async () => evil,
      hooks: { auth: () => '235 2.7.0 ok', dot: () => `550 5.7.1 ${'x'.repeat(300)}`, rcpt: notBad },
      options: { 'smtp-lenient': '+', 'dns-client-timeout': '5' },
    });
    const client = await rig.greeted();
    await client.commands(
      `EHLO c\t${evil}`,
      `AUTH PLAIN ${secret}`,
      'MAIL FROM:<"a\\"b = c"@b.example>',
      'RCPT TO:<"x status=250 to=y"@d.example>',
      'RCPT TO:<\x80\xff>',
      'DATA',
    );
    client.send(`Message-ID: <1>\r\n ${evil}\r\n to=z\r\n\r\nx\r\n.\r\n`);
    await client.reply();
    await client.quit();
    const lines = rig.log.lines.map(({ fields, level, message }) =>
      formatLine({ time: 0, level, message, fields }, 1),
    );
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]*$/);
    const [mail = ''] = lines.filter((line) => line.includes(' mail result='));
    expect(mail).toContain('from="\\"a\\\\\\"b = c\\"@b.example"');
    expect(mail).toContain(' to="\\"x status=250 to=y\\"@d.example" status=550');
    expect(mail).toContain('user="us er"');
    expect(lines.join()).not.toMatch(new RegExp(`hush|${secret}`));
  });
});
