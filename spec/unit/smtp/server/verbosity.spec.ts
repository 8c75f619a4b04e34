import { describe, expect, it } from 'vitest';
import { createOptions } from '../../../../src/options/option-set.ts';
import { readVerbose } from '../../../../src/options/text-forms.ts';
import { changeVerbosity, type Verbosity } from '../../../../src/smtp/server/verbosity.ts';

const words = (outcome: Verbosity): readonly string[] => {
  if (outcome.kind === 'unknown') throw new Error(outcome.word);
  return outcome.words;
};
const on = (outcome: Verbosity): string =>
  words(outcome)
    .filter((word) => word.startsWith('+'))
    .join(' ');

describe('changeVerbosity', () => {
  it('shows every word and changes nothing without being told to', () => {
    const options = createOptions();
    const shown = changeVerbosity(options, '');
    expect(words(shown)).toHaveLength(20);
    expect(on(shown)).toBe('+warn +info');
    expect(options.origin('verbose')).toBe('default');
  });

  it('switches words on and off for the process', () => {
    const options = createOptions();
    expect(on(changeVerbosity(options, '+smtp,-info dns=1; DEBUG=0'))).toBe('+warn +smtp +dns');
    expect(on(changeVerbosity(options, '+SMTP'))).toBe('+warn +smtp +dns');
    expect(options.origin('verbose')).toBe('VERB');
    expect(options.text('verbose')).toContain('+smtp');
  });

  it('reads the option as its check does: commas too', () => {
    const options = createOptions();
    expect(options.set('verbose', '+warn,+smtp', 'spec')).toEqual({ kind: 'set' });
    expect(on(changeVerbosity(options, ''))).toBe('+warn +smtp');
    expect(on(changeVerbosity(options, '+mail'))).toBe('+warn +smtp +mail');
    expect(readVerbose(options.text('verbose') ?? '')).toEqual(new Set(['warn', 'smtp', 'mail']));
  });

  it.each(['+smtp +nonsense', 'smtp', 'ON', '+dns,+smtpx', '+', '+smtp=1'])(
    'changes nothing by %j',
    (change) => {
      const options = createOptions();
      expect(changeVerbosity(options, change).kind).toBe('unknown');
      expect(options.origin('verbose')).toBe('default');
    },
  );
});
