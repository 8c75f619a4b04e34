// Replays one transcript against the engine in this process and says what is not as expected.

import { type RigClient, SmtpRig } from '../fakes/smtp-rig.ts';
import { joinContent } from './normalise.ts';
import type { Hop, Replayer } from './replayer.ts';
import {
  type Bindings,
  countReplies,
  type LogEntry,
  type Logged,
  octets,
  plainLogged,
  type SinkEvent,
  type Transcript,
} from './transcript.ts';

/** How the client's bytes are cut into writes. */
export type Cut = 'as recorded' | 'one byte' | 'random' | 'at once';

const PATIENCE_MS = 5000;
const QUIET_MS = 30;

/** Names of clients as the DNS server of the recordings had them. */
const NAMES: Readonly<Record<string, string>> = { '127.0.0.1': 'localhost', '127.0.0.2': 'mail.example.com' };

/** A generator that gives the same numbers for the same seed. */
function seeded(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

export class Replay {
  readonly #shared: Replayer;
  readonly #transcript: Transcript;
  readonly #bindings: Bindings;
  readonly #cut: Cut;
  readonly #random: (limit: number) => number;
  readonly #problems: string[] = [];
  #client: RigClient | undefined;

  constructor(shared: Replayer, transcript: Transcript, bindings: Bindings, cut: Cut, seed: number) {
    this.#shared = shared;
    this.#transcript = transcript;
    this.#bindings = bindings;
    this.#cut = cut;
    this.#random = seeded(seed);
  }

  async all(hops: readonly Hop[], names: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const { load_fails, name, options: words, policy } = this.#transcript;
    const fill = (text: string): string =>
      text.replace(/\{\{(SINK\d)\}\}/g, (_, hop: string) => names[hop] ?? '');
    const loaded = await this.#shared.load(fill(policy), `${name}.lua`);
    if (loaded.kind === 'failed') return [loaded.message];
    const options = this.#shared.options(
      words.map((word) => fill(word).replace(/^([\w-]+=)'(.*)'$/, '$1$2')),
    );
    const init = await loaded.policy.runInit({ options, log: this.#shared.log });
    if (load_fails !== undefined) {
      loaded.policy.retire();
      return init.kind === 'error' && load_fails.test(init.message) ? [] : [`loads: ${init.kind}`];
    }
    if (init.kind === 'error') return [`hook.init: ${init.message}`];
    const rig = new SmtpRig({
      policy: loaded.policy,
      optionSet: options,
      // As long as it takes a client that talks too early to have sent something.
      reverse: (address) =>
        new Promise((resolve) => setImmediate(() => setImmediate(() => resolve(NAMES[address])))),
      deps: {
        log: this.#shared.log,
        spools: this.#shared.spools,
        smartHost: this.#shared.smartHost(options),
      },
    });
    await this.#steps(rig);
    await this.#leave();
    if (rig.server.sessions !== 0 || rig.counters.sessions !== 0) this.#problems.push('a session is left');
    if (this.#shared.spools.size !== 0) this.#problems.push('a message is left');
    if (loaded.policy.instances !== 0) this.#problems.push('a Lua instance is left');
    loaded.policy.retire();
    this.#compareHooks();
    for (const { hop } of hops) {
      if (hop !== undefined && hop.connections.length > 0)
        await Promise.race([hop.allClosed(), quiet(PATIENCE_MS)]);
    }
    this.#compareHops(hops);
    this.#compareLog();
    return this.#problems;
  }

  async #steps(rig: SmtpRig): Promise<void> {
    const { steps } = this.#transcript;
    const whole = steps.map((step) => (step.send === undefined ? '' : octets(step.send))).join('');
    for (const [i, step] of steps.entries()) {
      if (step.connect === true) {
        await this.#leave();
        this.#client = rig.connect(step.from ?? '127.0.0.1', false, '127.0.0.1');
        if (this.#cut === 'at once') this.#client.send(whole);
      }
      const client = this.#client;
      if (client === undefined) throw new Error('a step before connect');
      if (step.send !== undefined && this.#cut !== 'at once') this.#send(client, octets(step.send));
      if (step.client_shutdown_write === true) client.stream.end();
      if (step.sleep !== undefined && this.#cut !== 'at once') await quiet();
      if (step.expect !== undefined) await this.#expect(client, octets(step.expect), i);
      if (step.expect_nothing === true && this.#cut !== 'at once') {
        await quiet();
        if (client.received !== '')
          this.#problems.push(`step ${i}: unexpected ${JSON.stringify(client.received)}`);
      }
      if (step.expect_close !== undefined) await this.#expectClose(client, step.expect_close, i);
      if (this.#problems.length > 0) return;
    }
  }

  #send(client: RigClient, text: string): void {
    let at = 0;
    while (at < text.length) {
      const size = this.#size(text.length);
      client.send(text.slice(at, at + size));
      at += size;
    }
  }

  #size(length: number): number {
    if (this.#cut === 'as recorded') return length;
    return this.#cut === 'one byte' ? 1 : 1 + this.#random(Math.min(40, length));
  }

  async #expect(client: RigClient, expected: string, step: number): Promise<void> {
    const wanted = countReplies(expected);
    const deadline = Date.now() + PATIENCE_MS;
    let text = '';
    while (countReplies(text) < wanted && !(client.ended && client.received === '')) {
      if (Date.now() > deadline) break;
      const reply = await Promise.race([client.reply(), quiet(PATIENCE_MS).then(() => undefined)]);
      if (reply === undefined) break;
      text += reply;
    }
    if (!this.#bindings.matches(expected, text)) {
      this.#problems.push(
        `step ${step}: expected ${JSON.stringify(this.#bindings.fill(expected))}, got ${JSON.stringify(text)}${client.ended ? ' and the end' : ''}`,
      );
    }
  }

  async #expectClose(client: RigClient, closes: boolean, step: number): Promise<void> {
    if (closes) {
      const rest = await Promise.race([client.rest(), quiet(PATIENCE_MS).then(() => undefined)]);
      if (rest !== '') this.#problems.push(`step ${step}: expected the end, got ${JSON.stringify(rest)}`);
    } else {
      await quiet();
      if (client.ended) this.#problems.push(`step ${step}: closed`);
    }
  }

  async #leave(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    client.stream.end();
    const over = await Promise.race([client.over.then(() => true), quiet(PATIENCE_MS).then(() => false)]);
    if (!over) this.#problems.push('the session did not end');
    this.#client = undefined;
  }

  #compareHooks(): void {
    const ignored = this.#transcript.ignored_hooks ?? [];
    const counts = (entry: LogEntry): boolean => !ignored.includes(entry[0]);
    const expected = this.#transcript.hook_log
      .filter(counts)
      .map((entry) => this.#mask(entry.map(plainLogged) as unknown as LogEntry));
    const actual = joinContent(this.#shared.logged.map((line) => JSON.parse(line) as LogEntry))
      .filter(counts)
      .map((entry) => this.#mask(entry));
    for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
      const [want, have] = [expected[i], actual[i]];
      if (want !== undefined && have !== undefined && this.#bindings.matchesLogged(want, have)) continue;
      const around = (log: readonly LogEntry[]): string =>
        JSON.stringify(log.slice(Math.max(0, i - 1), i + 3));
      this.#problems.push(
        `hook ${i}: expected ${this.#bindings.fill(around(expected))}, got ${around(actual)}`,
      );
      return;
    }
  }

  /** Whether input is there behind a command depends on how the bytes are cut. */
  #mask(entry: LogEntry): LogEntry {
    if (this.#cut === 'as recorded' || !this.#transcript.policy.includes('is_pipelining')) return entry;
    return entry.map((value: Logged) =>
      typeof value === 'boolean' ? '(flag)' : value,
    ) as unknown as LogEntry;
  }

  #compareHops(hops: readonly Hop[]): void {
    const expected = this.#transcript.sink_log;
    if (expected === undefined) return;
    const plain = (events: readonly SinkEvent[]): string =>
      JSON.stringify(
        events.flatMap((event) => {
          if (event.recv !== undefined) {
            // The session's transcript is about what is sent, not about parameters that the original did not know.
            return [this.#bindings.fill(event.recv).replace(/^(MAIL FROM:<[^>]*>).*$/s, '$1')];
          }
          return event.recv_data === undefined ? [] : [octets(event.recv_data)];
        }),
      );
    hops.forEach(({ hop }, i) => {
      const want = (expected[i] ?? []).map(plain);
      const have = (hop?.connections ?? []).map((connection) =>
        plain(
          (connection.events as readonly SinkEvent[]).map((event) =>
            typeof event.recv_data === 'string'
              ? { recv_data: { base64: Buffer.from(event.recv_data, 'latin1').toString('base64') } }
              : event,
          ),
        ),
      );
      if (JSON.stringify(want) !== JSON.stringify(have)) {
        this.#problems.push(`next hop ${i + 1}: expected ${want.join(' ; ')}, got ${have.join(' ; ')}`);
      }
    });
  }

  /** Every error line of the original has one of ours about the same hook. */
  #compareLog(): void {
    for (const line of this.#transcript.server_log ?? []) {
      const hook = /^ERROR \S+ (hook\.\w+): /.exec(line)?.[1];
      const said =
        hook !== undefined &&
        this.#shared.log.lines.some((one) => one.level === 'err' && one.message.startsWith(`${hook}: `));
      if (hook !== undefined && !said) this.#problems.push(`no log line about ${hook}`);
    }
  }
}

function quiet(ms: number = QUIET_MS): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
