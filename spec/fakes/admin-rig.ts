// The administration interface over a real socket, with desks that a spec makes up in place of processes that serve.
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Administration, type AdministrationParts } from '../../src/admin/administration.ts';
import { Fleet } from '../../src/admin/fleet.ts';
import { createAdminServer, tokenDigest } from '../../src/admin/http-server.ts';
import { Live } from '../../src/admin/live/live.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { MetricLayout, metricSets } from '../../src/observe/metric/layout.ts';
import { PolicySums } from '../../src/observe/metric/policy-sums.ts';
import { MetricTotals } from '../../src/observe/metric/totals.ts';
import type { Desk, DeskAnswer, DeskQuestion } from '../../src/ops/desk.ts';
import type { ReloadOutcome } from '../../src/ops/reload-outcome.ts';
import type { AdminPlace } from '../../src/options/admin-listen.ts';

export const TOKEN = 'correct-horse-battery-staple';

export const adminLayout = new MetricLayout(
  metricSets({ hooks: ['mail'], listeners: ['default'], stores: ['store'], files: [], workers: 2 }),
);

/** A process that serves, as the spec wants it. */
export class FakeDesk implements Desk {
  readonly pid: number;
  readonly asked: DeskQuestion[] = [];
  readonly #answer: (question: DeskQuestion) => DeskAnswer | Promise<DeskAnswer>;

  constructor(pid: number, answer: (question: DeskQuestion) => DeskAnswer | Promise<DeskAnswer>) {
    this.pid = pid;
    this.#answer = answer;
  }

  async ask(question: DeskQuestion): Promise<DeskAnswer> {
    this.asked.push(question);
    return this.#answer(question);
  }
}

export interface Response {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface AdminRigSettings {
  readonly desks?: readonly Desk[];
  readonly clock?: Clock;
  readonly place?: Exclude<AdminPlace, { kind: 'none' }>;
  readonly token?: string | undefined;
  /** A UNIX socket to listen at instead of a port. */
  readonly socketPath?: string;
  readonly reload?: () => Promise<ReloadOutcome>;
  readonly requestMs?: number;
  readonly drainWait?: number;
  readonly ending?: boolean;
}

export class AdminRig {
  readonly administration: Administration;
  readonly log = new RecordLog();
  readonly server: Server;
  readonly totals = new MetricTotals(adminLayout);
  readonly desks: Desk[];

  private constructor(settings: AdminRigSettings) {
    const { clock = systemClock, drainWait = 5, place, requestMs } = settings;
    this.desks = [...(settings.desks ?? [])];
    const parts: AdministrationParts = {
      ...{ clock, log: this.log, totals: this.totals },
      // Short: specs have processes that never answer.
      serving: () => this.desks.length,
      ending: () => settings.ending === true,
      fleet: new Fleet(() => this.desks, clock, 100),
      collect: () => Promise.resolve(),
      facts: {
        version: '1.2.3',
        pid: 1,
        startedAt: clock.monotonic(),
        options: () => [{ name: 'workers', text: '2', origin: 'command line' }],
        policy: () => ({ path: 'policy.lua', digest: 'sha256:00' }),
      },
      reload:
        settings.reload ?? (async () => ({ kind: 'reloaded', changed: [], needRestart: [], silent: [] })),
      drainWait: () => drainWait,
      policyMetrics: new PolicySums(),
      live: new Live(clock),
    };
    this.administration = new Administration(parts);
    for (const desk of this.desks) void this.administration.welcome(desk);
    const token = 'token' in settings ? settings.token : TOKEN;
    this.server = createAdminServer({
      place: place ?? { kind: 'tcp', host: '127.0.0.1', port: 0 },
      token: () => (token === undefined ? undefined : tokenDigest(token)),
      administration: this.administration,
      ...{ log: this.log, clock },
      ...(requestMs !== undefined && { requestMs }),
    });
  }

  static async start(settings: AdminRigSettings = {}): Promise<AdminRig> {
    const rig = new AdminRig(settings);
    if (settings.socketPath === undefined) rig.server.listen(0, '127.0.0.1');
    else rig.server.listen(settings.socketPath);
    await once(rig.server, 'listening');
    return rig;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  ask(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<Response> {
    return askHttp({ port: this.port, method, path, headers: { ...headers } }, body);
  }

  /** As somebody who has the token. */
  order(path: string, body?: string): Promise<Response> {
    return this.ask('POST', path, { authorization: `Bearer ${TOKEN}` }, body);
  }

  async stop(): Promise<void> {
    this.administration.close();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

export function askHttp(
  where: {
    readonly port?: number;
    readonly socketPath?: string;
    readonly method: string;
    readonly path: string;
    readonly headers?: Record<string, string>;
  },
  body?: string,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', agent: false, ...where }, (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => {
        text += piece.toString('utf8');
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
