// The first half of a dialogue with a next hop: banner, EHLO, HELO or LHLO, STARTTLS, XCLIENT, AUTH (RFC 5321 section 3.1 and 3.2, RFC 3207, RFC 8314, RFC 4954, RFC 2033).
// No I/O. A connection goes through it once; smtp/client/sending follows for each message.
//
// It must never say who we are where somebody may listen who was not allowed to, nor let a secret into an outcome or a log line.

import type { Stage } from '../../delivery/port/delivery.ts';
import type { ForwardedClient } from '../../delivery/port/forwarded-client.ts';
import {
  failedAt,
  type HostlessOutcome,
  type Loss,
  pseudoCode,
  refusedAt,
  unaskedRecipients,
} from '../../delivery/port/outcome.ts';
import { type Capabilities, noCapabilities, readCapabilities } from '../protocol/capabilities.ts';
import type { Recipient } from '../protocol/recipient.ts';
import { isClosing, isPositive, linesOf, type Reply, replyText } from '../protocol/reply.ts';
import type { Machine, Step } from './machine.ts';
import { type Answer, type Credentials, chooseMechanism, type Mechanism } from './sasl.ts';
import { xclientLine } from './xclient-line.ts';

export type StartTls = 'off' | 'may' | 'must';

export interface GreetingPlan {
  readonly protocol: 'smtp' | 'lmtp';
  /** The name that we give. */
  readonly helo: string;
  readonly startTls: StartTls;
  /** TLS before the banner. */
  readonly implicitTls: boolean;
  /** Whom we speak for, said by XCLIENT where that is offered; undefined: nobody is told. */
  readonly client: ForwardedClient | undefined;
  /** Who we are; undefined: nobody is told. */
  readonly credentials: Credentials | undefined;
  /** They may go in clear text as well. */
  readonly credentialsInClear: boolean;
  /** Printable, without comma, unpredictable. */
  readonly nonce: () => string;
}

export type GreetingEnd =
  | { readonly kind: 'greeted'; readonly capabilities: Capabilities }
  | {
      readonly kind: 'outcome';
      readonly outcome: HostlessOutcome;
      /** It was TLS that went wrong: begun, or the first words within it. In clear text it might have gone well. */
      readonly byTls: boolean;
    };

type State = 'banner' | 'ehlo' | 'helo' | 'starttls' | 'secure' | 'xclient' | 'auth';

const STAGES: Readonly<Record<State, Stage>> = {
  banner: 'banner',
  ehlo: 'helo',
  helo: 'helo',
  starttls: 'starttls',
  secure: 'starttls',
  xclient: 'helo',
  auth: 'auth',
};
const WAIT: Step<GreetingEnd> = { kind: 'wait' };
const NOT_SHOWN = '(not shown)';
/** Shorter secrets would take away half of a text that has nothing to do with them. */
const SHORTEST_SECRET = 4;

export class Greeting implements Machine<GreetingEnd> {
  readonly #plan: GreetingPlan;
  readonly #recipients: readonly Recipient[];
  #state: State;
  #secure = false;
  /** XCLIENT was said. */
  #introduced = false;
  #capabilities = noCapabilities;
  /** A 421 to EHLO: the reason, should the connection close now. */
  #closing: Reply | undefined;
  #mechanism: Mechanism | undefined;
  /** What must not be seen in what is said to us: there are servers that repeat the line that they do not like. */
  readonly #secrets: string[] = [];

  /** `recipients` are only listed in the outcome. */
  constructor(plan: GreetingPlan, recipients: readonly Recipient[]) {
    this.#plan = plan;
    this.#recipients = recipients;
    this.#state = plan.implicitTls ? 'secure' : 'banner';
  }

