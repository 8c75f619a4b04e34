// The fields of a table that mime.add_footer, remove or replace takes. What an author wrote wrongly raises an error that says what is right.
import { LuaError } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import type { ChangeRules } from '../../message/change/content-changes.ts';

/** A text of a policy with CRLF, without the line end behind its last line. */
export function lines(what: string, octets: string): string {
  const text = Buffer.from(octets, 'latin1').toString('utf8');
  if (text.includes('\ufffd') || text.includes('\0'))
    throw new LuaError(`${what} has to be UTF-8 without NUL`);
  return text.replace(/\r\n|\r|\n/g, '\r\n').replace(/(?:\r\n)+$/, '');
}

export class ChangeTable {
  readonly #of: string;
  readonly #table: ReadonlyMap<LuaValue, LuaValue>;

  /** `of`: the function that takes it, for the errors; `fields`: those it may have. */
  constructor(of: string, fields: readonly string[], value: LuaValue) {
    this.#of = of;
    if (value !== undefined && value !== null && !(value instanceof Map))
      throw new LuaError(`${of} takes a table with the fields ${fields.join(', ')}`);
    this.#table = value instanceof Map ? value : new Map();
    for (const name of this.#table.keys())
      if (!fields.some((field) => field === name))
        throw new LuaError(`${of} knows no ${String(name).slice(0, 60)}: ${fields.join(', ')}`);
  }

  get rules(): ChangeRules {
    return { signed: this.#is('signed'), nested: this.#is('nested') };
  }

  /** Whether a message that cannot be changed is to be refused. */
  refuse(usual: 'refuse' | 'leave'): boolean {
    const word = this.#text('on_defect') ?? usual;
    if (word !== 'refuse' && word !== 'leave')
      throw new LuaError(
        `on_defect of ${this.#of} is 'refuse' or 'leave', got ${JSON.stringify(word.slice(0, 40))}`,
      );
    return word === 'refuse';
  }

  flag(name: string): boolean | undefined {
    const value = this.#table.get(name);
    return typeof value === 'boolean' ? value : undefined;
  }

  lines(name: string): string | undefined {
    const text = this.#text(name);
    return text === undefined ? undefined : lines(name, text);
  }

  charset(): string | undefined {
    const text = this.#text('charset');
    if (text !== undefined && !/^[\w.:+-]{1,40}$/.test(text))
      throw new LuaError('charset has to be a name such as utf-8');
    return text;
  }

  type(): string | undefined {
    const text = this.#text('type');
    if (text === undefined) return undefined;
    if (!/^[\w.+-]+\/[\w.+-]+[\x20-\x7e]*$/.test(text) || text.length > 900)
      throw new LuaError('type has to be a Content-Type such as text/plain; charset=utf-8');
    if (/^(?:multipart|message)\//i.test(text))
      throw new LuaError(
        'type must not be one that holds other parts: what is put there is the content of one part',
      );
    return text;
  }

  filename(): string | undefined {
    const text = this.#text('filename');
    if (text === undefined) return undefined;
    const name = lines('filename', text);
    if (name === '' || name.length > 255 || /[\x00-\x1f\x7f/\\]/.test(name))
      throw new LuaError('filename has to be a name of at most 255 characters, without path and controls');
    return name;
  }

  #text(name: string): string | undefined {
    const given = this.#table.get(name);
    if (given === undefined || given === null) return undefined;
    if (typeof given === 'string') return given;
    if (Buffer.isBuffer(given)) return given.toString('latin1');
    throw new LuaError(`${name} of ${this.#of} has to be a string`);
  }

  #is(name: string): boolean {
    const given = this.#table.get(name);
    if (given === undefined || given === null) return false;
    if (typeof given !== 'boolean') throw new LuaError(`${name} of ${this.#of} has to be true or false`);
    return given;
  }
}
