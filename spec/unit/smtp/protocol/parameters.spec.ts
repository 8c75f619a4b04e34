import { describe, expect, it } from 'vitest';
import { parseParameters } from '../../../../src/smtp/protocol/parameters.ts';

const KNOWN = ['SIZE', 'BODY', 'AUTH'];
const parse = (text: string, strict = false, known: readonly string[] = KNOWN): unknown => {
  const parsed = parseParameters(text, known, strict);
  return parsed.kind === 'parameters' ? parsed.parameters : `${parsed.error} ${parsed.word}`;
};
const none = { size: undefined, body: undefined, auth: undefined };

describe('parseParameters', () => {
  it('understands SIZE, BODY and AUTH in upper and lower case', () => {
    expect(parse('SIZE=123 body=8bitmime auth=<>')).toEqual({ size: 123, body: '8BITMIME', auth: '<>' });
    expect(parse('size=0\tBODY=7bit AUTH=a+2Bb')).toEqual({ size: 0, body: '7BIT', auth: 'a+2Bb' });
    expect(parse('')).toEqual(none);
  });

  it('leaves others and odd ones to the policy', () => {
    expect(parse('FOO=bar trailing XSIZE=5 SIZE=1.5 SIZE=-1 SIZE BODY=BINARYMIME SIZE=')).toEqual(none);
    expect(parse('SIZE=5', false, [])).toEqual(none);
  });

  it('names what is unknown or malformed when strict', () => {
    expect(parse('SIZE=5 FOO=bar', true)).toBe('unknownParameter FOO=bar');
    expect(parse('SIZE=x', true)).toBe('badParameter SIZE=x');
    expect(parse('AUTH=', true)).toBe('badParameter AUTH=');
    expect(parse('NOTIFY=NEVER', true, [])).toBe('unknownParameter NOTIFY=NEVER');
    expect(parse('SIZE=5 BODY=7BIT', true)).toEqual({ ...none, size: 5, body: '7BIT' });
  });
});
