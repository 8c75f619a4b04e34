// Counts what happens on a bus: each function here is told one event and adds to the numbers of its metrics. Nothing else in smtpe counts
// events, but the collectors that set gauges when somebody scrapes.
import type { EventBus, EventFields } from '../../base/events.ts';
import type { Counted, MetricCells } from './cells.ts';
import { verbs } from './table/connections.ts';

/** How listeners without a name are called. */
export const UNNAMED = 'default';

/** Names of errors (doc/reference/errors.md) that say: too much, too many, too slow. */
const limits: ReadonlySet<string> = new Set([
  ...['tooManyLogins', 'clientRate', 'connections', 'clientConnections', 'recipients', 'commands', 'chunks'],
  ...[
    'errors',
    'unknowns',
    'sessionTime',
    'idle',
    'dataIdle',
    'dataSlow',
    'descriptors',
    'serverRate',
    'size',
  ],
  ...['headers', 'headerCount', 'hops', 'overloaded'],
]);

/** Who has decided on a reply, by the cause that the log names. */
export function causeClass(cause: string): 'default' | 'hook' | 'limit' | 'engine' | 'forward' {
  if (cause === 'default' || cause === 'banner' || cause === 'AUTH') return 'default';
  if (cause.startsWith('hook.')) return 'hook';
  if (cause.startsWith('smtp-default-at-dot')) return 'default';
  if (limits.has(cause)) return 'limit';
  // Names of errors are one word.
  if (/^[A-Za-z]+$/.test(cause)) return 'engine';
  return 'forward';
}

const known: ReadonlySet<string> = new Set(verbs);
/** Of nearly every session, as nearly every client writes them. */
const usual = ['MAIL', 'RCPT', 'DATA', 'EHLO', 'QUIT'];
const BLANK = 0x20;

/** The verb of a command line; `unknown` for what is none. */
export function verbOf(command: string): string {
  for (let i = 0; i < usual.length; i++) {
    const verb = usual[i] ?? '';
    if (!command.startsWith(verb)) continue;
    if (command.length === verb.length || command.charCodeAt(verb.length) === BLANK) return verb;
  }
  const blank = command.indexOf(' ');
  const first = blank < 0 ? command : command.slice(0, blank);
  if (known.has(first)) return first;
  const word = (/^[^ \t:]*/.exec(command)?.[0] ?? '').toUpperCase();
  return known.has(word) ? word : 'unknown';
}

const refusals: Readonly<Record<string, string>> = {
  serverRate: 'refused_rate',
  clientRate: 'refused_rate',
  connections: 'refused_limit',
  clientConnections: 'refused_limit',
  descriptors: 'refused_limit',
  overloaded: 'refused_load',
  proxyHeader: 'proxy_error',
  proxyUnasked: 'proxy_error',
};

/** What became of a connection that got a session, by link-greeted. */
function greetingOf(by: string): string {
  switch (by) {
    case 'banner':
      return 'accepted';
    case 'hook.accept':
      return 'refused_policy';
    case '':
      return 'lost';
    default:
      return refusalOf(by);
  }
}

/** What became of a connection, by the name of an error. */
export function refusalOf(cause: string): string {
  if (cause.startsWith('proxy:')) return 'proxy_error';
  if (cause.startsWith('tls:')) return 'tls_error';
  return Object.hasOwn(refusals, cause) ? (refusals[cause] ?? 'other') : 'other';
}

const services = ['clamd', 'spamd', 'rspamd', 'http', 'client'] as const;

/** Listens until the function that it gives is called. */
export function countEvents(bus: EventBus, cells: MetricCells): () => void {
  const ends = [
    ...countConnections(bus, cells),
    ...countDialogue(bus, cells),
    ...countMessages(bus, cells),
    ...countPolicy(bus, cells),
    ...countAsked(bus, cells),
  ];
  return () => {
    for (const end of ends) end();
  };
}

type Ends = readonly (() => void)[];

/** Places of series by a label of few and a number, found once: what is told of each command must cost next to nothing. */
class Places {
  readonly #found = new Map<string, (number | undefined)[]>();
  readonly #find: (label: string, number: number) => number;

  constructor(find: (label: string, number: number) => number) {
    this.#find = find;
  }

  at(label: string, number: number): number {
    const known = this.#found.get(label);
    const place = known?.[number];
    if (place !== undefined) return place;
    const found = this.#find(label, number);
    // Codes are below 600.
    if (known === undefined)
      this.#found.set(
        label,
        Array.from({ length: 600 }, () => undefined),
      );
    if (number < 600) (this.#found.get(label) ?? [])[number] = found;
    return found;
  }
}

function countConnections(bus: EventBus, cells: MetricCells): Ends {
  const connections = cells.of('smtpe_connections_total');
  const shed = cells.of('smtpe_shed_total');
  const handshakes = cells.of('smtpe_tls_handshakes_total');
  const handshakeSeconds = cells.of('smtpe_tls_handshake_seconds');
  const sessionEnds = cells.of('smtpe_session_end_total');
  const sessionSeconds = cells.of('smtpe_session_seconds');
  return [
    bus.on('link-greeted', ({ by, listener = UNNAMED }) => connections.add(1, listener, greetingOf(by))),
    bus.on('connection-shed', ({ cause }) => shed.add(1, cause)),
    bus.on('link-lost', ({ listener = UNNAMED }) => connections.add(1, listener, 'lost')),
    bus.on('link-refused', ({ cause, listener = UNNAMED }) => connections.add(1, listener, refusalOf(cause))),
    bus.on('session-over', ({ reason, seconds }) => {
      sessionEnds.add(1, reason);
      sessionSeconds.observe(seconds);
    }),
    bus.on('tls-handshake', ({ side, version, result, seconds }) => {
      handshakes.add(1, side, version, result);
      handshakeSeconds.observe(seconds, side);
    }),
  ];
}

