import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import type { HookOutcome } from '../../../../src/policy/instance.ts';
import { recipientOf } from '../../../../src/smtp/protocol/recipient.ts';
import type { HookReturn } from '../../../fakes/fake-policy.ts';
import { type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

const rcpt = (code: number, text: string) => ({ recipient: recipientOf('c@d.example'), code, text });
const delivered: DeliveryOutcome = {
  kind: 'delivered',
  host: 'next',
  code: 250,
  text: '250 queued',
  rcpts: [rcpt(250, '250 ok')],
};
const refused = (code: number, text: string, stage: 'dot' | 'rcpt' = 'dot'): DeliveryOutcome => ({
  kind: 'refused',
  host: 'next',
  stage,
  code,
  text,
  rcpts: [rcpt(250, '250 ok')],
});
const failed: DeliveryOutcome = {
  kind: 'failed',
  host: 'next',
  stage: 'connect',
  code: 110,
  error: 'refused',
  rcpts: [],
};

/** One message; the reply at dot, with the transaction id as ID. */
async function atDot(
  settings: RigSettings,
  text = 'A: 1\r\n\r\nx\r\n',
): Promise<{ rig: SmtpRig; reply: string }> {
  const rig = new SmtpRig(settings);
  const client = await rig.greeted();
  await client.openMessage();
  client.send(`${text}.\r\n`);
  const reply = (await client.reply()).replace(/\b\w{16}V\w\b/, 'ID');
  await client.quit();
  expect([rig.spools.size, rig.counters.sessions]).toEqual([0, 0]);
  return { rig, reply };
}

const ACCEPTED = '250 2.0.0 message ID accepted\r\n';
const LATER = '451 4.4.5 try again later ID\r\n';

describe('the reply at dot', () => {
  const none = undefined;
  // hook.dot, hook.forward, the next hop (absent: no smart host), the reply, whether the next hop was asked.
  it.each<[HookReturn, HookReturn | 'not called', DeliveryOutcome | undefined, string, boolean]>([
    [none, none, none, LATER, false],
    [none, none, delivered, ACCEPTED, true],
    [none, none, refused(550, '550 5.7.1 spam'), '550 5.7.1 spam\r\n', true],
    [none, none, refused(451, '451 4.3.0 later'), '451 4.3.0 later\r\n', true],
    [none, none, refused(421, '421 4.3.2 bye'), '451 4.3.2 bye\r\n', true],
    [none, none, failed, '451 4.4.1 next hop not available, try again later\r\n', true],
    [none, '250 2.0.0 fwd', delivered, '250 2.0.0 fwd\r\n', false],
    [none, '550 5.0.0 fwd', delivered, '550 5.0.0 fwd\r\n', false],
    // A yes of hook.dot delivers nothing.
    ['250 2.0.0 dot', none, none, LATER, false],
    ['250 2.0.0 dot', '250 2.0.0 fwd', none, '250 2.0.0 fwd\r\n', false],
    ['250 2.0.0 dot', none, delivered, '250 2.0.0 dot\r\n', true],
    ['250 2.0.0 dot', none, refused(550, '550 no'), '550 5.0.0 no\r\n', true],
    ['250 2.0.0 dot', none, failed, '451 4.4.1 next hop not available, try again later\r\n', true],
    ['250 2.0.0 dot', '550 5.0.0 fwd', delivered, '550 5.0.0 fwd\r\n', false],
    ['250 2.0.0 dot', '250 2.0.0 fwd', delivered, '250 2.0.0 fwd\r\n', false],
    ['550 5.0.0 dot', 'not called', delivered, '550 5.0.0 dot\r\n', false],
    ['451 4.0.0 dot', 'not called', delivered, '451 4.0.0 dot\r\n', false],
  ])('hook.dot %j, hook.forward %j, next hop %j: %j', async (dot, forward, next, reply, asked) => {
    const settings: RigSettings = {
      hooks: {
        dot: () => dot,
        forward: () => (forward === 'not called' ? undefined : forward),
        reset: () => undefined,
      },
      ...(next === undefined ? {} : { smartHost: () => Promise.resolve(next) }),
    };
    const result = await atDot(settings);
    expect(result.reply).toBe(reply);
    expect(result.rig.delivered.length > 0).toBe(asked);
    expect(result.rig.hookNames).toEqual(
      forward === 'not called' ? ['reset', 'dot', 'reset'] : ['reset', 'dot', 'forward', 'reset'],
    );
    expect(result.rig.counters.messagesAccepted).toBe(reply.startsWith('2') ? 1 : 0);
  });

  it.each([
    ['250', ACCEPTED],
    ['451', LATER],
    ['550', '550 5.7.0 message ID rejected\r\n'],
  ])('is smtp-default-at-dot=%s when nobody decided', async (word, reply) => {
    expect((await atDot({ options: { 'smtp-default-at-dot': word } })).reply).toBe(reply);
  });

  it.each([
    ['250', ACCEPTED],
    ['451', '451-4.5.0 not taken for all recipients, refused: <c@d.example>\r\n'],
    ['550', '550-5.5.0 not taken for all recipients, refused: <c@d.example>\r\n'],
  ])('is smtp-partial=%s when only some recipients were taken', async (word, reply) => {
    const outcome: DeliveryOutcome = {
      kind: 'delivered',
      host: 'next',
      code: 250,
      text: '250 ok',
      rcpts: [rcpt(250, '250 ok'), rcpt(550, '550 no')],
    };
    const result = await atDot({
      options: { 'smtp-partial': word },
      smartHost: () => Promise.resolve(outcome),
    });
    // Behind the first line stands what became of each.
    expect(result.reply.slice(0, reply.length)).toBe(reply);
  });

  it('is forwarded after a Lua error in hook.forward; a limit is no error of that kind', async () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    expect(
      (await atDot({ hooks: { forward: boom }, smartHost: () => Promise.resolve(delivered) })).reply,
    ).toBe(ACCEPTED);
    const limit: HookOutcome = { kind: 'limit', limit: 'cpu', message: 'too much' };
    const stopped = await atDot({
      hooks: { forward: () => limit },
      smartHost: () => Promise.resolve(delivered),
    });
    expect([stopped.reply, stopped.rig.delivered.length]).toEqual(['421 4.3.0 internal error\r\n', 0]);
  });
});

