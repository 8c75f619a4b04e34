// Verb `talk` (+test, `smtpe test` without cases): one session over stdin and stdout, from a terminal or a pipe. A line that is no SMTP command runs as
// Lua in the session's environment. Ends at QUIT, at `exit` or at the end of the input; exit code 1 after a Lua error.
import { createApp } from '../app.ts';
import type { Log } from '../base/log.ts';
import { LocalCounters } from '../net/connection-counters.ts';
import { openEventLog } from '../observe/event-log.ts';
import { openLog } from '../ops/open-log.ts';
import type { Options } from '../options/options.ts';
import { CurrentPolicy } from '../policy/current-policy.ts';
import { docText } from './doc.ts';
import { exitCode } from './exit-code.ts';
import { logSurroundings } from './log-environment.ts';
import { complain } from './problems.ts';
import { findScript, spoolProblem } from './start-checks.ts';
import { tryAsUser } from './start-rights.ts';
import { TalkTerminal } from './terminal.ts';
import { trialHost } from './trial-host.ts';

/** As the original pretended: the client is this machine. */
const PEER = {
  address: '127.0.0.1',
  port: 0,
  localAddress: undefined,
  localPort: undefined,
  socketAddress: '127.0.0.1',
};

const WELCOME = 'SMTP commands go to the policy, other lines are Lua; help says more, exit ends';

const HELP = `EHLO, MAIL, RCPT, DATA ... are SMTP, as a client says it; HELP (in capitals) asks the policy.
Every other line is Lua in the environment of this session: client.address, x = 1, header.all().
An expression shows its value; a chunk that is not complete goes on at >>.
XCLIENT ADDR=192.0.2.7 NAME=mx.example   be another client (a fresh session begins)
help NAME   what a function, module, hook or option is, as smtpe doc NAME; exit, QUIT, Ctrl-D   end
Mail goes to smtp-smart-host; where nobody answers it is said where it would go.
`;

/** Whether a Lua error, a limit or a result that is no answer was reported. */
function watchFaults(log: Log): () => boolean {
  let failed = false;
  for (const name of ['hook-error', 'hook-limit', 'result-fault'] as const) {
    log.bus.on(name, () => {
      failed = true;
    });
  }
  return () => failed;
}

export async function talk(options: Options): Promise<number> {
  options.set('daemon', '-', 'talk');
  // There is no TLS over a terminal, and nobody who listens.
  options.set('smtp-tls-auth-only', '-', 'talk');
  // What is tried out is not for the log of a server: its lines are seen here.
  for (const name of ['log-file', 'syslog-address'] as const) {
    if (options.origin(name) !== 'command line') options.set(name, '', 'talk');
  }
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
  const failed = watchFaults(log);
  let isCut = false;
  const app = await createApp({
    ...{ options, log },
    onBroken: () => undefined,
  });
  const scripts = await app.authScripts.prepare(options);
  if (scripts.kind === 'prepared') scripts.take();
  const push = scripts.kind === 'failed' ? scripts : await app.pushScripts.prepare(options);
  if (push.kind === 'prepared' && 'take' in push) push.take();
  const load = push.kind === 'failed' ? push : await app.loadScripts.prepare(options);
  if (load.kind === 'prepared' && 'take' in load) load.take();
  const started = load.kind === 'failed' ? load : await CurrentPolicy.start(app.place(script));
  if (started.kind === 'failed') await complain([started.message]);
  else {
    const { stdin, stdout } = process;
    const isTyped = stdin.isTTY && stdout.isTTY;
    const terminal = new TalkTerminal({
      input: stdin,
      output: stdout,
      isTyped,
      help: (topic) => (topic === '' ? HELP : docText(topic, options, app.modules)),
    });
    const smartHost = trialHost(app.smartHost, (text) => terminal.say(text));
    const server = app.server(started.current, new LocalCounters(), { smartHost });
    // Ctrl-C ends the session as the server would, so that its message file does not stay behind.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close(0));
    if (isTyped) terminal.say(WELCOME);
    await server.serve(terminal.stream, PEER, terminal);
    if (terminal.isInContent && terminal.hasEnded) {
      isCut = true;
      terminal.say('the input ended before the dot: the message is given up');
    }
    // A terminal that is still open must not keep the process.
    stdin.destroy();
    // What push scripts are to be told of its mail is still under way.
    await app.pushScripts.drain(options.values['shutdown-timeout'] * 1000);
  }
  app.close();
  await opened.log.close();
  if (started.kind === 'failed') return exitCode.software;
  return failed() || isCut ? exitCode.missing : exitCode.ok;
}
