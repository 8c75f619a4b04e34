// The header block is one thing: the receiver (hooks, header list, what is forwarded) and the MIME parser see the same, for any lines and any split;
// and what a policy adds is a header for programs that end the headers early, too.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DotFraming } from '../../src/message/framing/dot.ts';
import { HeaderList } from '../../src/message/header/header-list.ts';
import { headerBlockOf } from '../../src/message/mime/header-block.ts';
import { MessageReceiver } from '../../src/message/receiver.ts';
import { rewriteHeaders } from '../../src/message/rewrite.ts';
import { SpoolStore } from '../../src/message/spool.ts';
import { observe } from '../fakes/observe-message.ts';
import { cases, messageOf } from '../unit/message/mime/mime-cases.ts';

const lines = [
  'From: a@x.example',
  'Subject : s',
  'Content-Type: multipart/mixed; boundary=b',
  'Content-Type: text/html',
  'content-type\t(x): text/plain; boundary=c',
  'Content-Type',
  ' : multipart/mixed; boundary=d',
  'Content-Type: multipart/mixed',
  '\xef\xbb\xbfContent-Type: text/plain',
  '--b',
  '--b--',
  '--c \t',
  '--d',
  '--e',
  'this is no header',
  'X Foo: 1',
  'X-\xe9: 1',
  'X\0: 1',
  ': 1',
  ' going on',
  '\t',
  'From me Mon',
  '>From me: Tue',
  'http://evil.example.com/x',
  '',
  'text',
];

const message = fc
  .array(fc.constantFrom(...lines), { minLength: 1, maxLength: 9 })
  .map((chosen) => Buffer.from(chosen.map((line) => `${line}\r\n`).join(''), 'latin1'));

interface Seen {
  readonly hooks: readonly string[];
  readonly headers: HeaderList;
  readonly length: number;
  readonly body: readonly string[];
  forwarded(): Promise<Buffer>;
}

