// Verb `trace`: sessions of a server that runs, step by step, until whoever looks goes. What it reads on its terminal no faster than it comes is
// lost at the server, which says so; nothing is gathered here.
import { once } from 'node:events';
import type { AdminClient, AskOutcome } from '../admin/ask-admin.ts';

/** Beats come every 15 seconds. */
const PATIENCE_MS = 60_000;

/** Words that take a value, and those that do not. */
const valued = ['client', 'from', 'to', 'id'] as const;
const flags = ['new', 'one', 'content'] as const;

/** The query of the words behind the verb, or the first that is none. */
export function traceQuery(
  words: readonly string[],
  json: boolean,
): URLSearchParams | { readonly wrong: string } {
  const query = new URLSearchParams(json ? {} : { format: 'text' });
  for (const word of words) {
    const at = word.indexOf('=');
    const name = at < 0 ? word : word.slice(0, at);
    const known = at < 0 ? flags.some((flag) => flag === name) : valued.some((one) => one === name);
    if (!known || query.has(name)) return { wrong: word };
    query.set(name, at < 0 ? '1' : word.slice(at + 1));
  }
  return query;
}

/** Writes what comes to stdout. */
export function follow(client: AdminClient, query: URLSearchParams): Promise<AskOutcome> {
  let rest = '';
  return client.follow(`/trace?${query}`, PATIENCE_MS, async (piece) => {
    // Empty lines are beats.
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    const text = lines.filter((line) => line !== '').map((line) => `${line}\n`);
    return text.length === 0 || put(text.join(''));
  });
}

/** False: nobody reads any more, as behind `| head`. */
async function put(text: string): Promise<boolean> {
  const { stdout } = process;
  if (!stdout.write(text)) await once(stdout, 'drain').catch(() => undefined);
  return stdout.errored === null;
}
