// What the client hears at dot, from how forwarding ended: the next hop's own 4xx or 5xx with its text, 451 for everything that is not
// the message's fault. Pure; the SMTP session asks and sends: 250 at the dot means that the next hop said 250.

import { isPositive, multiline, type Reply, reply } from '../smtp/protocol/reply.ts';
import type { DeliveryOutcome, HopTls, RcptReply, Stage } from './port/delivery.ts';

/** The words of option smtp-partial. */
export type PartialWord = '250' | '451' | '550';

export type DotReply =
  /** The next hop has the message (for all recipients, or smtp-partial is 250): the session's positive reply goes out. */
  | { readonly kind: 'accepted'; readonly cause: string }
  | {
      readonly kind: 'refused';
      /** 4xx or 5xx, never 421: our own connection stays. Each line has an enhanced code of its class, and printable ASCII behind it. */
      readonly reply: Reply;
      /** For the log: what happened, with host and stage. */
      readonly cause: string;
    };

/** A 5xx before MAIL is about us, not about the message: it must not bounce all mail of a day. */
const GREETING: ReadonlySet<Stage> = new Set<Stage>(['connect', 'banner', 'helo', 'starttls', 'auth']);
/** Stages at which a command of ours is not understood, or comes when it must not. */
const COMMANDS: ReadonlySet<Stage> = new Set<Stage>(['mail', 'rcpt', 'data']);
/** That the next hop does not know a command, or thinks that another one is due (RFC 5321 section 4.2.4), is between it and us. */
const OURS: ReadonlySet<number> = new Set([500, 502, 503]);
const MAX_LINES = 20;
/** Leaves room for code, enhanced code and line end in the 512 bytes of RFC 5321 section 4.5.3.1.5. */
const MAX_TEXT = 480;

export function dotReply(outcome: DeliveryOutcome, partial: PartialWord): DotReply {
  switch (outcome.kind) {
    case 'delivered': {
      const refused = outcome.rcpts.filter((rcpt) => !isPositive(rcpt.code));
      const taken = outcome.rcpts.length - refused.length;
      const cause = `${outcome.host} took it for ${taken} of ${outcome.rcpts.length} recipients${secured(outcome.tls)}: ${flat(outcome.text)}`;
      return refused.length === 0 || partial === '250'
        ? { kind: 'accepted', cause }
        : partly(refused, partial, cause, outcome.rcpts);
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
      const text = namesHidden(outcome.text, outcome.rcpts) ? '' : outcome.text;
      return isBetweenUs(outcome.stage, outcome.code)
        ? notAvailable(cause)
        : passOn(outcome.code, text, outcome.stage, cause);
    }
    case 'failed':
      return notAvailable(`${outcome.host} failed at ${outcome.stage}: ${outcome.error}`);
    case 'verified':
      return {
        kind: 'refused',
        reply: reply(451, '4.3.0 message was not sent, try again later'),
        cause: `${outcome.host} was only asked about recipients`,
      };
  }
}

function isBetweenUs(stage: Stage, code: number): boolean {
  return GREETING.has(stage) ? code >= 500 : COMMANDS.has(stage) && OURS.has(code);
}

const NOT_AVAILABLE = reply(451, '4.4.1 next hop not available, try again later');
const UNEXPECTED = reply(451, '4.5.0 unexpected reply of the next hop, try again later');

function notAvailable(cause: string): DotReply {
  return { kind: 'refused', reply: NOT_AVAILABLE, cause };
}

/** `all`: of a message that some of them have by now, so that its sender may know which. */
function partly(
  refused: readonly RcptReply[],
  partial: '451' | '550',
  cause: string,
  all: readonly RcptReply[] = [],
): DotReply {
  const names = refused.map(nameOf).join(' ');
  const status = partial === '451' ? '4.5.0' : '5.5.0';
  const lines = [
    `not taken for all recipients, refused: ${names}`,
    ...all.slice(0, MAX_LINES - 1).map((rcpt) => {
      const { code, recipient, text } = rcpt;
      const refusal = recipient.hidden === true || namesHidden(text, all) ? 'refused' : flat(text);
      const said = code === 0 ? 'no reply' : isPositive(code) ? 'delivered' : refusal;
      return `${nameOf(rcpt)}: ${said}`;
    }),
  ];
  const replyOf = multiline(
    Number(partial),
    lines.map((line) => `${status} ${printable(line)}`),
  );
  return { kind: 'refused', reply: replyOf, cause };
}

/** The client does not hear of those whom the policy has added. */
const nameOf = ({ recipient }: RcptReply): string =>
  recipient.hidden === true ? 'another recipient' : `<${recipient.address}>`;

function namesHidden(text: string, rcpts: readonly RcptReply[]): boolean {
  return rcpts.some(
    ({ recipient }) =>
      recipient.hidden === true && text.toLowerCase().includes(recipient.address.toLowerCase()),
  );
}

function passOn(code: number, text: string, stage: string, cause: string): DotReply {
  // Neither a yes nor a no: the message is not lost, the client tries again.
  if (code < 400) return { kind: 'refused', reply: UNEXPECTED, cause };
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
  const status = enhanced ?? defaultEnhanced(own, stage);
  return {
    kind: 'refused',
    reply: multiline(
      own,
      lines.map((line) => `${status} ${line}`),
    ),
    cause,
  };
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

/** For the log. */
function secured(tls: HopTls | undefined): string {
  if (tls === undefined) return '';
  return ` (${tls.version}, certificate ${tls.verified ? 'verified' : 'not verified'})`;
}

const flat = (text: string): string => text.replaceAll('\n', ' / ');
