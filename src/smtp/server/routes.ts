// Where one message goes when the policy says so (smtp.route): the choice of hook.mail counts for all recipients, that of hook.rcpt for the one
// in hand. A message has one route: the first recipient that is accepted settles it.

/** Hosts as smtp.route was given them; undefined: those of smtp-smart-host. */
export type Route = readonly string[] | undefined;

export class Routes {
  /** Whose hook runs. */
  #hook: 'mail' | 'rcpt' | undefined;
  #ofMail: Route;
  #ofRecipient: Route;

  /** hook.mail or hook.rcpt is about to be called, or has returned. */
  during(hook: 'mail' | 'rcpt' | undefined): void {
    this.#hook = hook;
    if (hook === 'rcpt') this.#ofRecipient = undefined;
  }

  /** False when nobody may choose now. */
  choose(hosts: readonly string[]): boolean {
    if (this.#hook === undefined) return false;
    if (this.#hook === 'mail') this.#ofMail = hosts;
    else this.#ofRecipient = hosts;
    return true;
  }

  /** Of the message as far as MAIL knows it. */
  get ofMail(): Route {
    return this.#ofMail;
  }

  /** Of the recipient in hand. */
  get ofRecipient(): Route {
    return this.#ofRecipient ?? this.#ofMail;
  }

  /** Of the recipients that were accepted, and so of the message. Written by next-hop. */
  settled: Route;
}

/** The same next hops in the same order. */
export function isSameRoute(a: Route, b: Route): boolean {
  return (
    a === b ||
    (a !== undefined && b !== undefined && a.length === b.length && a.every((host, i) => host === b[i]))
  );
}
