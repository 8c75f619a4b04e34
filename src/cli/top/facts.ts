// What `smtpe top` shows, asked of the administration of a server that runs.
import type { AdminClient } from '../../admin/ask-admin.ts';
import type { SessionRow } from '../../ops/desk.ts';
import type { TopFacts, TopSecond } from './frame.ts';

const PATIENCE_MS = 5000;
/** Rates are those of so many seconds, the last one, which is not over, left out. */
const SECONDS = 10;

type Json = Readonly<Record<string, unknown>>;

/** The facts, or why there are none. */
export async function topFacts(client: AdminClient): Promise<TopFacts | string> {
  const paths = ['/info', `/rates?seconds=${SECONDS + 1}`, '/sessions'] as const;
  const answers = await Promise.all(paths.map((path) => client.ask('GET', path, PATIENCE_MS)));
  const values: Json[] = [];
  for (const answer of answers) {
    if (answer.kind === 'failed') return answer.problem;
    const value = jsonOf(answer.text);
    if (answer.status !== 200 || value === undefined)
      return String(value?.error ?? `it answered ${answer.status}`);
    values.push(value);
  }
  const [info = {}, rates = {}, sessions = {}] = values;
  return {
    version: String(info.version),
    uptime: Number(info.uptime),
    processes: Number(info.processes),
    draining: info.draining === true,
    seconds: (rates.seconds as readonly TopSecond[]).slice(0, -1),
    hooks: rates.hooks as TopFacts['hooks'],
    nextHops: rates.next_hops as TopFacts['nextHops'],
    sessions: sessions.sessions as readonly SessionRow[],
    total: Number(sessions.total),
    silent: sessions.silent as readonly number[],
  };
}

function jsonOf(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
