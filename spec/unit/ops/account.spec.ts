import { describe, expect, it } from 'vitest';
import { becomeProblem, type FindEntry, findAccount, findEntry } from '../../../src/ops/account.ts';

const entries: Readonly<Record<string, readonly string[]>> = {
  'passwd mail': ['mail', 'x', '8', '12', 'mail', '/var/mail', '/bin/false'],
  'passwd 8': ['mail', 'x', '8', '12', 'mail', '/var/mail', '/bin/false'],
  'group adm': ['adm', 'x', '4', ''],
};
const find: FindEntry = (database, key) => entries[`${database} ${key}`];

describe('findAccount', () => {
  it.each([
    ['mail', '', { name: 'mail', uid: 8, gid: 12, home: '/var/mail' }],
    ['8', '', { name: 'mail', uid: 8, gid: 12, home: '/var/mail' }],
    ['mail', 'adm', { name: 'mail', uid: 8, gid: 4, home: '/var/mail' }],
    ['mail', '77', { name: 'mail', uid: 8, gid: 77, home: '/var/mail' }],
    ['4711', '77', { name: '4711', uid: 4711, gid: 77, home: '/' }],
  ])('%s of group %j', (user, group, account) => {
    expect(findAccount(user, group, find)).toEqual({ kind: 'account', account });
  });

  it.each([
    ['nosuch', '', /^user=nosuch: there is no such user; make it with: useradd --system/],
    ['mail', 'nosuch', /^group=nosuch: there is no such group/],
    ['4711', '', /^user=4711 is a number without a name: set group= too$/],
  ])('%s of group %j is refused', (user, group, problem) => {
    expect(findAccount(user, group, find)).toEqual({
      kind: 'wrong',
      problem: expect.stringMatching(problem),
    });
  });

  it('finds what this system has, and not what it has not', () => {
    expect(findEntry('passwd', 'root')?.[2]).toBe('0');
    expect(findEntry('passwd', '0')?.[0]).toBe('root');
    expect(findEntry('group', 'root')?.[2]).toBe('0');
    expect(findEntry('passwd', 'no-such-user-here')).toBeUndefined();
  });

  it('who is the account already may always go on', () => {
    const own = { name: 'me', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, home: '/' };
    expect(becomeProblem(own)).toBeUndefined();
  });
});
