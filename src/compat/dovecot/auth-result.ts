// What an authentication script has returned, read by the rules of Dovecot: a code, and a text or a table of fields. Both generations are
// understood: 2.3 wants the second value, 2.4 a table or nothing. Pure.
import type { Results } from '../../lua/script.ts';
import { numberText } from '../../lua-api/number-text.ts';

/** A field and its value: `true` stands for one without. */
export type AuthField = readonly [name: string, value: string | true];

export interface ScriptFields {
  /** In the order of the text, or of the table. */
  readonly fields: readonly AuthField[];
  /** What was left out, and why, for the log. */
  readonly warnings: readonly string[];
}

export interface ScriptResult extends ScriptFields {
  readonly kind: 'result';
  /** 0 for what was no whole number. */
  readonly code: number;
  /** Of a code that is no success: what the script says about it; empty for a table. */
  readonly text: string;
}

export type ScriptAnswer =
  | ScriptResult
  /** The two values are not what they have to be. */
  | { readonly kind: 'misshapen'; readonly cause: string };

/** Words at blanks, each `key` or `key=value` at the first `=`. */
export function fieldsOfText(text: string): ScriptFields {
  const warnings: string[] = [];
  const fields: AuthField[] = [];
  for (const word of text.split(' ')) {
    if (word === '') continue;
    const at = word.indexOf('=');
    const name = at < 0 ? word : word.slice(0, at);
    if (name === '') warnings.push('a field without a name is ignored');
    else fields.push([name, at < 0 ? true : word.slice(at + 1)]);
  }
  return { fields, warnings };
}

/** `flat`: key, Lua type and text of the value in turn (lib-lua/dovecot/start.lua). */
export function fieldsOfTable(flat: readonly string[]): ScriptFields {
  const warnings: string[] = [];
  const fields: AuthField[] = [];
  for (let at = 0; at + 2 < flat.length; at += 3) {
    const [name = '', type = '', text = ''] = flat.slice(at, at + 3);
    if (name === '' || /[\t\r\n]/.test(name)) {
      warnings.push('a field whose name is empty or has control characters is ignored');
    } else if (type === 'boolean') fields.push([name, text === 'true' ? 'yes' : 'no']);
    else if (type === 'string' || type === 'number') fields.push([name, text]);
    else {
      warnings.push(`'${name}' has invalid value type ${type} - ignoring`);
      fields.push([name, true]);
    }
  }
  return { fields, warnings };
}

function textsOf(value: unknown): readonly string[] {
  if (!(value instanceof Map)) return [];
  const texts: string[] = [];
  for (let n = 1; value.has(n); n++) texts.push(String(value.get(n)));
  return texts;
}

const none: ScriptFields = { fields: [], warnings: [] };

/** Reads what lib-lua/dovecot/start.lua gives; `name` is that of the script's function, as in messages. Never throws. */
export function readAnswer(results: Results, name: string): ScriptAnswer {
  const wrong = (expected: string, got: string): ScriptAnswer => ({
    kind: 'misshapen',
    cause: `db-lua: ${name} invalid return value (expected ${expected} got ${got})`,
  });
  const codeType = results.text(0);
  if (codeType !== 'number') return wrong('number', codeType);
  // As lua_tointeger has it: what is no whole number is 0, no success. Dovecot would cut what is too large for its int, and might let somebody in.
  const given = results.number(1);
  const code = Number.isInteger(given) ? given : 0;
  const type = results.text(2);
  switch (type) {
    case 'nil':
      // What 2.4 wants where there is nothing to say.
      return { kind: 'result', code, text: '', ...none };
    case 'number':
    case 'string': {
      const text = type === 'string' ? results.text(3) : numberText(results.number(3));
      return { kind: 'result', code, text, ...fieldsOfText(text) };
    }
    case 'table':
      try {
        return { kind: 'result', code, text: '', ...fieldsOfTable(textsOf(results.value(3))) };
      } catch {
        return wrong('a table of fields', 'one that is too large');
      }
    default:
      return wrong('string or table,', type);
  }
}

/** PASSDB_RESULT_*, by their values. */
const passdbCodes = {
  '1': 'ok',
  '0': 'mismatch',
  '-1': 'failure',
  '-2': 'mismatch',
  '-3': 'unknown',
  '-4': 'disabled',
  '-5': 'expired',
  '-6': 'next',
} as const;

export type PassdbCode = (typeof passdbCodes)[keyof typeof passdbCodes];

/** Undefined for a number that means nothing. */
export function passdbCode(code: number): PassdbCode | undefined {
  return (passdbCodes as Readonly<Record<string, PassdbCode>>)[String(code + 0)];
}

const userdbCodes = { '1': 'ok', '-1': 'failure', '-2': 'unknown' } as const;

export type UserdbCode = (typeof userdbCodes)[keyof typeof userdbCodes];

export function userdbCode(code: number): UserdbCode | undefined {
  return (userdbCodes as Readonly<Record<string, UserdbCode>>)[String(code)];
}
