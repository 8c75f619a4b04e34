// What a recording (observe/record) says of the outside world, for whoever plays it once more: answers of name servers and services, what next hops said,
// the name of the client. What it does not say is told as missing, as in a test.
import { isIP } from 'node:net';
import { type DnsRecord, rcode } from '../../dns/resolver-api.ts';
import { reverseIp } from '../../net-address/reverse-ip.ts';
import type { TraceEntry } from '../../observe/trace/entry.ts';
import type { RecordedCall } from '../../store/stores.ts';
import type { Place } from '../fake-table.ts';
import type { Fakes, HopFake } from '../fakes.ts';
import type { HopAnswer } from '../ports/scripted-hop.ts';
import type {
  AskedHttp,
  ClamdAnswer,
  HttpAnswer,
  NoAnswer,
  RspamdAnswer,
  ServiceScript,
  SpamdAnswer,
} from '../ports/scripted-services.ts';
import type { ZoneAnswer } from '../ports/zone-resolver.ts';
import type { CaseRecord } from '../record.ts';

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As answerJson has written it: octets are a Buffer again. */
function parsed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text, (_, one: unknown) =>
      isJson(one) && typeof one.octets === 'string' && Object.keys(one).length === 1
        ? Buffer.from(one.octets, 'base64')
        : one,
    );
    return isJson(value) ? value : {};
  } catch {
    return {};
  }
}

const octetsOf = (value: unknown): string =>
  Buffer.isBuffer(value) ? value.toString('latin1') : typeof value === 'string' ? value : '';
const numberOf = (value: unknown, usual = 0): number => (typeof value === 'number' ? value : usual);
const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(octetsOf) : []);

const NOWHERE: Place = { file: '', line: 0 };

function zoneAnswer({ error, rcode: code, records }: Json, type: string): ZoneAnswer {
  const number = numberOf(code, rcode.OK);
  if (typeof error === 'string') return { kind: 'code', code: number === rcode.OK ? rcode.TIMEDOUT : number };
  if (number !== rcode.OK) return { kind: 'code', code: number };
  const all = Array.isArray(records) ? records.filter(isJson) : [];
  const own = all.flatMap((record) => (record.type === type && isJson(record.fields) ? [record.fields] : []));
  return { kind: 'records', records: own as unknown as readonly DnsRecord['fields'][] };
}

/** What the names of the client lead to: as the session had them. */
function setClient(fakes: Fakes, client: string, entries: readonly TraceEntry[]): void {
  let asked = '';
  let host = '';
  for (const entry of entries) {
    if (entry.kind === 'wait' && !entry.inHook && entry.for === 'dns') asked = entry.what;
    if (entry.kind !== 'wait-end' || entry.inHook || entry.for !== 'dns') continue;
    if (asked === `name of ${client}`) {
      host = entry.outcome === 'none' ? '' : entry.outcome;
      const answer: ZoneAnswer =
        host === ''
          ? { kind: 'code', code: rcode.NXDOMAIN }
          : { kind: 'records', records: [{ value: `${host}.` }] };
      fakes.dns.set(`${reverseIp(client, true).replace(/\.$/, '')} PTR`, '', answer, NOWHERE);
    } else if (host !== '' && asked === `addresses of ${host}`) {
      const isOwn = entry.outcome !== 'not confirmed';
      const type = isIP(client) === 6 ? 'AAAA' : 'A';
      const answer: ZoneAnswer = { kind: 'records', records: isOwn ? [{ value: client }] : [] };
      if (!fakes.dns.has(`${host} ${type}`)) fakes.dns.set(`${host} ${type}`, '', answer, NOWHERE);
    }
  }
}

