// A server that speaks the protocol of Redis and does what a test says: it reads commands, answers what makes a connection by itself, and
// leaves the rest to the test, octet by octet.
import {
  type ScriptedServer,
  type ServerConnection,
  startScripted,
} from '../../src/bench/ports/scripted-server.ts';

/** The words of a command, latin1. */
export type RedisWords = readonly string[];

/** Octets of a reply; undefined: none, now or ever. */
export type RedisAnswer = (
  words: RedisWords,
  connection: ServerConnection,
) => string | Buffer | undefined | Promise<string | Buffer | undefined>;

export interface FakeRedis {
  readonly server: ScriptedServer;
  readonly port: number;
  /** Commands so far, without those that make a connection. */
  readonly commands: RedisWords[];
  /** May be replaced at any time. */
  answer: RedisAnswer;
  /** For PING, ROLE, AUTH, SELECT and SENTINEL; undefined: as a master does that asks for no password. */
  greet: RedisAnswer | undefined;
  /** Resolves when so many commands have come. */
  received(count: number): Promise<void>;
  close(): Promise<void>;
}

export const bulk = (text: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`$${Buffer.byteLength(text as string)}\r\n`),
    Buffer.from(text as string, 'latin1'),
    Buffer.from('\r\n'),
  ]);
export const NIL = '$-1\r\n';
export const OK = '+OK\r\n';
/** An entry of a store. */
export const entry = (value: string): Buffer => bulk(`\x01${value}`);

const greeting: ReadonlyMap<string, string> = new Map([
  ['PING', '+PONG\r\n'],
  ['ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n'],
  ['AUTH', OK],
  ['SELECT', OK],
  ['SENTINEL', '*-1\r\n'],
]);

/** The number of a line such as `*3` at `at`, and where the next begins; undefined while it is not complete. */
function readCount(octets: Buffer, at: number): { count: number; next: number } | undefined {
  const end = octets.indexOf('\r\n', at);
  return end === -1 ? undefined : { count: Number(octets.toString('latin1', at + 1, end)), next: end + 2 };
}

/** One command at `from`, and where the next begins; undefined while it is not complete. */
function readCommand(octets: Buffer, from: number): { words: string[]; end: number } | undefined {
  const head = readCount(octets, from);
  if (head === undefined) return undefined;
  let at = head.next;
  const words: string[] = [];
  for (let i = 0; i < head.count; i++) {
    const size = readCount(octets, at);
    if (size === undefined) return undefined;
    const end = size.next + size.count;
    if (octets.length < end + 2) return undefined;
    words.push(octets.toString('latin1', size.next, end));
    at = end + 2;
  }
  return { words, end: at };
}

export async function startFakeRedis(answer: RedisAnswer, port = 0): Promise<FakeRedis> {
  const commands: RedisWords[] = [];
  let waiting: (() => void)[] = [];
  const server = await startScripted(
    async (connection) => {
      let at = 0;
      for (;;) {
        let command: ReturnType<typeof readCommand>;
        await connection.until((received) => {
          command = readCommand(received, at);
          return command !== undefined;
        });
        if (command === undefined) return;
        at = command.end;
        const { words } = command;
        const standard = greeting.get(words[0] ?? '');
        if (standard === undefined) {
          commands.push(words);
          const wake = waiting;
          waiting = [];
          for (const one of wake) one();
        }
        const reply =
          standard === undefined
            ? await fake.answer(words, connection)
            : fake.greet === undefined
              ? standard
              : await fake.greet(words, connection);
        if (reply !== undefined && !connection.socket.destroyed) await connection.send(reply);
      }
    },
    '127.0.0.1',
    port,
  );
  const fake: FakeRedis = {
    ...{ server, port: server.port, commands, answer },
    greet: undefined,
    received: async (count) => {
      while (commands.length < count)
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
    },
    close: () => server.close(),
  };
  return fake;
}
