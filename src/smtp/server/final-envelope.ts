// The envelope that a message goes on with: what the client has said in MAIL and RCPT, and what the policy has made of it (client.set_sender,
// add_recipient, remove_recipient). What the client has said stays where it is. A refused RCPT takes back what its hook has changed.
import { lowerAscii } from '../../base/ascii.ts';
import type { OptionValues } from '../../options/option-table.ts';
import type { EnvelopeAnswer } from '../../policy/session-view.ts';
import type { OfferFacts } from '../protocol/extension-table.ts';
import { lenienceOf, STRICT } from '../protocol/lenience.ts';
import { parseParameters } from '../protocol/parameters.ts';
import { FAULT_TEXTS, type Path, parseMailbox } from '../protocol/path.ts';
import type { Recipient } from '../protocol/recipient.ts';

/** What the policy has changed. */
interface Changes {
  readonly sender: string | undefined;
  /** By `normal`, in their order. */
  readonly added: ReadonlyMap<string, Recipient>;
  readonly removed: ReadonlySet<Recipient>;
}

interface OwnChanges {
  readonly added: Map<string, Recipient>;
  readonly removed: Set<Recipient>;
}

const UNCHANGED: Changes = { sender: undefined, added: new Map(), removed: new Set() };

/** What a policy may write behind an address does not hang on what this client was offered. */
const ANY_OFFER: OfferFacts = {
  values: {
    'smtp-xclient': false,
    'rfc2920-pipelining-enable': true,
    'smtp-max-size': 0,
    'smtp-tls': '',
    'smtp-tls-auth-only': false,
    'smtp-chunking': true,
    'smtp-binarymime': true,
    'smtp-utf8': '+',
    'smtp-dsn': '+',
    'smtp-limits': true,
    'limit-recipients': 1,
    'smtp-requiretls': false,
    'smtp-forward-tls': 'may',
  },
  ...{ trusted: false, secure: false, canSecure: false, canAuthenticate: false },
  nextHopOffers: () => true,
};

/** What two ways to write the domain of one address have in common. */
function normal(address: string): string {
  const at = address.lastIndexOf('@') + 1;
  return at === 0 ? address : address.slice(0, at) + lowerAscii(address.slice(at));
}

const refused = (cause: string): EnvelopeAnswer => ({ kind: 'refused', cause });
const CHANGED: EnvelopeAnswer = { kind: 'changed' };
const SAME: EnvelopeAnswer = { kind: 'same' };

export class FinalEnvelope {
  readonly #path: Path;
  readonly #isUtf8: boolean;
  /** Those whom the client has named: the array of the transaction. */
  readonly #named: readonly Recipient[];
  /** Of the first `#indexed` of them, by `normal`: a policy may ask for thousands. */
  readonly #index = new Map<string, Recipient[]>();
  #indexed = 0;
  #changes = UNCHANGED;
  /** At the beginning of hook.rcpt. */
  #before = UNCHANGED;
  /** These are changed in place. */
  #own: OwnChanges | undefined;
  /** Of the RCPT that is being answered. */
  #inHand: Recipient | undefined;

  constructor(path: Path, isUtf8: boolean, named: readonly Recipient[]) {
    this.#path = path;
    this.#isUtf8 = isUtf8;
    this.#named = named;
  }

  /** hook.rcpt is about to be called. */
  beginRecipient(recipient: Recipient): void {
    this.#inHand = recipient;
    this.#before = this.#changes;
    this.#own = undefined;
  }

  /** The RCPT was answered. */
  endRecipient(taken: boolean): void {
    if (!taken) {
      this.#changes = this.#before;
      this.#own = undefined;
    }
    this.#inHand = undefined;
  }

  get isChanged(): boolean {
    return this.#changes !== UNCHANGED;
  }

  get sender(): string {
    return this.#changes.sender ?? this.#path.address;
  }

