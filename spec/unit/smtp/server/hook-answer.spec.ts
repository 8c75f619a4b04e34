// What hooks return, in every hook and every wrong shape: a refusal that is written slightly wrong never accepts.
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import { type HookName, hookNames, hookTable } from '../../../../src/policy/hook-table.ts';
import type { HookOutcome } from '../../../../src/policy/instance.ts';
import { judge } from '../../../../src/smtp/server/hook-answer.ts';
import type { FakeHooks } from '../../../fakes/fake-policy.ts';
import { type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

const returned = (reply: string, drop = false): HookOutcome => ({
  kind: 'returned',
  reply,
  drop,
  values: [],
});
const results = (...types: readonly string[]): HookOutcome => ({
  kind: 'misshapen',
  count: types.length,
  results: types.map((type) => (type === 'string' ? { type, text: '550 5.7.1 no' } : { type })),
});
const delivered = (): Promise<DeliveryOutcome> =>
  Promise.resolve({ kind: 'delivered', host: 'n', code: 250, text: '250 ok', rcpts: [] });
const INTERNAL = '421 4.3.0 internal error\r\n';
/** Hooks that say something to the client. */
const answering = hookNames.filter((name) => hookTable[name].result !== 'none');

describe('which codes fit', () => {
  const codes = [
    '200',
    '220',
    '235',
    '250',
    '299',
    '300',
    '334',
    '354',
    '399',
    '400',
    '421',
    '451',
    '550',
    '599',
  ];
  const fitting = (name: HookName, sent?: number): string =>
    codes
      .filter((code) => {
        const { answer } = judge(
          name,
          returned(`${code} x`),
          sent === undefined ? { secret: false } : { secret: false, sent },
        );
        return answer.kind === 'reply';
      })
      .join(' ');
  const no = '400 421 451 550 599';
  const yes = '200 220 235 250 299';

  it.each(answering.filter((name) => !['auth', 'starttls', 'data', 'reply'].includes(name)))(
    'hook.%s',
    (name) => {
      expect(fitting(name)).toBe(`${yes} ${no}`);
    },
  );
  it('hook.auth, hook.starttls, hook.data', () => {
    expect(fitting('auth')).toBe(`235 ${no}`);
    expect(fitting('starttls')).toBe(`220 ${no}`);
    expect(fitting('data')).toBe(`354 ${no}`);
  });
  it.each([
    [220, `${yes} ${no}`],
    [250, `${yes} ${no}`],
    [235, `235 ${no}`],
    [334, `334 ${no}`],
    [354, `354 ${no}`],
    [421, no],
    [451, no],
    [550, no],
  ])('hook.reply in place of %d', (sent, expected) => {
    expect(fitting('reply', sent)).toBe(expected);
  });
});

/** Every way to be wrong that a real policy can produce; what the Lua side makes of them is in lua-instance.spec. */
const wrong: readonly (readonly [string, HookOutcome])[] = [
  ['a reply before the flag', results('string', 'boolean')],
  ['a table', results('table')],
  ['code and text apart', results('number', 'string')],
  ['too many results', results('boolean', 'string', 'nil')],
  ['a function', results('function')],
  ['text without a code', returned('no such user')],
  ['an enhanced status without a code', returned('5.7.1 no')],
  ['an empty text', returned('')],
  ['an empty text with a flag', returned('', true)],
  ['a code that is too low', returned('199 x')],
  ['a code that is too high', returned('600 x')],
  ['a code of four digits', returned('5500 x')],
  ['a code with text at once', returned('550no')],
  ['NUL', returned('550 5.7.1 a\0b')],
  ['lines with different codes', returned('550-one\r\n250 two')],
  ['3xx where it does not fit', returned('377 x')],
  ['no function', { kind: 'not-callable', what: 'hook', type: 'string' }],
  ['no table of hooks', { kind: 'not-callable', what: 'table', type: 'nil' }],
];

/** A session in which every hook is called once, up to the one that ends it; gives all that the client heard. */
async function everything(settings: RigSettings): Promise<{ rig: SmtpRig; heard: string }> {
  const rig = new SmtpRig({
    options: { 'smtp-xclient-hosts': '127.0.0.1', ...settings.options },
    ...settings,
  });
  const client = rig.connect('127.0.0.1');
  client.send(
    'XCLIENT NAME=a.example\r\nHELO c\r\nEHLO c\r\nAUTH PLAIN AGEAYg==\r\nFOO\r\nNOOP\r\nHELP\r\nRSET\r\nDATA\r\n',
    'MAIL FROM:<a@b.cc>\r\nRCPT TO:<d@e.ff>\r\nDATA\r\nA: 1\r\n\r\nbody\r\n.\r\nQUIT\r\n',
  );
  const heard = await client.rest();
  client.stream.end();
  await client.over;
  expect([rig.counters.sessions, rig.spools.size]).toEqual([0, 0]);
  return { rig, heard };
}

/** A policy whose hook `name` gives `outcome`; hook.auth is there so that AUTH is. */
function failing(name: HookName, outcome: HookOutcome): FakeHooks {
  return {
    auth: () => '235 2.7.0 ok',
    [name]: () => outcome,
    error: () => undefined,
    close: () => undefined,
  };
}

// hook.starttls has a spec of its own (session-starttls): behind it comes a handshake.
describe.each(answering.filter((name) => name !== 'starttls'))('hook.%s', (name) => {
  it.each(wrong)(
    'that returns %s has failed: 421 and drop, and the log says what would be right',
    async (_, outcome) => {
      const { rig, heard } = await everything({ hooks: failing(name, outcome), smartHost: delivered });
      expect(heard.endsWith(INTERNAL)).toBe(true);
      // hook.quit comes when all is done.
      expect(rig.delivered).toHaveLength(name === 'quit' ? 1 : 0);
      const lines = rig.log.lines.filter(({ level }) => level === 'err');
      expect(lines).toHaveLength(1);
      expect(lines[0]?.message).toMatch(/ (?:returned|is) .*; right would be: /);
      expect(lines[0]?.fields).toMatchObject({ hook: `hook.${name}` });
      expect(rig.instance.calls.slice(-2)).toEqual([
        ['error', 125, expect.stringContaining(`hook.${name}`)],
        ['close', 4],
      ]);
    },
  );

  it.each([...wrong, ['a reply that is too long', returned(`550 ${'x'.repeat(20_000)}`)] as const])(
    'that returns %s is no reply with hook-error=default',
    async (_, outcome) => {
      const hooks = failing(name, outcome);
      const { heard } = await everything({
        hooks,
        options: { 'hook-error': 'default' },
        smartHost: delivered,
      });
      expect(heard).toMatch(/221 2\.0\.0 [^\n]*\r\n$/);
      if (name === 'auth') expect(heard).toContain('535 5.7.8');
    },
  );

  it('that says 421 ends the session with it', async () => {
    const { rig, heard } = await everything({ hooks: failing(name, returned('421 4.3.2 enough')) });
    expect(heard.endsWith('421 4.3.2 enough\r\n')).toBe(true);
    expect(rig.instance.calls.at(-1)).toEqual(['close', 1]);
    expect(rig.log.lines.at(-1)?.fields).toMatchObject({ end: `421 of hook.${name}`, close: 1 });
  });

  it('that says 421 ends the session with it in the words of hook.reply', async () => {
    const hooks: FakeHooks = {
      ...failing(name, returned('421 4.3.2 enough')),
      reply: (_, text) =>
        name === 'reply' || String(text).startsWith('421') ? '421 4.3.2 in other words' : undefined,
    };
    const { rig, heard } = await everything({ hooks });
    expect(heard.endsWith('421 4.3.2 in other words\r\n')).toBe(true);
    expect(rig.instance.calls.at(-1)).toEqual(['close', 1]);
    expect(rig.log.lines.at(-1)?.fields).toMatchObject({ end: '421 of hook.reply', close: 1 });
  });
});

describe.each(['reset', 'error', 'close', 'init'] as const)(
  'hook.%s, whose results mean nothing,',
  (name) => {
    it.each(wrong.filter(([, { kind }]) => kind !== 'not-callable'))('may return %s', async (_, outcome) => {
      const { heard } = await everything({ hooks: { [name]: () => outcome } });
      expect(heard).toMatch(/221 2\.0\.0 [^\n]*\r\n$/);
    });

    it('is warned of a reply', () => {
      const { answer, complaint } = judge(name, returned('550 5.7.1 no', true), { secret: false });
      expect(answer).toEqual({ kind: 'silent', drop: false });
      expect([complaint?.useless, complaint?.message]).toEqual([
        true,
        `hook.${name} returned "550 5.7.1 no", which has no effect: nobody waits for a reply there`,
      ]);
    });
  },
);

describe('what the log says', () => {
  const message = (outcome: HookOutcome): string =>
    judge('rcpt', outcome, { secret: false }).complaint?.message ?? '';
  it.each([
    [
      results('string', 'boolean'),
      `hook.rcpt returned "550 5.7.1 no", a boolean, which is no answer; right would be: the drop flag comes first: return true, '550 5.7.1 no'`,
    ],
    [
      {
        kind: 'misshapen',
        count: 2,
        results: [
          { type: 'number', text: '550' },
          { type: 'string', text: 'no' },
        ],
      },
      /^hook\.rcpt returned 550, "no", .*code and text are one string: return '550 5\.7\.1 no'/,
    ],
    [results('table'), /^hook\.rcpt returned a table, .*not in a table/],
    [
      { kind: 'misshapen', count: 9, results: [{ type: 'nil' }, { type: 'nil' }] },
      /^hook\.rcpt returned nil, nil, \.\.\. \(9 results\), .*at most two results/,
    ],
    [returned('no'), /^hook\.rcpt returned "no", a reply that does not begin with a code from 200 to 599/],
    [returned('354 go'), /^hook\.rcpt returned "354 go", .*: 2xx, 4xx or 5xx$/],
    [returned('x'.repeat(500)), /^hook\.rcpt returned "x{100}\.\.\.", /],
    [returned('\x1b\n\xff'), /returned "\\u001b\\nÿ", /],
    [
      { kind: 'not-callable', what: 'hook', type: 'string' },
      'hook.rcpt is a string; right would be: a function, or nil for none',
    ],
    [
      { kind: 'not-callable', what: 'table', type: 'nil' },
      'the table hook is nil; right would be: a table of functions',
    ],
  ] as readonly (readonly [HookOutcome, string | RegExp])[])('%j', (outcome, expected) => {
    if (typeof expected === 'string') expect(message(outcome)).toBe(expected);
    else expect(message(outcome)).toMatch(expected);
  });
});
