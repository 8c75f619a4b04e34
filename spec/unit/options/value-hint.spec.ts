import { expect, it } from 'vitest';
import { findOption } from '../../../src/options/option-set.ts';
import { optionTable } from '../../../src/options/option-table.ts';
import { readValue } from '../../../src/options/option-value.ts';
import type { OptionSpec } from '../../../src/options/table/option-spec.ts';
import { valueHint } from '../../../src/options/value-hint.ts';

const specOf = (name: string): OptionSpec => optionTable[findOption(name) ?? 'file'];

it.each([
  // Sizes.
  ['smtp-max-size', '20MB', '20m'],
  ['smtp-max-size', '20 mb', '20m'],
  ['smtp-max-size', '1GiB', '1g'],
  ['smtp-max-size', '512b', '512'],
  ['smtp-max-size', 'unlimited', '0'],
  ['smtp-max-size', '2T', undefined],
  ['smtp-max-size', '9999999GB', undefined],
  ['limit-line-length', 'none', undefined],
  // MiB and KiB.
  ['limit-memory', '4g', '4096'],
  ['limit-memory', '4096MB', '4096'],
  ['lua-max-source', '1m', '1024'],
  // Times.
  ['shutdown-timeout', '30s', '30'],
  ['shutdown-timeout', '2 minutes', '120'],
  ['shutdown-timeout', '1h', '3600'],
  ['shutdown-timeout', '500ms', undefined],
  ['shutdown-timeout', '30 parsecs', undefined],
  ['smtp-greet-pause', '3s', '3000'],
  ['smtp-greet-pause', '200 ms', '200'],
  // Plain numbers.
  ['smtp-server-port', '025', '25'],
  ['smtp-server-port', 'smtp', undefined],
  ['smtp-server-port', '70000', undefined],
  ['rate-client', 'off', '0'],
  // Words.
  ['log-level', 'warn', 'warning'],
  ['log-level', 'error', 'err'],
  ['log-level', 'Informational', 'info'],
  ['log-format', 'jsno', 'json'],
  ['smtp-forward-tls', 'must-verify', 'must'],
  ['smtp-forward-tls', 'no', 'off'],
  ['smtp-dsn', 'yes', '+'],
  ['smtp-dsn', 'no', '-'],
  ['smtp-partial', 'x', undefined],
  // Flags.
  ['smtp-chunking', 'yes', '+'],
  ['smtp-chunking', 'OFF', '-'],
  ['smtp-chunking', 'maybe', undefined],
])('%s=%s: %s', (name, text, hint) => {
  expect(valueHint(specOf(name), text)).toBe(hint);
  expect(readValue(specOf(name), text).kind).toBe('invalid');
  // What is proposed is taken.
  if (hint !== undefined) expect(readValue(specOf(name), hint).kind).toBe('value');
});

it('is said behind what is expected', () => {
  expect(readValue(specOf('shutdown-timeout'), '30s')).toEqual({
    kind: 'invalid',
    expected: 'an integer from 0 to 86400 (s), without leading zeros; did you mean 30?',
  });
});