  /** Those of the client that are left, then those that the policy has added. The array of the transaction when nothing was changed. */
  get recipients(): readonly Recipient[] {
    const { added } = this.#changes;
    const left = this.named;
    if (added.size === 0) return left;
    return [...left, ...[...added].filter(([key]) => !this.#isNamed(key)).map(([, recipient]) => recipient)];
  }

  /** Those of the client that are left. */
  get named(): readonly Recipient[] {
    const { removed } = this.#changes;
    return removed.size === 0 ? this.#named : this.#named.filter((recipient) => !removed.has(recipient));
  }

  isRemoved(recipient: Recipient): boolean {
    return this.#changes.removed.has(recipient);
  }

  /** '' is the null sender. */
  setSender(text: string, values: OptionValues): EnvelopeAnswer {
    const sender = this.#address(text, values, values['rfc2821-angle-brackets']);
    if (typeof sender !== 'string') return sender;
    if (sender === this.sender) return SAME;
    this.#changes = { ...this.#changes, sender };
    return CHANGED;
  }

  /** `parameters` as they stand behind the path in RCPT. */
  add(text: string, parameters: string, values: OptionValues): EnvelopeAnswer {
    const address = this.#address(text, values, false);
    if (typeof address !== 'string') return address;
    if (address === '') return refused('the null path is no recipient');
    const parsed = parseParameters('RCPT', parameters && ` ${parameters}`, ANY_OFFER, STRICT, this.#isUtf8);
    if (parsed.kind === 'fault')
      return refused(
        `${JSON.stringify(parsed.word)} is ${parsed.fault === 'unknown' ? 'no' : 'a malformed'} parameter of RCPT`,
      );
    const wanted = normal(address);
    const { added } = this.#changes;
    if (added.has(wanted) || this.#isNamed(wanted)) return SAME;
    const limit = values['limit-recipients'];
    if (added.size >= limit) return refused(`more than ${limit} recipients added (limit-recipients)`);
    this.#writable().added.set(wanted, { address, parameters: parsed.parameters, hidden: true });
    return CHANGED;
  }

  remove(text: string): EnvelopeAnswer {
    const wanted = normal(text);
    const found = this.#left(wanted);
    if (found.length === 0 && !this.#changes.added.has(wanted)) return SAME;
    const { added, removed } = this.#writable();
    added.delete(wanted);
    for (const recipient of found) removed.add(recipient);
    return CHANGED;
  }

  /** A copy of the changes, which is kept until the next RCPT: one that is refused takes back what its hook has made of them. */
  #writable(): OwnChanges {
    if (this.#own === undefined) {
      const { added, removed } = this.#changes;
      this.#own = { added: new Map(added), removed: new Set(removed) };
    }
    if (this.#changes.added !== this.#own.added) this.#changes = { ...this.#changes, ...this.#own };
    return this.#own;
  }

  /** Those of this address whom the client has named, the one in hand included, and who are left. */
  #left(wanted: string): readonly Recipient[] {
    for (; this.#indexed < this.#named.length; this.#indexed++) {
      const recipient = this.#named[this.#indexed] as Recipient;
      const key = normal(recipient.address);
      const same = this.#index.get(key);
      if (same === undefined) this.#index.set(key, [recipient]);
      else same.push(recipient);
    }
    const { removed } = this.#changes;
    const found = (this.#index.get(wanted) ?? []).filter((recipient) => !removed.has(recipient));
    const inHand = this.#inHand;
    if (inHand !== undefined && !removed.has(inHand) && normal(inHand.address) === wanted) found.push(inHand);
    return found;
  }

  #isNamed(wanted: string): boolean {
    return this.#left(wanted).length > 0;
  }

  /** The address as it goes out. No longer than one of the client could be: the next hop gets it in one line. */
  #address(text: string, values: OptionValues, needsDomain: boolean): string | EnvelopeAnswer {
    const longest = values['limit-line-length'];
    if (text.length > longest) return refused(`an address of more than ${longest} bytes (limit-line-length)`);
    const parsed = parseMailbox(text, {
      lenience: lenienceOf(values),
      localLength: values['rfc2821-local-length'],
      needsDomain,
      utf8: this.#isUtf8,
    });
    if (parsed.kind === 'path') return parsed.path.address;
    const hint = parsed.fault === 'nonAscii' && !this.#isUtf8 ? ', and MAIL has not said SMTPUTF8' : '';
    return refused(
      `${JSON.stringify(text.slice(0, 100))} is no address: ${FAULT_TEXTS[parsed.fault]}${hint}`,
    );
  }
}
