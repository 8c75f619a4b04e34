// The desk of a process that serves: what the administration asks it for, answered from its own sessions, counts and limits.
import type { Clock } from '../base/clock.ts';
import type { Gate } from '../net/gate.ts';
import { NetworkList } from '../net-address/network-list.ts';
import type { MetricCells } from '../observe/metric/cells.ts';
import { states } from '../observe/metric/table/connections.ts';
import type { Tracer } from '../observe/trace/tracer.ts';
import type { Desk, DeskAnswer, DeskQuestion, PolicyMetric } from '../ops/desk.ts';
import type { OpenSession } from '../smtp/server/server.ts';

export interface ProcessDeskParts {
  readonly clock: Clock;
  /** What it counts in. */
  readonly cells: MetricCells;
  /** Those that are not over. */
  readonly sessions: () => Iterable<OpenSession>;
  /** Sets the gauges that nobody but this process knows: called for each scrape. */
  readonly collect: () => Promise<void>;
  /** What keeps it from taking mail. */
  readonly problems: () => Promise<readonly string[]>;
  /** Connections of all processes together, and the option limit-connections. */
  readonly connections: () => number;
  readonly limit: () => number;
  readonly gate: Gate;
  /** Words of option verbose besides those of the options; undefined: none. */
  readonly switchVerbose: (words: string | undefined) => void;
  /** Sessions that are followed. */
  readonly tracer: Tracer;
  /** What policies count. */
  readonly policyMetrics: () => readonly PolicyMetric[];
}

const DONE: DeskAnswer = { kind: 'done' };

export class ProcessDesk implements Desk {
  readonly pid = process.pid;
  readonly #parts: ProcessDeskParts;

  constructor(parts: ProcessDeskParts) {
    this.#parts = parts;
  }

  async ask(question: DeskQuestion): Promise<DeskAnswer> {
    const { cells, collect, connections, gate, limit, policyMetrics, problems, switchVerbose, tracer } =
      this.#parts;
    switch (question.kind) {
      case 'beat':
        return DONE;
      case 'metrics':
        this.#countSessions();
        await collect();
        return { kind: 'metrics', values: [...cells.values], policy: policyMetrics() };
      case 'sessions':
        return this.#sessions(question);
      case 'close':
        return { kind: 'closed', found: this.#close(question.id) };
      case 'ready':
        return {
          kind: 'ready',
          problems: await problems(),
          connections: connections(),
          limit: limit(),
        };
      case 'drain':
        gate.draining = question.on;
        return DONE;
      case 'verbose':
        switchVerbose(question.words);
        return DONE;
      case 'trace':
        return { kind: 'trace', ...tracer.take(question) };
      case 'trace-end':
        tracer.end(question.reader);
        return DONE;
    }
  }

  #countSessions(): void {
    const { cells, gate, sessions } = this.#parts;
    const byListener = cells.of('smtpe_sessions');
    const byState = cells.of('smtpe_sessions_by_state');
    const suspended = cells.of('smtpe_hook_suspended');
    for (const gauge of [byListener, byState, suspended]) gauge.clear();
    for (const session of sessions()) {
      byListener.add(1, session.listener);
      byState.add(1, session.state);
      if (session.suspended) suspended.add(1);
    }
    cells.of('smtpe_draining').set(gate.draining ? 1 : 0);
    cells.of('smtpe_workers').set(1);
  }

  #sessions(question: Extract<DeskQuestion, { kind: 'sessions' }>): DeskAnswer {
    const { client, most, state } = question;
    const networks = client === undefined ? undefined : new NetworkList([client]);
    const wanted = states.find((known) => known === state);
    const rows = [];
    let total = 0;
    const inState: Record<string, number> = {};
    for (const session of this.#parts.sessions()) {
      if (networks?.contains(session.client) === false) continue;
      if (wanted !== undefined && session.state !== wanted) continue;
      total++;
      inState[session.state] = (inState[session.state] ?? 0) + 1;
      if (rows.length < most) rows.push(session.row);
    }
    return { kind: 'sessions', total, states: inState, rows };
  }

  #close(id: string): boolean {
    for (const session of this.#parts.sessions()) {
      if (session.id !== id) continue;
      session.close();
      return true;
    }
    return false;
  }
}
