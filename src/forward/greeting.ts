// The first half of a dialogue with a next hop: banner, EHLO or HELO, STARTTLS (RFC 5321 section 3.1 and 3.2, RFC 3207). No I/O.
// A connection goes through it once; forward/transaction follows for each message.
import type { Stage } from './delivery.ts';
import {
  type Capabilities,
  failedAt,
  isClosing,
  isPositive,
  type Loss,
  type Machine,
  noCapabilities,
  pseudoCode,
  refusedAt,
  type Step,
  unaskedRecipients,
  type Verdict,
} from './machine.ts';
import type { Reply } from './reply-parser.ts';

export type TlsMode = 'off' | 'may' | 'must';

export type GreetingEnd =
  | { readonly kind: 'greeted'; readonly capabilities: Capabilities }
  | { readonly kind: 'verdict'; readonly verdict: Verdict };

type State = 'banner' | 'ehlo' | 'helo' | 'starttls' | 'secure';

const STAGES: Readonly<Record<State, Stage>> = {
  banner: 'banner',
  ehlo: 'helo',
  helo: 'helo',
  starttls: 'starttls',
  secure: 'starttls',
};
const WAIT: Step<GreetingEnd> = { kind: 'wait' };

export function readCapabilities(reply: Reply): Capabilities {
  const keywords = new Set<string>();
  // The first line is the next hop's name.
  for (let i = 1; i < reply.lines.length; i++) {
    const keyword = /^\d{3}[ -]([\x21-\x3c\x3e-\x7e]+)/.exec(reply.lines[i] ?? '')?.[1];
    if (keyword !== undefined) keywords.add(keyword.toUpperCase());
  }
  return {
    pipelining: keywords.has('PIPELINING'),
    eightBitMime: keywords.has('8BITMIME'),
    size: keywords.has('SIZE'),
    startTls: keywords.has('STARTTLS'),
  };
}

export class Greeting implements Machine<GreetingEnd> {
  readonly #helo: string;
  readonly #tls: TlsMode;
  readonly #recipients: readonly string[];
  #state: State = 'banner';
  #secure = false;
  #capabilities = noCapabilities;
  /** A 421 to EHLO: the reason, should the connection close now. */
  #closing: Reply | undefined;

  /** `helo` is the name we give; `recipients` are only listed in the verdict. */
  constructor(helo: string, tls: TlsMode, recipients: readonly string[]) {
    this.#helo = helo;
    this.#tls = tls;
    this.#recipients = recipients;
  }

  get stage(): Stage {
    return STAGES[this.#state];
  }

  start(): Step<GreetingEnd> {
    return WAIT;
  }

  reply(reply: Reply): Step<GreetingEnd> {
    switch (this.#state) {
      case 'banner':
        return reply.code === 220 ? this.#hello() : this.#refused(reply);
      case 'ehlo':
        if (isPositive(reply.code)) return this.#offered(readCapabilities(reply));
        // Not everybody who says 421 here means it; who does closes the connection, which is noticed at once.
        if (isClosing(reply.code)) this.#closing = reply;
        this.#state = 'helo';
        return { kind: 'send', text: `HELO ${this.#helo}\r\n` };
      case 'helo':
        return isPositive(reply.code) ? this.#offered(noCapabilities) : this.#refused(reply);
      case 'starttls':
        if (reply.code === 220) {
          this.#state = 'secure';
          return { kind: 'secure' };
        }
        if (isClosing(reply.code)) return this.#refused(reply);
        return this.#tls === 'must'
          ? this.#failed({ code: pseudoCode.ERROR, error: `STARTTLS refused: ${reply.lines.join(' ')}` })
          : this.#greeted();
      case 'secure':
        return this.#failed({ code: pseudoCode.ERROR, error: 'a reply during the TLS handshake' });
    }
  }

  /** RFC 3207 section 4.2: forget what was said in clear text and start again with EHLO. */
  secured(): Step<GreetingEnd> {
    this.#secure = true;
    this.#capabilities = noCapabilities;
    return this.#hello();
  }

  contentSent(): Step<GreetingEnd> {
    return WAIT;
  }

  lost(loss: Loss): GreetingEnd {
    const rcpts = unaskedRecipients(this.#recipients);
    const verdict =
      this.#closing !== undefined && loss.code !== pseudoCode.TIMEOUT
        ? refusedAt(this.stage, this.#closing, rcpts)
        : failedAt(this.stage, loss, rcpts);
    return { kind: 'verdict', verdict };
  }

  #hello(): Step<GreetingEnd> {
    this.#state = 'ehlo';
    return { kind: 'send', text: `EHLO ${this.#helo}\r\n` };
  }

  #offered(capabilities: Capabilities): Step<GreetingEnd> {
    this.#capabilities = capabilities;
    if (this.#secure || this.#tls === 'off') return this.#greeted();
    this.#state = 'starttls';
    if (capabilities.startTls) return { kind: 'send', text: 'STARTTLS\r\n' };
    return this.#tls === 'must'
      ? this.#failed({ code: pseudoCode.ERROR, error: 'STARTTLS is required and not offered' })
      : this.#greeted();
  }

  #greeted(): Step<GreetingEnd> {
    return { kind: 'end', end: { kind: 'greeted', capabilities: this.#capabilities } };
  }

  #refused(reply: Reply): Step<GreetingEnd> {
    const verdict = refusedAt(this.stage, reply, unaskedRecipients(this.#recipients));
    return { kind: 'end', end: { kind: 'verdict', verdict } };
  }

  #failed(loss: Loss): Step<GreetingEnd> {
    return {
      kind: 'end',
      end: { kind: 'verdict', verdict: failedAt(this.stage, loss, unaskedRecipients(this.#recipients)) },
    };
  }
}
