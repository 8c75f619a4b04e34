import { describe, expect, it } from 'vitest';
import { ReplyLine, readVerdict } from '../../../src/service/clamd-verdict.ts';

describe('readVerdict', () => {
  it.each([
    ['stream: OK\n', { kind: 'clean' }],
    ['/x: OK\0', { kind: 'clean' }],
    ['/x: OK\r\n', { kind: 'clean' }],
    ['/spool/found FOUND: OK\n', { kind: 'clean' }],
    ['stream: Eicar-Test-Signature FOUND\n', { kind: 'infected', signature: 'Eicar-Test-Signature' }],
    ['/a: b: Win.Test(0123:68) FOUND\n', { kind: 'infected', signature: 'Win.Test(0123:68)' }],
    // Even if it was cut behind it: a signature was named.
    ['stream: Eicar FOUND', { kind: 'infected', signature: 'Eicar' }],
  ])('%j', (reply, expected) => {
    expect(readVerdict(Buffer.from(reply, 'latin1'))).toEqual(expected);
  });

  it.each([
    ['/OK.eml: lstat() failed: No such file or directory. ERROR\n', 'error', 'lstat() failed'],
    ['INSTREAM size limit exceeded. ERROR\n', 'error', 'size limit'],
    ['UNKNOWN COMMAND\n', 'error', 'UNKNOWN COMMAND'],
    ['/x: Excluded\n', 'error', 'Excluded'],
    ['\n', 'error', 'empty reply'],
    // `a: OK` may be the beginning of `a: OK.eml: Eicar FOUND`.
    ['/a: OK', 'cut', 'in the middle'],
    ['stre', 'cut', 'stre'],
    ['stream: Eicar FOU', 'cut', 'Eicar FOU'],
  ])('no verdict in %j', (reply, kind, text) => {
    const verdict = readVerdict(Buffer.from(reply, 'latin1'));
    expect(verdict.kind).toBe(kind);
    if ('error' in verdict) expect(verdict.error).toContain(text);
  });

  it('never calls a beginning of an infected reply clean', () => {
    const reply = '/spool/x: OK: y: Eicar-Test-Signature FOUND\n';
    for (let length = 0; length < reply.length; length++) {
      expect(readVerdict(Buffer.from(reply.slice(0, length))).kind).not.toBe('clean');
    }
  });
});

describe('ReplyLine', () => {
  it('is complete with LF or NUL', () => {
    const line = new ReplyLine();
    expect(line.push(Buffer.from('stream: '))).toBe(false);
    expect(line.push(Buffer.from('OK\n'))).toBe(true);
    expect(new ReplyLine().push(Buffer.from('PONG\0'))).toBe(true);
  });
});
