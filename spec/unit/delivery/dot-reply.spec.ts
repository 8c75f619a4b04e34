import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dotReply } from '../../../src/delivery/dot-reply.ts';
import type { DeliveryOutcome, RcptReply, Stage } from '../../../src/delivery/port/delivery.ts';
import { recipientOf } from '../../../src/smtp/protocol/recipient.ts';

const rcpt = (recipient: string, text: string): RcptReply => ({
  recipient: recipientOf(recipient),
  code: Number(text.slice(0, 3)),
  text,
});
const refused = (text: string, stage: Stage = 'dot'): DeliveryOutcome => ({
  kind: 'refused',
  host: 'hub.internal:25',
  stage,
  code: Number(text.slice(0, 3)),
  text,
  rcpts: [],
});

function wire(outcome: DeliveryOutcome, partial: '250' | '451' | '550' = '451'): string {
  const result = dotReply(outcome, partial);
  return result.kind === 'accepted' ? 'accepted' : result.reply.text;
}

describe('recipients whom the client does not know', () => {
  const hidden = (address: string, text: string): RcptReply => {
    const reply = rcpt(address, text);
    return { ...reply, recipient: { ...reply.recipient, hidden: true } };
  };
  const delivered = (...rcpts: readonly RcptReply[]): DeliveryOutcome => ({
    ...{ kind: 'delivered', host: 'hub.internal:25', code: 250, text: '250 ok', rcpts },
  });

  it('are not named when some have the message', () => {
    const bob = rcpt('bob@d.example', '250 ok');
    expect(wire(delivered(bob, hidden('x@d.example', '550 5.1.1 <x@d.example> who')))).toBe(
      '451-4.5.0 not taken for all recipients, refused: another recipient\r\n' +
        '451-4.5.0 <bob@d.example>: delivered\r\n451 4.5.0 another recipient: refused\r\n',
    );
    expect(
      wire(delivered(rcpt('bob@d.example', '550 not with X@d.example'), hidden('x@d.example', '250 ok'))),
    ).toBe(
      '451-4.5.0 not taken for all recipients, refused: <bob@d.example>\r\n' +
        '451-4.5.0 <bob@d.example>: refused\r\n451 4.5.0 another recipient: delivered\r\n',
    );
  });

  it('are not named by the next hop either', () => {
    const no = '550 5.1.1 <X@d.example> who';
    const outcome = { ...refused(no, 'rcpt'), rcpts: [hidden('x@d.example', no)] } as DeliveryOutcome;
    expect(wire(outcome)).toBe('550 5.1.0 refused by the next hop\r\n');
  });
});

