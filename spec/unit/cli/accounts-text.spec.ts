// Domains and accounts as lines of JSON: what is written is read back, what is none says what would be right.
import { describe, expect, it } from 'vitest';
import { accountLine, domainLine, readLine } from '../../../src/cli/accounts-text.ts';

const account = {
  id: 7,
  user: '\xe4nn',
  domain: 'a.test',
  type: 'alias',
  password: 'x"y',
  arguments: '\n\xff',
  maildir: '/m',
} as const;

describe('a line', () => {
  it('is read back as it was written, in ASCII', () => {
    const line = accountLine(account);
    expect(line).toBe(
      '{"user":"\\u00e4nn","domain":"a.test","type":"alias","password":"x\\"y","arguments":"\\n\\u00ff"}',
    );
    const { id: _, maildir: __, ...wish } = account;
    expect(readLine(line)).toEqual({ kind: 'account', account: wish });
    const domain = { name: 'a.test', path: 'x', flags: 1 };
    expect(readLine(domainLine(domain))).toEqual({ kind: 'domain', domain });
  });

  it.each([
    '',
    '[]',
    'null',
    '{"domain":"a.test"}',
    '{"domain":7,"path":"","flags":0}',
    '{"user":"a","domain":"a.test","type":"what","password":"","arguments":""}',
    '{"user":"\\u0100","domain":"a.test","type":"mbox","password":"","arguments":""}',
    '{"user":"a","domain":"a.test","type":"mbox","arguments":""}',
  ])('%j is none', (line) => {
    expect(readLine(line)).toMatchObject({ kind: 'wrong', expected: expect.stringContaining('"user":NAME') });
  });
});