async function receive(
  content: Buffer,
  cuts: readonly number[],
  hooked: boolean,
  before: readonly string[] = [],
): Promise<Seen> {
  const hooks: string[] = [];
  const body: string[] = [];
  const headers = new HeaderList();
  for (const header of before) headers.add(header);
  const spool = new SpoolStore().create('', 'T', { message: 1e9, total: 1e9 });
  const receiver = new MessageReceiver(
    new DotFraming(),
    spool,
    headers,
    {
      content: undefined,
      header: hooked
        ? (header) => {
            hooks.push(header.toString('latin1'));
            return 'on';
          }
        : undefined,
      eoh: undefined,
      body: (batch) => {
        for (let i = 0; i < batch.count; i++)
          body.push(batch.bytes.toString('latin1', batch.starts[i], batch.ends[i]));
        return batch.count;
      },
    },
    { size: 0, headers: 1_000_000 },
  );
  const wire = Buffer.concat([
    Buffer.from(content.toString('latin1').replace(/^\./gm, '..'), 'latin1'),
    Buffer.from('.\r\n'),
  ]);
  const places = [...new Set(cuts.map((cut) => cut % wire.length))].sort((a, b) => a - b);
  let start = 0;
  for (const place of [...places, wire.length]) {
    if (place > start) await receiver.feed(wire.subarray(start, place));
    start = Math.max(start, place);
  }
  const layout = receiver.layout;
  if (layout === undefined) throw new Error('the headers have not ended');
  return {
    hooks,
    headers,
    body,
    length: layout.headerLength + (layout.hasEmptyLine ? 2 : 0),
    async forwarded() {
      await rewriteHeaders(spool, headers, layout);
      const pieces: Buffer[] = [];
      for await (const piece of spool.read()) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

const cuts = fc.array(fc.nat(200), { maxLength: 8 });

/** What is forwarded is what came, and everybody sees the same header block in it. */
async function agree(content: Buffer, places: readonly number[]): Promise<void> {
  const hooked = await receive(content, places, true);
  const plain = await receive(content, [], false);
  const [part] = observe(content).parts;
  expect(plain.headers.all).toEqual(hooked.headers.all);
  expect(hooked.hooks).toEqual(hooked.headers.all);
  expect(hooked.length).toBe(plain.length);
  const whole = headerBlockOf(content);
  expect(whole.length + (whole.hasEmptyLine ? 2 : 0)).toBe(plain.length);
  const shownLength = (part?.part_length ?? 0) - (part?.body_length ?? 0);
  // A delimiter right behind the headers takes their last line end.
  expect([0, 2]).toContain(plain.length - shownLength);
  const body = hooked.body.map((line) => `${line}\r\n`).join('');
  expect(Buffer.from(body, 'latin1')).toEqual(content.subarray(plain.length));
  let last: string | undefined;
  for (let n = 1; plain.headers.find('Content-Type', n) !== undefined; n++) {
    last = plain.headers.find('content-type', n)?.value;
  }
  const shown = part?.content_type?.replace(/^[^:]*:[ \t]*/, '');
  expect(shown).toBe(last?.replace(/\r\n[ \t]/g, ' ').slice(0, 4000));
  expect(await plain.forwarded()).toEqual(content);
  expect(await hooked.forwarded()).toEqual(content);
}

test('header list, hooks and mime.parts agree on the header block, whatever stands in it', async () => {
  await fc.assert(fc.asyncProperty(message, cuts, agree), { numRuns: 1000 });
});

test('and so they do for messages that are like mail', async () => {
  const headers = fc.array(
    fc.constantFrom(
      'Received: from a.example (a.example [192.0.2.1])\r\n\tby b.example; Mon, 1 Jan 2024 00:00:00 +0000',
      'From: =?utf-8?Q?J=C3=B6rg?= <a@x.example>',
      'To: undisclosed-recipients:;',
      'Subject: caf\xc3\xa9',
      'Subject:',
      'MIME-Version: 1.0 (produced by hand)',
      'Content-Type: text/plain; charset="utf-8"; format=flowed',
      'Content-Type: multipart/mixed;\r\n boundary="=_b"',
      'Content-Transfer-Encoding: quoted-printable',
      'Content-Disposition: attachment; filename*0="a"; filename*1=".exe"',
      'X-Mailer: (c) by nobody',
      'References: <1@x.example>\r\n <2@x.example>',
    ),
    { minLength: 1, maxLength: 12 },
  );
  const body = fc.array(
    fc.constantFrom(
      '',
      'hello',
      '--=_b',
      '--=_b--',
      'From here',
      '.',
      '..',
      'http://a.example.com/',
      '\xff\0',
      'Subject: x',
      'x'.repeat(1200),
    ),
    { maxLength: 12 },
  );
  const mail = fc
    .tuple(headers, body)
    .map(([head, rest]) => Buffer.from(`${[...head, '', ...rest].join('\r\n')}\r\n`, 'latin1'));
  await fc.assert(fc.asyncProperty(mail, cuts, agree), { numRuns: 1000 });
});

test.each(cases.map((item) => [item.name, item] as const))(
  'and for the message %s of the vectors',
  async (_name, item) => {
    const text = messageOf(item)
      .toString('latin1')
      .replace(/\r?\n|\r/g, '\r\n')
      .replace(/(?<!\r\n)$/, '\r\n');
    await agree(Buffer.from(text, 'latin1'), [7, 40, 41]);
  },
);

/** Where programs that end the headers at the first line that is none see the body (Python's email, Postfix). */
function strictHeaders(content: string): readonly string[] {
  const seen: string[] = [];
  for (const [index, line] of content.split('\r\n').entries()) {
    if (!/^[!-9;-~]+:|^[ \t]/.test(line) && !(index === 0 && /^>?From /.test(line))) break;
    if (/^[ \t]*$/.test(line)) break;
    seen.push(line);
  }
  return seen;
}

test('what a policy adds or inserts is a header for programs that end the headers early, and stays what it is', async () => {
  await fc.assert(
    fc.asyncProperty(message, fc.nat(12), fc.boolean(), async (content, index, early) => {
      const seen = await receive(content, [], true, early ? ['X-Ours: early'] : []);
      seen.headers.insert('X-Ours: inserted', index);
      seen.headers.add('X-Ours: added');
      seen.headers.modify('X-Other', 1, 'modified');
      const forwarded = (await seen.forwarded()).toString('latin1');
      const strict = strictHeaders(forwarded);
      const lenient = forwarded.split('\r\n\r\n')[0]?.split('\r\n') ?? [];
      for (const line of [
        'X-Ours: inserted',
        'X-Ours: added',
        'X-Other: modified',
        ...(early ? ['X-Ours: early'] : []),
      ]) {
        for (const view of [strict, lenient]) {
          expect(view).toContain(line);
          expect(view[view.indexOf(line) + 1] ?? '').not.toMatch(/^[ \t]/);
        }
      }
      // Nothing of the message is lost.
      const rest = forwarded.replace(/^(?:X-Ours|X-Other): .*\r\n/gm, '').replace(/^X-Not-A-Header:/gm, '');
      const body = content.subarray(seen.length).toString('latin1');
      expect(rest.endsWith(body)).toBe(true);
      const head = content.subarray(0, seen.length).toString('latin1').replace(/\r\n$/, '');
      expect(rest.startsWith(head)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
