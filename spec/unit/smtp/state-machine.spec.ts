import { describe, expect, it } from 'vitest';
import { HeaderList } from '../../../src/message/header-list.ts';
import { commands } from '../../../src/smtp/commands/index.ts';
import { NO_PARAMETERS } from '../../../src/smtp/protocol/parameters.ts';
import {
  type Event,
  helloOf,
  INITIAL,
  next,
  type State,
  transactionOf,
} from '../../../src/smtp/state-machine.ts';
import { Transaction } from '../../../src/smtp/transaction.ts';

const path = { address: 'a@b.cc', normal: 'a@b.cc', domain: 'b.cc' };
const transaction = new Transaction('T1', path, NO_PARAMETERS, new HeaderList());
const line = { input: 'AUTH PLAIN', verb: 'AUTH', argument: 'PLAIN' };

const states: Readonly<Record<string, State>> = {
  connected: INITIAL,
  refused: { phase: 'refused' },
  greeted: { phase: 'greeted' },
  helo: { phase: 'hello', hello: 'helo' },
  ehlo: { phase: 'hello', hello: 'ehlo' },
  mail: { phase: 'mail', hello: 'ehlo', transaction },
  rcpt: { phase: 'rcpt', hello: 'helo', transaction },
  dialogue: { phase: 'dialogue', line, answers: [], back: { phase: 'hello', hello: 'ehlo' } },
  content: { phase: 'content', hello: 'ehlo', transaction },
  closed: { phase: 'closed' },
};
const events: Readonly<Record<string, Event>> = {
  welcome: { kind: 'welcome' },
  'not-welcome': { kind: 'not-welcome' },
  helo: { kind: 'hello', hello: 'helo' },
  ehlo: { kind: 'hello', hello: 'ehlo' },
  mail: { kind: 'mail', transaction },
  'mail-refused': { kind: 'mail-refused' },
  rcpt: { kind: 'rcpt' },
  ask: { kind: 'ask', line, answers: ['x'] },
  answered: { kind: 'answered' },
  content: { kind: 'content' },
  reset: { kind: 'reset' },
  close: { kind: 'close' },
};
const name = (state: State): string => (state.phase === 'hello' ? state.hello : state.phase);

describe('the state machine', () => {
  // One line a state: where each event of `events` leads, `.` where it stays.
  it.each([
    ['connected', 'greeted refused helo ehlo . . . dialogue . . . closed'],
    ['refused', 'greeted . helo ehlo . . . dialogue . . . closed'],
    ['greeted', '. refused helo ehlo . . . dialogue . . . closed'],
    ['helo', 'greeted refused . ehlo mail . . dialogue . . . closed'],
    ['ehlo', 'greeted refused helo . mail . . dialogue . . . closed'],
    ['mail', 'greeted refused helo ehlo . . rcpt dialogue . . ehlo closed'],
    ['rcpt', 'greeted refused helo ehlo . . . dialogue . content helo closed'],
    ['dialogue', 'greeted refused helo ehlo . . . . ehlo . ehlo closed'],
    ['content', 'greeted refused helo ehlo . . . dialogue . . ehlo closed'],
    ['closed', '. . . . . . . . . . . .'],
  ])('%s', (from, expected) => {
    const state = states[from] ?? INITIAL;
    const to = Object.values(events).map((event) => name(next(state, event)));
    expect(to.map((one) => (one === from ? '.' : one)).join(' ')).toBe(expected);
  });

  it('knows transaction and hello of a state', () => {
    const known = Object.entries(states).map(
      ([key, state]) => `${key}:${helloOf(state) ?? '-'}${transactionOf(state) === undefined ? '' : '+'}`,
    );
    expect(known.join(' ')).toBe(
      'connected:- refused:- greeted:- helo:helo ehlo:ehlo mail:ehlo+ rcpt:helo+ dialogue:ehlo content:ehlo+ closed:-',
    );
  });

  it('keeps what a dialogue has and where it goes back to', () => {
    const asked = next(states.ehlo ?? INITIAL, { kind: 'ask', line, answers: [] });
    const again = next(asked, { kind: 'ask', line, answers: ['one'] });
    expect(again).toEqual({ phase: 'dialogue', line, answers: ['one'], back: states.ehlo });
  });
});

describe('the commands', () => {
  it('are served in these phases', () => {
    const phases = ['refused', 'greeted', 'hello', 'mail', 'rcpt'] as const;
    const table = [...commands.values()].map(
      ({ verb, phases: served }) =>
        `${verb}: ${phases.filter((phase) => (served as readonly string[]).includes(phase)).join(' ')}`,
    );
    expect(table).toEqual([
      'HELO: greeted hello mail rcpt',
      'EHLO: greeted hello mail rcpt',
      'AUTH: hello',
      'MAIL: hello',
      'RCPT: mail rcpt',
      'DATA: rcpt',
      'RSET: greeted hello mail rcpt',
      'NOOP: greeted hello mail rcpt',
      'QUIT: refused greeted hello mail rcpt',
      'VRFY: greeted hello mail rcpt',
      'VERB: greeted hello mail rcpt',
      'XCLIENT: greeted hello',
      'HELP: greeted hello mail rcpt',
    ]);
  });
});
