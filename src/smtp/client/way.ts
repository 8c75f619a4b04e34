// How a message goes to a next hop that does not offer everything that it needs (SMTPUTF8: RFC 6531 section 3.2 and 3.5; 8BITMIME: RFC 6152
// section 3; BINARYMIME: RFC 3030 section 3; REQUIRETLS: RFC 8689 section 4.2): as it is, with an envelope in ASCII, or not at all, and then another next hop may be asked.
// Decided before MAIL is said. Pure.
import type { Delivery, RcptReply } from '../../delivery/port/delivery.ts';
import { type HostlessOutcome, unaskedRecipients } from '../../delivery/port/outcome.ts';
import { BINARY_MESSAGE, isBinaryMime } from '../protocol/binary-mime.ts';
import type { Capabilities } from '../protocol/capabilities.ts';
import type { Recipient } from '../protocol/recipient.ts';
import { planUtf8, UTF8_MESSAGE, UTF8_RECIPIENT } from '../protocol/utf8-plan.ts';

export interface WayNeeds extends Pick<Delivery, 'sender' | 'parameters' | 'recipients' | 'eightBit'> {
  /** Option smtp-eight-bit. */
  readonly eightBitWord: 'pass' | 'refuse';
  /** A header has octets above 127; asked about where SMTPUTF8 was said. */
  readonly utf8Headers: boolean | 'unknown';
  readonly allRecipients: boolean;
  /** Content may go by BDAT, where CHUNKING is offered. */
  readonly chunks: boolean;
}

export interface GoodWay {
  readonly kind: 'way';
  readonly sender: string;
  readonly parameters: Delivery['parameters'];
  /** Those who are asked about, as they are said. */
  readonly recipients: readonly Recipient[];
  readonly eightBit: boolean;
  /** Addresses go out in ASCII: how each recipient of the delivery is said; undefined for one that has no such form and is not asked about. */
  readonly ascii?: readonly (Recipient | undefined)[];
}

export interface NoWay {
  readonly kind: 'none';
  readonly outcome: Extract<HostlessOutcome, { kind: 'refused' }>;
}

export type Way = GoodWay | NoWay;

const REQUIRETLS = {
  code: 550,
  text: '550 5.7.30 the next hop does not offer REQUIRETLS over TLS with a valid certificate',
} as const;
const EIGHT_BIT = { code: 554, text: '554 5.6.3 the next hop does not take 8BITMIME' } as const;

export function findWay(needs: WayNeeds, offered: Capabilities): Way {
  const { eightBit, parameters, recipients, sender } = needs;
  if (parameters?.REQUIRETLS === true && !offered.has('REQUIRETLS')) return withoutTls(recipients);
  const binary = isBinaryMime(parameters);
  if (binary && !(needs.chunks && offered.has('BINARYMIME') && offered.has('CHUNKING'))) {
    return none('BINARYMIME', BINARY_MESSAGE, recipients);
  }
  if (eightBit && !binary && needs.eightBitWord === 'refuse' && !offered.has('8BITMIME')) {
    return none('8BITMIME', EIGHT_BIT, recipients);
  }
  const asItIs = { kind: 'way', sender, parameters, recipients, eightBit } as const;
  if (parameters?.SMTPUTF8 !== true) return asItIs;
  const plan = planUtf8(needs, needs.utf8Headers, offered.has('SMTPUTF8'));
  const plain = { ...parameters, SMTPUTF8: undefined };
  switch (plan.kind) {
    case 'ascii':
      return { ...asItIs, parameters: plain };
    case 'utf8':
      return {
        ...asItIs,
        parameters: { ...parameters, BODY: binary ? 'BINARYMIME' : '8BITMIME' },
        eightBit: true,
      };
    case 'converted': {
      const ascii = plan.recipients;
      const asked = ascii.filter((recipient) => recipient !== undefined);
      if (asked.length < recipients.length && needs.allRecipients) {
        return none('SMTPUTF8', UTF8_RECIPIENT, recipients, ascii);
      }
      return { ...asItIs, sender: plan.sender, parameters: plain, recipients: asked, ascii };
    }
    case 'refused':
      return none('SMTPUTF8', UTF8_MESSAGE, recipients);
  }
}

/** REQUIRETLS was asked for, and there is no such TLS. */
export function withoutTls(recipients: readonly Recipient[]): NoWay {
  return none('REQUIRETLS', REQUIRETLS, recipients);
}

/** `ascii`: the refusal is about those who have no such form. */
function none(
  lacks: 'SMTPUTF8' | '8BITMIME' | 'BINARYMIME' | 'REQUIRETLS',
  { code, text }: { readonly code: number; readonly text: string },
  recipients: readonly Recipient[],
  ascii?: readonly (Recipient | undefined)[],
): NoWay {
  const rcpts =
    ascii === undefined
      ? unaskedRecipients(recipients)
      : recipients.map((recipient, i) =>
          ascii[i] === undefined ? { recipient, code, text } : { recipient, code: 0, text: '' },
        );
  const stage = ascii === undefined ? 'mail' : 'rcpt';
  return { kind: 'none', outcome: { kind: 'refused', stage, code, text, rcpts, lacks } };
}

/** The replies to those who were asked about, in order, as replies for each recipient of the delivery. */
export function repliesFor(
  recipients: readonly Recipient[],
  ascii: GoodWay['ascii'],
  rcpts: readonly RcptReply[],
): readonly RcptReply[] {
  if (ascii === undefined) return rcpts;
  let next = 0;
  return recipients.map((recipient, i) => {
    if (ascii[i] === undefined) return { recipient, ...UTF8_RECIPIENT };
    const { code, text } = rcpts[next++] ?? { code: 0, text: '' };
    return { recipient, code, text };
  });
}
