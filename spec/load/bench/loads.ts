// What is sent, and by whom: postfix's smtp-source where it can, our own client for TLS.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './process.ts';

export interface Load {
  /** Bytes of the message body. */
  readonly size: number;
  /** True: one connection carries many messages. */
  readonly kept: boolean;
  readonly sessions: number;
  /** A file with the message; `size` is about its length. */
  readonly file?: string;
  /** STARTTLS on each connection, with a new session of TLS or one that is resumed. */
  readonly tls?: 'new' | 'resumed';
  /** Without TLS: who sends, and to whom. */
  readonly sender?: string;
  readonly recipient?: string;
}

const client = join(dirname(fileURLToPath(import.meta.url)), 'client.mjs');

function ours(load: Load, port: number, count: number): readonly string[] {
  return ['node', client, JSON.stringify({ tls: 'no', ...load, port, count })];
}

function source(load: Load, port: number, count: number): readonly string[] {
  const { size, kept, sessions, file, sender = 'a@example.com', recipient = 'b@example.net' } = load;
  return [
    'smtp-source',
    '-4',
    ...(kept ? ['-d'] : []),
    ...['-s', String(Math.min(sessions, count)), '-m', String(count)],
    ...(file === undefined ? ['-l', String(size)] : ['-F', file]),
    ...['-f', sender, '-t', recipient, `127.0.0.1:${port}`],
  ];
}

/** Sends `count` messages; the seconds that it took. Fails unless each was taken. */
export async function send(cpus: string, load: Load, port: number, count: number): Promise<number> {
  if (load.tls === undefined) return (await run(cpus, source(load, port, count))).seconds;
  const { printed } = await run(cpus, ours(load, port, count));
  return (JSON.parse(printed) as { seconds: number }).seconds;
}

/** Milliseconds from the final dot to its reply, on kept connections. */
export async function latency(
  cpus: string,
  load: Load,
  port: number,
): Promise<{ readonly p50: number; readonly p99: number }> {
  const { size, sessions } = load;
  const count = size > 100_000 ? 60 : 400;
  const words = { ...load, kept: true, sessions: Math.min(sessions, 20) };
  return JSON.parse((await run(cpus, ours(words, port, count))).printed) as { p50: number; p99: number };
}
