// What the client hears at dot, from how forwarding ended: the next hop's own 4xx or 5xx with its text, 451 for everything that is not
// the message's fault. Pure; the SMTP session asks and sends (design: "250 at dot means that the next hop said 250").
import type { DeliveryOutcome, RcptReply, Stage } from './delivery.ts';
import { isPositive } from './machine.ts';

/** The words of option smtp-partial. */
export type PartialWord = '250' | '451' | '550';

export type DotReply =
  /** The next hop has the message (for all recipients, or smtp-partial is 250): the session's positive reply goes out. */
  | { readonly kind: 'accepted'; readonly cause: string }
  | {
      readonly kind: 'refused';
      /** 4xx or 5xx, never 421: our own connection stays. */
      readonly code: number;
      /** E.g. `5.7.1`; its class is that of the code. */
      readonly enhanced: string;
      /** One text for each line, printable ASCII, no code, never empty. */
      readonly lines: readonly string[];
      /** For the log: what happened, with host and stage. */
      readonly cause: string;
    };

/** A 5xx before MAIL is about us, not about the message: it must not bounce all mail of a day. */
const GREETING: ReadonlySet<Stage> = new Set<Stage>(['connect', 'banner', 'helo', 'starttls']);
const MAX_LINES = 20;
/** Leaves room for code, enhanced code and line end in the 512 bytes of RFC 5321 section 4.5.3.1.5. */
const MAX_TEXT = 480;

export function dotReply(outcome: DeliveryOutcome, partial: PartialWord): DotReply {
  switch (outcome.kind) {
    case 'delivered': {
      const refused = outcome.rcpts.filter((rcpt) => !isPositive(rcpt.code));
      const taken = outcome.rcpts.length - refused.length;
      const cause = `${outcome.host} took it for ${taken} of ${outcome.rcpts.length} recipients: ${flat(outcome.text)}`;
      return refused.length === 0 || partial === '250'
        ? { kind: 'accepted', cause }
        : partly(refused, partial, cause);
    }
    case 'refused': {
      const taken = outcome.rcpts.filter((rcpt) => isPositive(rcpt.code)).length;
      // The next hop is not the one that decides about those whom it took.
      if (outcome.stage === 'rcpt' && taken > 0 && partial !== '250' && outcome.code !== 421) {
        const refused = outcome.rcpts.filter((rcpt) => !isPositive(rcpt.code));
        const cause = `nothing was sent, ${outcome.host} takes it for ${taken} of ${outcome.rcpts.length} recipients: ${flat(outcome.text)}`;
        return partly(refused, partial, cause);
      }
      const cause = `${outcome.host} refused at ${outcome.stage}: ${flat(outcome.text)}`;
      return GREETING.has(outcome.stage) && outcome.code >= 500
        ? notAvailable(cause)
        : passOn(outcome.code, outcome.text, outcome.stage, cause);
    }
    case 'failed':
      return notAvailable(`${outcome.host} failed at ${outcome.stage}: ${outcome.error}`);
    case 'verified':
      return {
        kind: 'refused',
        code: 451,
        enhanced: '4.3.0',
        lines: ['message was not sent, try again later'],
        cause: `${outcome.host} was only asked about recipients`,
      };
  }
}

function notAvailable(cause: string): DotReply {
  return {
    kind: 'refused',
    code: 451,
    enhanced: '4.4.1',
    lines: ['next hop not available, try again later'],
    cause,
  };
}

/** The reply as it goes over the wire, CRLF included. */
export function formatDotReply(reply: Extract<DotReply, { kind: 'refused' }>): string {
  return reply.lines
    .map((line, i) => `${reply.code}${i < reply.lines.length - 1 ? '-' : ' '}${reply.enhanced} ${line}\r\n`)
    .join('');
}

function partly(refused: readonly RcptReply[], partial: '451' | '550', cause: string): DotReply {
  const names = refused.map((rcpt) => `<${rcpt.recipient}>`).join(' ');
  return {
    kind: 'refused',
    code: Number(partial),
    enhanced: partial === '451' ? '4.5.0' : '5.5.0',
    lines: [printable(`not taken for all recipients, refused: ${names}`)],
    cause,
  };
}

function passOn(code: number, text: string, stage: string, cause: string): DotReply {
  // Neither a yes nor a no: the message is not lost, the client tries again.
  if (code < 400) {
    return {
      kind: 'refused',
      code: 451,
      enhanced: '4.5.0',
      lines: ['unexpected reply of the next hop, try again later'],
      cause,
    };
  }
  // 421 would announce that we close the client's connection.
  const own = code === 421 ? 451 : code;
  const lines: string[] = [];
  let enhanced: string | undefined;
  for (const line of text.split('\n').slice(0, MAX_LINES)) {
    const match = /^\d{3}(?:[ -]|$)(?:([245]\.\d{1,3}\.\d{1,3})(?: |$))?(.*)$/s.exec(line);
    if (match?.[1] !== undefined && Number(match[1][0]) === Math.floor(own / 100)) enhanced ??= match[1];
    const rest = printable(match?.[2] ?? line);
    if (rest !== '') lines.push(rest);
  }
  if (lines.length === 0) lines.push('refused by the next hop');
  return { kind: 'refused', code: own, enhanced: enhanced ?? defaultEnhanced(own, stage), lines, cause };
}

/** RFC 3463: x.1.0 is about an address, x.0.0 about nothing in particular. */
function defaultEnhanced(code: number, stage: string): string {
  const subject = stage === 'mail' || stage === 'rcpt' ? 1 : 0;
  return `${Math.floor(code / 100)}.${subject}.0`;
}

function printable(text: string): string {
  return text
    .replace(/[\t\r\n\v\f]+/g, ' ')
    .replace(/[^\x20-\x7e]/g, '?')
    .trim()
    .slice(0, MAX_TEXT);
}

const flat = (text: string): string => text.replaceAll('\n', ' / ');
