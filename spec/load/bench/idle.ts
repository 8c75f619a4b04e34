// Memory: of connections that say nothing, in clear and under TLS, and of a server that takes many messages.
import { connect, type Socket } from 'node:net';
import { createSecureContext, connect as secure } from 'node:tls';
import { send } from './loads.ts';
import { resident } from './process.ts';
import { type Figures, figure } from './result.ts';
import { LOAD, SERVER, type Settings } from './sampling.ts';
import { floor, type ServerKind, smtpe } from './servers.ts';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1500));
const secureContext = createSecureContext({ minVersion: 'TLSv1.3' });

/** What is said next, when a socket has said something. */
const heard = (socket: Socket, words?: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.once('error', reject);
    if (words !== undefined) socket.write(words);
  });

/** A connection that has read the banner; with TLS one that has said EHLO under it. */
async function open(port: number, tls: boolean): Promise<Socket> {
  const raw = connect(port, '127.0.0.1');
  await heard(raw);
  if (!tls) return raw;
  await heard(raw, 'EHLO client.example\r\n');
  await heard(raw, 'STARTTLS\r\n');
  raw.removeAllListeners();
  const socket = secure({ socket: raw, secureContext, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', () => resolve());
    socket.once('error', reject);
  });
  await heard(socket, 'EHLO client.example\r\n');
  return socket;
}

async function openAll(port: number, tls: boolean, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(50, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => open(port, tls)))));
  }
  return sockets;
}

/** KiB of resident memory for each of `count` connections. */
async function idleCost(kind: ServerKind, tls: boolean, count: number, node: string): Promise<number> {
  const { running, port } = await kind.start({ cpus: SERVER, node, sink: undefined });
  try {
    // One wave first, so that what is allocated once is not counted.
    for (const socket of await openAll(port, tls, 500)) socket.destroy();
    await settle();
    const before = resident(running.pid);
    const sockets = await openAll(port, tls, count);
    await settle();
    const after = resident(running.pid);
    for (const socket of sockets) socket.destroy();
    return ((after - before) * 1024) / count;
  } finally {
    await running.stop();
  }
}

export const IDLE = 10_000;

export async function idleConnections({ node }: Settings, whole: boolean): Promise<Figures> {
  const found: Record<string, Figures[string]> = {};
  for (const tls of [false, true]) {
    const ours = smtpe({ policy: 'six.lua', log: true, tls });
    for (const kind of whole ? [floor(tls), ours] : [ours]) {
      const name = `idle connection, ${kind.name}${tls ? ', TLS' : ''}`;
      found[name] = figure('KiB', [await idleCost(kind, tls, IDLE, node)]);
    }
  }
  return found;
}

/** Resident MiB after each tenth of `total` messages, kept and new connections in turn. */
export async function manyMessages({ node }: Settings, total: number): Promise<Figures> {
  const { running, port } = await smtpe({ policy: 'six.lua', log: true }).start({
    cpus: SERVER,
    node,
    sink: undefined,
  });
  try {
    const trials: number[] = [];
    for (let i = 0; i < 10; i++) {
      await send(LOAD, { size: 1024, kept: i % 2 === 0, sessions: 20 }, port, total / 10);
      trials.push(resident(running.pid));
    }
    return { [`memory over ${total} messages`]: figure('MiB', trials) };
  } finally {
    await running.stop();
  }
}
