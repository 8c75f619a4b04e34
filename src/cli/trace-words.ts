// The words of `smtpe trace FILE`: what is played, who sends it to whom, and what answers policies. Without a file it is the trace of a server that runs
// (trace.ts).
import { isIP } from 'node:net';

export interface TraceFileWords {
  readonly path: string;
  readonly client: string;
  readonly host: string | undefined;
  readonly helo: string | undefined;
  readonly sender: string | undefined;
  readonly recipients: readonly string[];
  readonly fakes: string | undefined;
  readonly tls: boolean;
  readonly content: boolean;
}

/** Of the trace of a server too. */
const FLAGS = ['new', 'one', 'content', 'tls'];
/** An address that nobody has (RFC 5737). */
const SOMEBODY = '192.0.2.1';

const isFile = (word: string): boolean => !word.includes('=') && !FLAGS.includes(word);

/** True when a file is named. */
export const isOffline = (operands: readonly string[]): boolean => operands.some(isFile);

/** What they say, or what is wrong with them. */
export function readTraceWords(operands: readonly string[]): TraceFileWords | string {
  const [path, another] = operands.filter(isFile);
  if (path === undefined) return 'there is no file';
  if (another !== undefined) return `${path} and ${another}: one file`;
  const given = new Map<string, string>();
  const recipients: string[] = [];
  const flags = new Set<string>();
  for (const word of operands) {
    if (word === path) continue;
    const [, name = word, value] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    if (value === undefined) {
      if (name === 'new' || name === 'one') return `${name}: with a file there is one session`;
      flags.add(name);
    } else if (/[\r\n]/.test(value)) return `${name}=: one line`;
    else if (name === 'to') recipients.push(...value.split(/[, ]+/).filter((one) => one !== ''));
    else if (name === 'id') return `${word}: with a file there is one session`;
    else if (name === 'from' && isIP(value) !== 0) given.set('client', value);
    else if (given.has(name)) return `${word}: ${name}= is given twice`;
    else given.set(name, value);
  }
  const client = given.get('client') ?? SOMEBODY;
  if (isIP(client) === 0) return `client=${client}: expected an address, as 192.0.2.7`;
  const octets = (name: string): string | undefined => latin1(given.get(name));
  return {
    ...{ path, client, host: octets('host'), helo: octets('helo') },
    sender: octets('from')?.replace(/^<(.*)>$/, '$1'),
    recipients: recipients.map((one) => latin1(one.replace(/^<(.*)>$/, '$1'))),
    ...{ fakes: given.get('fakes'), tls: flags.has('tls'), content: flags.has('content') },
  };
}

function latin1(text: string): string;
function latin1(text: string | undefined): string | undefined;
function latin1(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'utf8').toString('latin1');
}
