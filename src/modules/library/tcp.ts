// What lib-lua/compat/socket/core.lua is made of: connections to hosts and sockets, and waiting for several. Times are seconds; below 0 is
// option tcp-timeout. Failures are values.
import type { Clock } from '../../base/clock.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import { type ClassSpec, luaMethod } from '../../lua-api/class-spec.ts';
import {
  type FunctionSpec,
  LuaError,
  type LuaResults,
  luaFunction,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { anything, bytes, integer, number } from '../../lua-api/params.ts';
import { LuaObject, type LuaValue } from '../../lua-api/value.ts';
import { optionsOf } from '../../options/options.ts';
import type { Services } from '../../service/services.ts';
import type { TcpTarget } from '../../service/tcp-client.ts';
import { type TcpLimits, TcpStream, type Wanted } from '../../service/tcp-stream.ts';
import { connectionsOf } from './connections.ts';

/** A timer's longest, milliseconds. */
const MOST_MS = 2_147_483_000;

function milliseconds(context: CallContext, seconds: number): number {
  const given = seconds >= 0 ? seconds : optionsOf(context).values['tcp-timeout'];
  return Math.min(Math.ceil(given * 1000), MOST_MS);
}

/** `pause`: for each wait, `whole`: for the call; below 0 it has no such limit of its own. */
function limitsOf(context: CallContext, pause: number, whole: number): TcpLimits {
  return {
    pauseMs: milliseconds(context, pause),
    wholeMs: whole < 0 ? Number.POSITIVE_INFINITY : milliseconds(context, whole),
  };
}

function wantedOf(pattern: LuaValue, already: number): Wanted {
  if (typeof pattern === 'number') return { kind: 'count', count: Math.max(pattern - already, 0) };
  return pattern === 'a' ? { kind: 'all' } : { kind: 'line' };
}

const seconds = [number('pause', 'Seconds for one wait.'), number('whole', 'Seconds for the call.')] as const;
const nameOf = (stream: TcpStream): string =>
  stream.peer.address === '' ? 'a socket' : `${stream.peer.address}:${stream.peer.port}`;

const method = luaMethod<TcpStream>();

export const streamClass: ClassSpec = {
  name: 'tcp stream',
  text: 'A connection.',
  methods: [
    method({
      name: 'receive',
      params: [
        anything('pattern', 'string|integer', '`l`, `a` or a count.'),
        integer('already', 'Octets that the caller has.'),
        ...seconds,
      ],
      suspends: true,
      text: 'What came; why it is not all.',
      call: (context, stream, pattern, already, pause, whole): LuaResults | Suspension => {
        const most = optionsOf(context).values['tcp-max-size'];
        const wanted = wantedOf(pattern, already);
        if (wanted.kind === 'count' && wanted.count > most)
          throw new LuaError(`${wanted.count} octets asked for; ${most} are allowed (option tcp-max-size)`);
        const received = stream.receive(wanted, most, limitsOf(context, pause, whole));
        if (!(received instanceof Promise)) return [received.octets, received.error];
        return {
          kind: 'suspension',
          describe: () => `receive from ${nameOf(stream)}`,
          done: received.then(({ octets, error }) => [octets, error]),
          cancel: () => stream.close(),
        };
      },
    }),
    method({
      name: 'send',
      params: [bytes('octets', 'What is sent.'), ...seconds],
      suspends: true,
      text: 'How many octets were taken; why not all.',
      call: (context, stream, octets, pause, whole): Suspension => ({
        kind: 'suspension',
        describe: () => `send to ${nameOf(stream)} (${octets.length} octets)`,
        done: stream
          .send(Buffer.from(octets, 'latin1'), limitsOf(context, pause, whole))
          .then(({ count, error }) => [count, error]),
        cancel: () => stream.close(),
      }),
    }),
    method({
      name: 'finish',
      params: [],
      text: 'Nothing more is sent.',
      call: (_context, stream) => {
        stream.endSending();
        return [];
      },
    }),
    method({
      name: 'close',
      params: [],
      text: 'Gives it up.',
      call: (_context, stream) => {
        stream.close();
        return [];
      },
    }),
    method({
      name: 'names',
      params: [],
      text: 'Our address and port, those of the other side.',
      call: (_context, { local, peer }) => [local.address, local.port, peer.address, peer.port],
    }),
    method({
      name: 'counts',
      params: [],
      text: 'Octets received and sent, seconds.',
      call: (_context, { counts }) => [counts.received, counts.sent, counts.age],
    }),
    method({
      name: 'is_readable',
      params: [],
      text: 'Whether receive gives something at once, or the end.',
      call: (_context, stream) => [stream.readable],
    }),
    method({
      name: 'option',
      params: [bytes('name', '`keepalive` or `nodelay`.'), anything('on', 'boolean', 'Whether.')],
      text: 'Sets an option of the connection.',
      call: (_context, stream, name, on) => {
        if (name === 'keepalive') stream.socket.setKeepAlive(on === true);
        else stream.socket.setNoDelay(on === true);
        return [];
      },
    }),
  ],
  collected: (value) => {
    if (value instanceof TcpStream) value.close();
  },
};

/** Connects, and gives the stream; or nil and why not. */
function connect(
  services: Services,
  context: CallContext,
  target: TcpTarget,
  seconds: number,
): LuaResults | Suspension {
  const connections = connectionsOf(context);
  const most = optionsOf(context).values['tcp-max-connections'];
  if (connections.count >= most)
    return [undefined, `more than ${most} connections at once (option tcp-max-connections)`];
  const stop = new AbortController();
  connections.begin();
  const run = async (): Promise<LuaResults> => {
    const timeoutMs = Math.max(milliseconds(context, seconds), 1);
    const outcome = await services.tcp.connect({ target, timeoutMs, signal: stop.signal });
    const stream = outcome.kind === 'connected' ? outcome.stream : undefined;
    connections.end(stream);
    if (outcome.kind === 'failed') return [undefined, outcome.error];
    if (stop.signal.aborted) outcome.stream.close();
    return [new LuaObject(streamClass, outcome.stream)];
  };
  const name = 'path' in target ? target.path : `${target.host}:${target.port}`;
  return {
    kind: 'suspension',
    describe: () => `connect to ${name}`,
    done: run(),
    cancel: () => stop.abort(),
  };
}

function streamsOf(value: LuaValue): readonly TcpStream[] {
  const streams = value instanceof Map ? [...value.values()] : [];
  return streams.flatMap((item) =>
    item instanceof LuaObject && item.value instanceof TcpStream ? [item.value] : [],
  );
}

export const tcpFunctions = (clock: Clock, services: Services): readonly FunctionSpec[] => [
  luaFunction({
    name: 'connect',
    params: [
      bytes('host', 'A name or an address.'),
      integer('port', '1 to 65535.'),
      number('whole', 'Seconds.'),
    ],
    suspends: true,
    text: 'A connection over TCP.',
    call: (context, host, port, whole) => connect(services, context, { host, port }, whole),
  }),
  luaFunction({
    name: 'connect_path',
    params: [bytes('path', 'A unix socket.'), number('whole', 'Seconds.')],
    suspends: true,
    text: 'A connection to a unix socket.',
    call: (context, path, whole) => {
      // A path is octets.
      const name = Buffer.from(path, 'latin1').toString('utf8');
      // The system would take what stands in front of it for the path.
      if (name.includes('\0')) return [undefined, 'No such file or directory'];
      return connect(services, context, { path: name }, whole);
    },
  }),
  luaFunction({
    name: 'wait_readable',
    params: [anything('streams', 'table', 'Connections.'), number('whole', 'Seconds.')],
    suspends: true,
    text: 'Waits until one of the connections can be read, or the time is over.',
    call: (context, given, whole): LuaResults | Suspension => {
      const streams = streamsOf(given);
      if (whole === 0 || streams.some((stream) => stream.readable)) return [];
      let wake = (): void => undefined;
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      for (const stream of streams) stream.whenReadable(wake);
      const timer = clock.after(milliseconds(context, whole), wake);
      const over = (): LuaResults => {
        timer.cancel();
        for (const stream of streams) stream.whenReadable(undefined);
        return [];
      };
      return {
        kind: 'suspension',
        describe: () => `select on ${streams.length} connections`,
        done: woken.then(over),
        cancel: wake,
      };
    },
  }),
];
