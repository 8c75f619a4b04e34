import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerToFail, answerToOk } from '../../../../src/service/dovecot/auth-answer.ts';
import {
  AuthServerReader,
  authLine,
  cancelLine,
  contLine,
  greeting,
  type ServerSays,
} from '../../../../src/service/dovecot/auth-protocol.ts';
import { escapeField, readFields, unescapeField } from '../../../../src/service/dovecot/tab-fields.ts';
import type { AuthAnswer } from '../../../../src/users/auth-source.ts';
import { HANDSHAKE } from '../../../fakes/dovecot-auth.ts';

function read(...pieces: readonly string[]): readonly ServerSays[] {
  const reader = new AuthServerReader();
  return pieces.flatMap((piece) => [...reader.push(Buffer.from(piece, 'latin1'))]);
}

describe('fields between tabs', () => {
  it('come back as they were, whatever is in them', () => {
    const octets = fc.string({
      unit: fc.constantFrom('\0', '\x01', '\t', '\r', '\n', '0', 'n', 'l', 'a', '\xff', '='),
    });
    fc.assert(
      fc.property(octets, (text) => {
        const escaped = escapeField(text);
        expect(escaped).not.toMatch(/[\0\t\r\n]/);
        expect(unescapeField(escaped)).toBe(text);
      }),
    );
  });

  it.each([
    ['a\x01', 'a'],
    ['\x01x\x01\x01', 'x\x01'],
    ['\x01l', 'l'],
  ])('%j is read as %j', (escaped, text) => expect(unescapeField(escaped)).toBe(text));

  it('have a name, and a value behind the first =', () => {
    const { twice, values } = readFields(['user=a=b', 'nologin', '', 'x=', 'user=c', 'y\x01t=z\x01n']);
    expect([...values]).toEqual([
      ['user', 'a=b'],
      ['nologin', ''],
      ['x', ''],
      ['y\t', 'z\n'],
    ]);
    expect(twice).toEqual(['user']);
  });
});

describe('what is sent', () => {
  const about = {
    session: 's1',
    lip: '192.0.2.25',
    lport: 587,
    rip: '2001:db8::7',
    rport: 4321,
    secured: false,
  };
  it.each([
    [greeting(17), 'VERSION\t1\t1\nCPID\t17\n'],
    [
      authLine(1, 'PLAIN', about, 'AAA='),
      'AUTH\t1\tPLAIN\tservice=smtp\tnologin\tlip=192.0.2.25\trip=2001:db8::7\tlport=587\trport=4321\tsession=s1\tresp=AAA=\n',
    ],
    [
      authLine(
        9,
        'LOGIN',
        { ...about, lip: undefined, lport: undefined, rip: '', rport: 0, secured: true, session: 'a\tb' },
        undefined,
      ),
      'AUTH\t9\tLOGIN\tservice=smtp\tnologin\tsecured=tls\tsession=a\x01tb\n',
    ],
    [contLine(3, 'x'), 'CONT\t3\tx\n'],
    [cancelLine(4), 'CANCEL\t4\n'],
  ])('%j', (line, expected) => expect(line).toBe(expected));
});

