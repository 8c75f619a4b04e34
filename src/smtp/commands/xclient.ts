// XCLIENT, as Postfix defines it (XCLIENT_README): a trusted client says whom it speaks for. On success the session starts over with
// hook.accept and a new banner. Only for clients of smtp-xclient-hosts, judged by the address of the socket.
import { ANY_PHASE, type CommandSpec, command, go, refuse } from '../command.ts';
import { banner } from '../default-reply.ts';
import { words } from '../protocol/blanks.ts';
import { applyAttributes, parseAttributes } from '../xclient-attributes.ts';

export const xclientCommand = command({
  verb: 'XCLIENT',
  phases: ANY_PHASE,
  offered: (context) => context.trusted && context.values['smtp-xclient'],
  parse: (line) => go(line.argument),
  hook: 'xclient',
  args: () => [],
  apply: (argument, context) => {
    const parsed = parseAttributes(words(argument));
    if (parsed.kind === 'invalid') return refuse('invalidArgument', { word: parsed.word });
    const fields = applyAttributes(parsed.attributes, context.client);
    if (fields !== undefined) context.setClient(fields);
    context.authenticated = false;
    return { kind: 'greet' };
  },
  reply: (_, context) => banner(context.hostName, context.idSess),
} satisfies CommandSpec<string>);
