// What we answer to the challenges of AUTH: vectors of the RFCs, and servers that do not keep to the mechanism.
import { pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type Answer,
  type Credentials,
  chooseMechanism,
  type Mechanism,
} from '../../../../src/smtp/client/sasl.ts';

const user: Credentials = { user: 'user', password: Buffer.from('pencil') };
const NONCE = 'rOprNGfwEbeRWgbNEkqO';

function mechanism(offered: string, credentials = user): Mechanism {
  const chosen = chooseMechanism(offered, credentials, () => NONCE);
  if (chosen === undefined) throw new Error('none');
  return chosen;
}

/** Derives what is asked for. */
function answered(one: Mechanism, challenge: string): Answer {
  const answer = one.challenge(Buffer.from(challenge, 'latin1'));
  return answer.kind === 'derive'
    ? one.derived(pbkdf2Sync(answer.password, answer.salt, answer.iterations, 32, 'sha256'))
    : answer;
}

const text = (answer: Answer): string => (answer.kind === 'response' ? String(answer.octets) : answer.kind);

describe('the choice', () => {
  it.each([
    ['PLAIN LOGIN', 'PLAIN'],
    ['LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-256', 'SCRAM-SHA-256'],
    ['login', 'LOGIN'],
    ['=LOGIN', 'LOGIN'],
    ['CRAM-MD5 SCRAM-SHA-256-PLUS', undefined],
    ['XPLAIN', undefined],
    ['', undefined],
  ])('of %j is %s', (offered, name) => {
    expect(chooseMechanism(offered, user, () => NONCE)?.name).toBe(name);
  });
});

describe('PLAIN', () => {
  it('goes with the command (RFC 4616 section 4), and answers no challenge', () => {
    const one = mechanism('PLAIN', { user: 'tim', password: Buffer.from('tanstaaftanstaaf') });
    expect(String(one.initial)).toBe('\0tim\0tanstaaftanstaaf');
    expect(one.challenge(Buffer.alloc(0)).kind).toBe('broken');
    expect(one.unproved).toBeUndefined();
  });

  it('has octets as they are', () => {
    const password = Buffer.from([0xff, 0x41, 0xe4]);
    expect(mechanism('PLAIN', { user: 'b\u00fcro', password }).initial).toEqual(
      Buffer.concat([Buffer.from('\0b\u00fcro\0'), password]),
    );
  });
});

it('LOGIN answers two challenges, and no third', () => {
  const one = mechanism('LOGIN');
  expect(one.initial).toBeUndefined();
  expect([1, 2, 3].map(() => text(answered(one, 'x')))).toEqual(['user', 'pencil', 'broken']);
});

describe('SCRAM-SHA-256', () => {
  const FIRST = `r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
  const FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

  it('is the dialogue of RFC 7677 section 3', () => {
    const one = mechanism('SCRAM-SHA-256');
    expect(String(one.initial)).toBe(`n,,n=user,r=${NONCE}`);
    expect(text(answered(one, FIRST))).toBe(
      `c=biws,r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    );
    expect(one.unproved).toMatch(/has not proved/);
    expect(text(answered(one, FINAL))).toBe('');
    expect(one.unproved).toBeUndefined();
    expect(answered(one, FINAL).kind).toBe('broken');
  });

  it('writes a name with commas and equals signs as it must', () => {
    const one = mechanism('SCRAM-SHA-256', { user: 'a,b=c', password: Buffer.from('x') });
    expect(String(one.initial)).toBe(`n,,n=a=2Cb=3Dc,r=${NONCE}`);
  });

  it.each([
    ['nothing', ''],
    ['another nonce', `r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ['our nonce alone', `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ['few iterations', `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095`],
    ['iterations without end', `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001`],
    ['no number', `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=x`],
    ['no salt', `r=${NONCE}x,s=,i=4096`],
    ['a salt that is very long', `r=${NONCE}x,s=${'A'.repeat(2000)},i=4096`],
    ['an extension that must be understood', `m=x,r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ['a signature at once', FINAL],
  ])('breaks off at a first message with %s', (_, first) => {
    expect(answered(mechanism('SCRAM-SHA-256'), first).kind).toBe('broken');
  });

  it.each([
    ['a wrong signature', 'v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', /not the one it says it is/],
    ['a short signature', 'v=6rriTQ==', /not the one it says it is/],
    ['an error', 'e=invalid-proof', /^invalid-proof$/],
    ['something else', 'x', /not understood/],
  ])('breaks off at a last message with %s', (_, last, error) => {
    const one = mechanism('SCRAM-SHA-256');
    answered(one, FIRST);
    const answer = answered(one, last);
    expect(answer).toMatchObject({ kind: 'broken', error: expect.stringMatching(error) });
    expect(one.unproved).toMatch(/has not proved/);
  });

  it('composes a password as SASLprep does', () => {
    const proof = (password: string): string => {
      const one = mechanism('SCRAM-SHA-256', { user: 'u', password: Buffer.from(password) });
      return text(answered(one, FIRST));
    };
    expect(proof('a\u0308')).toBe(proof('\u00e4'));
    expect(proof('\u2168')).toBe(proof('IX'));
    expect(proof('a')).not.toBe(proof('b'));
  });
});
