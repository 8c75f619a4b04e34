// An answer of DNS in one line, for whoever follows a session.
import type { Log } from '../../base/log.ts';
import { type DnsQuestion, type DnsRecord, type DnsResponse, rcode } from '../../dns/resolver-api.ts';
import { rcodeName, typeKey } from '../../dns/type-table.ts';
import { answerJson } from '../../lua-api/answer-json.ts';

/** Records that are shown. */
const MOST = 5;
/** Characters of one. */
const LONGEST = 200;

/** Milliseconds of the clock that `question.since` was read from. */
export function tellAnswer(
  log: Log,
  question: DnsQuestion & { readonly since: number },
  response: DnsResponse,
  now: number,
): void {
  log.emit('dns-told', {
    question: `${typeKey(question.type)} ${question.name.replace(/\.$/, '')}`,
    outcome: outcomeText(question, response),
    seconds: (now - question.since) / 1000,
  });
}

/** All of it, for a recording. */
export function giveAnswer(log: Log, question: DnsQuestion, response: DnsResponse): void {
  const { answer, error, rcode: code, ttl } = response;
  const records = answer.map(({ fields, type }) => ({ type: typeKey(type), fields }));
  log.emit('answer-given', {
    of: 'dns',
    key: `${typeKey(question.type)} ${question.name.replace(/\.$/, '').toLowerCase()}`,
    answer: answerJson({ rcode: code, ttl, error, records }),
  });
}

function outcomeText({ type }: DnsQuestion, { answer, error, rcode: code }: DnsResponse): string {
  if (error !== undefined) return `${rcodeName(code)}: ${error}`;
  if (code !== rcode.OK) return rcodeName(code);
  const found = answer.filter((record) => record.type === type);
  if (found.length === 0) return 'no records';
  const shown = found.slice(0, MOST).map(recordText).join(', ');
  return found.length > MOST ? `${shown}, and ${found.length - MOST} more` : shown;
}

function recordText({ fields }: DnsRecord): string {
  const values = Object.entries(fields).filter(([name]) => name !== 'strings');
  return values
    .map(([, value]) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
    .join(' ')
    .slice(0, LONGEST);
}
