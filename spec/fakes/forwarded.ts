// What hook.forward finds in the file of a message, when hook.dot of a policy in the running server is what a spec says.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { specTime } from './mail-auth.ts';
import { onTheWire } from './smtp-client.ts';
import { WholeServer } from './whole-server.ts';

export interface Forwarded {
  /** To the dot, without `250 2.0.0`. */
  readonly reply: string;
  /** Latin1; '' when hook.forward was not called. */
  readonly file: string;
  /** Warnings and errors in the log. */
  readonly said: readonly string[];
}

interface Setup {
  readonly options?: Readonly<Record<string, string>>;
  /** By name, in the directory that the policy has as `keys`. */
  readonly files?: Readonly<Record<string, string>>;
}

/** `message` in latin1; the clock stands at specTime. */
export async function forwardedBy(
  dot: string,
  message: string,
  { options = {}, files = {} }: Setup = {},
): Promise<Forwarded> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-forwarded-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const whole = await WholeServer.start({
    policy: `local keys = '${directory}/'
      function hook.dot(path) ${dot} end
      function hook.forward(path)
        local from, to = assert(io.open(path, 'rb')), assert(io.open(keys .. 'out', 'wb'))
        to:write(from:read('a'))
        to:close()
        return '250 2.0.0 ok'
      end`,
    options: { ...options },
    clock: { ...systemClock, now: () => specTime * 1000 },
  });
  try {
    const client = await whole.greeted();
    for (const line of [
      'EHLO client.example',
      'MAIL FROM:<a@example.com>',
      'RCPT TO:<b@example.net>',
      'DATA',
    ])
      await client.command(line);
    client.write(onTheWire(Buffer.from(message, 'latin1')));
    const reply = (await client.reply()).replace(/^250 2\.0\.0 |\r\n$/g, '');
    client.destroy();
    await whole.quiet();
    const left = (await whole.settled()).files;
    if (left.length > 0) throw new Error(`files were left: ${left.join(' ')}`);
    const file = await readFile(join(directory, 'out'), 'latin1').catch(() => '');
    return { reply, file, said: whole.said(/^(?:warn|err)/) };
  } finally {
    await whole.stop();
    await rm(directory, { recursive: true });
  }
}
