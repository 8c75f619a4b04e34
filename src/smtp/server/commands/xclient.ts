// XCLIENT, as Postfix defines it (XCLIENT_README): a trusted client says whom it speaks for, outside of a transaction. On success the session
// starts over, with a fresh instance of the policy, hook.accept and a new banner. Only for clients of smtp-xclient-hosts, judged by the
// address of the socket.

import { words } from '../../protocol/blanks.ts';
import { isOffered } from '../../protocol/extension-table.ts';
import { type CommandSpec, command, go, refuse } from '../command.ts';
import { banner } from '../default-reply.ts';
import { type Attributes, applyAttributes, parseAttributes } from '../xclient-attributes.ts';

export const xclientCommand = command({
  verb: 'XCLIENT',
  phases: ['greeted', 'hello'],
  offered: (context) => isOffered('XCLIENT', context),
  parse: (line) => {
    const items = words(line.argument);
    if (items.length === 0) return refuse('missingArgument');
    const parsed = parseAttributes(items);
    return parsed.kind === 'invalid'
      ? refuse('invalidArgument', { word: parsed.word })
      : go(parsed.attributes);
  },
  hook: 'xclient',
  args: () => [],
  apply: (attributes, context) => applyAttributes(attributes, context.client),
  reply: (_, context) => banner(context.hostName, context.idSess),
} satisfies CommandSpec<Attributes>);
