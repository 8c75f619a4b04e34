// Where a message is while it passes, who answers for it, and what is left of it if the power goes at that moment.
import { type Kind, Sheet } from './sheet.ts';

interface Stage {
  readonly name: readonly string[];
  readonly kind: Kind;
  readonly powerGoes: readonly string[];
}

const stages: readonly Stage[] = [
  {
    name: ['it comes in'],
    kind: 'yes',
    powerGoes: [
      'Not lost',
      'No reply came,',
      'so the client',
      'sends it again.',
      'A file that is left',
      'goes at the start.',
    ],
  },
  {
    name: ['policy and', 'scanners look'],
    kind: 'yes',
    powerGoes: ['Not lost', 'The same. What', 'a scanner was', 'given counts for', 'nothing.'],
  },
  {
    name: ['the next hop', 'is given it'],
    kind: 'yes',
    powerGoes: ['Not lost', 'The same. What', 'has no end yet is', 'dropped by the', 'next hop.'],
  },
  {
    name: ['the 250 is', 'on its way back'],
    kind: 'later',
    powerGoes: [
      'Twice, not lost',
      'The next hop',
      'has it. The client',
      'has not heard so:',
      'it sends it again.',
    ],
  },
  {
    name: ['afterwards'],
    kind: 'yes',
    powerGoes: ['Not lost', 'The next hop', 'has it, and', 'smtpe nothing', 'any more.'],
  },
];

interface Holder {
  readonly name: readonly string[];
  /** From the beginning of a stage to the end of one, from 0. */
  readonly from: number;
  readonly to: number;
  readonly kind: Kind;
  readonly text: readonly string[];
}

const holders: readonly Holder[] = [
  {
    name: ['the client'],
    from: 0,
    to: 3,
    kind: 'yes',
    text: ['has it in its queue, and tries again until it hears 250 or 5xx'],
  },
  {
    name: ['smtpe'],
    from: 0,
    to: 3,
    kind: 'engine',
    text: ['a copy in memory, or in a file of spool-dir: nobody counts on it'],
  },
  { name: ['scanners'], from: 1, to: 1, kind: 'plain', text: ['look at a copy'] },
  { name: ['next hop, or', 'mailbox'], from: 3, to: 4, kind: 'yes', text: ['has it: it has said 250'] },
];

const WIDTH = 820;
const LEFT = 116;
const STAGE = 138;
const BARS = 84;
const BAR = 44;
const at = (stage: number): number => LEFT + stage * STAGE;

export function whereMailIs(): Sheet {
  const below = BARS + holders.length * BAR + 48;
  const sheet = new Sheet(
    WIDTH,
    below + 178,
    'Where the mail is if the power goes',
    `A message passes from the client through smtpe and the scanners to the next hop. ${holders
      .map(({ name, from, to, text }) => {
        const nameOf = (stage: number): string => `“${stages[stage]?.name.join(' ') ?? ''}”`;
        return `${name.join(' ')}, from ${nameOf(from)} to ${nameOf(to)}: ${text.join(' ')}.`;
      })
      .join(
        ' ',
      )} If the power goes: ${stages.map(({ name, powerGoes }) => `${name.join(' ')}: ${powerGoes[0]}: ${powerGoes.slice(1).join(' ')}`).join(' ')}`,
  );
  stages.forEach(({ name }, i) => {
    const place = { x: at(i) + 3, y: 16, width: STAGE - 6, height: 40 };
    sheet.label(place, 'plain', name, { size: 12, bold: true });
  });
  const events: readonly (readonly [number, readonly string[]])[] = [
    [1, ['the client has', 'sent the final dot']],
    [3, ['the next hop', 'says 250']],
    [4, ['the client', 'hears 250']],
  ];
  for (const [stage, texts] of events) {
    sheet.line(
      [
        [at(stage), 60],
        [at(stage), below - 30],
      ],
      { dashed: true },
    );
    sheet.lines(at(stage), below - 10, texts, { anchor: 'middle', size: 12 });
  }
  holders.forEach(({ name, from, to, kind, text }, i) => {
    const middle = BARS + i * BAR + BAR / 2 - 8;
    sheet.lines(16, middle, name, { size: 12, bold: true });
    const x = at(from) + 3;
    sheet.label({ x, y: middle - 15, width: at(to + 1) - 3 - x, height: 30 }, kind, text, { size: 12 });
  });
  sheet.lines(16, below + 74, ['if the', 'power goes', 'just then'], { size: 12, bold: true });
  stages.forEach(({ kind, powerGoes }, i) => {
    const place = { x: at(i) + 3, y: below + 12, width: STAGE - 6, height: 124 };
    sheet.box(place, kind);
    powerGoes.forEach((line, n) => {
      sheet.text(place.x + 8, place.y + 22 + n * 18, line, { size: 12, bold: n === 0, within: place });
    });
  });
  sheet.text(
    16,
    below + 160,
    'A mailbox on this disk is a next hop too: the file and its directory are written through before 250 is said.',
    {
      size: 12,
      quiet: true,
    },
  );
  return sheet;
}
