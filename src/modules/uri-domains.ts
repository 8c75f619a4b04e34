// Functions domains and skip of Lua module uri: the registered domains of uri.found, as look-ups in a list of domains want them.
import type { CallContext, Slot } from '../lua-api/call-context.ts';
import { LuaError, luaFunction } from '../lua-api/function-spec.ts';
import { strings } from '../lua-api/params.ts';
import type { LiveTable, LuaValue } from '../lua-api/value.ts';
import { sessionOf } from '../policy/session-view.ts';
import { hostNames } from '../uri/host-names.ts';

/** What the search for URIs fills instead of a table of Lua. */
class Domains implements LiveTable {
  readonly kind = 'live-table';
  readonly names: string[] = [];
  truncated = false;

  append(value: LuaValue): void {
    if (typeof value === 'string') this.names.push(value);
  }

  set(_key: string, _value: LuaValue): void {
    this.truncated = true;
  }

  release(): void {}
}

interface Kept {
  /** Of this transaction are the domains. */
  transaction: string | undefined;
  domains: Domains;
  readonly skipped: Set<string>;
}

const slot: Slot<Kept> = {
  name: 'uri',
  create: () => ({ transaction: undefined, domains: new Domains(), skipped: new Set() }),
};

/** More names than anybody lists by hand; a connection has a set of its own. */
const mostSkipped = 10_000;

function listed(context: CallContext, { names, truncated }: Domains): readonly LuaValue[] {
  const { skipped } = context.slot(slot);
  return [names.filter((name) => !skipped.has(name)), truncated];
}

export const domains = luaFunction({
  name: 'domains',
  params: [],
  results: [
    {
      name: 'names',
      type: 'string[]',
      text: 'in lower case, beyond ASCII in punycode; in the order they were found',
    },
    { name: 'truncated', type: 'boolean', text: 'there are more URIs than were listed (`limit-uris`)' },
  ],
  suspends: true,
  text: `The registered domains of the URIs found in the message so far (field \`domain\` of \`uri.found\`), each once: what is asked about in a list of
domains (URIBL). Those of \`mailto:\` and of URIs within URIs too; IP addresses, \`cid:\` and \`mid:\`, names in no known top-level domain and what \`uri.skip\` names are left out.
Outside a transaction there are none. The message is looked through once, for \`uri.found\` too; suspends as \`uri.found\` does.

A stranger decides how many there are: ask about no more than a few dozen. \`etc/examples/phishing-links.lua\` does so.`,
  examples: ['for _, domain in ipairs(uri.domains()) do syslog.info(domain) end'],
  call: (context) => {
    const session = sessionOf(context);
    const kept = context.slot(slot);
    const id = session?.transaction?.id;
    if (session === undefined || id === undefined) return [[], false];
    if (kept.transaction === id) return listed(context, kept.domains);
    const found = new Domains();
    const remember = (): readonly LuaValue[] => {
      kept.transaction = id;
      kept.domains = found;
      return listed(context, found);
    };
    const table = session.observe('uri.domains', () => found);
    if (!(table instanceof Promise)) return remember();
    return {
      kind: 'suspension',
      describe: () => 'uri.domains (reading the stored message)',
      done: table.then(remember),
      // The reading ends by itself, or when the session closes its observers.
      cancel() {},
    };
  },
});

export const skip = luaFunction({
  name: 'skip',
  params: [strings('names', 'domains; of a host name its registered domain counts')],
  text: `Names that \`uri.domains\` leaves out in this connection, besides those named before: one's own, and those that are in every message. At most
${mostSkipped} names, more raise an error. Called at the top of the file. Does not suspend.`,
  examples: [`uri.skip { 'example.com', 'w3.org', 'www.example.net' }`],
  call: (context, names) => {
    const { skipped } = context.slot(slot);
    for (const name of names) {
      const { ascii, domain } = hostNames(name);
      if (ascii === undefined)
        throw new LuaError(`uri.skip takes names of domains, got ${JSON.stringify(name)}`);
      const known = domain ?? ascii;
      if (skipped.size === mostSkipped && !skipped.has(known))
        throw new LuaError(`uri.skip takes at most ${mostSkipped} names`);
      skipped.add(known);
    }
    return [];
  },
});
