// Names of attachments in the forms that mail programs know, right and wrong, alone and against each other: under whatever name another program would
// save a part, a rule about names sees the extension. Python's email is the other program.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nameReadings } from '../../src/message/mime/file-names.ts';
import { observe } from '../fakes/observe-message.ts';
import { Seeded } from '../fakes/seeded.ts';

const random = new Seeded(2231);
const runs = /\.(exe|scr|js)$/;
let count = 0;

function escaped(text: string): string {
  return [...text].map((it) => (random.oneIn(3) ? `%${it.charCodeAt(0).toString(16)}` : it)).join('');
}

/** A parameter in one of its forms; `*` stands for its name. */
function parameter(): readonly string[] {
  const name = `f${count++}.${random.pick(['exe', 'txt', 'scr', 'js', 'txt.exe'])}`;
  const other = `f${count++}.txt`;
  const cut = 1 + random.below(name.length - 1);
  const [head, tail] = [name.slice(0, cut), name.slice(cut)];
  return random.pick<readonly string[]>([
    [`@=${name}`],
    [`@="${name}"`],
    [`@ = "${head}\\${tail}"`],
    [`@="${name}`],
    [`@*=utf-8''${escaped(name)}`],
    [`@*=us-ascii'en'${escaped(name)}`, `@="${other}"`],
    [`@*=${name}`],
    [`@*0="${head}"`, `@*1="${tail}"`],
    [`@*1=${tail}`, `@*0=${head}`],
    [`@*0*=utf-8''${escaped(head)}`, `@*1=${tail}`],
    [`@*0*=utf-8''${escaped(head)}`, `@*1*=${escaped(tail)}`],
    [`@*0=${head}`, `@*2=${tail}`],
    [`@="=?utf-8?B?${Buffer.from(name).toString('base64')}?="`],
    [`@="=?utf-8?Q?${head}?= =?utf-8?Q?${tail}?="`],
    [`@==?utf-8?Q?${name}?=`],
    [`@=${other}`, `@=${name}`],
    [`@=${name}`, `@*=utf-8''${other}`],
    [`@=${name}`, `@*0*=utf-8''f`, '@*1*=%2eexe'],
  ]);
}

function parameters(name: string): string {
  return parameter()
    .map((text) => {
      const blank = random.pick(['', ' ', '\r\n ', '\t', ' \r\n  ']);
      return `;${blank}${text.replace('@', random.oneIn(4) ? name.toUpperCase() : name)}`;
    })
    .join('');
}

function message(): string {
  const headers = [
    `Content-Disposition: ${random.pick(['attachment', 'inline', '', '"attachment"', 'x y'])}${parameters('filename')}`,
    `Content-Type: ${random.pick(['application/octet-stream', 'text/plain', 'text'])}${parameters('name')}`,
    random.pick(['X: y', 'no header', `content-disposition: attachment; filename=f${count++}.exe`]),
  ];
  const some = headers.filter(() => !random.oneIn(4));
  return `MIME-Version: 1.0\r\n${(random.oneIn(2) ? some : some.toReversed()).join('\r\n')}\r\n\r\nx\r\n`;
}

describe.skipIf(!existsSync('/usr/bin/python3'))('Python', () => {
  test('sees no extension that we do not see, in 1500 messages', () => {
    const messages = Array.from({ length: 1500 }, message);
    const out = execFileSync('/usr/bin/python3', [join(import.meta.dirname, 'peers/name_opinions.py')], {
      input: messages.map((text) => `${Buffer.from(text, 'latin1').toString('base64')}\n`).join(''),
      maxBuffer: 1e8,
    });
    const opinions = out.toString('utf8').trimEnd().split('\n');
    expect(opinions).toHaveLength(messages.length);
    let seen = 0;
    for (const [i, text] of messages.entries()) {
      const ours = observe(text).parts.flatMap(({ filenames = [] }) => filenames);
      for (const name of (JSON.parse(opinions[i] as string) as string[]).flatMap(nameReadings)) {
        const extension = runs.exec(name)?.[0];
        if (extension === undefined) continue;
        seen++;
        expect(
          ours.some((it) => it.endsWith(extension)),
          `${name} in ${JSON.stringify(text)}: ${ours}`,
        ).toBe(true);
      }
    }
    expect(seen).toBeGreaterThan(2000);
  });
});
