// STARTTLS, RFC 3207. A positive reply is followed by the handshake, and the session begins anew behind it, without a banner. Served before MAIL
// only; nothing may stand behind it before its reply (the conversation sees to that).
import type { TlsContexts } from '../../../net/tls-context.ts';
import { type CommandSpec, command, go, NO_ARGS, refuse } from '../command.ts';
import { START_TLS } from '../default-reply.ts';

export const starttlsCommand = command({
  verb: 'STARTTLS',
  phases: ['greeted', 'hello'],
  offered: (context) => context.canSecure || context.secure,
  parse: (line, context) => {
    if (line.argument !== '') return refuse('noArguments', { word: line.argument });
    if (context.secure) return refuse('outOfSequence', { input: line.input });
    return context.contexts === undefined ? refuse('tlsUnavailable') : go(context.contexts);
  },
  hook: 'starttls',
  args: () => NO_ARGS,
  apply: (contexts) => ({ kind: 'secure', contexts }),
  reply: () => START_TLS,
} satisfies CommandSpec<TlsContexts>);
