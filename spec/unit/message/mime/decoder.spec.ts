// Content-Transfer-Encodings: whole, in every split, and as lenient as mail programs are.
import { describe, expect, test } from 'vitest';
import { Base64Decoder, type Decoder, QuotedPrintableDecoder } from '../../../../src/message/mime/decoder.ts';

interface Result {
  readonly all: string;
  /** What belongs to the decoded body. */
  readonly counted: string;
}

function decode(decoder: Decoder, text: string, size: number): Result {
  const bytes = Buffer.from(text, 'latin1');
  let all = '';
  let counted = '';
  const take = (out: Buffer): void => {
    all += out.toString('latin1');
    counted += out.toString('latin1', 0, decoder.counted);
  };
  for (let at = 0; at < bytes.length; at += size)
    take(decoder.push(bytes, at, Math.min(bytes.length, at + size)));
  take(decoder.end());
  return { all, counted };
}

function expectDecoded(create: () => Decoder, text: string, all: string, counted = all): void {
  for (const size of [1, 2, 3, 4, 5, 7, 1000])
    expect(decode(create(), text, size), `in pieces of ${size}`).toEqual({ all, counted });
}

describe('base64', () => {
  const is = (text: string, all: string, counted?: string): void =>
    expectDecoded(() => new Base64Decoder(), text, all, counted);
  const every = Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i));

  test('gives every octet back, with and without line ends', () => {
    const text = every.toString('base64');
    is(text, every.toString('latin1'));
    is(text.replace(/(.{76})/g, '$1\r\n'), every.toString('latin1'));
    is(text.replace(/(.{13})/g, '$1\n'), every.toString('latin1'));
  });

  test('passes over what is not in the alphabet', () => {
    is('S G\tV\r\ns*-_b\x00\xffG8=', 'Hello');
  });

  test('needs no padding', () => {
    is('SGVsbG8', 'Hello');
    is('SGVsbA', 'Hell');
    is('SGVs', 'Hel');
    is('SGVsb', 'Hel');
    is('', '');
  });

  test('ends with its padding, but what follows can be looked at', () => {
    is('SGVsbG8=\r\nd29ybGQ=', 'Helloworld', 'Hello');
    is('SGVs====d29ybGQ', 'Helworld', 'Hel');
  });
});

describe('quoted-printable', () => {
  const is = (text: string, all: string): void =>
    expectDecoded(() => new QuotedPrintableDecoder(), text, all);

  test('decodes hexadecimal digits of either case', () => {
    is('=e9=E9=3D=00=fF', '\xe9\xe9=\0\xff');
  });

  test('joins lines at soft line breaks, also with blanks behind the equal sign', () => {
    is('a=\r\nb=\nc= \t\r\nd', 'abcd');
    is('a=\r\n=\r\nb', 'ab');
  });

  test('keeps what is no escape', () => {
    is('= =z =1 =1z ==41 =\rx =', '= =z =1 =1z =A =\rx ');
    is('=0=\r\n9', '=09');
  });

  test('keeps blanks at line ends', () => {
    is('a  \r\nb\t\r\n', 'a  \r\nb\t\r\n');
  });

  test('ends with the message', () => {
    is('a=', 'a');
    is('a=\r\n', 'a');
    is('a= \r', 'a');
    is('a=4', 'a=4');
  });

  test('waits for the end of a soft line break only so long', () => {
    const blanks = ' '.repeat(3000);
    is(`a=${blanks}\r\nb`, `a=${blanks}\r\nb`);
  });
});
