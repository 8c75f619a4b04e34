// `smtpe why` over files: rotated and compressed ones in the order of their time, and what is no file that could be read.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { why } from '../../../src/cli/why.ts';

let directory: string;
const at = (name: string): string => join(directory, name);

const line = (hour: number, to: string): string =>
  `2026-11-29T${String(hour).padStart(2, '0')}:00:00.000Z smtpe[1] info S00000000000000000 mail result=accepted from=a@b.example transaction=S00000000000000001 bytes=1 code=250 cause=x client=192.0.2.7 host=h helo=c ms_mail=0 ms_rcpt=0 ms_data=0 ms_policy=0 ms_forward=0 policy=1 recipients=1 to=${to} status=250\n`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-why-'));
  // Two pieces, as of a log that was compressed twice.
  const old = Buffer.concat([gzipSync(line(1, 'x@d.example')), gzipSync(line(2, 'y@d.example'))]);
  await writeFile(at('smtpe.log.2.gz'), old);
  await writeFile(at('smtpe.log.1'), `${'not of us\n'.repeat(5)}${line(3, 'x@d.example')}`);
  const json = {
    level: 'info',
    time: '2026-11-29T04:00:00.000Z',
    id: 'S2',
    result: 'refused',
    from: 'a@b.example',
    to: [{ to: 'x@d.example', status: 550 }],
    msg: 'mail',
  };
  // Without its last line end: it is being written.
  await writeFile(
    at('smtpe.log'),
    `${'x'.repeat(200_000)}\n${line(4, 'z@d.example')}${JSON.stringify(json)}`,
  );
  const long = Array.from({ length: 2000 }, (_, i) => line(5, `${Math.sin(i)}@d.example`)).join('');
  await writeFile(at('cut.gz'), gzipSync(line(5, 'cut@d.example') + long).subarray(0, 5000));
  const damaged = gzipSync(Buffer.from(line(5, 'x@d.example').repeat(100)));
  damaged.fill(0xff, 20, 40);
  await writeFile(at('damaged.gz'), damaged);
  await writeFile(at('log.zst'), Buffer.from('28b52ffd00000000', 'hex'));
  await writeFile(at('empty'), '');
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function ask(...words: readonly string[]): Promise<{ code: number; out: string; said: string }> {
  let out = '';
  let said = '';
  const code = await why(words, {
    print: async (text) => {
      out += text;
      return true;
    },
    complain: async (problems) => {
      said += problems.join('\n');
    },
  });
  return { code, out, said };
}

const hours = (out: string): readonly string[] =>
  [...out.matchAll(/T(\d\d):00/g)].map(([, hour = '']) => hour);

it('finds it in all of them, the oldest first, whatever the order of their names', async () => {
  const { code, out, said } = await ask(
    'to=x@d.example',
    at('smtpe.log'),
    at('smtpe.log.1'),
    at('smtpe.log.2.gz'),
  );
  expect([code, said, hours(out)]).toEqual([0, '', ['01', '03', '04']]);
  expect(out.split('\n\n')).toHaveLength(3);
});

it('ends with 1 when nothing is about that, 64 when it was asked in a wrong way', async () => {
  expect(await ask('to=nobody@d.example', at('smtpe.log'))).toEqual({
    code: 1,
    out: '',
    said: 'why: the log has nothing about that',
  });
  expect((await ask('to=x@d.example', at('empty'))).code).toBe(1);
  expect(await ask('two=x', at('smtpe.log'))).toMatchObject({
    code: 64,
    out: '',
    said: expect.stringContaining('did you mean to=?'),
  });
});

it('says what is wrong with a file, and reads none then', async () => {
  const { code, out, said } = await ask(
    'to=x@d.example',
    at('smtpe.log'),
    directory,
    at('none'),
    at('log.zst'),
  );
  expect([code, out]).toEqual([71, '']);
  expect(said.split('\n')).toEqual([
    `why: ${directory} is a directory; name the files in it`,
    `why: ${at('none')}: there is no such file`,
    `why: ${at('log.zst')} is compressed with zstd; try: zstdcat ${at('log.zst')} | smtpe why ... -`,
  ]);
});

it('shows what is in front of the place where a file ends too soon or is damaged, and says so', async () => {
  const cut = await ask('to=cut@d.example', at('cut.gz'), at('smtpe.log'));
  expect([cut.code, hours(cut.out)]).toEqual([71, ['05']]);
  expect(cut.said).toBe(
    `why: ${at('cut.gz')} ends in the middle of its compressed data: it is being written, or was cut off; what is in front of that was read`,
  );
  const damaged = await ask('to=x@d.example', at('damaged.gz'), at('smtpe.log'));
  expect([damaged.code, hours(damaged.out).at(-1)]).toEqual([71, '04']);
  expect(damaged.said).toContain(`${at('damaged.gz')} has damaged compressed data`);
});

it('stops when nobody reads any more', async () => {
  let printed = 0;
  const said: string[] = [];
  const code = await why(['from=a@b.example', at('smtpe.log.1'), at('smtpe.log'), at('cut.gz')], {
    print: async () => ++printed < 2,
    complain: async (problems) => void said.push(...problems),
  });
  // The third file, which is damaged, was not reached.
  expect([code, printed, said]).toEqual([0, 2, []]);
});
