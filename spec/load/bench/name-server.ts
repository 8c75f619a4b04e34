// Starts the name server of case e.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Running, start } from './process.ts';

export async function startNameServer(
  cpus: string,
): Promise<{ readonly running: Running; readonly port: number }> {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'name-server.mjs');
  const running = await start(cpus, ['node', script], /listening/);
  return { running, port: Number(/:(\d+)/.exec(running.line)?.[1]) };
}
