// Asks the hooks of scripts (option load-script) before the policy is asked, and does what their verdict says: what is left for who asked is
// whether he goes on.
import { chain, type Maybe } from '../../base/maybe.ts';
import { type Reply, reply } from '../protocol/reply.ts';
import type { ScriptFacts, ScriptHooks, ScriptPlace, ScriptVerdict } from './script-hooks.ts';
import type { SessionCore } from './session-core.ts';
import { SessionDialogue } from './session-dialogue.ts';

export type ScriptsSaid =
  /** Nothing against it. */
  | { readonly kind: 'go' }
  /** The script has answered with this code; what was asked about has no effect. */
  | { readonly kind: 'answered'; readonly code: number }
  /** To be refused. */
  | { readonly kind: 'refuse'; readonly reply: Reply }
  /** The session has its ending. */
  | { readonly kind: 'over' };

const GO: ScriptsSaid = { kind: 'go' };
const OVER: ScriptsSaid = { kind: 'over' };

/** As the log names them. */
export const SCRIPTS = 'load-script';

/** What is asked about. */
export interface AboutCommand {
  /** Lower case. */
  readonly verb: string;
  readonly line: string;
  /** Of a hello that is not taken yet. */
  readonly helo?: string;
}

const NO_COMMAND: AboutCommand = { verb: '', line: '' };

function factsOf(core: SessionCore, helo = core.helo): ScriptFacts {
  const { client, transaction } = core;
  return {
    port: client.localPort,
    helo,
    sender: transaction?.sender,
    recipients: transaction?.recipients.map(({ address }) => address) ?? [],
  };
}

/** `at`: the moment; what is done of the verdict is for a client that is there. */
export function askScripts(
  core: SessionCore,
  at: Exclude<ScriptPlace, 'close'>,
  about: AboutCommand = NO_COMMAND,
): Maybe<ScriptsSaid> {
  const scripts = core.deps.scripts;
  if (scripts?.has(at, about.verb) !== true) return GO;
  const dialogue = new SessionDialogue(core);
  return ask(core, scripts, at, about, dialogue).then(async (verdict) => {
    // Who goes on may have said the beginning of what comes now.
    if (verdict.kind !== 'okay') await dialogue.endLine();
    return follow(core, verdict, dialogue);
  });
}

/** The session is over: nobody hears what they say. */
export function tellScriptsOfEnd(core: SessionCore): Maybe<void> {
  const scripts = core.deps.scripts;
  if (scripts?.has('close', '') !== true) return;
  return ask(core, scripts, 'close', NO_COMMAND, new SessionDialogue(core)).then(() => undefined);
}

function ask(
  core: SessionCore,
  scripts: ScriptHooks,
  place: ScriptPlace,
  { helo, line, verb }: AboutCommand,
  dialogue: SessionDialogue,
): Promise<ScriptVerdict> {
  return scripts.call({
    ...{ place, verb, dialogue },
    line: place === 'command' ? line : undefined,
    facts: factsOf(core, helo),
    session: core.idSess,
    log: core.log,
    secret: verb === 'auth',
    hide: (text) => core.hide(text),
    runs: (script) => {
      core.script = script;
    },
    tolerates: core.values['hook-error'] === 'default',
    signal: place === 'close' ? core.closingSignal : core.abortSignal,
  });
}

function follow(core: SessionCore, verdict: ScriptVerdict, dialogue: SessionDialogue): Maybe<ScriptsSaid> {
  const { replies } = core;
  const { said } = dialogue;
  switch (verdict.kind) {
    case 'okay':
      return core.isOver ? OVER : GO;
    case 'code':
      return { kind: 'refuse', reply: refusal(verdict.code) };
    case 'answered': {
      if (core.isOver) return OVER;
      if (said === '') {
        core.log.emit('script-silent', { command: replies.command });
        return chain(replies.refuse('scriptSilent'), (code) =>
          core.ending === undefined ? { kind: 'answered', code } : OVER,
        );
      }
      // What begins with no code is no reply, and no yes.
      const code = dialogue.code ?? 500;
      replies.said({ code, text: said }, SCRIPTS);
      return { kind: 'answered', code };
    }
    case 'failure': {
      const { code = 0 } = dialogue;
      const ending = { code: 1, cause: `ended by ${SCRIPTS}` } as const;
      if (code < 400) return chain(replies.refuseAndEnd('scriptEnds', undefined, ending), () => OVER);
      replies.said({ code, text: said }, SCRIPTS);
      core.end(ending);
      return OVER;
    }
    case 'failed': {
      const { limit, message } = verdict;
      const failed =
        limit === undefined
          ? ({ kind: 'failed', reason: 'error', message } as const)
          : ({ kind: 'limit', limit, message } as const);
      return chain(replies.fail(failed), () => OVER);
    }
    case 'cancelled':
      return OVER;
  }
}

const texts: Readonly<Record<number, string>> = {
  421: 'closing connection',
  450: 'mailbox not available now',
  451: 'not now, try again later',
  452: 'no room for it now',
  500: 'not understood',
  501: 'not understood',
  502: 'not served here',
  503: 'not at this point',
  550: 'not taken',
  551: 'not one of ours',
  552: 'no room for it',
  553: 'no name that is taken',
  554: 'not taken',
};

function refusal(code: number): Reply {
  return reply(code, `${code < 500 ? '4' : '5'}.7.1 ${texts[code] ?? 'refused'}`);
}
