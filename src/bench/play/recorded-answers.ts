// What a recording (observe/record) says of the outside world, for whoever plays it once more: answers of name servers, stores, commands and of who knows
// recipients, what next hops said, the name of the client, what lots were drawn. What it does not say is told as missing, as in a test.
import { isIP } from 'node:net';
import { type DnsRecord, rcode } from '../../dns/resolver-api.ts';
import { reverseIp } from '../../net-address/reverse-ip.ts';
import type { TraceEntry } from '../../observe/trace/entry.ts';
import type { RecordedCall } from '../../store/stores.ts';
import type { RecipientAnswer } from '../../users/recipient-source.ts';
import type { Place } from '../fake-table.ts';
import type { Fakes } from '../fakes.ts';
import type { RecordedEnd } from '../ports/recorded-command.ts';
import type { ZoneAnswer } from '../ports/zone-resolver.ts';
import { hopOf } from './recorded-hop.ts';
import { inTurn, isJson, type Json, numberOf, octetsOf, parsed } from './recorded-values.ts';

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

/** What each file of the policy in service drew its lots from, in the order in which they began to. */
export function randomSeeds(entries: readonly TraceEntry[]): () => number | undefined {
  const seeds = entries.flatMap((entry) =>
    entry.kind === 'answer' && entry.of === 'random' && /^\d{1,15}$/.test(entry.answer)
      ? [Number(entry.answer)]
      : [],
  );
  return () => seeds.shift();
}

/** Who recipients are, as the sources of the session have said it of each, in turn; undefined: they were not asked. */
export function recipientAnswers(
  entries: readonly TraceEntry[],
): ((address: string) => RecipientAnswer | undefined) | undefined {
  const answers = new Map<string, RecipientAnswer[]>();
  for (const entry of entries) {
    if (entry.kind !== 'answer' || entry.of !== 'recipient') continue;
    const answer = recipientAnswer(parsed(entry.answer));
    // Several sources are one here: who has nothing to say leaves it to the next.
    if (answer.kind === 'foreign' && answers.has(entry.key)) continue;
    const of = answers.get(entry.key)?.filter(({ kind }) => kind !== 'foreign') ?? [];
    answers.set(entry.key, [...of, answer]);
  }
  return answers.size === 0 ? undefined : (address) => inTurn(answers.get(address) ?? []);
}

function recipientAnswer({ cause, kind, maildir, status, text }: Json): RecipientAnswer {
  switch (kind) {
    case 'known':
      return { kind, ...(typeof maildir === 'string' && { maildir }) };
    case 'foreign':
    case 'unknown':
      return { kind };
    case 'refused':
      return { kind, status: octetsOf(status), text: octetsOf(text) };
    default:
      return { kind: 'unavailable', cause: octetsOf(cause) };
  }
}

/** Of a message, in the name of its file. */
const ID = /\b[0-9][0-9A-Za-z]{17}\b/;

/** The file of a message is another one in each session. In linear time: a command may have in it what a stranger wrote. */
const spoolless = (command: string): string =>
  command.replaceAll(/[^\s'"=]+/g, (word) => {
    const parts = word.split('/');
    const at = parts.findLastIndex((part, i) => i > 0 && ID.test(part));
    return at < 0 ? word : ['MESSAGE', ...parts.slice(at + 1)].join('/');
  });

/** Commands of a policy end as they ended, those of the same words in their order; undefined: nobody has started one. Without `isTaken` the next one stays. */
export function commandEnds(
  entries: readonly TraceEntry[],
): (command: string, isTaken?: boolean) => RecordedEnd | undefined {
  const ends = new Map<string, RecordedEnd[]>();
  for (const entry of entries) {
    if (entry.kind !== 'answer' || entry.of !== 'command') continue;
    const key = spoolless(entry.key);
    const end = commandEnd(parsed(entry.answer));
    const of = ends.get(key);
    if (of === undefined) ends.set(key, [end]);
    else of.push(end);
  }
  return (command, isTaken = true) => {
    const of = ends.get(spoolless(command));
    return isTaken ? of?.shift() : of?.[0];
  };
}

function commandEnd({ code, failed, how, number, output }: Json): RecordedEnd {
  if (typeof failed === 'string') return { kind: 'failed', text: failed, number: numberOf(number) };
  const status = { how: how === 'signal' ? how : 'exit', code: numberOf(code) } as const;
  return { kind: 'ended', status, output: octetsOf(output) };
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
