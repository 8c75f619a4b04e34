// One case that is open: a world of its own, the policy loaded into a server of its own, the sessions of its clients. For cases of a test, and for whatever
// else is played without a network: a message that is traced, a session that was recorded.
//
// It must leave nothing behind: no session, no wait, no file, no compiled policy.
import type { App } from '../app.ts';
import type { SessionListener } from '../smtp/server/session-core.ts';
import { settled } from './at-rest.ts';
import { type CasePolicy, CaseServer } from './case-server.ts';
import { Dialogue, type Serve } from './dialogue.ts';
import type { Stage } from './stage.ts';
import type { World } from './world.ts';

/** Time for hook.close of sessions that are cut off, by the clock of the case. */
const END_STEP = 10_000;
const END_STEPS = 10;
/** Timers that one move of the clock may set off. */
const MOST_TIMERS = 100_000;

export class OpenCase {
  readonly world: World;
  readonly #stage: Stage;
  readonly #app: App;
  readonly #server: CaseServer;
  readonly #sessions: Dialogue[] = [];
  readonly #serve: Serve;

  private constructor(stage: Stage, world: World, app: App, server: CaseServer, serve: Serve) {
    this.#stage = stage;
    this.world = world;
    this.#app = app;
    this.#server = server;
    this.#serve = serve;
  }

  /** `failed` is told why the policy cannot be loaded, when the first client connects. `listener`: whose connections they are. */
  static async open(
    stage: Stage,
    world: World,
    policy: CasePolicy,
    failed: (message: string) => void,
    listener?: Pick<SessionListener, 'name' | 'flags'>,
  ): Promise<OpenCase> {
    const app = await stage.enter(world);
    const server = new CaseServer(app, policy);
    const serve: Serve = async (stream, peer) => {
      const failure = await server.serve(stream, peer, listener);
      if (failure !== undefined) failed(failure);
    };
    return new OpenCase(stage, world, app, server, serve);
  }

  newSession(): Dialogue {
    const session = new Dialogue(this.world, this.#serve);
    this.#sessions.push(session);
    return session;
  }

  /** Moves time on; what is due happens in order, and what follows from it before the next. Milliseconds. */
  async forward(ms: number): Promise<void> {
    const { clock } = this.world;
    const until = clock.monotonic() + ms;
    for (let n = 0; n < MOST_TIMERS; n++) {
      const next = clock.nextIn;
      if (next === undefined || clock.monotonic() + next > until) break;
      clock.advance(next);
      await settled();
    }
    clock.advance(until - clock.monotonic());
    await settled();
  }

  /** What the policy waits for, in words; undefined: for nothing. */
  waitsFor(): string | undefined {
    const waits = this.#stage.engine.waits.filter(({ id }) => id !== 'test');
    return waits.length === 0
      ? undefined
      : waits.map(({ label, what }) => `${label} waits for ${what}`).join('; ');
  }

  /** The clients go, and the sessions end: whose hook.close waits is given time. What does not end, in words. */
  async end(): Promise<string | undefined> {
    for (const session of this.#sessions) session.hangUp();
    await settled();
    let isOver = false;
    void this.#server.close().then(() => {
      isOver = true;
    });
    await settled();
    for (let n = 0; !isOver && n < END_STEPS; n++) await this.forward(END_STEP);
    return isOver ? undefined : (this.waitsFor() ?? 'something');
  }

  close(): void {
    this.#app.close();
    this.world.close();
  }
}
