// Which events of the bus a recorder hears, and how. In use like this, wherever sessions run over a bus, live or on a bench:
//
//   const entries: TraceEntry[] = [];
//   const stop = recordSessions(log.bus, clock, (entry) => entries.push(entry));
//   ... run a session ...
//   stop();
//   console.log(ladder(entries));
//
// recordSessions keeps nothing itself and has no bound: for a server there is Tracer (tracer.ts).
import type { Condition, EventBus, EventFields, EventName, EventSource } from '../../base/events.ts';
import { Recorder, type RecorderParts } from './recorder.ts';
import type { SessionSteps } from './steps.ts';

/** What the ids of a session and of its transactions have in common. */
const COMMON = 16;

/** Which session an event is of; '' when it is of none. */
export function sessionOf({ about }: EventSource): string {
  return typeof about.id === 'string' ? about.id.slice(0, COMMON) : '';
}

export interface Sessions {
  /** A session begins: who keeps it, when it is followed. */
  begins(session: string, fields: EventFields<'link-connect'>): SessionSteps | undefined;
  /** The same of a connection to a service of a script; not there: they are of no interest. */
  serviceBegins?(session: string, fields: EventFields<'service-begins'>): SessionSteps | undefined;
  /** Who keeps a session that is followed; by sessionOf. */
  find(session: string): SessionSteps | undefined;
  /** Nothing more comes of it. */
  over(session: string): void;
}

const AT_ONCE = ['next-hop-failed', 'next-hop-refused', 'next-hop-unsure', 'next-hop-given-up'] as const;

/** What is told of a session. */
export interface Told {
  /** `said`: what client and server say, and what of the world outside decides that; `all`: how it came about, too. */
  readonly steps: 'all' | 'said';
  /** Answers in full, and octets of content: for recordings. */
  readonly answers: boolean;
  readonly content: boolean;
}

export interface Hearing {
  /** Somebody else keeps a session now, or nobody: who does is asked for again at its next event. */
  changed(): void;
  /** Nothing more is heard. */
  end(): void;
}

/** Who keeps a session is remembered until `sessions` is told of its beginning or its end; whoever changes it in between says so. */
export function subscribe(
  bus: EventBus,
  sessions: Sessions,
  { answers, content, steps }: Told = { steps: 'all', answers: false, content: false },
): Hearing {
  // Asked for some thirty times for a message. A source is of one session as long as it lives; a session has several.
  let last: EventSource | undefined;
  let about: EventSource['about'] | undefined;
  let found: SessionSteps | undefined;
  const find = (source: EventSource): SessionSteps | undefined => {
    if (source === last) return found;
    last = source;
    if (source.about !== about) {
      about = source.about;
      found = sessions.find(sessionOf(source));
    }
    return found;
  };
  const forget = (): void => {
    last = undefined;
    about = undefined;
    found = undefined;
  };
  const followed: Condition = (source) => find(source) !== undefined;
  // The bus asks the condition right before it tells: whose event it is was found there.
  const on = <N extends EventName>(name: N, hear: (to: SessionSteps, fields: EventFields<N>) => void) =>
    bus.on(
      name,
      (fields) => {
        if (found !== undefined) hear(found, fields);
      },
      followed,
    );
  const ends = [
    bus.on('link-connect', (fields, source) => {
      const id = source.about.id;
      if (typeof id === 'string') sessions.begins(id, fields)?.connect(fields);
      forget();
    }),
    ...said(on),
    ...(steps === 'all' ? howItCame(on) : []),
    ...(answers ? [on('answer-given', (to, fields) => to.answer(fields))] : []),
    ...(content ? [on('content-piece', (to, fields) => to.piece(fields))] : []),
    bus.on(
      'link-closed',
      (_, source) => {
        sessions.over(sessionOf(source));
        forget();
      },
      followed,
    ),
    ...(sessions.serviceBegins === undefined ? [] : services(sessions)),
  ];
  return {
    changed: forget,
    end: () => {
      for (const end of ends) end();
    },
  };

  function services({ serviceBegins }: Sessions): readonly (() => void)[] {
    return [
      bus.on('service-begins', (fields, source) => {
        const id = source.about.id;
        if (typeof id === 'string') serviceBegins?.(id, fields)?.connect(fields);
        forget();
      }),
      bus.on(
        'service-ends',
        (fields, source) => {
          find(source)?.end(fields);
          sessions.over(sessionOf(source));
          forget();
        },
        followed,
      ),
    ];
  }
}

type On = <N extends EventName>(
  name: N,
  hear: (to: SessionSteps, fields: EventFields<N>) => void,
) => () => void;

/** What client and server say, and what of the world outside decides that. */
const said = (on: On): readonly (() => void)[] => [
  on('link-tls', (to, fields) => to.tls(fields)),
  on('link-xclient', (to, fields) => to.xclient(fields)),
  on('protocol-client', (to, fields) => to.clientSays(fields)),
  on('protocol-server', (to, { reply }) => to.serverSays(reply)),
  on('protocol-refusal', (to, { reply }) => to.serverSays(reply)),
  on('content-came', (to, fields) => to.content(fields)),
  on('session-waits', (to, fields) => to.waits(fields)),
  on('session-goes-on', (to, fields) => to.goesOn(fields)),
  on('header-changed', (to, fields) => to.header(fields)),
  on('next-hop-sent', (to, { host, line }) => to.nextHop('sent', host, line)),
  on('next-hop-said', (to, { host, line }) => to.nextHop('said', host, line)),
  ...AT_ONCE.map((name) =>
    on(name, (to, { cause, host, stage }) => to.nextHop('fails', host, `${stage}: ${cause}`)),
  ),
  on('link-disconnect', (to, fields) => to.end(fields)),
];

const howItCame = (on: On): readonly (() => void)[] => [
  on('client-written', (to, fields) => to.written(fields)),
  on('hook-begins', (to, fields) => to.hookBegins(fields)),
  on('hook-ends', (to, fields) => to.hookEnds(fields)),
  on('hook-lines', (to, fields) => to.hookLines(fields)),
  on('hook-waits', (to, fields) => to.hookWaits(fields)),
  on('hook-goes-on', (to, fields) => to.hookGoesOn(fields)),
  on('dns-told', (to, fields) => to.dns(fields)),
  on('service-told', (to, fields) => to.service(fields)),
  on('store-asked', (to, fields) => to.store(fields)),
  on('next-hop-connects', (to, { address, host }) => to.nextHop('connects', host, address)),
  on('tx-commit', (to, fields) => to.message(fields)),
  on('tx-discard', (to, fields) => to.message(fields)),
  on('tx-rollback', (to, fields) => to.message(fields)),
];

/** Every session that begins from now on, entry by entry, until the function that it gives is called. */
export function recordSessions(
  bus: EventBus,
  clock: RecorderParts['clock'],
  push: RecorderParts['push'],
  lineOf?: RecorderParts['lineOf'],
): () => void {
  const parts = { clock, push, ...(lineOf && { lineOf }) };
  const recorders = new Map<string, Recorder>();
  const hearing = subscribe(bus, {
    begins: (session, { client }) => {
      const recorder = new Recorder(parts, session, client);
      recorders.set(session.slice(0, COMMON), recorder);
      return recorder;
    },
    find: (session) => recorders.get(session),
    over: (session) => void recorders.delete(session),
  });
  return () => hearing.end();
}
