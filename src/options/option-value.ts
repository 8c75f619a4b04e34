// Reads the text of an option by its spec: flags (`+`, `-` or a number), integers (decimal or 0x, sizes with k, m, g), words, texts.
import type { OptionSpec } from './table/option-spec.ts';
import { expectedOf } from './text-forms.ts';
import { valueHint } from './value-hint.ts';

export type ValueOutcome =
  | { readonly kind: 'value'; readonly value: boolean | number | string }
  | { readonly kind: 'invalid'; readonly expected: string };

const value = (it: boolean | number | string): ValueOutcome => ({ kind: 'value', value: it });

/** An integer as in C but without octal: sign, then decimal without leading zeros, or 0x and hexadecimal. */
function readInteger(text: string): number | undefined {
  const match = /^([-+]?)(0x[\da-f]{1,13}|0|[1-9]\d{0,15})$/i.exec(text);
  if (match === null) return undefined;
  const magnitude = Number(match[2]);
  return match[1] === '-' && magnitude !== 0 ? -magnitude : magnitude;
}

const multipliers: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** An integer of bytes: as above, or with k, m or g behind it. */
function readSize(text: string): number | undefined {
  const multiplier = multipliers[text.slice(-1).toLowerCase()];
  if (multiplier === undefined) return readInteger(text);
  const count = readInteger(text.slice(0, -1));
  return count === undefined ? undefined : count * multiplier;
}

/** What a value must be, for messages and for the reference. */
export function describeValue(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'flag':
      return '+ or - (also 1 or 0)';
    case 'integer': {
      const unit = spec.unit === 'bytes' ? 'bytes; k, m and g multiply by 1024' : spec.unit;
      return `an integer from ${spec.min} to ${spec.max} (${unit}), without leading zeros`;
    }
    case 'word':
      return `one of ${spec.words.join(', ')}`;
    case 'text':
      return 'a text';
    case 'action':
      return 'no value';
  }
}

function wrong(spec: OptionSpec, text: string): ValueOutcome {
  const hint = valueHint(spec, text);
  const expected = describeValue(spec);
  return { kind: 'invalid', expected: hint === undefined ? expected : `${expected}; did you mean ${hint}?` };
}

/** The value that a text stands for. `-` stands for 0 where an integer may be 0, as in the original. */
export function readValue(spec: OptionSpec, text: string): ValueOutcome {
  switch (spec.kind) {
    case 'action':
      return value(true);
    case 'flag': {
      if (text === '+' || text === '-') return value(text === '+');
      const number = readInteger(text);
      return number === undefined ? wrong(spec, text) : value(number !== 0);
    }
    case 'integer': {
      const number = text === '-' ? 0 : spec.unit === 'bytes' ? readSize(text) : readInteger(text);
      if (number !== undefined && number >= spec.min && number <= spec.max) return value(number);
      return wrong(spec, text);
    }
    case 'word': {
      const found = spec.words.find((word) => word === text.toLowerCase());
      return found === undefined ? wrong(spec, text) : value(found);
    }
    case 'text': {
      const expected = expectedOf(spec.form, text);
      return expected === undefined ? value(text) : { kind: 'invalid', expected };
    }
  }
}

/** The text form of a default: `+`, `-`, `300`, the text itself. */
export function defaultText(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'flag':
      return spec.default ? '+' : '-';
    case 'integer':
      return String(spec.default);
    case 'action':
      return '';
    default:
      return spec.default;
  }
}
