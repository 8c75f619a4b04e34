// A UNIX socket that a process has left: one that listened there and was killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Resolves when nobody listens at the path any more, and the socket is still there. */
export async function killHard(path: string): Promise<void> {
  const source = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.stdout.write('there'))`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}
