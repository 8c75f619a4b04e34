// Starts the name server of cases e, f and g.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Running, start } from './process.ts';
import type { Texts } from './signed-message.ts';

export async function startNameServer(
  cpus: string,
  texts: Texts = {},
): Promise<{ readonly running: Running; readonly port: number }> {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'name-server.mjs');
  const running = await start(cpus, ['node', script, JSON.stringify(texts)], /listening/);
  return { running, port: Number(/:(\d+)/.exec(running.line)?.[1]) };
}
