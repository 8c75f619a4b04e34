// The verbs that ask a server that runs: status, sessions, trace, top, reload, drain, undrain. They read the same options as the server does, and ask it at
// its admin-listen. Plain text for people, or with --json what the server said.
import { AdminClient } from '../admin/ask-admin.ts';
import { readNetwork } from '../net-address/network-list.ts';
import { states } from '../observe/metric/table/connections.ts';
import type { SessionRow } from '../ops/desk.ts';
import type { Options } from '../options/options.ts';
import { type StatusFacts, sessionsText, shown, statusText } from './admin-text.ts';
import { exitCode } from './exit-code.ts';
import { complain, print } from './problems.ts';
import { top } from './top/top.ts';
import { follow, traceQuery } from './trace.ts';
import { type AdminVerb, verbTable } from './verb.ts';

const PATIENCE_MS = 5000;
/** A policy may take long to be tried. */
const RELOAD_MS = 180_000;

const WITH_OPERANDS: ReadonlySet<AdminVerb> = new Set(['sessions', 'trace', 'top']);

interface Call {
  readonly client: AdminClient;
  readonly operands: readonly string[];
  readonly json: boolean;
}

export async function adminVerb(
  verb: AdminVerb,
  options: Options,
  operands: readonly string[],
  json: boolean,
): Promise<number> {
  if (!WITH_OPERANDS.has(verb) && operands.length > 0) {
    await complain([`${operands.join(' ')}: not so\n${verbTable[verb].usage}`]);
    return exitCode.usage;
  }
  const client = await AdminClient.open(options);
  if (typeof client === 'string') {
    await complain([client]);
    return exitCode.usage;
  }
  return calls[verb]({ client, operands, json });
}

const calls: Readonly<Record<AdminVerb, (call: Call) => Promise<number>>> = {
  status,
  sessions,
  trace,
  top: topVerb,
  reload,
  drain: (call) =>
    change(
      call,
      '/drain',
      ({ wait }) => `not ready from now on; new connections get 421 in ${Number(wait)} s`,
    ),
  undrain: (call) => change(call, '/undrain', () => 'connections are taken'),
};

async function failed(problem: string): Promise<number> {
  await complain([problem]);
  return exitCode.system;
}

type Json = Readonly<Record<string, unknown>>;

/** What is in an answer; an empty object when that is no JSON object. */
function jsonOf(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : {};
  } catch {
    return {};
  }
}

/** Why an answer is none that was hoped for. */
function errorOf(text: string): string {
  const { error, problems } = jsonOf(text);
  const lines = Array.isArray(problems) ? problems.map(String) : [];
  return [String(error ?? text.trim()), ...lines].map(shown).join('\n');
}

async function change({ client, json }: Call, path: string, text: (answer: Json) => string): Promise<number> {
  const heard = await client.ask('POST', path, path === '/reload' ? RELOAD_MS : PATIENCE_MS);
  if (heard.kind === 'failed') return failed(heard.problem);
  if (json) await print(heard.text);
  if (heard.status !== 200) {
    if (!json) await complain([errorOf(heard.text)]);
    return heard.status === 422 ? exitCode.software : exitCode.system;
  }
  if (!json) await print(`${text(jsonOf(heard.text))}\n`);
  return exitCode.ok;
}

const words = (value: unknown): string =>
  Array.isArray(value) ? value.map(String).map(shown).join(' ') : '';

function reload(call: Call): Promise<number> {
  return change(call, '/reload', ({ changed, need_restart: waiting, silent }) =>
    [
      'reloaded',
      ...(words(changed) === '' ? [] : [`changed: ${words(changed)}`]),
      ...(words(waiting) === '' ? [] : [`needs a restart: ${words(waiting)}`]),
      ...(words(silent) === '' ? [] : [`does not answer, and will do it later: process ${words(silent)}`]),
    ].join('\n'),
  );
}

