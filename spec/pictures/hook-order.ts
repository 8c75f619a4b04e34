// The hooks in the order of a session: what each may say, and from where to where what a policy reads is there. Codes are those of the hook
// table, beginnings and ends those of the table of session facts.
import { type HookName, type HookSpec, hookTable, type ReplyCodes } from '../../src/policy/hook-table.ts';
import { type FactName, type FactSpec, factTable, type Moment } from '../../src/smtp/server/session-facts.ts';
import { Sheet } from './sheet.ts';

interface Row {
  /** What the client does. */
  readonly when: string;
  readonly hooks: readonly [HookName, ...HookName[]];
  /** A new part of the session begins here. */
  readonly begins?: true;
}

const session: readonly Row[] = [
  { when: 'smtpe starts', hooks: ['init'] },
  { when: 'a client connects', hooks: ['accept'], begins: true },
  { when: 'EHLO or HELO', hooks: ['ehlo', 'helo'] },
  { when: 'STARTTLS', hooks: ['starttls'] },
  { when: 'AUTH', hooks: ['auth'] },
  { when: 'MAIL', hooks: ['mail'], begins: true },
  { when: 'each RCPT', hooks: ['rcpt'] },
  { when: 'DATA or BDAT', hooks: ['data'] },
  { when: 'each piece', hooks: ['content'] },
  { when: 'each header', hooks: ['header'] },
  { when: 'end of headers', hooks: ['eoh'] },
  { when: 'each line', hooks: ['body'] },
  { when: 'the final dot', hooks: ['dot'] },
  { when: 'nobody refused', hooks: ['forward'] },
  { when: 'after the reply', hooks: ['reset'] },
  { when: 'QUIT', hooks: ['quit'], begins: true },
  { when: 'the end', hooks: ['close'] },
];

const atAnyTime: readonly Row[] = [
  { when: 'that command', hooks: ['rset', 'noop', 'help'] },
  { when: 'XCLIENT', hooks: ['xclient'] },
  { when: 'wrong command', hooks: ['unknown', 'out_seq'] },
  { when: 'before each reply', hooks: ['reply'] },
  { when: 'a failure', hooks: ['error'] },
];

const notes: readonly string[] = [
  'Every hook may ask DNS, scanners, web services,',
  'the store and other servers, and wait for them.',
  '2xx goes on, as no reply does (but for AUTH).',
  'At dot: kept, and said at the final dot.',
  'STARTTLS forgets the greeting and the log-in;',
  'XCLIENT begins again with accept.',
];

/** At a row, or behind its reply. */
type Point = readonly [HookName, 'at' | 'behind'];

/** Where a moment of the table of facts is in this picture; others are those of STARTTLS, XCLIENT and refusals. */
const points: Partial<Record<Moment, Point>> = {
  connect: ['accept', 'at'],
  hello: ['ehlo', 'behind'],
  'auth-hook': ['auth', 'at'],
  'auth-done': ['auth', 'behind'],
  auth: ['auth', 'behind'],
  'mail-hook': ['mail', 'at'],
  'data-hook': ['data', 'at'],
  'dot-hook': ['dot', 'at'],
  'message-end': ['reset', 'behind'],
};

interface Bar {
  readonly label: string;
  readonly from: Point;
  readonly to: Point;
}

const close: Point = ['close', 'behind'];

/** The bar of a fact: to where a session without STARTTLS, XCLIENT and refusals ends it. */
function bar(name: FactName, label: string): Bar {
  const { begins, ends }: FactSpec = factTable[name];
  const from = begins.flatMap((moment) => (points[moment] === undefined ? [] : [points[moment]]))[0];
  const end = ends.find((moment) => moment === 'message-end' || moment === 'auth-done');
  if (from === undefined) throw new Error(`${name} begins where the picture has no row`);
  return { label, from, to: (end === undefined ? undefined : points[end]) ?? close };
}

/** In the order of their beginnings: a label stands where nothing to the right of its bar has begun. */
const bars: readonly Bar[] = [
  bar('address', 'client.address, .host, .tls, .listener, .proxy'),
  bar('hello', 'client.helo'),
  bar('authPassword', 'client.auth_claim, .auth_password, .auth_result'),
  bar('authUser', 'client.authenticated, .auth_user'),
  bar('transaction', 'client.sender, .recipients, .parameters'),
  bar('messageFile', 'client.msg_file'),
  { label: 'mime.parts, uri.found: grow, whole in dot', from: ['content', 'at'], to: ['reset', 'behind'] },
  { label: 'header.*: what has come', from: ['header', 'at'], to: ['reset', 'behind'] },
  bar('messageLength', 'client.message_length'),
];

