// Every deliberate difference between our answers and those of the original in spec/vectors/header.json, with its reason. What is not here
// is the same. Names like A2 are those of the defects that were observed in the original. header-vectors.spec.ts checks that each is needed.
import { type HeaderAnswer, type HeaderCase, headersOf, type Returned } from './header-cases.ts';

/** Holds for all cases. */
export interface Rule {
  readonly reason: string;
  readonly change: (answer: HeaderAnswer, item: HeaderCase) => HeaderAnswer;
}

const unstuffed = (content: string): string => content.replace(/(^|\r?\n)\.\./g, '$1.');

export const rules: readonly Rule[] = [
  {
    reason:
      'A1: header.find counts from 0 in the original; the API text says an index from 1, which header.insert takes',
    change: (answer, item) => ({
      ...answer,
      returns: answer.returns.map((returned, i) => {
        if (item.calls[i]?.[0] !== 'find' || !Array.isArray(returned)) return returned;
        return returned.map((value) => (typeof value === 'number' ? value + 1 : value));
      }),
    }),
  },
  {
    reason:
      'S2: the original leaves the dots of dot-stuffing in the file; policies and scanners are to see the message itself',
    change: (answer) => ({
      ...answer,
      atDot: unstuffed(answer.atDot),
      atForward: unstuffed(answer.atForward),
    }),
  },
];

/** What replaces the answer to which the rules were applied. */
export interface Difference {
  readonly reason: string;
  readonly returns?: readonly Returned[];
  /** The headers in hook.forward; the rest of the message is as in hook.dot. */
  readonly headers?: readonly string[];
  /** The whole message in hook.dot. */
  readonly atDot?: string;
  /** The whole message in hook.forward. */
  readonly atForward?: string;
}

const instances = 'A2: the original finds only the first header of a name, and deletes it for any other';
const noName =
  'design: a line without a name raises an error; it would end the headers early or be no header';

/** The headers of the message that most cases send. */
const first = ['Received: from one\r\n\tby two', 'Received: from three'];
const addresses = ['From: alice@example.com', 'To: bob@example.org'];
const last = ['x-dup:   3', 'X-Other: o', 'X-Dup: 4', 'Empty:', 'Subject: second'];
const received = [...first, 'Subject: hello', ...addresses, 'X-Dup: 1', 'X-Dup:2', ...last];

const refusedLine = (line: string): readonly Returned[] => [
  { error: `a header line must be "Name: value", got "${line}"` },
];

export const differences: Readonly<Record<string, Difference>> = {
  'find-received': {
    reason: instances,
    returns: [[1, 'from one\r\n\tby two'], [2, 'from three'], []],
  },
  'add-existing-name': { reason: instances, returns: [[], [13, 'other@example.com']] },
  'delete-second': {
    reason: instances,
    headers: [...first, 'Subject: hello', ...addresses, 'X-Dup: 1', ...last],
  },
  'delete-second-received': { reason: instances, headers: received.filter((header) => header !== first[1]) },
  'space-before-colon': {
    reason:
      'blanks before the colon do not hide a header (RFC 5322 4.5.3): forged ones could not be found and deleted',
    returns: [
      [1, 'x'],
      [1, 'x'],
    ],
  },
  'add-no-colon': { reason: noName, returns: refusedLine('no colon here'), headers: received },
  'add-empty': {
    reason: `${noName}; A3: the original forwards an empty line more`,
    returns: refusedLine(''),
    atForward: `${received.join('\r\n')}\r\n\r\nbody line\r\n.stuffed\r\n`,
  },
  'add-number': { reason: noName, returns: refusedLine('42'), headers: received },
  'in-forward-no-effect': {
    reason:
      'the API text allows changes up to hook.dot; the original takes later ones and drops them without a word',
    returns: [{ error: 'headers can be changed only up to hook.dot' }, [3, 'hello']],
  },
  'lf-message': {
    reason: 'design: bare LF is made CRLF (smtp-bare-newline), and only CRLF dot CRLF ends a message',
    atDot: 'Subject: lf\r\nTo: x\r\n\r\nbody lf\r\n',
    atForward: 'Subject: lf\r\nTo: x\r\nX-New: 1\r\n\r\nbody lf\r\n',
  },
  'no-blank-line': {
    reason: 'S26: without an empty line behind the headers the original appends the whole message again',
    atForward: 'Subject: x\r\nTo: y\r\nX-New: 1\r\n\r\n',
  },
};

/** The original's answer with the rules applied. */
export function ruled(item: HeaderCase): HeaderAnswer {
  const { returns, atDot, atForward } = item.original;
  return rules.reduce((answer, rule) => rule.change(answer, item), { returns, atDot, atForward });
}

/** What our answer has to be. */
export function expected(item: HeaderCase, difference = differences[item.name]): HeaderAnswer {
  const answer = ruled(item);
  if (difference === undefined) return answer;
  const {
    headers,
    returns = answer.returns,
    atDot = answer.atDot,
    atForward = answer.atForward,
  } = difference;
  if (headers === undefined) return { returns, atDot, atForward };
  const before = `${headersOf(atForward).join('\r\n')}\r\n`;
  return { returns, atDot, atForward: `${headers.join('\r\n')}\r\n${atForward.slice(before.length)}` };
}
