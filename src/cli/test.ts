// Verb `test` (+test): one session over stdin and stdout, from a terminal or a pipe. A line that is no SMTP command runs as Lua in the
// session's environment. Ends at QUIT or at the end of the input.
import { Duplex } from 'node:stream';
import { createApp } from '../app.ts';
import { LocalCounters } from '../net/connection-counters.ts';
import { openEventLog } from '../observe/event-log.ts';
import { openLog } from '../ops/open-log.ts';
import type { Options } from '../options/options.ts';
import { CurrentPolicy } from '../policy/current-policy.ts';
import { exitCode } from './exit-code.ts';
import { logSurroundings } from './log-environment.ts';
import { complain } from './problems.ts';
import { findScript, spoolProblem } from './start-checks.ts';
import { tryAsUser } from './start-rights.ts';

/** As the original pretended: the client is this machine. */
const PEER = {
  address: '127.0.0.1',
  port: 0,
  localAddress: undefined,
  localPort: undefined,
  socketAddress: '127.0.0.1',
};

export async function test(options: Options): Promise<number> {
  options.set('daemon', '-', 'test');
  // There is no TLS over a terminal, and nobody who listens.
  options.set('smtp-tls-auth-only', '-', 'test');
  const rights = await tryAsUser(options);
  if (rights !== undefined) {
    await complain([rights]);
    return exitCode.usage;
  }
  const script = await findScript(options);
  if (script.kind === 'missing') {
    await complain([script.problem]);
    return exitCode.software;
  }
  const spool = await spoolProblem(options);
  if (spool !== undefined) {
    await complain([spool]);
    return exitCode.system;
  }
  const opened = await openLog(
    options,
    logSurroundings(() => undefined),
  );
  if (opened.kind === 'failed') {
    await complain([opened.problem]);
    return exitCode.system;
  }
  const log = openEventLog(opened.log);
  const app = await createApp({
    ...{ options, log },
    onBroken: () => undefined,
  });
  const scripts = await app.authScripts.prepare(options);
  if (scripts.kind === 'prepared') scripts.take();
  const push = scripts.kind === 'failed' ? scripts : await app.pushScripts.prepare(options);
  if (push.kind === 'prepared' && 'take' in push) push.take();
  const started = push.kind === 'failed' ? push : await CurrentPolicy.start(app.place(script.path));
  if (started.kind === 'failed') await complain([started.message]);
  else {
    const server = app.server(started.current, new LocalCounters());
    const terminal = Duplex.from({ readable: process.stdin, writable: process.stdout });
    // Ctrl-C ends the session as the server would, so that its message file does not stay behind.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close(0));
    await server.serve(terminal, PEER, true);
    // A terminal that is still open must not keep the process.
    process.stdin.destroy();
    // What push scripts are to be told of its mail is still under way.
    await app.pushScripts.drain(options.values['shutdown-timeout'] * 1000);
  }
  app.close();
  await opened.log.close();
  return started.kind === 'failed' ? exitCode.software : exitCode.ok;
}
