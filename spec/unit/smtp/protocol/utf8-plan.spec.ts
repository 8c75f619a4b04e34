import { describe, expect, it } from 'vitest';
import type { Recipient } from '../../../../src/smtp/protocol/recipient.ts';
import { addressInAscii, planUtf8 } from '../../../../src/smtp/protocol/utf8-plan.ts';

const octets = (text: string): string => Buffer.from(text).toString('latin1');
const U_LOCAL = octets('bücher@example.com');
const U_DOMAIN = octets('b@exämple.com');
const A_DOMAIN = 'b@xn--exmple-cua.com';
const ASCII = 'a@example.com';

const to = (address: string, orcpt?: string): Recipient => ({
  address,
  parameters: orcpt === undefined ? {} : { ORCPT: orcpt },
});

type Row = readonly [
  sender: string,
  recipients: readonly string[],
  headers: boolean | 'unknown',
  offered: boolean,
  plan: 'ascii' | 'utf8' | 'refused' | readonly [string, ...(string | undefined)[]],
];

describe('planUtf8', () => {
  const rows: readonly Row[] = [
    // address, header, and whether the next hop offers it
    [ASCII, [ASCII], false, true, 'ascii'],
    [ASCII, [ASCII], false, false, 'ascii'],
    [ASCII, [ASCII], true, true, 'utf8'],
    [ASCII, [ASCII], true, false, 'refused'],
    [U_DOMAIN, [ASCII], false, true, 'utf8'],
    [U_DOMAIN, [ASCII], false, false, [A_DOMAIN, ASCII]],
    [U_DOMAIN, [ASCII], true, false, 'refused'],
    [U_LOCAL, [ASCII], false, true, 'utf8'],
    [U_LOCAL, [ASCII], false, false, 'refused'],
    [ASCII, [U_LOCAL], false, true, 'utf8'],
    [ASCII, [U_LOCAL], false, false, 'refused'],
    [ASCII, [U_DOMAIN], false, false, [ASCII, A_DOMAIN]],
    [ASCII, [U_LOCAL, U_DOMAIN, ASCII], false, false, [ASCII, undefined, A_DOMAIN, ASCII]],
    ['', [U_DOMAIN], false, false, ['', A_DOMAIN]],
    // before the message has come
    [ASCII, [ASCII], 'unknown', true, 'utf8'],
    [ASCII, [ASCII], 'unknown', false, [ASCII, ASCII]],
    [U_LOCAL, [ASCII], 'unknown', false, 'refused'],
    [U_DOMAIN, [U_LOCAL, ASCII], 'unknown', false, [A_DOMAIN, undefined, ASCII]],
    // and before recipients are named
    [U_DOMAIN, [], 'unknown', false, [A_DOMAIN]],
    [U_LOCAL, [], 'unknown', false, 'refused'],
  ];
  it.each(rows)('%j to %j, header above 127 %j, offered %j', (sender, recipients, headers, offered, plan) => {
    const envelope = {
      sender,
      parameters: { SMTPUTF8: true } as const,
      recipients: recipients.map((address) => to(address)),
    };
    const found = planUtf8(envelope, headers, offered);
    const shown =
      found.kind === 'converted'
        ? [found.sender, ...found.recipients.map((recipient) => recipient?.address)]
        : found.kind;
    expect(shown).toEqual(plan);
  });

  it('has nothing to do with a message that did not say it', () => {
    const envelope = { sender: ASCII, parameters: { SIZE: 1 }, recipients: [to(ASCII)] };
    for (const headers of [true, false, 'unknown'] as const)
      expect(planUtf8(envelope, headers, false)).toEqual({ kind: 'ascii' });
  });

  it('an ORCPT in UTF-8 needs it too, and can be written in ASCII', () => {
    const envelope = {
      sender: ASCII,
      parameters: { SMTPUTF8: true } as const,
      recipients: [to(ASCII, octets('utf-8;bü@x')), to(ASCII)],
    };
    expect(planUtf8(envelope, false, true)).toEqual({ kind: 'utf8' });
    expect(planUtf8(envelope, false, false)).toEqual({
      kind: 'converted',
      sender: ASCII,
      recipients: [to(ASCII, 'utf-8;b\\x{FC}@x'), to(ASCII)],
    });
  });

  it('an address without a domain, and one with an @ in quotes', () => {
    expect(addressInAscii(octets('ü'))).toBeUndefined();
    expect(addressInAscii(octets('"a@b"@exämple.com'))).toBe('"a@b"@xn--exmple-cua.com');
    expect(addressInAscii(octets('"ü@b"@example.com'))).toBeUndefined();
    expect(addressInAscii('')).toBe('');
  });
});