describe('what the server says', () => {
  const ready = { kind: 'ready', mechanisms: ['PLAIN', 'LOGIN'] };
  const broken = (why: string) => ({ kind: 'broken', why });
  const EARLY = broken('an answer before the end of the handshake');
  const ALIEN = broken('something else than Dovecot listens there');
  const LONG = broken('a line that is too long');
  const NO_ID = broken('an answer without the number of its request');

  const rows: readonly (readonly [string, string, readonly unknown[]])[] = [
    ['the handshake', HANDSHAKE, [ready]],
    [
      'one of 2.4: mechanisms at the end',
      'VERSION\t1\t3\nSPID\t1\nMECH\tplain\nDONE\n',
      [{ kind: 'ready', mechanisms: ['PLAIN'] }],
    ],
    ['half a handshake', HANDSHAKE.slice(0, -1), []],
    ['words of a later version', `${HANDSHAKE.replace('SPID', 'NEWS\tx\nSPID')}NEWS\ty\n`, [ready]],
    ['another version', 'VERSION\t2\t0\n', [broken('a version of the protocol that is not 1')]],
    ['SMTP', '220 mx ESMTP\r\n', [ALIEN]],
    ['an empty line first', '\n', [ALIEN]],
    ['OK first', 'OK\t1\tuser=a\n', [ALIEN]],
    ['OK within the handshake', 'VERSION\t1\t2\nOK\t1\tuser=a\nDONE\n', [EARLY]],
    ['FAIL within the handshake', 'VERSION\t1\t2\nFAIL\t1\n', [EARLY]],
    [
      'no end of the handshake',
      `VERSION\t1\t2\n${'MECH\tX\n'.repeat(200)}`,
      [broken('a handshake without end')],
    ],
    ['a long line', `VERSION\t1\t2\n${'x'.repeat(16_385)}\n`, [LONG]],
    ['a line without end', `VERSION\t1\t2\n${'x'.repeat(16_385)}`, [LONG]],
    ['a long line behind', `${HANDSHAKE}OK\t1\tuser=${'x'.repeat(16_380)}\nOK\t2\tuser=a\n`, [ready, LONG]],
    ['an answer without number', `${HANDSHAKE}OK\n`, [ready, NO_ID]],
    ['a number that is none', `${HANDSHAKE}FAIL\t-1\n`, [ready, NO_ID]],
    ['a number that is too long', `${HANDSHAKE}CONT\t99999999999\t\n`, [ready, NO_ID]],
    ['nothing behind what is broken', 'SMTP\nVERSION\t1\t2\nDONE\nOK\t1\tuser=a\n', [ALIEN]],
    [
      'answers',
      `${HANDSHAKE}CONT\t3\tVXNlcm5hbWU6\nCONT\t4\nOK\t1\tuser=a\nFAIL\t2\n`,
      [
        ready,
        { kind: 'cont', id: 3, challenge: 'VXNlcm5hbWU6' },
        { kind: 'cont', id: 4, challenge: '' },
        { kind: 'ok', id: 1, fields: readFields(['user=a']) },
        { kind: 'fail', id: 2, fields: readFields([]) },
      ],
    ],
  ];
  it.each(rows)('%s', (_, text, said) => expect(read(text)).toEqual(said));

  it('means the same in any pieces', () => {
    for (const [, text, said] of rows.filter(([, whole]) => whole.length < 300)) {
      expect(read(...text)).toEqual(said);
      for (let at = 1; at < text.length; at++) expect(read(text.slice(0, at), text.slice(at))).toEqual(said);
    }
    const texts = rows.map(([, text]) => text).filter((text) => text.length < 300);
    const line = fc.oneof(
      fc
        .constantFrom('OK', 'FAIL', 'CONT', 'VERSION', 'DONE', '')
        .chain((verb) =>
          fc
            .array(fc.string({ maxLength: 6 }), { maxLength: 4 })
            .map((fields) => `${[verb, ...fields].join('\t')}\n`),
        ),
      fc.constantFrom(...texts),
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 8 }),
        fc.array(fc.nat(400), { maxLength: 8 }),
        (lines, cuts) => {
          const text = HANDSHAKE + lines.join('');
          const at = [0, ...cuts.filter((cut) => cut < text.length).toSorted((a, b) => a - b), text.length];
          const pieces = at.slice(1).map((end, index) => text.slice(at[index], end));
          expect(read(...pieces)).toEqual(read(text));
        },
      ),
    );
  });
});

describe('what an answer means', () => {
  const ok = (...fields: readonly string[]): AuthAnswer => answerToOk(readFields(fields));
  const fail = (...fields: readonly string[]): AuthAnswer => answerToFail(readFields(fields));
  const odd: AuthAnswer = { kind: 'unavailable', cause: 'Dovecot said OK without one user' };
  const later: AuthAnswer = { kind: 'unavailable', cause: 'Dovecot said that it cannot tell now' };
  const refused = (why: 'mismatch' | 'disabled' | 'expired', reason?: string) => ({
    kind: 'refused',
    why,
    reason,
  });

  it.each([
    [ok('user=a@b'), { kind: 'accepted', user: 'a@b' }],
    [ok('user=a', 'auth_user=boss', 'resp=', 'x'), { kind: 'accepted', user: 'a' }],
    [ok(), odd],
    [ok('user='), odd],
    [ok('user=a', 'user=b'), odd],
    [ok('user=a\x01nb'), odd],
    // The password is right, and the user must not come in.
    [ok('user=a', 'nologin'), refused('disabled')],
    [ok('user=a', 'nologin=', 'reason=gone'), refused('disabled', 'gone')],
    [ok('user=a', 'proxy', 'host=10.0.0.1'), refused('disabled')],
    [ok('nologin=n'), refused('disabled')],
    [fail(), refused('mismatch')],
    [fail('user=a', 'reason=user not found'), refused('mismatch')],
    [fail('user=a', 'code=authz_fail', 'authz'), refused('mismatch')],
    [fail('user=a', 'code=what', 'constructor'), refused('mismatch')],
    [fail('code=temp_fail'), later],
    [fail('user=a', 'temp'), later],
    [fail('code=user_disabled', 'temp'), later],
    [fail('user=a', 'user_disabled', 'code=user_disabled', 'reason=x'), refused('disabled')],
    [fail('user_disabled'), refused('disabled')],
    [fail('code=login_disabled'), refused('disabled')],
    [fail('code=pass_expired', 'reason=Password expired'), refused('expired', 'Password expired')],
    [fail('pass_expired'), refused('expired')],
  ])('%#: %j', (answer, expected) => expect(answer).toEqual(expected));
});