/** Puts what the recording says of names and of next hops into the fakes of a world. `hops`: keys of those that options name. */
export function setAnswers(
  fakes: Fakes,
  client: string,
  entries: readonly TraceEntry[],
  hops: readonly string[],
): void {
  for (const entry of entries) {
    if (entry.kind !== 'answer' || entry.of !== 'dns') continue;
    const [, type = '', name = ''] = /^(\S+) (\S*)$/.exec(entry.key) ?? [];
    const key = `${name.toLowerCase()} ${type}`;
    if (!fakes.dns.has(key)) fakes.dns.set(key, '', zoneAnswer(parsed(entry.answer), type), NOWHERE);
  }
  setClient(fakes, client, entries);
  const hop = hopOf(entries);
  fakes.hops.setDefault('', hop, NOWHERE);
  for (const key of hops) fakes.hops.set(key, '', hop, NOWHERE);
}

/** What was said to one thing, one after the other; the last one again and again. */
function inTurn<T>(said: T[]): T | undefined {
  return said.length > 1 ? said.shift() : said[0];
}

/** What was said to addresses, in turn. */
class SaidTo extends Map<string, HopAnswer> {
  readonly #said = new Map<string, HopAnswer[]>();

  add(address: string, answer: HopAnswer): void {
    const said = this.#said.get(address);
    if (said === undefined) this.#said.set(address, [answer]);
    else said.push(answer);
  }

  /** What was said last counts no more: it was asked again. */
  forget(address: string): void {
    this.#said.get(address)?.pop();
  }

  override get(address: string): HopAnswer | undefined {
    return inTurn(this.#said.get(address) ?? []);
  }
}

/**
 * One for all next hops, which says what they have said, in turn. A command may be sent with the one before it (RSET, MAIL), and each reply is to the first
 * that has none. One that could not be reached has no part in it, unless nobody could.
 */
export function hopOf(entries: readonly TraceEntry[]): HopFake {
  const mail = new SaidTo();
  const rcpt = new SaidTo();
  const data: HopAnswer[] = [];
  const dot: HopAnswer[] = [];
  let isDown = false;
  let hasSaid = false;
  let sent: string[] = [];
  /** A sender that was refused, and whether there is a new connection since: then it is tried there. */
  let refused: string | undefined;
  let isNew = false;
  for (const entry of entries) {
    if (entry.kind !== 'next-hop') continue;
    if (entry.way === 'fails' && /^connect\b/.test(entry.line)) isDown = true;
    if (entry.way === 'sent') sent.push(...entry.line.split('\r\n'));
    if (entry.way !== 'said') continue;
    hasSaid = true;
    const said = entry.line.trimEnd();
    // A greeting: of what was sent to others nothing is answered any more.
    if (said.startsWith('220') && !/^STARTTLS/i.test(sent[0] ?? '')) {
      sent = [];
      isNew = true;
    }
    // Lines of one reply, and what asks for the rest of a log-in.
    else if (!/^\d{3}-[^\n]*$/.test(said) && !said.startsWith('334')) {
      const command = sent.shift() ?? '';
      const path = /<([^>]*)>/.exec(command)?.[1]?.toLowerCase() ?? '';
      if (/^MAIL/i.test(command)) {
        if (isNew && refused === path) mail.forget(path);
        mail.add(path, said);
        refused = said.startsWith('2') ? undefined : path;
        isNew = false;
      }
      if (/^RCPT/i.test(command)) rcpt.add(path, said);
      else if (/^DATA/i.test(command)) data.push(said);
      else if (/final dot/.test(command)) dot.push(said);
    }
  }
  if (isDown && !hasSaid) return { kind: 'refused' };
  const script = {
    ...{ mail, rcpt },
    get data() {
      return inTurn(data);
    },
    get dot() {
      return inTurn(dot);
    },
  };
  return { kind: 'answers', script };
}

/** Services answer in the order in which they did. */
export class RecordedServices implements ServiceScript {
  readonly #answers: { readonly of: string; readonly key: string; readonly answer: Json }[];
  readonly #record: CaseRecord;

