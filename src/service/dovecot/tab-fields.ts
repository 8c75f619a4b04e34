// Fields between tabs, as Dovecot writes them in its protocols: octet 1 escapes NUL, itself, tab, CR and LF (Dovecot, "Auth Protocol"). Pure;
// all texts are latin1.

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\x010',
  '\x01': '\x011',
  '\t': '\x01t',
  '\r': '\x01r',
  '\n': '\x01n',
};

const MEANT: Readonly<Record<string, string>> = { 0: '\0', 1: '\x01', t: '\t', r: '\r', n: '\n' };

export function escapeField(text: string): string {
  return text.replace(/[\0\x01\t\r\n]/g, (character) => ESCAPES[character] ?? '');
}

/** Anything else behind the escape stands for itself; an escape at the very end for nothing. */
export function unescapeField(text: string): string {
  return text.includes('\x01')
    ? text.replace(/\x01(.?)/gs, (_, character: string) => MEANT[character] ?? character)
    : text;
}

/** `name` or `name=value`, in order; of a name that comes again the first value counts, and it is in `twice`. */
export interface Fields {
  readonly values: ReadonlyMap<string, string>;
  readonly twice: readonly string[];
}

export function readFields(fields: readonly string[]): Fields {
  const values = new Map<string, string>();
  const twice: string[] = [];
  for (const field of fields) {
    if (field === '') continue;
    const equals = field.indexOf('=');
    const name = unescapeField(equals < 0 ? field : field.slice(0, equals));
    if (values.has(name)) twice.push(name);
    else values.set(name, equals < 0 ? '' : unescapeField(field.slice(equals + 1)));
  }
  return { values, twice };
}
