import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replyText } from '../../../../src/smtp/protocol/reply.ts';
import { type ParseResult, ReplyParser } from '../../../../src/smtp/protocol/reply-parser.ts';

function parse(...chunks: readonly (string | Buffer)[]): ParseResult[] {
  const parser = new ReplyParser();
  const results: ParseResult[] = [];
  for (const chunk of chunks) {
    parser.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk, 'latin1'));
    for (let result = parser.next(); result.kind !== 'more'; result = parser.next()) {
      results.push(result);
      if (result.kind === 'garbage') return results;
    }
  }
  return results;
}

const texts = (results: readonly ParseResult[]): string[] =>
  results.map((result) => (result.kind === 'reply' ? replyText(result.reply) : result.kind));

describe('ReplyParser', () => {
  it('reads single and multi-line replies, several at once', () => {
    const results = parse('220 hello\r\n250-a\r\n250-SIZE 10\r\n250 b\r\n354 go\r\n');
    expect(texts(results)).toEqual(['220 hello', '250-a\n250-SIZE 10\n250 b', '354 go']);
    expect(results[1]).toMatchObject({
      kind: 'reply',
      reply: { code: 250, text: '250-a\r\n250-SIZE 10\r\n250 b\r\n' },
    });
  });

  it('takes a code without text, and LF alone as line end', () => {
    expect(texts(parse('250\r\n', '221\n', '550 x\n'))).toEqual(['250', '221', '550 x']);
    expect(texts(parse('250-a\n250-b\r\r\n250-\r\n250 c\n'))).toEqual(['250-a\n250-b\r\n250-\n250 c']);
  });

  it('keeps 8-bit, NUL and bare CR in texts', () => {
    expect(texts(parse('550 \xe9\0\rx\r\n'))).toEqual(['550 \xe9\0\rx']);
  });

  it('gives the same replies for every chunking', () => {
    const stream = '220-a\r\n220 b\r\n250 ok\r\n250-\xff\r\n250-\0\r\n250 \r\n354 go\r\n550 5.1.1 no\r\n';
    const whole = texts(parse(stream));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (sizes) => {
        const chunks: string[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          chunks.push(stream.slice(at, at + size));
          at += size;
        }
        expect(texts(parse(...chunks))).toEqual(whole);
      }),
    );
  });

  it('takes the lines that begin with a code and nothing, a blank, a tab or a hyphen', () => {
    const part = fc.constantFrom('2', '5', '1', '6', '0', '9', ':', '/', '-', ' ', '\t', 'x', '\r', '');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const line = parts.join('').replace(/\r$/, '');
        const [result] = parse(`${line}\r\n`);
        const [, code, behind] = /^([2-5]\d\d)(?:([ \t-])|$)/.exec(line) ?? [];
        const kind = code === undefined ? 'garbage' : behind === '-' ? undefined : 'reply';
        expect(result?.kind).toBe(kind);
        if (result?.kind === 'reply') expect(result.reply.code).toBe(Number(code));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps what it was given, though the buffer is used again', () => {
    const parser = new ReplyParser();
    const buffer = Buffer.alloc(64);
    const push = (text: string): void => parser.push(buffer.subarray(0, buffer.write(text, 'latin1')));
    push('250-first\r\n250');
    push('-second\r\n25');
    push('0 third\r\n550 next');
    const first = parser.next();
    push(' reply\r\n');
    expect(texts([first, parser.next()])).toEqual(['250-first\n250-second\n250 third', '550 next reply']);
  });

  it.each([
    ['HTTP/1.1 400 Bad Request\r\n'],
    ['\r\n'],
    ['25 ok\r\n'],
    ['2500 ok\r\n'],
    ['150 early\r\n'],
    ['650 late\r\n'],
    ['250_ok\r\n'],
    ['+OK pop\r\n'],
    ['250-a\r\nbcd\r\n'],
    ['\x16\x03\x01\x02\n'],
  ])('%j is garbage', (text) => {
    const [result] = parse(text);
    expect(result?.kind).toBe('garbage');
  });

  it('bounds a line without end, a long line and a long reply', () => {
    expect(texts(parse('2'.repeat(5000)))).toEqual(['garbage']);
    expect(texts(parse(`250 ${'x'.repeat(5000)}\r\n`))).toEqual([`250 ${'x'.repeat(4092)}`]);
    expect(texts(parse(`250 ${'x'.repeat(70_000)}\r\n`))).toEqual(['garbage']);
    expect(texts(parse(`250 ${'x'.repeat(70_000)}`))).toEqual(['garbage']);
    expect(texts(parse('250-x\r\n'.repeat(20_000)))).toEqual(['garbage']);
  });

  it.each([
    ['a tab behind the code', '250\tok\r\n', 250, '250 ok'],
    ['a tab in a line of several', '250-a\r\n250\tok\r\n', 250, '250-a\n250 ok'],
    ['other codes before the last', '250-a\r\n251 b\r\n', 251, '250-a\n251 b'],
    ['a no behind a yes', '250-a\r\n550 b\r\n', 550, '250-a\n550 b'],
    ['a yes behind a no', '550-a\r\n451-b\r\n250 b\r\n', 250, '550-a\n451-b\n250 b'],
    ['a code alone as the last line', '550-a\r\n250\r\n', 250, '550-a\n250'],
  ])("takes as Postfix' client does: %s", (_, bytes, code, text) => {
    for (let at = 0; at <= bytes.length; at++) {
      const results = parse(bytes.slice(0, at), bytes.slice(at));
      expect(texts(results)).toEqual([text]);
      expect(results[0]).toMatchObject({ reply: { code } });
    }
  });

  it.each([
    ['250 ok', '250 ok'],
    ['250\tok', '250 ok'],
    ['250-a\r\n550 n', '250-a\n550 n'],
    ['250 ok\r', '250 ok'],
    ['250', undefined],
    ['250-a', undefined],
    ['250-a\r\n25', undefined],
    ['what', undefined],
    ['', undefined],
  ])('at the end of everything %j is %j', (bytes, text) => {
    const parser = new ReplyParser();
    parser.push(Buffer.from(bytes));
    expect(parser.next().kind).toBe('more');
    const last = parser.last();
    expect(last && replyText(last)).toBe(text);
    if (text !== undefined) expect(parser.empty).toBe(true);
  });

  it('can be told to forget what stands behind a reply', () => {
    const parser = new ReplyParser();
    parser.push(Buffer.from('220 go\r\n250-injected\r\n250'));
    expect(parser.next().kind).toBe('reply');
    expect(parser.empty).toBe(false);
    parser.clear();
    expect(parser.empty).toBe(true);
    parser.push(Buffer.from('250 real\r\n'));
    expect(texts([parser.next()])).toEqual(['250 real']);
  });
});
