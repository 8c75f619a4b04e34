import { describe, expect, it } from 'vitest';
import { createOptions } from '../../../src/options/option-set.ts';
import { readVerbose } from '../../../src/options/text-forms.ts';
import { changeVerbosity } from '../../../src/smtp/verbosity.ts';

const on = (words: readonly string[]): string => words.filter((word) => word.startsWith('+')).join(' ');

describe('changeVerbosity', () => {
  it('shows every word and changes nothing without being told to', () => {
    const options = createOptions();
    const words = changeVerbosity(options, []);
    expect(words).toHaveLength(20);
    expect(on(words)).toBe('+warn +info');
    expect(options.origin('verbose')).toBe('default');
  });

  it('switches words on and off for the process', () => {
    const options = createOptions();
    expect(on(changeVerbosity(options, ['+smtp', '-info', 'dns=1', 'DEBUG=0', '+nonsense', 'smtp']))).toBe(
      '+warn +smtp +dns',
    );
    expect(on(changeVerbosity(options, ['+SMTP']))).toBe('+warn +smtp +dns');
    expect(options.origin('verbose')).toBe('VERB');
    expect(options.text('verbose')).toContain('+smtp');
  });

  it('reads the option as its check does: commas too', () => {
    const options = createOptions();
    expect(options.set('verbose', '+warn,+smtp', 'spec')).toEqual({ kind: 'set' });
    expect(on(changeVerbosity(options, []))).toBe('+warn +smtp');
    expect(on(changeVerbosity(options, ['+mail']))).toBe('+warn +smtp +mail');
    expect(readVerbose(options.text('verbose') ?? '')).toEqual(new Set(['warn', 'smtp', 'mail']));
  });
});
