// What a policy reads and whom it asks, as far as its text says so in literals: for `smtpe check`, which tells it and tries them. What is put
// together at run time is not known here.
import { literalOf } from './literal.ts';
import { type Call, namesIn } from './names.ts';
import { type Expression, parsePolicy } from './syntax.ts';

/** What is spoken there. */
export type Spoken = 'clamd' | 'spamd' | 'rspamd' | 'http' | 'smtp';

export interface Asked {
  readonly spoken: Spoken;
  /** A host list, or a URL, as it was written. */
  readonly text: string;
  /** `FILE:LINE:COLUMN`. */
  readonly place: string;
}

export interface Reach {
  /** Files, each once. */
  readonly reads: readonly string[];
  readonly asks: readonly Asked[];
  /** Something is asked of DNS. */
  readonly dns: boolean;
}

/** Which argument has the hosts. */
const asking: Readonly<Record<string, readonly [Spoken, number]>> = {
  'service.clamd': ['clamd', 1],
  'service.spamd': ['spamd', 1],
  'service.rspamd': ['rspamd', 1],
  'service.http.request': ['http', 0],
  'smtp.sendfile': ['smtp', 0],
  'smtp.sendstring': ['smtp', 0],
  'smtp.route': ['smtp', 0],
};
const reading: ReadonlySet<string> = new Set(['map.open', 'io.open', 'io.lines', 'dofile', 'loadfile']);
const DNS = /^(?:dns|spf|dkim|dmarc|arc)\.(?!sign$|seal$)/;
/** A helper (lib-lua/smtpe) that asks it. */
const DNS_HELPER = 'smtpe.dnsbl';

/** The texts that an argument is, or a table of them has. */
function textsOf(node: Expression | undefined): readonly string[] {
  if (node === undefined) return [];
  if (node.type === 'TableConstructorExpression') {
    return node.fields.flatMap((field) => (field.type === 'TableValue' ? textsOf(field.value) : []));
  }
  const literal = literalOf(node);
  return literal?.kind === 'string' && !literal.open ? [literal.text] : [];
}

const writes = ({ args }: Call): boolean => textsOf(args[1]).some((mode) => /^[wa]/.test(mode));

export function reachOf(files: readonly { readonly name: string; readonly text: string }[]): Reach {
  const reads = new Set<string>();
  const asks: Asked[] = [];
  let dns = false;
  for (const { name: file, text } of files) {
    const chunk = parsePolicy(text);
    if (chunk === undefined) continue;
    for (const call of namesIn(chunk).calls) {
      const name = call.path.join('.');
      dns ||= DNS.test(name) || (name === 'require' && textsOf(call.args[0]).includes(DNS_HELPER));
      if (reading.has(name) && !writes(call)) for (const path of textsOf(call.args[0])) reads.add(path);
      const [spoken, at] = Object.hasOwn(asking, name) ? (asking[name] ?? []) : [];
      if (spoken === undefined || at === undefined) continue;
      const place = `${file}:${call.at.line}:${call.at.column}`;
      asks.push(...textsOf(call.args[at]).map((hosts) => ({ spoken, text: hosts, place })));
    }
  }
  return { reads: [...reads], asks, dns };
}