  get stage(): Stage {
    return STAGES[this.#state];
  }

  start(): Step<GreetingEnd> {
    return this.#plan.implicitTls ? { kind: 'secure' } : WAIT;
  }

  reply(reply: Reply): Step<GreetingEnd> {
    switch (this.#state) {
      case 'banner':
        return reply.code === 220 ? this.#hello() : this.#refused(reply);
      case 'ehlo':
        if (isPositive(reply.code)) return this.#offered(readCapabilities(reply));
        // Not everybody who says 421 here means it; who does closes the connection, which is noticed at once.
        if (isClosing(reply.code)) this.#closing = reply;
        if (this.#plan.protocol === 'lmtp') return this.#refused(reply);
        this.#state = 'helo';
        return { kind: 'send', text: `HELO ${this.#plan.helo}\r\n` };
      case 'helo':
        return isPositive(reply.code) ? this.#offered(noCapabilities) : this.#refused(reply);
      case 'starttls':
        if (reply.code === 220) {
          this.#state = 'secure';
          return { kind: 'secure' };
        }
        if (isClosing(reply.code)) return this.#refused(reply);
        return this.#plan.startTls === 'must'
          ? this.#failed({ code: pseudoCode.ERROR, error: `STARTTLS refused: ${linesOf(reply).join(' ')}` })
          : this.#introduce();
      case 'secure':
        return this.#failed({ code: pseudoCode.ERROR, error: 'a reply during the TLS handshake' });
      case 'xclient':
        // Whoever goes on here speaks for himself, who may do more than the client.
        return isPositive(reply.code) ? this.#hello() : this.#refused(reply);
      case 'auth':
        return this.#authReply(reply);
    }
  }

  /** RFC 3207 section 4.2: forget what was said in clear text and start again with EHLO. */
  secured(): Step<GreetingEnd> {
    this.#secure = true;
    this.#capabilities = noCapabilities;
    if (!this.#plan.implicitTls) return this.#hello();
    this.#state = 'banner';
    return WAIT;
  }

  contentSent(): Step<GreetingEnd> {
    return WAIT;
  }

  derived(key: Buffer): Step<GreetingEnd> {
    return this.#mechanism === undefined ? WAIT : this.#answer(this.#mechanism.derived(key));
  }

  shown(reply: Reply): string {
    if (this.#state !== 'auth') return replyText(reply);
    return reply.code === 334 ? `334 ${NOT_SHOWN}` : this.#withoutSecrets(replyText(reply));
  }

  lost(loss: Loss): GreetingEnd {
    const rcpts = unaskedRecipients(this.#recipients);
    const outcome =
      this.#closing !== undefined && loss.code !== pseudoCode.TIMEOUT
        ? refusedAt(this.stage, this.#closing, rcpts)
        : failedAt(this.stage, { ...loss, error: this.#withoutSecrets(loss.error) }, rcpts);
    return { kind: 'outcome', outcome, byTls: this.#byTls };
  }

  get #byTls(): boolean {
    return this.#secure || this.#state === 'starttls' || this.#state === 'secure';
  }

  #hello(): Step<GreetingEnd> {
    this.#state = 'ehlo';
    const { helo, protocol } = this.#plan;
    return { kind: 'send', text: `${protocol === 'lmtp' ? 'LHLO' : 'EHLO'} ${helo}\r\n` };
  }

  #offered(capabilities: Capabilities): Step<GreetingEnd> {
    this.#capabilities = capabilities;
    const { startTls } = this.#plan;
    if (this.#secure || this.#introduced || startTls === 'off') return this.#introduce();
    this.#state = 'starttls';
    if (capabilities.has('STARTTLS')) return { kind: 'send', text: 'STARTTLS\r\n' };
    return startTls === 'must'
      ? this.#failed({ code: pseudoCode.ERROR, error: 'STARTTLS is required and not offered' })
      : this.#introduce();
  }

  /** As behind TLS the session starts again with EHLO. */
  #introduce(): Step<GreetingEnd> {
    const { client } = this.#plan;
    const offered = this.#capabilities.get('XCLIENT');
    if (client === undefined || offered === undefined || this.#introduced) return this.#authenticate();
    const text = xclientLine(offered, client);
    if (text === undefined) return this.#authenticate();
    this.#introduced = true;
    this.#state = 'xclient';
    return { kind: 'send', text };
  }

  #authenticate(): Step<GreetingEnd> {
    const { credentials, credentialsInClear, nonce } = this.#plan;
    if (credentials === undefined) return this.#greeted();
    this.#state = 'auth';
    if (!this.#secure && !credentialsInClear)
      return this.#broken(
        'there is no TLS, and a password goes in clear text only with smtp-forward-tls=off',
      );
    const offered = this.#capabilities.get('AUTH');
    if (offered === undefined) return this.#broken('AUTH is not offered');
    const mechanism = chooseMechanism(offered, credentials, nonce);
    if (mechanism === undefined)
      return this.#broken(`AUTH ${offered} is offered, none of SCRAM-SHA-256, PLAIN, LOGIN`);
    this.#mechanism = mechanism;
    this.#keepSecret(credentials.password.toString('latin1'));
    this.#keepSecret(credentials.password.toString('base64'));
    if (mechanism.initial === undefined) return { kind: 'send', text: `AUTH ${mechanism.name}\r\n` };
    const initial = mechanism.initial.toString('base64');
    this.#keepSecret(initial);
    return {
      kind: 'send',
      text: `AUTH ${mechanism.name} ${initial}\r\n`,
      shown: `AUTH ${mechanism.name} ${NOT_SHOWN}`,
    };
  }

  #authReply(reply: Reply): Step<GreetingEnd> {
    const mechanism = this.#mechanism;
    if (mechanism === undefined) return WAIT;
    if (reply.code === 235)
      return mechanism.unproved === undefined ? this.#greeted() : this.#broken(mechanism.unproved);
    if (reply.code >= 400) return this.#refused({ ...reply, text: this.#withoutSecrets(reply.text) });
    if (reply.code !== 334)
      return this.#broken(`not a reply to AUTH: ${this.#withoutSecrets(replyText(reply))}`);
    const text = (linesOf(reply).at(-1) ?? '').slice(4).trim();
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) && text !== '=')
      return mechanism.name === 'LOGIN'
        ? this.#answer(mechanism.challenge(Buffer.alloc(0)))
        : this.#broken('a challenge that is no base64');
    return this.#answer(mechanism.challenge(Buffer.from(text, 'base64')));
  }

  #answer(answer: Answer): Step<GreetingEnd> {
    switch (answer.kind) {
      case 'response': {
        const text = answer.octets.toString('base64');
        this.#keepSecret(text);
        return { kind: 'send', text: `${text}\r\n`, shown: NOT_SHOWN };
      }
      case 'derive':
        return answer;
      case 'broken':
        return this.#broken(answer.error);
    }
  }

  #keepSecret(text: string): void {
    if (text.length < SHORTEST_SECRET) return;
    this.#secrets.push(text);
    // One may be the end of another.
    this.#secrets.sort((a, b) => b.length - a.length);
  }

  #withoutSecrets(text: string): string {
    let rest = text;
    for (const secret of this.#secrets) rest = rest.replaceAll(secret, '***');
    return rest;
  }

  #greeted(): Step<GreetingEnd> {
    return { kind: 'end', end: { kind: 'greeted', capabilities: this.#capabilities } };
  }

  #refused(reply: Reply): Step<GreetingEnd> {
    const outcome = refusedAt(this.stage, reply, unaskedRecipients(this.#recipients));
    return { kind: 'end', end: { kind: 'outcome', outcome, byTls: this.#state === 'starttls' } };
  }

  #broken(error: string): Step<GreetingEnd> {
    return this.#failed({ code: pseudoCode.ERROR, error: this.#withoutSecrets(error) });
  }

  #failed(loss: Loss): Step<GreetingEnd> {
    const outcome = failedAt(this.stage, loss, unaskedRecipients(this.#recipients));
    return { kind: 'end', end: { kind: 'outcome', outcome, byTls: this.#byTls } };
  }
}
