// Which events of the bus a recorder hears, and how. In use like this, wherever sessions run over a bus, live or on a bench:
//
//   const entries: TraceEntry[] = [];
//   const stop = recordSessions(log.bus, clock, (entry) => entries.push(entry));
//   ... run a session ...
//   stop();
//   console.log(ladder(entries));
//
// recordSessions keeps nothing itself and has no bound: for a server there is Tracer (tracer.ts).
import type { Condition, EventBus, EventFields, EventSource } from '../../base/events.ts';
import { Recorder, type RecorderParts } from './recorder.ts';

/** What the ids of a session and of its transactions have in common. */
const COMMON = 16;

/** Which session an event is of; '' when it is of none. */
export function sessionOf({ about }: EventSource): string {
  return typeof about.id === 'string' ? about.id.slice(0, COMMON) : '';
}

export interface Sessions {
  /** A session begins: its recorder, when it is followed. */
  begins(session: string, fields: EventFields<'link-connect'>): Recorder | undefined;
  /** The recorder of a session that is followed; by sessionOf. */
  find(session: string): Recorder | undefined;
  /** Nothing more comes of it. */
  over(session: string): void;
}

const AT_ONCE = ['next-hop-failed', 'next-hop-refused', 'next-hop-unsure', 'next-hop-given-up'] as const;

/** What recordings have besides. */
export interface Wholly {
  readonly answers: boolean;
  readonly content: boolean;
}

/** Hears until the function that it gives is called. */
export function subscribe(
  bus: EventBus,
  sessions: Sessions,
  whole: Wholly = { answers: false, content: false },
): () => void {
  const find = (source: EventSource): Recorder | undefined => sessions.find(sessionOf(source));
  const followed: Condition = (source) => find(source) !== undefined;
  const connected = bus.on('link-connect', (fields, source) => {
    const id = source.about.id;
    if (typeof id === 'string') sessions.begins(id, fields)?.connect(fields);
  });
  const ends = [
    connected,
    bus.on('link-tls', (fields, source) => find(source)?.tls(fields), followed),
    bus.on('link-xclient', (fields, source) => find(source)?.xclient(fields), followed),
    bus.on('protocol-client', (fields, source) => find(source)?.clientSays(fields), followed),
    bus.on('protocol-server', ({ reply }, source) => find(source)?.serverSays(reply), followed),
    bus.on('protocol-refusal', ({ reply }, source) => find(source)?.serverSays(reply), followed),
    bus.on('content-came', (fields, source) => find(source)?.content(fields), followed),
    bus.on('client-written', (fields, source) => find(source)?.written(fields), followed),
    bus.on('hook-begins', (fields, source) => find(source)?.hookBegins(fields), followed),
    bus.on('hook-ends', (fields, source) => find(source)?.hookEnds(fields), followed),
    bus.on('hook-lines', (fields, source) => find(source)?.hookLines(fields), followed),
    bus.on('hook-waits', (fields, source) => find(source)?.hookWaits(fields), followed),
    bus.on('hook-goes-on', (fields, source) => find(source)?.hookGoesOn(fields), followed),
    bus.on('session-waits', (fields, source) => find(source)?.waits(fields), followed),
    bus.on('session-goes-on', (fields, source) => find(source)?.goesOn(fields), followed),
    bus.on('dns-told', (fields, source) => find(source)?.dns(fields), followed),
    bus.on('service-told', (fields, source) => find(source)?.service(fields), followed),
    bus.on('header-changed', (fields, source) => find(source)?.header(fields), followed),
    bus.on('store-asked', (fields, source) => find(source)?.store(fields), followed),
    bus.on(
      'next-hop-connects',
      ({ address, host }, source) => find(source)?.nextHop('connects', host, address),
      followed,
    ),
    bus.on('next-hop-sent', ({ host, line }, source) => find(source)?.nextHop('sent', host, line), followed),
    bus.on('next-hop-said', ({ host, line }, source) => find(source)?.nextHop('said', host, line), followed),
    ...AT_ONCE.map((name) =>
      bus.on(
        name,
        ({ cause, host, stage }, source) => find(source)?.nextHop('fails', host, `${stage}: ${cause}`),
        followed,
      ),
    ),
    bus.on('tx-commit', (fields, source) => find(source)?.message(fields), followed),
    bus.on('tx-discard', (fields, source) => find(source)?.message(fields), followed),
    bus.on('tx-rollback', (fields, source) => find(source)?.message(fields), followed),
    bus.on('link-disconnect', (fields, source) => find(source)?.end(fields), followed),
    ...(whole.answers
      ? [bus.on('answer-given', (fields, source) => find(source)?.answer(fields), followed)]
      : []),
    ...(whole.content
      ? [bus.on('content-piece', (fields, source) => find(source)?.piece(fields), followed)]
      : []),
    bus.on('link-closed', (_, source) => sessions.over(sessionOf(source)), followed),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Every session that begins from now on, entry by entry, until the function that it gives is called. */
export function recordSessions(
  bus: EventBus,
  clock: RecorderParts['clock'],
  push: RecorderParts['push'],
  lineOf?: RecorderParts['lineOf'],
): () => void {
  const parts = { clock, push, ...(lineOf && { lineOf }) };
  const recorders = new Map<string, Recorder>();
  return subscribe(bus, {
    begins: (session, { client }) => {
      const recorder = new Recorder(parts, session, client);
      recorders.set(session.slice(0, COMMON), recorder);
      return recorder;
    },
    find: (session) => recorders.get(session),
    over: (session) => void recorders.delete(session),
  });
}
