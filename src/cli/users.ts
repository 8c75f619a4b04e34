// Verb `users`: the names that the authentication scripts list (auth_userdb_iterate), each once, a line each. Beside a running server, with engine
// and scripts of its own; web servers and databases are asked as the server does.
import { createApp } from '../app.ts';
import { silentWriter } from '../base/log.ts';
import { openEventLog } from '../observe/event-log.ts';
import type { Options } from '../options/options.ts';
import { exitCode } from './exit-code.ts';
import { complain, print } from './problems.ts';
import { tryAsUser } from './start-rights.ts';
import { shownKey } from './store-text.ts';

/** A name may hold anything: UTF-8 is shown as it is, control characters and other octets as `\xHH`. */
function shown(name: string): string {
  const octets = Buffer.from(name, 'latin1');
  const text = octets.toString('utf8');
  return /[\x00-\x1f\x7f-\x9f\ufffd]/.test(text) ? shownKey(octets) : text;
}

/** Names in one piece of output. */
const AT_ONCE = 1000;

async function fail(problem: string, code: number): Promise<number> {
  await complain([`users: ${problem}`]);
  return code;
}

export async function users(options: Options): Promise<number> {
  const rights = await tryAsUser(options);
  if (rights !== undefined) return fail(rights, exitCode.usage);
  const log = openEventLog(silentWriter);
  const app = await createApp({ options, log, onBroken: () => undefined });
  try {
    const scripts = await app.authScripts.prepare(options);
    if (scripts.kind === 'failed') return await fail(scripts.message, exitCode.software);
    if (scripts.found.length === 0)
      return await fail('there is no auth-script; name one: smtpe users auth-script=FILE', exitCode.usage);
    scripts.take();
    const list = await app.authScripts.users(new AbortController().signal);
    if ('problem' in list) return await fail(list.problem, exitCode.software);
    const names = [...list].sort();
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const lines = names.slice(at, at + AT_ONCE).map((name) => `${shown(name)}\n`);
      await print(lines.join(''));
    }
    return exitCode.ok;
  } finally {
    app.close();
  }
}
