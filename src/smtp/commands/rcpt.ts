// RCPT, RFC 5321 section 4.1.1.3. hook.rcpt, hook.forward and the next hop get the recipient as the client wrote it, in upper and lower case.
import { type CommandSpec, command, go, refuse } from '../command.ts';
import { recipientOk } from '../default-reply.ts';
import { pathArgument } from '../path-argument.ts';
import type { Path } from '../protocol/path.ts';
import { transactionOf } from '../state-machine.ts';

export const rcptCommand = command({
  verb: 'RCPT',
  phases: ['mail', 'rcpt'],
  parse: (line, context) => {
    const parsed = pathArgument(line, 'RCPT', false, context.values);
    if (parsed.kind === 'refuse') return parsed;
    const { path } = parsed.value;
    if (path.address === '') return refuse('nullRecipient');
    const taken = transactionOf(context.state)?.recipients.length ?? 0;
    return taken >= context.values['limit-recipients'] ? refuse('recipients') : go(path);
  },
  hook: 'rcpt',
  args: (path) => [path.address, path.domain],
  reply: (path) => recipientOk(path.normal),
  effect: (path, success, context) => {
    if (success) transactionOf(context.state)?.recipients.push(path.address);
    return { kind: 'rcpt' };
  },
} satisfies CommandSpec<Path>);
