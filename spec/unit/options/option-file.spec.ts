import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteValue, splitOptionFile } from '../../../src/options/option-file.ts';

const words = (text: string): readonly string[] =>
  splitOptionFile(Buffer.from(text)).words.map((w) => w.text);

describe('option file', () => {
  it('cuts lines into words and counts lines', () => {
    expect(splitOptionFile(Buffer.from('+a  b=1\r\n\n\tc=2 # rest\n'))).toEqual({
      words: [
        { line: 1, text: '+a' },
        { line: 1, text: 'b=1' },
        { line: 3, text: 'c=2' },
      ],
      problems: [],
    });
  });

  it('takes comments at the start of a line and of a word only', () => {
    expect(words('# +a "unclosed\n  # +b\n+c #+d\ne=x#y')).toEqual(['+c', 'e=x#y']);
  });

  it('groups with quotes anywhere in a word; the other quote is itself', () => {
    expect(words(`a="x y" 'b=it is "so"' c="it's"d e=''`)).toEqual([
      'a=x y',
      'b=it is "so"',
      "c=it'sd",
      'e=',
    ]);
  });

  it('knows the escapes inside and outside quotes', () => {
    expect(words(String.raw`a=\a\b\e\f\n\r\t\v\s\x b="\"\\" c=\#`)).toEqual([
      'a=\x07\b\x1b\f\n\r\t\v x',
      'b="\\',
      'c=#',
    ]);
  });

  it('names the line of a quote that is not closed and of a backslash at the end', () => {
    expect(splitOptionFile(Buffer.from('+a\nb="x\n+c\nd=\\')).problems).toEqual([
      { line: 2, problem: 'the quote " is not closed' },
      { line: 4, problem: 'a backslash needs a character behind it' },
    ]);
  });

  it('takes any bytes in comments and UTF-8 in values', () => {
    const content = Buffer.concat([
      Buffer.from('# \xe9\n+a # \xff\n', 'latin1'),
      Buffer.from('b=é\n'),
      Buffer.from('c=\xe9', 'latin1'),
    ]);
    expect(splitOptionFile(content)).toEqual({
      words: [
        { line: 2, text: '+a' },
        { line: 3, text: 'b=é' },
      ],
      problems: [{ line: 4, problem: 'not UTF-8' }],
    });
  });

  it('gives back every value that quoteValue wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        fc.pre(!value.includes('\ufffd') && Buffer.from(value).toString() === value);
        expect(words(`name=${quoteValue(value)} +next`)).toEqual([`name=${value}`, '+next']);
      }),
    );
  });
});
