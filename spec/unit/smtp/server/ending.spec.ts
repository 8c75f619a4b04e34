import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { hookError, systemError, TIMED_OUT } from '../../../../src/smtp/server/ending.ts';
import { loggable } from '../../../../src/smtp/server/session-log.ts';

describe('numbers for hook.error', () => {
  it('are those of the operating system', () => {
    const error = (code: string, errno: number): Error =>
      Object.assign(new Error(`read ${code}`), { code, errno });
    expect(TIMED_OUT).toEqual({ errno: constants.errno.ETIMEDOUT, text: 'Connection timed out' });
    expect(systemError(error('ECONNRESET', -104))).toEqual({
      errno: constants.errno.ECONNRESET,
      text: 'Connection reset by peer',
    });
    expect(systemError(error('EPIPE', -32))).toEqual({ errno: constants.errno.EPIPE, text: 'Broken pipe' });
    expect(systemError(error('EHOSTUNREACH', -113))).toEqual({ errno: 113, text: 'read EHOSTUNREACH' });
    expect(systemError(new Error('odd'))).toEqual({ errno: constants.errno.EIO, text: 'odd' });
    expect(hookError('hook.mail: boom').errno).toBe(constants.errno.ECANCELED);
    expect(hookError('hook.mail: memory', 'memory').errno).toBe(constants.errno.ENOMEM);
    expect(hookError('hook.mail: time', 'wall-clock').errno).toBe(constants.errno.ETIMEDOUT);
  });
});

describe('loggable', () => {
  it.each([
    ['AUTH PLAIN AGEAYg==', 'AUTH ...'],
    ['auth\tlogin', 'AUTH ...'],
    ['AUTH AGEAYg==', 'AUTH ...'],
    ['AUTHPLAIN x', 'AUTH ...'],
    [' AUTH PLAIN x', 'AUTH ...'],
    ['MAIL FROM:<a@b>', 'MAIL FROM:<a@b>'],
  ])('%s is %s', (input, shown) => {
    expect(loggable(input)).toBe(shown);
  });
});
