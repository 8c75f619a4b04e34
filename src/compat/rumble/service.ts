// A TCP service that a script has created: so many connections are served at once, each by a run of its function; others wait for their turn, up
// to a bound, and those that leave meanwhile are dropped.
//
// Must never let a client hear of what went wrong in a script, or serve more connections at once than was said.
import { basename } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { End } from '../../lua/script.ts';
import type { LuaRef } from '../../lua-api/value.ts';
import type { Peer } from '../../net/peer.ts';
import type { Transport } from '../../net/transport.ts';
import type { Options } from '../../options/options.ts';
import type { LoadScript, RunningCall } from './load-script.ts';
import { Mutex } from './mutex.ts';
import type { ServiceCounts } from './service-counts.ts';
import { ServiceDialogue } from './service-dialogue.ts';
import { ScriptSession } from './session-class.ts';

/** The longest that a timer can wait, milliseconds. */
const MOST_MS = 2_147_483_000;

export interface ServiceParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly options: Options;
  /** Ids of its connections. */
  readonly nextId: () => string;
}

/** What a script has asked for. */
export interface ServiceRow {
  /** Its port as text. */
  readonly name: string;
  readonly script: () => LoadScript | undefined;
  readonly func: LuaRef;
  readonly threads: number;
}

interface Connection {
  readonly dialogue: ServiceDialogue;
  readonly peer: Peer;
  readonly stop: AbortController;
  /** Its connection is closed on both sides. */
  readonly gone: AbortController;
}

interface Done {
  readonly kind: 'done';
}
const done: Done = { kind: 'done' };

/** Tells whoever follows the connection what becomes of it; nothing of what client and script say to each other: passwords may be in it. */
function tellings(
  log: Log,
  path: string,
  label: string,
  peer: Peer,
): { begins(call: RunningCall): void; ends(end: End<Done> | undefined): void } {
  const hook = { hook: label, script: basename(path) };
  log.emit('service-begins', { client: peer.address, port: peer.port, listener: label });
  let isTold = false;
  return {
    begins: ({ place }) => {
      if (!log.wants('hook-begins')) return;
      isTold = true;
      log.emit('hook-begins', { ...hook, args: '', place: place(), secret: false });
    },
    ends: (end) => {
      const result = endText(end);
      if (isTold) log.emit('hook-ends', { ...hook, result });
      log.emit('service-ends', { end: result });
    },
  };
}

function endText(end: End<Done> | undefined): string {
  switch (end?.kind) {
    case 'error':
    case 'limit':
      return end.message;
    case 'done':
      return 'has returned';
    default:
      return 'cut off';
  }
}

export class Service {
  readonly #parts: ServiceParts;
  readonly row: ServiceRow;
  readonly #mutex = new Mutex();
  readonly #running = new Set<Connection>();
  readonly #waiting = new Set<Connection>();
  readonly #counts: ServiceCounts;
  #idle: (() => void)[] = [];

  constructor(parts: ServiceParts, row: ServiceRow, counts: ServiceCounts) {
    this.#parts = parts;
    this.row = row;
    this.#counts = counts;
  }

  /** Connections that are served now. */
  get busy(): number {
    return this.#running.size;
  }

  /** A connection that was accepted. */
  take(transport: Transport, peer: Peer): void {
    const { clock, options } = this.#parts;
    const { values } = options;
    if (this.#running.size >= this.row.threads && this.#waiting.size >= values['rumble-service-queue']) {
      this.#counts.rejected();
      transport.destroy();
      return;
    }
    const connection: Connection = {
      peer,
      ...{ stop: new AbortController(), gone: new AbortController() },
      dialogue: new ServiceDialogue({
        ...{ clock, transport, address: peer.address, mostKept: values['limit-pipeline-bytes'] },
        sendMs: () => values['smtp-reply-timeout'] * 1000,
        left: () => {
          this.#waiting.delete(connection);
          connection.gone.abort();
        },
        // Who waits, has asked for nothing and never will.
        silent: () => {
          if (this.#waiting.delete(connection)) connection.dialogue.destroy();
        },
      }),
    };
    if (this.#running.size < this.row.threads) void this.#serve(connection);
    else this.#waiting.add(connection);
  }

  /** Those who wait, for the service that takes the place of this one. */
  handOver(to: Service): void {
    for (const connection of this.#waiting) {
      this.#waiting.delete(connection);
      to.#adopt(connection);
    }
  }

  #adopt(connection: Connection): void {
    this.#waiting.add(connection);
    this.#next();
  }

  /** Those who wait are let go; resolves when no connection is served any more. */
  end(): Promise<void> {
    for (const { dialogue } of this.#waiting) dialogue.destroy();
    this.#waiting.clear();
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Those that are served end now. */
  cut(): void {
    for (const { stop } of [...this.#running]) stop.abort();
  }

  async #serve(connection: Connection): Promise<void> {
    const { dialogue, gone, peer, stop } = connection;
    const { log, nextId, options } = this.#parts;
    const { name, func, script } = this.row;
    this.#running.add(connection);
    const id = nextId();
    const its = log.child({ id });
    this.#counts.session();
    const label = `service ${name}`;
    const seconds = options.values['limit-session-time'];
    const owner = script();
    const told = tellings(its, owner?.path ?? '', label, peer);
    const end = await owner?.call(
      {
        ...{ label, func, session: new ScriptSession(dialogue, this.#mutex), line: undefined, id, log: its },
        fields: {
          ...{ protocol: peer.address.includes(':') ? 'IPv6' : 'IPv4', address: peer.address },
          ...{ service: name, port: peer.localPort },
        },
        signal: stop.signal,
        timeMs: seconds === 0 ? MOST_MS : seconds * 1000,
        progress: () => dialogue.steps,
        client: { gone: gone.signal, cut: () => stop.abort() },
        begins: told.begins,
      },
      () => done,
    );
    told.ends(end);
    dialogue.finish();
    this.#running.delete(connection);
    this.#counts.octets(dialogue.octetsReceived, dialogue.octetsSent);
    if (end?.kind === 'error' || end?.kind === 'limit') {
      const failed = { script: owner?.path ?? '', what: label, message: end.message };
      its.emit('load-script-failed', end.traceback === '' ? failed : { ...failed, traceback: end.traceback });
    }
    this.#next();
    if (this.#running.size === 0) for (const idle of this.#idle.splice(0)) idle();
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#running.size >= this.row.threads) return;
    this.#waiting.delete(first);
    void this.#serve(first);
  }
}
