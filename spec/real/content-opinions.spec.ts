// Messages whose content was changed, read by Python's email: the change is seen, nothing else is, and no defect has come.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Changing, changeMessage } from '../fakes/change-message.ts';

interface Opinion {
  readonly leaves: readonly {
    readonly type: string;
    readonly md5: string;
    readonly text: string | null;
    readonly name: string | null;
  }[];
  readonly defects: readonly string[];
}

function python(messages: readonly Buffer[]): Opinion[] {
  const out = execFileSync('/usr/bin/python3', [join(import.meta.dirname, 'peers/mime_opinions.py')], {
    input: messages.map((message) => `${message.toString('base64')}\n`).join(''),
    encoding: 'utf8',
  });
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Opinion);
}

const base64 = (text: string, encoding: BufferEncoding): string =>
  Buffer.from(text, encoding).toString('base64');
const texts: readonly (readonly [head: string, body: string])[] = [
  ['Content-Type: text/plain; charset=us-ascii', 'hello'],
  [
    'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit',
    Buffer.from('hällo').toString('latin1'),
  ],
  ['Content-Type: text/plain; charset=iso-8859-15\nContent-Transfer-Encoding: 8bit', 'h\xe4llo \xa4'],
  [
    'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable',
    'h=E4llo=\n wide',
  ],
  ['Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64', base64('hällo\r\n', 'utf8')],
  [
    'Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64',
    base64('hällo\r\n', 'utf16le'),
  ],
  ['Content-Type: text/plain; charset=iso-2022-jp', '\x1b$B$"\x1b(B'],
  ['Content-Type: text/plain; charset=gb18030\nContent-Transfer-Encoding: 8bit', '\xc4\xe3\xba\xc3'],
  ['Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable', '=D0=D2=C9'],
  [
    'Content-Type: text/html; charset=windows-1252\nContent-Transfer-Encoding: 8bit',
    '<html><body>\x80 5</body></html>',
  ],
];

const one = ([head, body]: readonly [string, string]): string =>
  `MIME-Version: 1.0\nSubject: x\n${head}\n\n${body}\n`;
const among = ([head, body]: readonly [string, string]): string =>
  `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=_x"\n\n--=_x\n${head}\n\n${body}\n--=_x\nContent-Type: application/octet-stream; name="z.bin"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment;\n filename="z.bin"\n\nAAEC\n--=_x\nContent-Type: text/csv\n\na,b\n--=_x--\n`;
const messages = texts
  .flatMap((text) => [one(text), among(text)])
  .map((text) => Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1'));

async function opinions(work: (change: Changing) => Promise<string>) {
  const changed: Buffer[] = [];
  for (const message of messages)
    changed.push(
      await changeMessage(message, async (change) => {
        expect(await work(change)).toBe('noted');
      }),
    );
  const [before, after] = [python(messages), python(changed)];
  return messages.map((_, i) => ({ before: before[i] as Opinion, after: after[i] as Opinion }));
}

describe.skipIf(!existsSync('/usr/bin/python3'))('Python’s email reads (skipped without python3)', () => {
  test.each(['bye', 'tschüß, 5 €', '再见 あ'])(
    'the footer %s behind the text, and all else as it was',
    async (footer) => {
      for (const { before, after } of await opinions((change) => change.footer(footer))) {
        expect(after.defects).toEqual(before.defects);
        expect(after.leaves.slice(1)).toEqual(before.leaves.slice(1));
        const [was, is] = [
          before.leaves[0]?.text?.replaceAll('\r', '').trimEnd() ?? '',
          after.leaves[0]?.text ?? '',
        ];
        const plain = is
          .replaceAll('\r', '')
          .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
        expect(plain).toContain(footer);
        const without = plain.replace(/\n?<p>.*<\/p>\n?/, '').replace(`\n${footer}`, '');
        expect(without.trimEnd()).toBe(was);
      }
    },
  );

  test('what stands in the place of a part, and no other change', async () => {
    for (const { before, after } of await opinions((change) => change.remove(1, 'ging weg: ü'))) {
      expect(after.leaves).toHaveLength(1);
      expect(after.leaves[0]?.text?.trimEnd()).toBe('ging weg: ü');
      expect(after.defects.length).toBeLessThanOrEqual(before.defects.length);
    }
    const replaced = await opinions(async (change) => {
      const said = await change.replace(3, 'new\0\xff', { filename: 'ü b.txt' });
      return said === '1 to 1' ? change.replace(1, 'new') : said;
    });
    for (const { before, after } of replaced) {
      expect(after.defects).toEqual(before.defects);
      const at = after.leaves.length === 1 ? 0 : 1;
      expect(after.leaves.filter((_, i) => i !== at)).toEqual(before.leaves.filter((_, i) => i !== at));
      if (at === 1) expect(after.leaves[1]?.name).toBe('ü b.txt');
      expect(after.leaves[at]?.md5).not.toBe(before.leaves[at]?.md5);
    }
  });
});
