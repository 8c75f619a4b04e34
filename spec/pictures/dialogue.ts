// The dialogue of a session as a ladder: what the client says, which hook is asked, what the next hop hears, and who may refuse at each step.
// Codes are those of the tables of hooks and of replies.
import { type HookName, type HookSpec, hookTable } from '../../src/policy/hook-table.ts';
import { type ErrorName, errorTable } from '../../src/smtp/server/reply-table.ts';
import { type Kind, Sheet } from './sheet.ts';

interface Step {
  /** As the client says it. */
  readonly said: string;
  /** What the engine itself may answer, in the order of what is looked at. */
  readonly errors: readonly ErrorName[];
  readonly hooks: readonly HookName[];
  /** What the next hop hears. */
  readonly next?: string;
  /** To the client, when nobody refuses; empty where there is none. */
  readonly reply: string;
  readonly isLast?: true;
}

const steps: readonly Step[] = [
  {
    said: 'connects',
    errors: ['clientConnections', 'earlyTalker'],
    hooks: ['accept'],
    reply: '220 banner',
  },
  { said: 'EHLO mx.example', errors: ['syntax'], hooks: ['ehlo'], reply: '250 what is offered' },
  {
    said: 'STARTTLS',
    errors: ['tlsUnavailable', 'clearBehindTls'],
    hooks: ['starttls'],
    reply: '220, then the handshake',
  },
  {
    said: 'AUTH',
    errors: ['authUnavailable', 'credentials', 'encryptionRequired'],
    hooks: ['auth'],
    reply: '235',
  },
  {
    said: 'MAIL FROM:<a@b.example>',
    errors: ['authRequired', 'size', 'senderDomain', 'unknownParameter'],
    hooks: ['mail'],
    next: 'MAIL FROM',
    reply: '250',
  },
  {
    said: 'RCPT TO:<x@y.example>',
    errors: ['recipientUnavailable', 'recipients', 'unknownRecipient', 'rcptDomain'],
    hooks: ['rcpt'],
    next: 'RCPT TO',
    reply: '250',
  },
  { said: 'DATA', errors: ['outOfSequence', 'noRecipients'], hooks: ['data'], reply: '354 go on' },
  {
    said: 'the message',
    errors: [],
    hooks: ['content', 'header', 'eoh', 'body'],
    reply: '',
  },
  {
    said: 'the final dot',
    errors: ['later', 'storage', 'bareNewline', 'size', 'hops'],
    hooks: ['dot', 'forward'],
    next: 'DATA, the message, the dot',
    reply: '250: the next hop has said it',
    isLast: true,
  },
];

const codesOf = (names: readonly ErrorName[]): string =>
  [...new Set(names.map((name) => errorTable[name].code))].sort((a, b) => a - b).join(' ');

/** A refusal fits whatever a hook may say at all. */
const mayRefuse = (hooks: readonly HookName[]): boolean =>
  hooks.some((name) => (hookTable[name] satisfies HookSpec).codes !== 'none');

const WIDTH = 820;
const CLIENT = 70;
const ENGINE = 330;
const POLICY = 560;
const NEXT = 746;
const TOP = 76;
/** From one line to the next; below a line that ends in a box of codes there is more air. */
const LINE = 24;
const BELOW_CODES = 28;
const BETWEEN = 36;
const REFUSALS = '4xx 5xx';

const heightOf = ({ next, reply }: Step): number =>
  BELOW_CODES + (next === undefined ? 0 : LINE) + (reply === '' ? 0 : LINE) + BETWEEN;

const inWords = ({ errors, hooks, next, reply }: Step): string =>
  [
    errors.length === 0 ? '' : `smtpe itself may refuse with ${codesOf(errors)}`,
    mayRefuse(hooks) ? `${hooks.map((name) => `hook.${name}`).join(', ')} may refuse` : '',
    next === undefined ? '' : `the next hop hears ${next} and may refuse`,
    reply === '' ? 'there is no reply yet' : `else the client hears ${reply}`,
  ]
    .filter((part) => part !== '')
    .join('; ');

export function dialogue(): Sheet {
  const bottom = TOP + steps.reduce((sum, step) => sum + heightOf(step), 0) - LINE;
  const sheet = new Sheet(
    WIDTH,
    bottom + 84,
    'The dialogue, and who may refuse at which step',
    `A ladder with four uprights: client, smtpe, your policy, next hop. ${steps.map((step) => `${step.said}: ${inWords(step)}.`).join(' ')}`,
  );
  for (const x of [CLIENT, ENGINE, POLICY, NEXT]) {
    sheet.line(
      [
        [x, 48],
        [x, bottom],
      ],
      { dashed: true },
    );
  }
  const head = (x: number, width: number, kind: Kind, text: string): void => {
    sheet.label({ x: x - width / 2, y: 16, width, height: 32 }, kind, [text], { bold: true });
  };
  head(CLIENT, 90, 'plain', 'client');
  head(ENGINE, 110, 'engine', 'smtpe');
  head(POLICY, 110, 'policy', 'your policy');
  head(NEXT, 110, 'plain', 'next hop');

  let y = TOP;
  /** Somebody may say no: a box on his upright, and the arrow that ends at it. */
  const asks = (from: number, to: number, codes: string): void => {
    const width = codes === '' ? 0 : codes.length * 7 + 14;
    sheet.line(
      [
        [from, y],
        [to - width / 2, y],
      ],
      { head: 'end' },
    );
    if (codes === '') return;
    sheet.label({ x: to - width / 2, y: y - 9, width, height: 18 }, 'no', [codes], { code: true, size: 11 });
  };
  for (const { said, errors, hooks, next, reply, isLast = false } of steps) {
    sheet.text(CLIENT + 10, y - 5, said, { size: 12, code: /^[A-Z]/.test(said) });
    asks(CLIENT, ENGINE, codesOf(errors));
    y += BELOW_CODES;
    const shown = hooks.map((name) => (hooks.length > 2 ? name : `hook.${name}`)).join(' ');
    sheet.text(ENGINE + 10, y - 5, shown, { size: 11, code: true });
    asks(ENGINE, POLICY, mayRefuse(hooks) ? REFUSALS : '');
    if (hooks.every((name) => hookTable[name].result === 'content'))
      sheet.lines(POLICY + 40, y, ['kept, and said', 'at the dot'], { size: 11, quiet: true });
    if (next !== undefined) {
      y += LINE;
      sheet.text(ENGINE + 10, y - 5, next, { size: 11, code: !/[a-z]/.test(next) });
      asks(ENGINE, NEXT, REFUSALS);
    }
    if (reply !== '') {
      y += LINE;
      sheet.line(
        [
          [ENGINE, y],
          [CLIENT, y],
        ],
        { head: 'end' },
      );
      sheet.text(CLIENT + 10, y - 5, reply, { size: 12, quiet: !isLast, bold: isLast });
    }
    y += BETWEEN;
  }

  const codes = { x: 24, y: bottom + 12, width: REFUSALS.length * 7 + 14, height: 18 };
  sheet.label(codes, 'no', [REFUSALS], { code: true, size: 11 });
  const note = (line: number, text: string): void => {
    sheet.text(98, bottom + 25 + line * 20, text, { size: 12, quiet: true });
  };
  note(
    0,
    'may be said here, and the client hears it. 4xx: come again; 5xx: never. smtpe may say 421 at every step:',
  );
  note(1, 'a limit, a time-out, a failed hook, a shutdown. The next hop is asked at MAIL and RCPT unless');
  note(2, 'smtp-forward-at=dot, or the policy has hook.forward: then it hears all of it at the end.');
  return sheet;
}
