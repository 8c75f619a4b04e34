// The words of `smtpe sink`: where it listens, what it keeps, and what it answers otherwise than with yes. Pure.
import { nearestName } from '../base/nearest-name.ts';

const stages = ['banner', 'ehlo', 'mail', 'rcpt', 'data', 'dot'] as const;
export type SinkStage = (typeof stages)[number];

export interface SinkRule {
  readonly stage: SinkStage;
  /** Of the address in MAIL and RCPT; undefined: any. */
  readonly pattern: RegExp | undefined;
  /** A reply without its line end; undefined: the connection is closed. */
  readonly reply: string | undefined;
  /** How many of a hundred. */
  readonly percent: number;
}

export interface SinkSettings {
  readonly address: string;
  readonly port: number;
  /** Where messages are kept; undefined: a directory for the port in that of temporary files. */
  readonly directory: string | undefined;
  /** Messages that are kept at most; the oldest go. */
  readonly keep: number;
  /** Octets of a message at most. */
  readonly size: number;
  readonly list: boolean;
  readonly rules: readonly SinkRule[];
  readonly problems: readonly string[];
}

const DEFAULT_PORT = 2526;
const numbers: Readonly<Record<string, readonly [number, number, number]>> = {
  port: [DEFAULT_PORT, 0, 65_535],
  keep: [1000, 1, 100_000],
  size: [52_428_800, 1, 1_073_741_824],
};
const texts = ['address', 'dir'] as const;

const FORM = "STAGE[:PATTERN]=CODE [TEXT][%N] or STAGE=drop[%N], as 'rcpt:bad@*=550 5.1.1 no', dot=451%10";

/** `*` is any text; case does not count. */
const patternOf = (text: string): RegExp =>
  new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i');

/** What fits where: a yes of the stage, or a refusal. */
const yes: Readonly<Record<SinkStage, RegExp>> = {
  ...{ banner: /^220/, ehlo: /^250/, mail: /^25\d/, rcpt: /^25\d/, data: /^354/, dot: /^25\d/ },
};

function readRule(word: string): SinkRule | string | undefined {
  const match = /^([a-z]+)(?::([^=]*))?=(.*?)(?:%(\d{1,3}))?$/i.exec(word);
  const stage = stages.find((one) => one === match?.[1]?.toLowerCase());
  if (match === null || stage === undefined) return undefined;
  const [, , pattern, said = '', percentage = '100'] = match;
  const percent = Number(percentage);
  if (percent < 1 || percent > 100) return `${word}: a percentage from 1 to 100`;
  if (pattern !== undefined && stage !== 'mail' && stage !== 'rcpt')
    return `${word}: only mail and rcpt have an address; right would be: ${stage}=${said}`;
  const rule = { stage, pattern: pattern === undefined ? undefined : patternOf(pattern), percent };
  if (said.toLowerCase() === 'drop') return { ...rule, reply: undefined };
  const isReply = /^[2-5]\d\d(?: [ -~]*)?$/.test(said);
  if (!isReply || !(yes[stage].test(said) || /^[45]/.test(said))) return `${word}: expected ${FORM}`;
  return { ...rule, reply: said.includes(' ') ? said : `${said} ${said[0]}.0.0 by the sink` };
}

/** Reads the words behind `sink`. */
export function readSinkWords(words: readonly string[]): SinkSettings {
  const values = new Map<string, string>();
  const rules: SinkRule[] = [];
  const problems: string[] = [];
  let list = false;
  for (const word of words) {
    const [, name = '', text = ''] = /^([a-z]+)=(.*)$/is.exec(word) ?? [];
    const rule = readRule(word);
    if (word === '--list') list = true;
    else if (typeof rule === 'string') problems.push(rule);
    else if (rule !== undefined) rules.push(rule);
    else if (numbers[name] !== undefined || texts.some((one) => one === name)) values.set(name, text);
    else {
      const near = nearestName(name || word, [...Object.keys(numbers), ...texts, ...stages]);
      problems.push(
        `sink: ${JSON.stringify(word)} is nothing it knows; ${near === undefined ? `expected ${FORM}` : `did you mean ${near}=?`}`,
      );
    }
  }
  const number = (name: string): number => {
    const [usual, least, most] = numbers[name] ?? [0, 0, 0];
    const text = values.get(name);
    if (text === undefined) return usual;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    problems.push(`sink: ${name}=${text}: expected a number from ${least} to ${most}`);
    return usual;
  };
  return {
    ...{ address: values.get('address') ?? '127.0.0.1', port: number('port'), directory: values.get('dir') },
    ...{ keep: number('keep'), size: number('size'), list, rules, problems },
  };
}

/** The first rule of a stage that applies; `chance`: from 0 to 99. */
export function ruleFor(
  rules: readonly SinkRule[],
  stage: SinkStage,
  address: string,
  chance: () => number,
): SinkRule | undefined {
  return rules.find(
    (rule) =>
      rule.stage === stage &&
      (rule.pattern === undefined || rule.pattern.test(address)) &&
      (rule.percent === 100 || chance() < rule.percent),
  );
}
