// What somebody may have meant whose value an option does not take: units that it has by itself, words of others. Pure.
import { nearestName } from '../base/nearest-name.ts';
import type { OptionSpec } from './table/option-spec.ts';

/** How many of the second unit the first is; in lower case, without a final s. */
const unitsOf: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  s: {
    ms: 0.001,
    s: 1,
    sec: 1,
    second: 1,
    m: 60,
    min: 60,
    minute: 60,
    h: 3600,
    hour: 3600,
    d: 86_400,
    day: 86_400,
  },
  ms: { ms: 1, msec: 1, s: 1000, sec: 1000, second: 1000, m: 60_000, min: 60_000, minute: 60_000 },
  KiB: { k: 1, kb: 1, kib: 1, m: 1024, mb: 1024, mib: 1024, g: 1024 ** 2, gb: 1024 ** 2, gib: 1024 ** 2 },
  MiB: { m: 1, mb: 1, mib: 1, g: 1024, gb: 1024, gib: 1024, t: 1024 ** 2, tb: 1024 ** 2, tib: 1024 ** 2 },
};
/** As bytes are written. */
const sizes: Readonly<Record<string, string>> = {
  ...{ b: '', byte: '', kb: 'k', kib: 'k', mb: 'm', mib: 'm', gb: 'g', gib: 'g' },
};
const factors: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

const yes: ReadonlySet<string> = new Set(['yes', 'on', 'true', 'enable', 'enabled', 'y']);
const no: ReadonlySet<string> = new Set(['no', 'off', 'false', 'disable', 'disabled', 'none', 'n']);

function integerHint(spec: Extract<OptionSpec, { kind: 'integer' }>, text: string): string | undefined {
  const lower = text.toLowerCase();
  const isOff = no.has(lower) || ['unlimited', 'never', 'infinity'].includes(lower);
  if (isOff) return spec.min === 0 ? '0' : undefined;
  const [, digits, unit = ''] = /^0*(\d{1,15})[ _]?([a-z]*?)$/.exec(lower) ?? [];
  if (digits === undefined) return undefined;
  const count = Number(digits);
  const fits = (number: number): boolean =>
    Number.isInteger(number) && number >= spec.min && number <= spec.max;
  if (unit === '') return digits !== lower && fits(count) ? digits : undefined;
  const single = unit.length > 2 ? unit.replace(/s$/, '') : unit;
  if (spec.unit === 'bytes') {
    const suffix = sizes[single];
    return suffix !== undefined && fits(count * (factors[suffix] ?? 1)) ? digits + suffix : undefined;
  }
  const factor = unitsOf[spec.unit]?.[single];
  return factor !== undefined && fits(count * factor) ? String(count * factor) : undefined;
}

function wordHint(words: readonly string[], text: string): string | undefined {
  const lower = text.toLowerCase();
  // `warn` for warning, `error` for err, `yes` for +.
  const related = words.find(
    (word) => word.length > 1 && lower.length > 1 && (word.startsWith(lower) || lower.startsWith(word)),
  );
  if (related !== undefined) return related;
  const sign = yes.has(lower)
    ? '+'
    : no.has(lower)
      ? words.find((word) => word === 'off' || word === '-')
      : undefined;
  if (sign !== undefined && words.includes(sign)) return sign;
  return lower.length < 4 ? undefined : nearestName(lower, words);
}

/** A value that the option takes, of a text that it does not take; undefined: nothing comes to mind. */
export function valueHint(spec: OptionSpec, text: string): string | undefined {
  switch (spec.kind) {
    case 'flag': {
      const lower = text.toLowerCase();
      return yes.has(lower) ? '+' : no.has(lower) ? '-' : undefined;
    }
    case 'integer':
      return integerHint(spec, text);
    case 'word':
      return wordHint(spec.words, text);
    case 'text':
    case 'action':
      return undefined;
  }
}
