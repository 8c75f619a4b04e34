// What a maildir says of its own, to whoever puts messages there. What becomes of it in SMTP: delivery/to-maildir.spec.ts.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { createMaildir } from '../../../src/mailbox/maildir.ts';
import { ofThisProcess } from '../../../src/mailbox/parts.ts';
import type { MailContent } from '../../../src/mailbox/port/mail.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-maildir-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const maildir = createMaildir({
  ...ofThisProcess(),
  clock: systemClock,
  random: () => 1,
  hostName: 'mx',
  processId: 1,
});
const never = new AbortController().signal;

function failing(error: Error): MailContent {
  return {
    pieces: undefined,
    async *read() {
      yield Buffer.from('beginning');
      throw error;
    },
  };
}

describe('a maildir', () => {
  it('says under which name a message lies in new/', async () => {
    const pieces = [Buffer.from('a\r\n'), Buffer.from('b')];
    const outcome = await maildir.store(
      directory,
      { pieces, read: () => failing(new Error()).read() },
      never,
    );
    const [name = ''] = await readdir(join(directory, 'new'));
    expect(outcome).toEqual({ kind: 'stored', name, uid: 1, uidValidity: expect.any(Number) });
    expect(name).toMatch(/,S=4,W=4$/);
    expect(await readFile(join(directory, 'new', name), 'latin1')).toBe('a\r\nb');
  });

  it.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('tells %s, no room, from other errors', async (code) => {
    const error = Object.assign(new Error(code), { code });
    expect(await maildir.store(directory, failing(error), never)).toEqual({
      kind: 'failed',
      isFull: true,
      mayBeStored: false,
      error,
    });
    await writeFile(join(directory, 'file'), '');
    expect(await maildir.store(join(directory, 'file/x'), failing(error), never)).toMatchObject({
      kind: 'failed',
      isFull: false,
      mayBeStored: false,
    });
    expect(await readdir(join(directory, 'tmp'))).toEqual([]);
  });

  it('is given up before anything is complete', async () => {
    const outcome = await maildir.store(
      directory,
      { pieces: [Buffer.from('x')], read: () => failing(new Error()).read() },
      AbortSignal.abort(),
    );
    expect(outcome).toEqual({ kind: 'aborted' });
    expect(await readdir(join(directory, 'new')).catch(() => [])).toEqual([]);
  });
});
