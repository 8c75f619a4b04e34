import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LineEvent, LineReader } from '../../../src/net/line-reader.ts';

const show = (event: LineEvent): string => (event.kind === 'line' ? `line ${event.text}` : event.kind);

/** All events of the chunks, read after each one. */
function read(reader: LineReader, chunks: readonly (string | Buffer)[]): string[] {
  const events: string[] = [];
  for (const chunk of chunks) {
    reader.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
    for (let event = reader.next(); event.kind !== 'none'; event = reader.next()) events.push(show(event));
  }
  return events;
}

describe('LineReader', () => {
  it.each([
    ['CRLF', 'NOOP\r\nQUIT\r\n', ['line NOOP', 'line QUIT']],
    ['a bare LF', 'NOOP\nQUIT\n', ['line NOOP', 'line QUIT']],
    ['a bare CR is part of the line', 'NO\rOP\r\n\r\r\n', ['line NO\rOP', 'line \r']],
    ['empty lines', '\r\n\n\r\n', ['line ', 'line ', 'line ']],
    ['NUL and 8-bit bytes', '\0\xff\x80\r\n', ['line \0\xff\x80']],
    ['no line end', 'NOOP', []],
  ])('ends lines at %s', (_, text, lines) => {
    expect(read(new LineReader(100), [text])).toEqual(lines);
  });

  it('gives the same lines for every split', () => {
    const bytes = fc.array(fc.constantFrom(...'ab\r\n\0\xff'.split('')), { maxLength: 60 });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(60), { maxLength: 8 }), (letters, cuts) => {
        const text = letters.join('');
        const points = [
          0,
          ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b),
          text.length,
        ];
        const chunks = points.slice(1).map((end, i) => text.slice(points[i], end));
        const whole = read(new LineReader(10), [text]);
        expect(read(new LineReader(10), chunks)).toEqual(whole);
        expect(read(new LineReader(10), text.split(''))).toEqual(whole);
      }),
    );
  });

  it('counts the line end in the limit, says once that a line was too long, and goes on behind it', () => {
    expect(read(new LineReader(6), ['NOOP\r\nNOOP1\r\nQUIT\r\n'])).toEqual([
      'line NOOP',
      'too-long',
      'line QUIT',
    ]);
    expect(read(new LineReader(6), ['NO', 'OP', '12', '34\r', '\n', 'QUIT\r\n'])).toEqual([
      'too-long',
      'line QUIT',
    ]);
  });

  it('keeps nothing of a line that is too long', () => {
    const reader = new LineReader(1000);
    for (let i = 0; i < 100; i++) {
      reader.push(Buffer.alloc(10_000, 'a'));
      expect(reader.next()).toEqual({ kind: 'none' });
      expect(reader.buffered).toBe(0);
    }
    expect(read(reader, ['\nQUIT\r\n'])).toEqual(['too-long', 'line QUIT']);
  });

  it('says what is buffered', () => {
    const reader = new LineReader(100);
    reader.push(Buffer.from('NOOP\r\nQU'));
    expect(reader.buffered).toBe(8);
    reader.next();
    expect(reader.buffered).toBe(2);
    expect(reader.next().kind).toBe('none');
    expect(reader.buffered).toBe(2);
    reader.push(Buffer.from('IT\r\n'));
    expect(reader.buffered).toBe(6);
    expect(show(reader.next())).toBe('line QUIT');
    expect(reader.buffered).toBe(0);
  });

  it('gives raw bytes between lines without copying, and takes back what is left over', () => {
    const reader = new LineReader(100);
    const chunk = Buffer.from('DATA\r\nbytes\r\n.\r\nQUIT\r\n');
    reader.push(chunk);
    reader.push(Buffer.from('NOOP\r\n'));
    expect(show(reader.next())).toBe('line DATA');
    const raw = reader.take();
    expect(raw?.toString()).toBe('bytes\r\n.\r\nQUIT\r\n');
    expect(raw?.buffer).toBe(chunk.buffer);
    reader.unread(raw ?? chunk, 10);
    expect(reader.buffered).toBe(12);
    expect([show(reader.next()), show(reader.next()), show(reader.next())]).toEqual([
      'line QUIT',
      'line NOOP',
      'none',
    ]);
    expect(reader.take()).toBeUndefined();
  });

  it('gives no more raw bytes than are asked for, in any split, and goes on with lines behind them', () => {
    const text = 'BDAT 7\r\nab\r\n.\r\nQUIT\r\n';
    fc.assert(
      fc.property(
        fc.array(fc.nat(text.length), { maxLength: 6 }),
        fc.integer({ min: 1, max: 8 }),
        (cuts, max) => {
          const reader = new LineReader(100);
          const points = [0, ...cuts.sort((a, b) => a - b), text.length];
          for (const [i, end] of points.slice(1).entries())
            reader.push(Buffer.from(text.slice(points[i], end)));
          expect(show(reader.next())).toBe('line BDAT 7');
          let raw = '';
          while (raw.length < 7) {
            const taken = reader.take(Math.min(max, 7 - raw.length)) ?? Buffer.alloc(0);
            expect(taken.length).toBeGreaterThan(0);
            expect(taken.length).toBeLessThanOrEqual(max);
            raw += taken.toString();
            expect(reader.buffered).toBe(text.length - 8 - raw.length);
          }
          expect([raw, show(reader.next()), reader.buffered]).toEqual(['ab\r\n.\r\n', 'line QUIT', 0]);
        },
      ),
    );
  });

  it('takes back what is left of a part of a chunk', () => {
    const reader = new LineReader(100);
    reader.push(Buffer.from('x\r\nabcdefNOOP\r\n'));
    reader.push(Buffer.from('QUIT\r\n'));
    reader.next();
    const taken = reader.take(6) ?? Buffer.alloc(0);
    reader.unread(taken, 2);
    expect(reader.buffered).toBe(16);
    expect([reader.take(3)?.toString(), reader.take(1)?.toString()]).toEqual(['cde', 'f']);
    expect([show(reader.next()), show(reader.next()), reader.buffered]).toEqual([
      'line NOOP',
      'line QUIT',
      0,
    ]);
  });

  it('forgets everything when it is told so', () => {
    const reader = new LineReader(100);
    reader.push(Buffer.from('NO'));
    reader.next();
    reader.push(Buffer.from('OP\r\n'));
    reader.clear();
    expect([reader.buffered, show(reader.next())]).toEqual([0, 'none']);
  });
});
