import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OfferFacts } from '../../../../src/smtp/protocol/extension-table.ts';
import { LENIENT, type Lenience, STRICT } from '../../../../src/smtp/protocol/lenience.ts';
import {
  formatParameters,
  NO_PARAMETERS,
  type ParsedParameters,
  type PathVerb,
  parseParameters,
} from '../../../../src/smtp/protocol/parameters.ts';
import { offerFacts } from '../../../fakes/offer-facts.ts';

interface Rules {
  readonly verb: PathVerb;
  /** AUTH is offered. */
  readonly auth: boolean;
  readonly lenience: Lenience;
}

const strict: Rules = { verb: 'MAIL', auth: true, lenience: STRICT };
const lenient: Rules = { verb: 'MAIL', auth: true, lenience: LENIENT };

const facts = (auth: boolean): OfferFacts => offerFacts({}, { canAuthenticate: auth });

const read = (text: string, { verb, auth, lenience }: Rules): ParsedParameters<PathVerb> =>
  parseParameters(verb, text, facts(auth), lenience);

const parse = (text: string, rules = strict): unknown => {
  const parsed = read(text, rules);
  return parsed.kind === 'parameters' ? parsed.parameters : `${parsed.fault} ${parsed.word}`;
};

describe('parseParameters', () => {
  it('understands SIZE, BODY and AUTH in upper and lower case', () => {
    expect(parse(' SIZE=123 body=8bitmime auth=<>')).toEqual({ SIZE: 123, BODY: '8BITMIME', AUTH: '<>' });
    expect(parse('\tsize=0\tBODY=7bit  AUTH=a+2Bb ')).toEqual({ SIZE: 0, BODY: '7BIT', AUTH: 'a+2Bb' });
    expect(parse('')).toEqual(NO_PARAMETERS);
    expect(parse(' \t')).toEqual(NO_PARAMETERS);
    expect(parse(' SIZE=99999999999999999999')).toEqual({ SIZE: Number.MAX_SAFE_INTEGER });
  });

  it.each([
    // What is no parameter
    ...['x', 'SIZE=1', '>', '>>>', ',<c@d.ee>', '"'].map((text) => [text, text]),
    ...[
      ' <c@d.ee>',
      ' c@d.ee',
      ' =x',
      ' -x',
      ' a_b',
      ' SIZE=1=2',
      ' A=\x01',
      ' A=\xfc',
      ' \xfc',
      ' AUTH=a=b',
    ].map((text) => [text, text.slice(1)]),
    // Values
    ...[
      'SIZE=abc',
      'SIZE=-1',
      'SIZE=+1',
      'SIZE=',
      'SIZE',
      'SIZE=1.5',
      'SIZE=0x10',
      'SIZE=100000000000000000000',
    ].map((word) => [` ${word}`, word]),
    ...[
      'BODY=foo',
      'BODY=BINARYMIME',
      'BODY=',
      'BODY',
      'BODY=7BIT8',
      'AUTH=',
      'AUTH',
      'AUTH=+',
      'AUTH=+ZZ',
      'AUTH=a+4',
    ].map((word) => [` ${word}`, word]),
    // Twice
    [' SIZE=1 SIZE=1', 'SIZE=1'],
    [' SIZE=1 size=2', 'size=2'],
    [' BODY=7BIT SIZE=1 BODY=8BITMIME', 'BODY=8BITMIME'],
    [' AUTH=<> AUTH=<>', 'AUTH=<>'],
  ])('%j is malformed', (text, word) => {
    expect(parse(text)).toBe(`malformed ${word}`);
  });

  it.each([
    'REQUIRETLS',
    'SMTPUTF8',
    'FOO=BAR',
    'foo',
    'XSIZE=5',
    'SMTPUTF8=x',
    'NOTIFY=NEVER',
    'constructor',
    '__proto__'.slice(2),
    'RET=FULL',
    'ENVID=x',
    'X-FOO=1',
  ])('%s was not offered', (word) => {
    expect(parse(` SIZE=1 ${word}`)).toBe(word === 'proto__' ? `malformed ${word}` : `unknown ${word}`);
  });

  it('has none for RCPT, and AUTH only where it was offered', () => {
    for (const word of ['SIZE=1', 'BODY=7BIT', 'AUTH=<>', 'ORCPT=rfc822;a', 'FOO'])
      expect(parse(` ${word}`, { ...strict, verb: 'RCPT' })).toBe(`unknown ${word}`);
    expect(parse(' AUTH=<>', { ...strict, auth: false })).toBe('unknown AUTH=<>');
  });

  it('lenient: drops what the table lists, and nothing else', () => {
    expect(parse(' RET=HDRS ENVID=QQ SIZE=7', lenient)).toEqual({ SIZE: 7 });
    expect(parse(' AUTH=<> SIZE=7', { ...lenient, auth: false })).toEqual({ SIZE: 7 });
    expect(parse('SIZE=7', lenient)).toEqual({ SIZE: 7 });
    const rcpt: Rules = { ...lenient, verb: 'RCPT' };
    expect(parse(' NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c.dd', rcpt)).toEqual(NO_PARAMETERS);
    for (const word of ['REQUIRETLS', 'SMTPUTF8', 'NOTIFY=NEVER', 'FOO', 'BY=1;R'])
      expect(parse(` ${word}`, lenient)).toBe(`unknown ${word}`);
    for (const word of ['RET=FULL', 'SIZE=1', 'REQUIRETLS'])
      expect(parse(` ${word}`, rcpt)).toBe(`unknown ${word}`);
    for (const word of ['BODY=foo', 'BODY=BINARYMIME', 'SIZE=x', 'RET', '<c@d.ee>', 'c@d.ee', '>'])
      expect(parse(` ${word}`, lenient)).toBe(`malformed ${word}`);
    expect(parse(' NOTIFY=NEVER NOTIFY=NEVER', rcpt)).toBe('malformed NOTIFY=NEVER');
  });

  it('any: what is taken stays the same when it is written and read again, word by word', () => {
    const word = fc.oneof(
      fc.nat().map((size) => `SIZE=${size}`),
      fc.constantFrom(
        'BODY=7BIT',
        'body=8bitmime',
        'AUTH=<>',
        'AUTH=a+2Bb@c',
        'Auth=x',
        'RET=FULL',
        'FOO',
        'SIZE=x',
        'a b',
        'SIZE',
        '>',
        '\xfc',
        'BODY=8BIT',
      ),
      fc.string({ unit: fc.constantFrom(...'SIZE=BODYAUTH18<>+- \t"@\xff\0'), maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), fc.constantFrom('', ' '), (all, lead) => {
        const text = lead + all.join(' ');
        for (const rules of [strict, lenient, { ...strict, verb: 'RCPT' } as const]) {
          const parsed = read(text, rules);
          if (parsed.kind !== 'parameters') continue;
          const written = formatParameters(rules.verb, parsed.parameters);
          expect(read(written, { ...strict, verb: rules.verb })).toEqual(parsed);
          // Nothing of what was said is lost, but what the table of leniences names.
          const said = text.split(/[ \t]+/).filter((one) => one !== '' && !/^(RET|ENVID)=/i.test(one));
          const upper = (one: string): string => one.replace(/^[^=]*/, (name) => name.toUpperCase());
          const forms = (one: string): string =>
            upper(one)
              .replace(/^BODY=.*/, (body) => body.toUpperCase())
              .replace(/^(SIZE=)0+(?=\d)/, '$1');
          expect(written.split(' ').filter(Boolean).sort()).toEqual(said.map(forms).sort());
        }
      }),
      { numRuns: 3000 },
    );
  });
});
