// What rspamd says of a message: the JSON of its /checkv2, held against what is expected of it. A reply that is half understood is none. Texts
// are octets as latin1. Pure.

export interface RspamdSymbol {
  readonly name: string;
  readonly score: number;
  readonly description: string | undefined;
  readonly options: readonly string[];
}

export interface RspamdHeader {
  readonly name: string;
  readonly value: string;
  /** Where it is to stand, from the top; undefined: anywhere. */
  readonly order: number | undefined;
}

export interface RspamdVerdict {
  readonly kind: 'verdict';
  /** `no action`, `greylist`, `add header`, `rewrite subject`, `soft reject`, `reject`, or another of its configuration. */
  readonly action: string;
  readonly score: number;
  readonly requiredScore: number;
  /** Settings have told it not to look. */
  readonly isSkipped: boolean;
  /** The highest score first. */
  readonly symbols: readonly RspamdSymbol[];
  /** Texts for the client, by name (`smtp_message`). */
  readonly messages: ReadonlyMap<string, string>;
  /** Of the action `rewrite subject`. */
  readonly subject: string | undefined;
  readonly addHeaders: readonly RspamdHeader[];
  readonly removeHeaders: readonly string[];
  /** The value of a DKIM-Signature that it has made. */
  readonly dkimSignature: string | undefined;
}

export type RspamdReading = RspamdVerdict | { readonly kind: 'fault'; readonly error: string };

/** Octets of a reply; parsing takes 10 ms for each MiB. */
export const maxRspamdReply = 2_097_152;
const maxSymbols = 5000;
const maxHeaders = 1000;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const octetsOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? octetsOf(value) : undefined;
const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

export function readRspamdReply(reply: Buffer): RspamdReading {
  const fault = (error: string): RspamdReading => ({ kind: 'fault', error });
  if (reply.length > maxRspamdReply)
    return fault(`the reply of rspamd is longer than ${maxRspamdReply} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(reply.toString('utf8'));
  } catch {
    return fault('the reply of rspamd is no JSON');
  }
  if (!isFields(parsed)) return fault('the reply of rspamd is no JSON object');
  const said = textOf(parsed.error);
  if (said !== undefined) return fault(`rspamd said: ${said.replace(/[^ -~]/g, '?').slice(0, 200)}`);
  const action = textOf(parsed.action);
  const score = numberOf(parsed.score);
  const requiredScore = numberOf(parsed.required_score);
  if (action === undefined || score === undefined || requiredScore === undefined)
    return fault('the reply of rspamd has no action, score and required_score');
  const symbols = symbolsOf(parsed.symbols);
  const milter = isFields(parsed.milter) ? parsed.milter : {};
  const addHeaders = headersOf(milter.add_headers);
  if (symbols === undefined) return fault('the symbols in the reply of rspamd are not understood');
  if (addHeaders === undefined) return fault('the headers in the reply of rspamd are not understood');
  return {
    kind: 'verdict',
    action,
    score,
    requiredScore,
    isSkipped: parsed.is_skipped === true,
    symbols,
    messages: messagesOf(parsed.messages),
    subject: textOf(parsed.subject),
    addHeaders,
    removeHeaders: isFields(milter.remove_headers)
      ? Object.keys(milter.remove_headers).slice(0, maxHeaders).map(octetsOf)
      : [],
    dkimSignature: textOf(parsed['dkim-signature']),
  };
}

function symbolsOf(value: unknown): readonly RspamdSymbol[] | undefined {
  if (value === undefined) return [];
  if (!isFields(value)) return undefined;
  const symbols: RspamdSymbol[] = [];
  for (const [name, symbol] of Object.entries(value)) {
    const score = isFields(symbol) ? numberOf(symbol.score) : undefined;
    if (!isFields(symbol) || score === undefined || symbols.length === maxSymbols) return undefined;
    const options = Array.isArray(symbol.options)
      ? symbol.options.flatMap((option) => textOf(option) ?? [])
      : [];
    symbols.push({ name: octetsOf(name), score, description: textOf(symbol.description), options });
  }
  return symbols.sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1));
}

/** rspamd gives a text, an object with value and order, or an array of both. */
function headersOf(value: unknown): readonly RspamdHeader[] | undefined {
  if (value === undefined) return [];
  if (!isFields(value)) return undefined;
  const headers: RspamdHeader[] = [];
  for (const [name, given] of Object.entries(value)) {
    for (const one of Array.isArray(given) ? given : [given]) {
      const text = textOf(isFields(one) ? one.value : one);
      if (text === undefined || headers.length === maxHeaders) return undefined;
      headers.push({
        name: octetsOf(name),
        value: text,
        order: isFields(one) ? numberOf(one.order) : undefined,
      });
    }
  }
  return headers;
}

function messagesOf(value: unknown): ReadonlyMap<string, string> {
  const messages = new Map<string, string>();
  if (!isFields(value)) return messages;
  for (const [name, text] of Object.entries(value).slice(0, maxHeaders))
    if (typeof text === 'string') messages.set(octetsOf(name), octetsOf(text));
  return messages;
}