const yes: Readonly<Record<ReplyCodes, string>> = {
  answer: '2xx',
  auth: '235',
  starttls: '220',
  data: '354',
  replacement: 'same',
  none: '',
};

const WIDTH = 820;
const ROW = 34;
const TOP = 46;
const WHEN = 20;
const HOOK = 136;
const YES = 268;
const NO = 312;
const BARS = 396;
const BAR = 9;
const STEP = 19;

export function hookOrder(): Sheet {
  const anyTime = TOP + session.length * ROW + 42;
  const height = anyTime + atAnyTime.length * ROW + 14;
  const sheet = new Sheet(
    WIDTH,
    height,
    'The hooks in their order, what each may say, and what is there to be read',
    [...session, ...atAnyTime]
      .map(({ when, hooks }) => {
        const { codes, result }: HookSpec = hookTable[hooks[0]];
        const said = codes === 'none' ? 'no reply' : `${yes[codes]}, 4xx or 5xx`;
        return `${when}: ${hooks.map((name) => `hook.${name}`).join(', ')}: ${said}${result === 'content' ? ', kept for the final dot' : ''}.`;
      })
      .concat(bars.map(({ label, from, to }) => `${label}: from hook.${from[0]} to hook.${to[0]}.`))
      .join(' '),
  );

  sheet.text(WHEN, 34, 'when', { bold: true });
  sheet.text(HOOK, 34, 'what is called', { bold: true });
  sheet.text(YES, 34, 'may say', { bold: true });
  sheet.text(BARS, 34, 'what is there to be read', { bold: true });

  const drawRow = ({ when, hooks, begins }: Row, middle: number): void => {
    if (begins === true) {
      const y = middle - ROW / 2;
      sheet.line(
        [
          [WHEN, y],
          [BARS - 12, y],
        ],
        { dashed: true },
      );
    }
    const { codes, result }: HookSpec = hookTable[hooks[0]];
    sheet.lines(WHEN, middle, [when], { size: 12, quiet: true });
    sheet.label({ x: HOOK, y: middle - 12, width: 120, height: 24 }, 'policy', [hooks.join(' ')], {
      code: true,
      size: 12,
    });
    if (codes === 'none') {
      sheet.lines(YES, middle, ['nothing'], { size: 11, quiet: true });
    } else if (result === 'content') {
      sheet.label({ x: YES, y: middle - 10, width: 108, height: 20 }, 'later', ['4xx 5xx at dot'], {
        code: true,
        size: 11,
      });
    } else {
      sheet.label({ x: YES, y: middle - 10, width: 38, height: 20 }, 'yes', [yes[codes]], {
        code: true,
        size: 11,
      });
      sheet.label({ x: NO, y: middle - 10, width: 64, height: 20 }, 'no', ['4xx 5xx'], {
        code: true,
        size: 11,
      });
    }
  };
  const middleOf = (index: number): number => TOP + index * ROW + ROW / 2;
  session.forEach((row, i) => {
    drawRow(row, middleOf(i));
  });

  const yOf = ([hook, where]: Point): number => {
    const index = session.findIndex(({ hooks }) => hooks.includes(hook));
    return middleOf(index) + (where === 'at' ? -6 : 11);
  };
  bars.forEach(({ label, from, to }, i) => {
    const [x, y] = [BARS + i * STEP, yOf(from)];
    sheet.box({ x, y, width: BAR, height: yOf(to) - y }, 'policy', { radius: 3 });
    sheet.text(x + BAR + 6, y + 11, label, { size: 11, code: true });
  });

  sheet.text(WHEN, anyTime - 12, 'at any time', { bold: true });
  notes.forEach((note, i) => {
    sheet.text(BARS, anyTime + 14 + i * 20 + Math.floor(i / 2) * 12, note, { size: 12, quiet: true });
  });
  atAnyTime.forEach((row, i) => {
    drawRow(row, anyTime + i * ROW + ROW / 2);
  });
  return sheet;
}

/** For a spec: all hooks of the picture. */
export const hooksShown: readonly HookName[] = [...session, ...atAnyTime].flatMap(({ hooks }) => hooks);