  constructor(entries: readonly TraceEntry[], record: CaseRecord) {
    this.#record = record;
    this.#answers = entries.flatMap((entry) =>
      entry.kind === 'answer' && entry.of !== 'dns'
        ? [{ of: entry.of, key: entry.key, answer: parsed(entry.answer) }]
        : [],
    );
  }

  /** The next one, taken; or why there is none. */
  #next(of: string, what: string, fits: (key: string) => boolean = () => true): Json | NoAnswer {
    const at = this.#answers.findIndex((one) => one.of === of && fits(one.key));
    const [found] = at < 0 ? [] : this.#answers.splice(at, 1);
    if (found === undefined) {
      this.#record.missing(what, '');
      return { kind: 'none', error: 'the recording has no answer' };
    }
    const { error, fields } = found.answer;
    if (typeof error === 'string') return { kind: 'none', error };
    return isJson(fields) ? fields : {};
  }

  clamd(): ClamdAnswer {
    const fields = this.#next('clamd', 'service.clamd');
    if (isNone(fields)) return fields;
    return fields.is_infected === true
      ? { kind: 'found', signature: octetsOf(fields.signature) }
      : { kind: 'clean' };
  }

  spamd(): SpamdAnswer {
    const fields = this.#next('spamd', 'service.spamd');
    if (isNone(fields)) return fields;
    return {
      ...{ kind: 'score', score: numberOf(fields.score), threshold: numberOf(fields.threshold, 5) },
      ...{ isSpam: fields.is_spam === true, symbols: textsOf(fields.symbols) },
    };
  }

  rspamd(): RspamdAnswer {
    const fields = this.#next('rspamd', 'service.rspamd');
    if (isNone(fields)) return fields;
    // By number and by name.
    const symbols = isJson(fields.symbols)
      ? Object.entries(fields.symbols).filter(([name]) => !/^\d+$/.test(name))
      : [];
    return {
      ...{ kind: 'score', score: numberOf(fields.score), required: numberOf(fields.required_score, 15) },
      action: octetsOf(fields.action),
      symbols: symbols.flatMap(([name, its]) =>
        isJson(its)
          ? [{ name, score: numberOf(its.score), description: undefined, options: textsOf(its.options) }]
          : [],
      ),
      message: isJson(fields.messages) ? octetsOf(fields.messages.smtp_message) || undefined : undefined,
    };
  }

  http({ method, url }: AskedHttp): HttpAnswer {
    const fields = this.#next('http', `${method} ${url}`, (key) => url.includes(key));
    if (isNone(fields)) return fields;
    const headers = octetsOf(fields.headers)
      .split('\r\n')
      .flatMap((line) => {
        const [, name, value = ''] = /^([!-9;-~]+):\s*(.*)$/.exec(line) ?? [];
        return name === undefined || /^content-(?:length|encoding)$/i.test(name)
          ? []
          : [[name, value] as const];
      });
    return { kind: 'answer', code: numberOf(fields.rcode, 200), headers, body: octetsOf(fields.content) };
  }

  tcp(target: string): string {
    this.#record.missing(`a connection to ${target}`, '');
    return 'a recording has no answers of protocols of a policy itself';
  }
}

/** Each call of a store is told what it was told, in the order in which it was made. */
export function storeAnswers(
  entries: readonly TraceEntry[],
): (call: RecordedCall) => readonly unknown[] | undefined {
  const answers = new Map<string, string[]>();
  for (const entry of entries) {
    if (entry.kind !== 'answer' || entry.of !== 'store') continue;
    const of = answers.get(entry.key);
    if (of === undefined) answers.set(entry.key, [entry.answer]);
    else of.push(entry.answer);
  }
  return ({ args, op, store }) => {
    const text = answers.get(`${store}.${op} ${args}`)?.shift();
    if (text === undefined) return undefined;
    try {
      const results: unknown = JSON.parse(text);
      return Array.isArray(results) ? results : undefined;
    } catch {
      return undefined;
    }
  };
}

const isNone = (fields: Json | NoAnswer): fields is NoAnswer => fields.kind === 'none';
