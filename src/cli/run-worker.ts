// `run` with several workers: a worker. It serves by what the main process gives it, until that says otherwise; signals, which may come to
// the whole group of processes, are the main process's business.

import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { BoundSockets } from '../net/listener.ts';
import { SharedCounters } from '../net/shared-counters.ts';
import { openEventLog } from '../observe/event-log.ts';
import type { MetricSets } from '../observe/metric/metric-spec.ts';
import type { Desk } from '../ops/desk.ts';
import type { WorkerLine } from '../ops/fork-worker.ts';
import { openLog } from '../ops/open-log.ts';
import type { Revision } from '../ops/revision.ts';
import type { CopiesMessage, ServiceMessage, ToWorker } from '../ops/worker-messages.ts';
import { OptionSet } from '../options/option-set.ts';
import { givenMemory } from '../store/embedded/memory-place.ts';
import { announcement } from './announcement.ts';
import type { CaughtSignal, EarlySignals } from './early-signals.ts';
import { Ending } from './ending.ts';
import { exitCode } from './exit-code.ts';
import { logSurroundings } from './log-environment.ts';
import { type Service, serve, untilTheEnd } from './serve.ts';
import { warnOfAuthSockets, warnOfClearAuth, warnOfLoops } from './start-warnings.ts';
import { memoryProblem, watchMemory } from './watch-memory.ts';

/** A SIGTERM to the whole group reaches the main process too, which then says so within this time. */
const WORD_MS = 500;

/** What the main process says, sorted out. */
class Orders {
  readonly ending = new Ending();
  readonly begin: Promise<Revision>;
  /** The key of session tickets, which has come before the revision. */
  ticketKey: Buffer = Buffer.alloc(0);
  /** Where stores in memory lie. */
  memory = '';
  /** What is counted by. */
  metrics: MetricSets | undefined;
  #desk: Desk | undefined;
  #tickets: (key: Buffer) => void = () => undefined;
  #asked: Promise<unknown> = Promise.resolve();
  #sockets: ((message: ToWorker, handle: object | undefined) => void) | undefined;
  #reload: ((message: ToWorker) => void) | undefined;
  /** Reloads that came while it was starting. */
  readonly #waiting: ToWorker[] = [];
  #reopen: () => void = () => undefined;
  #service: (order: ServiceMessage) => void = () => undefined;
  #copies: (copies: CopiesMessage) => void = () => undefined;
  readonly #line: WorkerLine;

  constructor(line: WorkerLine) {
    this.#line = line;
    this.begin = new Promise((resolve) => {
      line.onMessage((message, handle) => {
        switch (message.kind) {
          case 'begin':
            this.ticketKey = Buffer.from(message.tickets, 'hex');
            this.memory = message.memory;
            this.metrics = message.metrics;
            resolve(message.revision);
            return;
          case 'socket':
          case 'no-socket':
            this.#sockets?.(message, handle);
            return;
          case 'drain':
            this.ending.stop('told to end');
            return;
          case 'hurry':
            this.ending.hurry('told to end now');
            return;
          case 'reload':
          case 'adopt':
            if (this.#reload === undefined) this.#waiting.push(message);
            else this.#reload(message);
            return;
          case 'tickets':
            this.ticketKey = Buffer.from(message.key, 'hex');
            this.#tickets(this.ticketKey);
            return;
          case 'reopen':
            this.#reopen();
            return;
          case 'copies':
            this.#copies(message);
            return;
          case 'service':
            this.#service(message);
            return;
          case 'ask':
            void this.#answer(message);
            return;
        }
      });
    });
    line.onAlone(() => this.ending.stop('the main process has gone'));
  }

  /** Before there is a desk nobody answers: whoever asks does not wait for long. */
  async #answer({ number, question }: Extract<ToWorker, { kind: 'ask' }>): Promise<void> {
    const answer = await this.#desk?.ask(question);
    if (answer !== undefined) await this.#line.send({ kind: 'answer', number, answer });
  }

  onAsked(desk: Desk): void {
    this.#desk = desk;
  }

  onReload(reload: (message: ToWorker) => void): void {
    this.#reload = reload;
    for (const message of this.#waiting.splice(0)) reload(message);
  }

  onTickets(renew: (key: Buffer) => void): void {
    this.#tickets = renew;
    // One that came while it was starting.
    renew(this.ticketKey);
  }

  onCopies(learn: (copies: CopiesMessage) => void): void {
    this.#copies = learn;
  }

  onService(follow: (order: ServiceMessage) => void): void {
    this.#service = follow;
  }

  onReopen(reopen: () => void): void {
    this.#reopen = reopen;
  }

  /** The sockets that the main process holds. */
  readonly bound: BoundSockets = (listener, wanted) => {
    // One after the other: an answer does not say what it answers.
    const asked = this.#asked.then(() => this.#askForSockets(listener, wanted));
    this.#asked = asked.catch(() => undefined);
    return asked;
  };

  #askForSockets(...[listener, wanted]: Parameters<BoundSockets>): ReturnType<BoundSockets> {
    return new Promise((resolve, reject) => {
      const handles: object[] = [];
      this.#sockets = (message, handle) => {
        if (message.kind === 'no-socket') {
          reject(Object.assign(new Error(message.code), message));
          return;
        }
        if (message.kind !== 'socket') return;
        if (handle !== undefined) handles[message.index] = handle;
        if (Object.keys(handles).length === message.of) resolve(handles);
      };
      void this.#line.send({ kind: 'open', listener, wanted });
    });
  }
}

