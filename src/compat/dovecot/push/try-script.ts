// The trial of a mail or push script at a start or reload: it is compiled, its file level and script_init run once, for nobody.
import type { PolicySource } from '../../../ops/revision.ts';
import { handlerOf, mailboxEventNames } from './event-table.ts';
import { type MailPerson, MailRun } from './mail-run.ts';
import { type MailPlace, MailScript } from './mail-script.ts';

export type TrialOutcome =
  | {
      readonly kind: 'good';
      readonly script: MailScript;
      readonly functions: readonly string[];
      readonly warnings: readonly string[];
    }
  /** `message` has file and line. */
  | { readonly kind: 'failed'; readonly message: string };

export interface Trial {
  readonly option: string;
  /** When another process has read it. */
  readonly given: PolicySource | undefined;
  readonly person: MailPerson;
  /** It is told of events. */
  readonly isTold: boolean;
}

export async function tryScript(
  place: MailPlace,
  path: string,
  { given, isTold, option, person }: Trial,
): Promise<TrialOutcome> {
  const compiled = await MailScript.compile(place, path, given);
  if (compiled.kind === 'failed') return { kind: 'failed', message: `${option}: ${compiled.message}` };
  const { script } = compiled;
  const run = new MailRun(script, person);
  const problem = (await run.start()) ?? (await run.finish());
  run.close();
  if (problem !== undefined) {
    script.retire();
    return { kind: 'failed', message: `${option}: ${path}: ${problem.message}` };
  }
  return { kind: 'good', script, functions: run.functions, warnings: warningsOf(run, isTold) };
}

function warningsOf(run: MailRun, isTold: boolean): readonly string[] {
  if (!isTold) return [];
  const { path } = run;
  const any = mailboxEventNames.some((name) => run.has(handlerOf(name)));
  if (!any) {
    const isMail = run.functions.some((name) => name.startsWith('mail_user_'));
    return isMail ? [] : [`${path}: no function dovecot_lua_notify_event_*: nothing is ever told to it`];
  }
  return ['dovecot_lua_notify_begin_txn', 'dovecot_lua_notify_end_txn']
    .filter((name) => !run.has(name))
    .map((name) => `${path}: there is no function ${name}, which Dovecot wants beside the others`);
}