describe('what content hooks decide', () => {
  it.each([
    [
      'a refusal is final',
      { header: '550 5.7.1 header', dot: '250 2.0.0 dot' },
      '550 5.7.1 header\r\n',
      false,
    ],
    [
      'the first refusal counts',
      { header: '550 5.7.1 header', body: '451 4.0.0 body', dot: '451 4.0.0 dot' },
      '550 5.7.1 header\r\n',
      false,
    ],
    ['a yes is held', { eoh: '250 2.0.0 eoh' }, '250 2.0.0 eoh\r\n', true],
    [
      'a yes gives way to what comes later',
      { eoh: '250 2.0.0 eoh', dot: '250 2.0.0 dot' },
      '250 2.0.0 dot\r\n',
      true,
    ],
    [
      'a yes gives way to a refusal',
      { content: '250 2.0.0 content', body: '550 5.0.0 body' },
      '550 5.0.0 body\r\n',
      false,
    ],
  ])('%s', async (_, replies: Readonly<Record<string, string>>, reply, forwarded) => {
    const hooks = Object.fromEntries(
      ['content', 'header', 'eoh', 'body', 'dot'].map((name) => [name, () => replies[name]]),
    );
    const result = await atDot({ hooks, smartHost: () => Promise.resolve(delivered) });
    expect(result.reply).toBe(reply);
    expect(result.rig.hookNames).toContain('dot');
    expect(result.rig.delivered.length > 0).toBe(forwarded);
  });

  it('drops at dot, not before', async () => {
    const rig = new SmtpRig({
      hooks: {
        header: () => [true, '550 5.7.1 drop'],
        dot: () => undefined,
        reset: () => undefined,
        close: () => undefined,
      },
    });
    const client = await rig.greeted();
    await client.openMessage();
    client.send('A: 1\r\n\r\n');
    client.send('x\r\n.\r\nNOOP\r\n');
    expect(await client.rest()).toBe('550 5.7.1 drop\r\n');
    expect(rig.hookNames.slice(-3)).toEqual(['header', 'dot', 'close']);
    expect(rig.instance.calls.at(-1)).toEqual(['close', 1]);
  });
});
