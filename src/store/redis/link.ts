// One connection to Redis over a socket that is connected already: commands out, replies back in their order, by ioredis. It lives once:
// when the socket is closed, or what comes is not the protocol, it is lost, and whoever needs another makes one.
//
// Must never connect, log in or select anything by itself, keep a command for later, or send one again.
import type { Socket } from 'node:net';
import { Redis } from 'ioredis';
import { textOf } from '../../base/errors.ts';

export type RedisValue = Buffer | number | null | readonly RedisValue[];

export type Reply =
  | { readonly kind: 'value'; readonly value: RedisValue }
  /** The words of the server. */
  | { readonly kind: 'error'; readonly text: string }
  /** There will be no reply: the command may have been carried out. */
  | { readonly kind: 'lost' };

export type Command = readonly [name: string, ...args: readonly (string | Buffer)[]];

const LOST: Reply = { kind: 'lost' };

const isValue = (value: unknown): value is RedisValue =>
  value === null ||
  typeof value === 'number' ||
  Buffer.isBuffer(value) ||
  (Array.isArray(value) && value.every(isValue));

/** A socket that is there, in the form in which ioredis asks for one. */
function connectorOf(socket: Socket) {
  return class {
    connect(): Promise<Socket> {
      return Promise.resolve(socket);
    }
    disconnect(): void {
      socket.destroy();
    }
    check(): boolean {
      return true;
    }
  };
}

export class Link {
  readonly #socket: Socket;
  readonly #client: Redis;
  #isLost = false;
  #answered = 0;
  #waiting = 0;
  /** Called once, when it is lost and nobody dropped it; the commands under way have their `lost` by then. */
  onLost: ((cause: string) => void) | undefined;
  #cause = 'the server has closed the connection';

  private constructor(socket: Socket, client: Redis) {
    this.#socket = socket;
    this.#client = client;
    client.on('error', (error: Error) => {
      this.#cause = textOf(error);
      this.#client.disconnect();
    });
    client.on('end', () => this.#end());
  }

  /** Resolves when commands can be sent. Rejects when the socket was closed meanwhile. */
  static async over(socket: Socket): Promise<Link> {
    const client = new Redis({
      // Its type asks for more than is used of it.
      Connector: connectorOf(socket) as never,
      protocol: 2,
      lazyConnect: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      disableClientInfo: true,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      retryStrategy: null,
    });
    const link = new Link(socket, client);
    await client.connect();
    return link;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Replies that have come. */
  get answered(): number {
    return this.#answered;
  }

  /** Commands without a reply. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Octets that the server has not taken. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** `done` is called once, in a later turn. Values are octets. */
  send([name, ...args]: Command, done: (reply: Reply) => void): void {
    this.#waiting++;
    this.#client.callBuffer(name, ...args).then(
      (value: unknown) => {
        this.#answered++;
        this.#waiting--;
        if (isValue(value)) done({ kind: 'value', value });
        else done({ kind: 'error', text: 'ERR a reply of a type that nobody asked for' });
      },
      (error: unknown) => {
        this.#waiting--;
        // Only what the server said is an error reply; the rest is about the connection.
        if (!(error instanceof Error) || error.name !== 'ReplyError') return done(LOST);
        this.#answered++;
        done({ kind: 'error', text: error.message });
      },
    );
  }

  /** Gives it up; commands under way are `lost`. */
  drop(): void {
    this.onLost = undefined;
    this.#isLost = true;
    this.#client.disconnect();
    this.#socket.destroy();
  }

  #end(): void {
    this.#isLost = true;
    const tell = this.onLost;
    this.onLost = undefined;
    tell?.(this.#cause);
  }
}
