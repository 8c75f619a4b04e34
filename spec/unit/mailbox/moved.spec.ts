// Messages that another program moves while they are looked at are found where they are now, and thousands of them cost no more than a few: the folder is
// not read for each.
import { rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Files, systemFiles } from '../../../src/mailbox/files.ts';
import { MovedFiles } from '../../../src/mailbox/moved-files.ts';
import type { MailFile } from '../../../src/mailbox/port/mail.ts';
import { done, MailSite } from './support.ts';

const COUNT = 300;
let opened = 0;
const files = new Proxy(systemFiles, {
  get: (all, name: keyof Files) => {
    if (name === 'opendir') opened++;
    return all[name];
  },
});

let site: MailSite;
beforeEach(async () => {
  site = await MailSite.make({ files });
  await site.deliver();
});
afterEach(() => site.remove());

const nameOf = (at: number): string => `${1_700_000_000 + at}.M1.mx`;
const numbers = Array.from({ length: COUNT }, (_, at) => at);

/** All of them at once, as a list of letters does it; what was read of each. */
const read = (seen: readonly MailFile[]): Promise<readonly string[]> =>
  Promise.all(
    seen.map(async (file) => {
      const outcome = await file.head(Buffer.alloc(100));
      return outcome.kind === 'done' ? outcome.value.octets.toString('latin1') : outcome.kind;
    }),
  );

const path = (part: string, name: string): string => join(site.path, part, name);

it.each([
  ['from new/ to cur/, and read', 'new', '', ':2,S'],
  ['in cur/: other flags', 'cur', ':2,', ':2,FS'],
])('moved %s', async (_, part, before, after) => {
  await Promise.all(numbers.map((at) => writeFile(path(part, `${nameOf(at)}${before}`), `message ${at}`)));
  const seen = (await done(site.user.mailbox('INBOX').files())).filter(({ base }) => base.endsWith('.M1.mx'));
  await Promise.all(
    numbers.map((at) => rename(path(part, `${nameOf(at)}${before}`), path('cur', `${nameOf(at)}${after}`))),
  );
  opened = 0;
  expect((await read(seen)).toSorted()).toEqual(numbers.map((at) => `message ${at}`).toSorted());
  expect(opened).toBeLessThan(20);
  // Again to other names, and one is gone.
  await Promise.all(
    numbers.map((at) => rename(path('cur', `${nameOf(at)}${after}`), path('cur', `${nameOf(at)}:2,T`))),
  );
  await unlink(path('cur', `${nameOf(7)}:2,T`));
  opened = 0;
  const again = await read(seen);
  expect(again.filter((text) => text === 'missing')).toHaveLength(1);
  expect(new Set(again).size).toBe(COUNT);
  expect(opened).toBeLessThan(20);
});

it('a scan that had begun before one was moved is not believed when it has missed it', async () => {
  const moved = new MovedFiles(site.parts, site.path);
  await writeFile(path('cur', `${nameOf(1)}:2,`), 'x');
  const from = { base: nameOf(1), fileName: `${nameOf(1)}:2,`, isNew: false };
  const first = moved.find({ ...from, fileName: `${nameOf(1)}:2,T` });
  await rename(path('cur', `${nameOf(1)}:2,`), path('cur', `${nameOf(1)}:2,R`));
  const second = moved.find(from);
  await first;
  expect(await second).toEqual({ base: nameOf(1), fileName: `${nameOf(1)}:2,R`, isNew: false });
});