function countDialogue(bus: EventBus, cells: MetricCells): Ends {
  const commands = cells.of('smtpe_commands_total');
  const replies = cells.of('smtpe_replies_total');
  const recipients = cells.of('smtpe_recipients_total');
  const [taken, later, never] = [
    recipients.place('accepted'),
    recipients.place('deferred'),
    recipients.place('refused'),
  ];
  const replyPlaces = new Places((why: string, code) => replies.place(String(code), why));
  const commandPlaces = new Places((verb: string, digit) => commands.place(verb, String(digit)));
  return [
    bus.on('command-answered', ({ command, code, cause }) => {
      replies.addAt(replyPlaces.at(causeClass(cause), code), 1);
      if (command === '') return;
      const verb = verbOf(command);
      commands.addAt(commandPlaces.at(verb, code < 300 ? 2 : code < 400 ? 3 : code < 500 ? 4 : 5), 1);
      if (verb === 'RCPT') recipients.addAt(code < 400 ? taken : code < 500 ? later : never, 1);
    }),
  ];
}

function countMessages(bus: EventBus, cells: MetricCells): Ends {
  const messages = cells.of('smtpe_messages_total');
  const transactions = cells.of('smtpe_transactions_total');
  const bytes = cells.of('smtpe_message_bytes');
  const removed = cells.of('smtpe_authres_removed_total');
  const ofSize = bytes.place();
  const answered = (result: string) => {
    const place = messages.place(result);
    return ({ bytes: size }: EventFields<'tx-commit'>): void => {
      messages.addAt(place, 1);
      bytes.observeAt(ofSize, size);
    };
  };
  return [
    bus.on('tx-commit', answered('accepted')),
    bus.on('tx-discard', answered('discarded')),
    bus.on('tx-rollback', ({ bytes: size, code }) => {
      messages.add(1, code < 500 ? 'deferred' : 'refused');
      bytes.observe(size);
    }),
    bus.on('mail', ({ result }) => transactions.add(1, result)),
    bus.on('tx-incomplete', () => messages.add(1, 'lost')),
    bus.on('authres-removed', (fields) => removed.add(fields.removed)),
  ];
}

interface HookPlaces {
  readonly seconds: number;
  readonly processor: number;
  readonly results: Map<string, number>;
}

function countPolicy(bus: EventBus, cells: MetricCells): Ends {
  const seconds = cells.of('smtpe_hook_seconds');
  const processor = cells.of('smtpe_hook_cpu_seconds');
  const results = cells.of('smtpe_hook_results_total');
  const loads = cells.of('smtpe_policy_loads_total');
  /** By hook, and by result. */
  const places = new Map<string, HookPlaces>();
  const placesOf = (hook: string): HookPlaces => {
    let found = places.get(hook);
    if (found === undefined) {
      found = { seconds: seconds.place(hook), processor: processor.place(hook), results: new Map() };
      places.set(hook, found);
    }
    return found;
  };
  const checked: Readonly<Record<string, Counted>> = {
    spf: cells.of('smtpe_spf_total'),
    dkim: cells.of('smtpe_dkim_total'),
    dmarc: cells.of('smtpe_dmarc_total'),
    arc: cells.of('smtpe_arc_total'),
  };
  return [
    bus.on('hook-called', ({ hook, result, seconds: took, processor: ran }) => {
      const its = placesOf(hook);
      let place = its.results.get(result);
      if (place === undefined) its.results.set(result, (place = results.place(hook, result)));
      results.addAt(place, 1);
      seconds.observeAt(its.seconds, took);
      processor.observeAt(its.processor, ran);
    }),
    bus.on('policy-reloaded', () => loads.add(1, 'ok')),
    bus.on('policy-kept', () => loads.add(1, 'failed')),
    bus.on('sender-checked', ({ method, result }) => checked[method]?.add(1, result)),
  ];
}

function countAsked(bus: EventBus, cells: MetricCells): Ends {
  const queries = cells.of('smtpe_dns_queries_total');
  const dnsSeconds = cells.of('smtpe_dns_seconds');
  const asked = cells.of('smtpe_service_total');
  const serviceSeconds = cells.of('smtpe_service_seconds');
  const recordings = cells.of('smtpe_recordings_total');
  const shadowed = cells.of('smtpe_shadow_sessions_total');
  const forwards = cells.of('smtpe_forward_total');
  const forwardSeconds = cells.of('smtpe_forward_seconds');
  const operations = cells.of('smtpe_store_operations_total');
  const storeSeconds = cells.of('smtpe_store_seconds');
  return [
    bus.on('recording-written', () => recordings.add(1, 'written')),
    bus.on('recordings-lost', ({ count }) => recordings.add(count, 'lost')),
    bus.on('shadow-judged', ({ count, result }) => shadowed.add(count, result)),

    bus.on('dns-asked', ({ outcome, seconds }) => {
      queries.add(1, outcome);
      if (outcome !== 'cache') dnsSeconds.observe(seconds);
    }),
    ...services.flatMap((service) => {
      const done =
        (result: string) =>
        ({ elapsed }: { readonly elapsed: number }): void => {
          asked.add(1, service, result);
          serviceSeconds.observe(elapsed, service);
        };
      return [bus.on(`service-${service}`, done('ok')), bus.on(`service-${service}-failed`, done('failed'))];
    }),
    bus.on('next-hop-tried', ({ stage, result, seconds }) => {
      forwards.add(1, stage, result);
      forwardSeconds.observe(seconds);
    }),
    bus.on('store-asked', ({ store, op, result, seconds }) => {
      operations.add(1, store, op, result);
      storeSeconds.observe(seconds, store);
    }),
  ];
}
