// What stands behind the session table of a script (field 0, an opaque handle): a client and the lock of its service, for one call.
import type { CallContext } from '../../lua-api/call-context.ts';
import { type ClassSpec, luaMethod } from '../../lua-api/class-spec.ts';
import { LuaError, type LuaResults, type Suspension } from '../../lua-api/function-spec.ts';
import { bytes, integer } from '../../lua-api/params.ts';
import type { Dialogue } from '../../net/dialogue.ts';
import { optionsOf } from '../../options/options.ts';
import type { Mutex } from './mutex.ts';

const KIB = 1024;

/** A session as a call has it. When the call is over it is as if the client had gone. */
export class ScriptSession {
  #dialogue: Dialogue | undefined;
  readonly #mutex: Mutex;

  constructor(dialogue: Dialogue, mutex: Mutex) {
    this.#dialogue = dialogue;
    this.#mutex = mutex;
  }

  get dialogue(): Dialogue | undefined {
    return this.#dialogue;
  }

  lock(): Promise<void> | undefined {
    return this.#dialogue === undefined ? undefined : this.#mutex.lock(this);
  }

  unlock(): void {
    this.#mutex.unlock(this);
  }

  /** The call is over. */
  end(): void {
    this.#dialogue = undefined;
    this.unlock();
  }
}

const waiting = (what: string, done: Promise<LuaResults>, cancel = (): void => undefined): Suspension => ({
  kind: 'suspension',
  describe: () => what,
  done,
  cancel,
});

const receiveMs = (context: CallContext): number =>
  optionsOf(context).values['rumble-receive-timeout'] * 1000;

const method = luaMethod<ScriptSession>();

export const sessionClass: ClassSpec = {
  name: 'rumble session',
  text: 'A client.',
  methods: [
    method({
      name: 'send',
      params: [bytes('octets', 'What is sent.')],
      suspends: true,
      text: 'Sends octets.',
      call: (_context, session, octets) => {
        const { dialogue } = session;
        if (dialogue === undefined || octets === '') return [];
        const sent = dialogue.send(Buffer.from(octets, 'latin1'));
        return waiting(
          `session:send to ${dialogue.address}`,
          sent.then(() => []),
        );
      },
    }),
    method({
      name: 'receive',
      params: [],
      suspends: true,
      text: 'A line, its length, and why there is none.',
      call: (context, session): LuaResults | Suspension => {
        const { dialogue } = session;
        if (dialogue === undefined) return ['', 0, 'closed'];
        const most = optionsOf(context).values['limit-line-length'];
        const received = dialogue.line(most, receiveMs(context));
        return waiting(
          `session:receive from ${dialogue.address}`,
          received.then((came) =>
            came.kind === 'line' ? [came.text, came.text.length, undefined] : ['', 0, came.kind],
          ),
        );
      },
    }),
    method({
      name: 'receivebytes',
      params: [integer('count', 'How many octets.')],
      suspends: true,
      text: 'Octets and their number.',
      call: (context, session, count): LuaResults | Suspension => {
        const most = optionsOf(context).values['rumble-receive-max'] * KIB;
        if (count > most)
          throw new LuaError(`${count} octets asked for; at most ${most} (option rumble-receive-max)`);
        if (count <= 0) return ['', 0];
        const { dialogue } = session;
        if (dialogue === undefined) return ['', -1];
        const received = dialogue.octets(count, receiveMs(context));
        return waiting(
          `session:receivebytes from ${dialogue.address}`,
          received.then((data) => (data.length === 0 ? ['', -1] : [data, data.length])),
        );
      },
    }),
    method({
      name: 'lock',
      params: [],
      suspends: true,
      text: 'Waits until nobody else has the lock of the service, and has it.',
      call: (_context, session): LuaResults | Suspension => {
        const locked = session.lock();
        if (locked === undefined) return [];
        return waiting(
          'session:lock',
          locked.then(() => []),
          () => session.unlock(),
        );
      },
    }),
    method({
      name: 'unlock',
      params: [],
      text: 'Gives the lock back.',
      call: (_context, session) => {
        session.unlock();
        return [];
      },
    }),
  ],
};