describe('dotReply', () => {
  it.each([
    ['550 5.7.1 spam', '550 5.7.1 spam\r\n'],
    ['552 5.3.4 too big', '552 5.3.4 too big\r\n'],
    ['451 4.3.0 later', '451 4.3.0 later\r\n'],
    ['452 no space', '452 4.0.0 no space\r\n'],
    ['554-5.7.1 no\n554 5.7.1 really', '554-5.7.1 no\r\n554 5.7.1 really\r\n'],
    ['554-first\n554 5.7.9 second', '554-5.7.9 first\r\n554 5.7.9 second\r\n'],
    ['550 4.7.1 wrong class', '550 5.0.0 wrong class\r\n'],
    ['550', '550 5.0.0 refused by the next hop\r\n'],
    ['550 5.7.1', '550 5.7.1 refused by the next hop\r\n'],
    ['550 5.7.1000 x', '550 5.0.0 5.7.1000 x\r\n'],
    ['550 \xe9\0\rx\ty', '550 5.0.0 ?? x y\r\n'],
  ])('passes %j on', (text, reply) => {
    expect(wire(refused(text))).toBe(reply);
  });

  it('takes a refusal before MAIL for a fault of the way, which later tries may not meet', () => {
    for (const stage of ['banner', 'helo', 'starttls'] as const) {
      expect(wire(refused('554 5.7.1 go away', stage))).toBe(
        '451 4.4.1 next hop not available, try again later\r\n',
      );
      expect(dotReply(refused('554 5.7.1 go away', stage), '451').cause).toContain('554 5.7.1 go away');
    }
    expect(wire(refused('450 4.3.2 busy', 'helo'))).toBe('450 4.3.2 busy\r\n');
  });

  it.each(['mail', 'rcpt', 'data'] as const)(
    'takes a command that is not understood at %s, or out of turn, for a fault between the next hop and us',
    (stage) => {
      for (const code of [500, 502, 503]) {
        const outcome = refused(`${code} 5.5.1 what?`, stage);
        expect(wire(outcome)).toBe('451 4.4.1 next hop not available, try again later\r\n');
        expect(dotReply(outcome, '451').cause).toContain(`refused at ${stage}: ${code} 5.5.1 what?`);
        expect(wire(refused(`${code} 5.5.1 what?`, 'dot'))).toBe(`${code} 5.5.1 what?\r\n`);
      }
      for (const code of [501, 504, 530, 550, 553, 555])
        expect(wire(refused(`${code} no`, stage))).toMatch(new RegExp(`^${code} `));
    },
  );

  it('passes what was said about addresses on as such', () => {
    expect(wire(refused('550 no such user', 'rcpt'))).toBe('550 5.1.0 no such user\r\n');
    expect(wire(refused('450 greylisted', 'mail'))).toBe('450 4.1.0 greylisted\r\n');
  });

  it('never says 421 for the next hop, and 451 to a code that is neither yes nor no', () => {
    expect(wire(refused('421 4.3.2 shutting down'))).toBe('451 4.3.2 shutting down\r\n');
    expect(wire(refused('354 go'))).toMatch(/^451 4\.5\.0 /);
    expect(wire(refused('250 what', 'data'))).toMatch(/^451 4\.5\.0 /);
  });

  it('says 451 4.4.1 and nothing internal when there was no conversation; the cause has it all', () => {
    const outcome: DeliveryOutcome = {
      kind: 'failed',
      host: 'hub.internal:25',
      stage: 'connect',
      code: 110,
      error: 'ECONNREFUSED 10.0.0.7',
      rcpts: [],
    };
    expect(wire(outcome)).toBe('451 4.4.1 next hop not available, try again later\r\n');
    expect(dotReply(outcome, '451').cause).toBe('hub.internal:25 failed at connect: ECONNREFUSED 10.0.0.7');
  });

  it('accepts what was delivered to all', () => {
    const outcome: DeliveryOutcome = {
      kind: 'delivered',
      host: 'h',
      code: 250,
      text: '250 queued',
      rcpts: [rcpt('a@x', '250 ok'), rcpt('b@x', '251 will forward')],
    };
    expect(wire(outcome)).toBe('accepted');
  });

  it('decides a partly delivered message by smtp-partial and names who was left out', () => {
    const outcome: DeliveryOutcome = {
      kind: 'delivered',
      host: 'h',
      code: 250,
      text: '250 queued',
      rcpts: [rcpt('a@x', '250 ok'), rcpt('b@x', '550 5.1.1 unknown'), rcpt('c@x', '450 later')],
    };
    expect(wire(outcome, '250')).toBe('accepted');
    expect(wire(outcome, '451')).toBe(
      '451-4.5.0 not taken for all recipients, refused: <b@x> <c@x>\r\n451-4.5.0 <a@x>: delivered\r\n' +
        '451-4.5.0 <b@x>: 550 5.1.1 unknown\r\n451 4.5.0 <c@x>: 450 later\r\n',
    );
    expect(wire(outcome, '550')).toMatch(
      /^550-5\.5\.0 not taken for all recipients, refused: <b@x> <c@x>\r\n/,
    );
  });

  it('decides by smtp-partial as well when nothing was sent because some were refused', () => {
    const outcome: DeliveryOutcome = {
      kind: 'refused',
      host: 'h',
      stage: 'rcpt',
      code: 550,
      text: '550 5.1.1 unknown',
      rcpts: [rcpt('a@x', '250 ok'), rcpt('b@x', '550 5.1.1 unknown')],
    };
    expect(wire(outcome, '451')).toBe('451 4.5.0 not taken for all recipients, refused: <b@x>\r\n');
    expect(wire(outcome, '550')).toBe('550 5.5.0 not taken for all recipients, refused: <b@x>\r\n');
    expect(dotReply(outcome, '451').cause).toMatch(
      /^nothing was sent, h takes it for 1 of 2 recipients: 550 /,
    );
    const none = outcome.rcpts.slice(1);
    expect(wire({ ...outcome, rcpts: none }, '451')).toBe('550 5.1.1 unknown\r\n');
  });

  it('does not take a call-ahead for a delivery', () => {
    expect(wire({ kind: 'verified', host: 'h', code: 250, text: '250 ok', rcpts: [] })).toMatch(/^451 /);
  });

  it('makes a well-formed reply of whatever the next hop said', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fc.array(fc.string({ unit: 'binary', maxLength: 600 }), { minLength: 1, maxLength: 40 }),
        (code, lines) => {
          const text = lines.map((line) => `${code} ${line}`).join('\n');
          const reply = wire(refused(text));
          const sent = reply.split('\r\n');
          expect(sent.pop()).toBe('');
          expect(sent.length).toBeLessThanOrEqual(20);
          for (const [i, line] of sent.entries()) {
            expect(line).toMatch(/^[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3} [\x20-\x7e]+$/);
            expect(line.length).toBeLessThanOrEqual(510);
            expect(line[3]).toBe(i < sent.length - 1 ? '-' : ' ');
            expect(line[0]).toBe(line[4]);
          }
        },
      ),
    );
  });
});
