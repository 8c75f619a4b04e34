// `t.next_hop`: what a next hop says at each stage, as a test writes it.
import { lowerAscii } from '../../base/ascii.ts';
import { nearestName } from '../../base/nearest-name.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { hopKey } from '../case-hops.ts';
import type { HopFake } from '../fakes.ts';
import type { AnswerBy, HopAnswer } from '../ports/scripted-hop.ts';
import { checkFields, isTable, type LuaFields, sketch, TIMEOUT, wrong } from './read-table.ts';

const STAGES = ['banner', 'ehlo', 'mail', 'rcpt', 'data', 'dot'] as const;
const FIELDS = [...STAGES, 'down'] as const;

/** The key of a host in the table of next hops; throws when it is none. */
export function readHopKey(host: string): string {
  const key = hopKey(host);
  if (key === undefined) throw wrong('t.next_hop', "a host as in smtp-smart-host, 'mx.example.com:25'", host);
  return key;
}

function readAnswer(what: string, value: LuaValue): HopAnswer {
  if (value === TIMEOUT) return 'silent';
  if (value === false) return 'closes';
  if (typeof value === 'string' && /^[2-5]\d\d(?:[ -]|$)/.test(value)) return value;
  throw wrong(what, "a reply as '550 5.1.1 no', false (it hangs up) or t.timeout", value);
}

function readAnswers(what: string, value: LuaValue): AnswerBy {
  if (!isTable(value)) return readAnswer(what, value);
  const answers = new Map<string, HopAnswer>();
  for (const [address, answer] of value) {
    if (typeof address !== 'string') throw wrong(what, "{ ['bad@example.com'] = '550 5.1.1 no' }", address);
    answers.set(lowerAscii(address), readAnswer(`${what}, ${sketch(address)}`, answer));
  }
  return answers;
}

function stageOf(what: string, table: LuaFields, stage: (typeof STAGES)[number]): AnswerBy | undefined {
  const value = table.get(stage);
  if (value === undefined) return undefined;
  const isByAddress = stage === 'mail' || stage === 'rcpt';
  return isByAddress ? readAnswers(`${what}, ${stage}`, value) : readAnswer(`${what}, ${stage}`, value);
}

export function readHop(host: string, table: LuaFields): HopFake {
  const what = `t.next_hop ${sketch(host)}`;
  for (const key of table.keys()) {
    if (typeof key !== 'string' || FIELDS.some((name) => name === key)) continue;
    const near = nearestName(key, FIELDS);
    if (near === undefined && key.includes('@'))
      throw new LuaError(
        `${what} has no field ${sketch(key)}; recipients stand in rcpt = { [${sketch(key)}] = ... }`,
      );
  }
  checkFields(what, table, FIELDS);
  const down = table.get('down');
  if (down === true) return { kind: 'refused' };
  if (down === TIMEOUT) return { kind: 'silent' };
  if (down !== undefined && down !== false)
    throw wrong(`${what}, down`, 'true (nobody listens) or t.timeout', down);
  const answer = (stage: 'banner' | 'ehlo' | 'data' | 'dot'): HopAnswer | undefined =>
    stageOf(what, table, stage) as HopAnswer | undefined;
  return {
    kind: 'answers',
    script: {
      ...{ banner: answer('banner'), ehlo: answer('ehlo'), data: answer('data'), dot: answer('dot') },
      ...{ mail: stageOf(what, table, 'mail'), rcpt: stageOf(what, table, 'rcpt') },
    },
  };
}