/** `sessions`, `sessions NETWORK`, `sessions STATE`, `sessions close ID`. */
async function sessions(call: Call): Promise<number> {
  const { client, json, operands } = call;
  const [first, id, ...rest] = operands;
  if (first === 'close' && id !== undefined && rest.length === 0) {
    return change(call, `/sessions/${encodeURIComponent(id)}/close`, () => 'closed');
  }
  const query = new URLSearchParams();
  for (const word of operands) {
    const name = states.some((state) => state === word) ? 'state' : 'client';
    if ((name === 'client' && readNetwork(word) === undefined) || query.has(name)) {
      await complain([
        `${operands.join(' ')}: not so\n${verbTable.sessions.usage}\n${verbTable.sessions.more}`,
      ]);
      return exitCode.usage;
    }
    query.set(name, word);
  }
  const heard = await client.ask('GET', `/sessions?${query}`, PATIENCE_MS);
  if (heard.kind === 'failed') return failed(heard.problem);
  if (heard.status !== 200) return failed(errorOf(heard.text));
  const list = jsonOf(heard.text) as {
    readonly sessions?: readonly SessionRow[];
    readonly total?: number;
    readonly silent?: readonly number[];
  };
  const { sessions: rows = [], silent = [], total = 0 } = list;
  await print(json ? heard.text : sessionsText(rows, total, silent));
  return exitCode.ok;
}

async function topVerb({ client, operands }: Call): Promise<number> {
  const [word, ...more] = operands;
  if ((word !== undefined && word !== 'once') || more.length > 0) {
    await complain([`${operands.join(' ')}: not so\n${verbTable.top.usage}\n${verbTable.top.more}`]);
    return exitCode.usage;
  }
  return top(client, word === 'once');
}

async function trace({ client, json, operands }: Call): Promise<number> {
  const query = traceQuery(operands, json);
  if ('wrong' in query) {
    await complain([`${query.wrong}: not so\n${verbTable.trace.usage}\n${verbTable.trace.more}`]);
    return exitCode.usage;
  }
  const heard = await follow(client, query);
  if (heard.kind === 'failed') return failed(heard.problem);
  if (heard.status === 200) return exitCode.ok;
  await complain([errorOf(heard.text)]);
  return heard.status === 400 ? exitCode.usage : exitCode.system;
}

/** The values of a metric with one label, from the text of a scrape. */
function countsOf(text: string, name: string): Readonly<Record<string, number>> {
  const found = [...text.matchAll(new RegExp(`^${name}\\{\\w+="([a-z_]+)"\\} (\\d+)$`, 'gm'))];
  return Object.fromEntries(found.map(([, label = '', value]) => [label, Number(value)]));
}

const problemsOf = (text: string): readonly string[] => text.trim().split('\n');

/** Exit code 0 when it is healthy, ready or not. */
async function status({ client, json }: Call): Promise<number> {
  const paths = ['/info', '/healthz', '/readyz', '/metrics'] as const;
  const answers = await Promise.all(paths.map((path) => client.ask('GET', path, PATIENCE_MS)));
  const texts: string[] = [];
  for (const answer of answers) {
    if (answer.kind === 'failed') return failed(answer.problem);
    if (answer.status === 401 || answer.status === 403) return failed(errorOf(answer.text));
    texts.push(answer.text);
  }
  const [info = '', health = '', ready = '', metrics = ''] = texts;
  const isOk = (index: number): boolean => {
    const answer = answers[index];
    return answer?.kind === 'heard' && answer.status === 200;
  };
  const { options: _options, ...about } = jsonOf(info);
  const facts = {
    ...about,
    unwell: isOk(1) ? [] : problemsOf(health),
    unready: isOk(2) ? [] : problemsOf(ready),
    sessions: countsOf(metrics, 'smtpe_sessions_by_state'),
    mail: countsOf(metrics, 'smtpe_transactions_total'),
  };
  await print(json ? `${JSON.stringify(facts)}\n` : statusText(facts as unknown as StatusFacts));
  return isOk(1) ? exitCode.ok : exitCode.system;
}