/** Signals in a worker. SIGTERM to this process alone is a wish to be replaced; everything else is for the main process to decide. */
function hearSignals(early: EarlySignals, orders: Orders, line: WorkerLine): void {
  early.handOver((signal: CaughtSignal) => {
    if (signal !== 'SIGTERM' || orders.ending.asked) return;
    systemClock.after(WORD_MS, () => {
      if (!orders.ending.asked) void line.send({ kind: 'replace', reason: 'signal SIGTERM', isFault: false });
    });
  });
}

export async function runWorker(line: WorkerLine, early: EarlySignals): Promise<number> {
  const orders = new Orders(line);
  const { ending } = orders;
  hearSignals(early, orders, line);
  const fail = async (problem: string, code: number, log?: Log): Promise<number> => {
    log?.emit('worker-start-failed', { cause: problem });
    await line.send({ kind: 'failed', problem });
    return code;
  };
  // The main process may be gone before it has said anything.
  const revision = await Promise.race([orders.begin, ending.end.then(() => undefined)]);
  if (revision === undefined) return exitCode.ok;
  const options = OptionSet.fromTexts(revision.options);
  const opened = await openLog(
    options,
    logSurroundings(
      (trouble) => void line.send({ kind: 'log', ...(trouble === undefined ? {} : { trouble }) }),
      revision.policy !== undefined,
    ),
  );
  if (opened.kind === 'failed') return fail(opened.problem, exitCode.system);
  const log = openEventLog(opened.log);
  ending.catchAccidents(log);
  orders.onReopen(() => opened.reopen());
  const limits = new SharedCounters(line.place);
  const starting = serve({
    ...{ options, log, limits, bound: orders.bound, policy: revision.policy },
    ...{ tls: revision.tls, ticketKey: orders.ticketKey, memory: givenMemory(orders.memory) },
    ...{ metrics: orders.metrics, name: String(line.place.slot) },
    switchVerbose: (words) => opened.switchVerbose(words),
    droppedLines: () => opened.log.dropped,
    tellService: (order) => void line.send({ kind: 'service', ...order }),
    tellCopies: (copies) => void line.send({ kind: 'copies', ...copies }),
    tellLive: (batch) => void line.send({ kind: 'live', batch }),
    onChanged: () => void line.send({ kind: 'changed' }),
    onBroken: (reason) => ending.broken(reason),
    ended: ending.end,
    // Only when it is the first one: a successor would leave its place to nobody.
    beforeListen: () => (revision.policy === undefined ? memoryProblem(options) : undefined),
  });
  // Told to end, or alone, before it serves: nobody waits for it.
  const outcome = await Promise.race([starting, ending.end.then(() => undefined)]);
  if (outcome === undefined) {
    await opened.log.close();
    return (await ending.end).code;
  }
  if (outcome.kind === 'failed') {
    const code = await fail(outcome.problem, outcome.code, log);
    await opened.log.close();
    return code;
  }
  const { service } = outcome;
  orders.onTickets((key) => service.renewTickets(key));
  orders.onService((order) => void service.app.scriptServices.follow(order));
  orders.onCopies((copies) => service.app.smartHost.learn(copies));
  orders.onAsked(service.desk);
  const sayGrace = (): Promise<void> =>
    line.send({ kind: 'grace', ms: options.values['shutdown-timeout'] * 1000 });
  // Orders that came while it was starting are carried out here and now.
  orders.onReload((message) => {
    reload(message, service, line)
      .then(sayGrace)
      .catch((error: unknown) => {
        // While it ends nothing is loaded any more.
        if (!ending.asked) throw error;
      });
  });
  watchMemory(options, systemClock, (reason) => void line.send({ kind: 'replace', reason, isFault: true }));
  if (revision.policy === undefined) {
    warnOfLoops(options, service.server.endpoints, log);
    await warnOfAuthSockets(options, log);
    warnOfClearAuth(options, service.hooks, log);
  }
  await sayGrace();
  const text = announcement(service.server.places, service.script, options);
  await line.send({ kind: 'listening', text, policy: service.source() });
  const code = await untilTheEnd(service, options, log, ending);
  // What it has counted since it was last asked.
  if (orders.metrics !== undefined) {
    await line.send({ kind: 'counted', answer: await service.desk.ask({ kind: 'metrics' }) });
  }
  limits.dispose();
  await opened.log.close();
  return code;
}

async function reload(message: ToWorker, service: Service, line: WorkerLine): Promise<void> {
  if (message.kind === 'reload') {
    const { round, wanted } = message;
    void line.send({ kind: 'trying', round });
    const outcome = await service.reload({ options: OptionSet.fromTexts(wanted.options), tls: wanted.tls });
    await line.send(
      outcome.kind === 'taken'
        ? { kind: 'reloaded', round, policy: service.source() }
        : { kind: 'reloaded', round, policy: undefined, problem: outcome.problem },
    );
  } else if (message.kind === 'adopt') {
    void line.send({ kind: 'adopting' });
    const { options, policy, tls } = message.revision;
    const taken = await service.reload({ options: OptionSet.fromTexts(options), policy, tls });
    if (taken.kind === 'kept')
      await line.send({ kind: 'replace', reason: 'it could not take the policy over', isFault: true });
    await line.send({ kind: 'adopted' });
  }
}
