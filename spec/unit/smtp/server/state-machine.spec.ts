import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/base/clock.ts';
import { OctetsFraming } from '../../../../src/message/framing/octets.ts';
import { HeaderList } from '../../../../src/message/header/header-list.ts';
import { SpoolStore } from '../../../../src/message/spool.ts';
import { NO_PARAMETERS } from '../../../../src/smtp/protocol/parameters.ts';
import { commands } from '../../../../src/smtp/server/commands/index.ts';
import { MailStory } from '../../../../src/smtp/server/mail-story.ts';
import { type Event, helloOf, INITIAL, next, type State } from '../../../../src/smtp/server/state-machine.ts';
import { Transaction } from '../../../../src/smtp/server/transaction.ts';

const path = { address: 'a@b.cc', normal: 'a@b.cc', domain: 'b.cc' };
const transaction = new Transaction(
  'T1',
  { path, parameters: NO_PARAMETERS, sent: '' },
  new HeaderList(),
  new MailStory(systemClock, 0),
);
const message = new SpoolStore().create('', 'T1', { message: 0, total: 0 });
const framing = new OctetsFraming();
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
  swallow: {
    phase: 'swallow',
    left: 5,
    after: { kind: 'refuse', line, error: 'outOfSequence' },
    back: { phase: 'hello', hello: 'ehlo' },
  },
  content: { phase: 'content', hello: 'ehlo', transaction, message, framing: undefined },
  chunk: { phase: 'content', hello: 'ehlo', transaction, message, framing },
  chunks: { phase: 'chunks', hello: 'ehlo', transaction, message, framing },
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
  swallow: { kind: 'swallow', octets: 7, after: { kind: 'refuse', line, error: 'outOfSequence' } },
  swallowed: { kind: 'swallowed', octets: 5 },
  content: { kind: 'content', message },
  chunk: { kind: 'chunk', message, framing, octets: 3, last: false },
  'chunk-end': { kind: 'chunk-end' },
  reset: { kind: 'reset' },
  close: { kind: 'close' },
};
function name(state: State): string {
  if (state.phase === 'hello') return state.hello;
  return state.phase === 'content' && state.framing !== undefined ? 'chunk' : state.phase;
}

describe('the state machine', () => {
  // One line a state: where each event of `events` leads, `.` where it stays.
  it.each([
    ['connected', 'greeted refused helo ehlo . . . dialogue . swallow . . . . . closed'],
    ['refused', 'greeted . helo ehlo . . . dialogue . swallow . . . . . closed'],
    ['greeted', '. refused helo ehlo . . . dialogue . swallow . . . . . closed'],
    ['helo', 'greeted refused . ehlo mail . . dialogue . swallow . . . . . closed'],
    ['ehlo', 'greeted refused helo . mail . . dialogue . swallow . . . . . closed'],
    ['mail', 'greeted refused helo ehlo . . rcpt dialogue . swallow . . . . ehlo closed'],
    ['rcpt', 'greeted refused helo ehlo . . . dialogue . swallow . content chunk . helo closed'],
    ['dialogue', 'greeted refused helo ehlo . . . . ehlo swallow . . . . ehlo closed'],
    ['swallow', 'greeted refused helo ehlo . . . dialogue . . ehlo . . . ehlo closed'],
    ['content', 'greeted refused helo ehlo . . . dialogue . swallow . . . . ehlo closed'],
    ['chunk', 'greeted refused helo ehlo . . . dialogue . swallow . . . chunks ehlo closed'],
    ['chunks', 'greeted refused helo ehlo . . . dialogue . swallow . . chunk . ehlo closed'],
    ['closed', '. . . . . . . . . . . . . . . .'],
  ])('%s', (from, expected) => {
    const state = states[from] ?? INITIAL;
    const to = Object.values(events).map((event) => name(next(state, event)));
    expect(to.map((one) => (one === from ? '.' : one)).join(' ')).toBe(expected);
  });

  it('knows transaction and hello of a state', () => {
    const known = Object.entries(states).map(
      ([key, state]) => `${key}:${helloOf(state) ?? '-'}${'transaction' in state ? '+' : ''}`,
    );
    expect(known.join(' ')).toBe(
      'connected:- refused:- greeted:- helo:helo ehlo:ehlo mail:ehlo+ rcpt:helo+ dialogue:ehlo swallow:ehlo content:ehlo+ chunk:ehlo+ chunks:ehlo+ closed:-',
    );
  });

  it('counts what is thrown away, and goes back when all of it has come', () => {
    const swallowing = next(states.swallow ?? INITIAL, { kind: 'swallowed', octets: 3 });
    expect(swallowing).toMatchObject({ phase: 'swallow', left: 2 });
    expect(next(swallowing, { kind: 'swallowed', octets: 2 })).toEqual(states.ehlo);
  });

  it('keeps what a dialogue has and where it goes back to', () => {
    const asked = next(states.ehlo ?? INITIAL, { kind: 'ask', line, answers: [] });
    const again = next(asked, { kind: 'ask', line, answers: ['one'] });
    expect(again).toEqual({ phase: 'dialogue', line, answers: ['one'], back: states.ehlo });
  });
});

describe('the commands', () => {
  it('are served in these phases', () => {
    const phases = ['refused', 'greeted', 'hello', 'mail', 'rcpt', 'chunks'] as const;
    const table = [...commands.values()].map(
      ({ verb, phases: served }) =>
        `${verb}: ${phases.filter((phase) => (served as readonly string[]).includes(phase)).join(' ')}`,
    );
    expect(table).toEqual([
      'HELO: greeted hello mail rcpt chunks',
      'EHLO: greeted hello mail rcpt chunks',
      'STARTTLS: greeted hello',
      'AUTH: hello',
      'MAIL: hello',
      'RCPT: mail rcpt',
      'DATA: rcpt',
      'BDAT: refused greeted hello mail rcpt chunks',
      'RSET: greeted hello mail rcpt chunks',
      'NOOP: greeted hello mail rcpt chunks',
      'QUIT: refused greeted hello mail rcpt chunks',
      'VRFY: greeted hello mail rcpt chunks',
      'VERB: greeted hello mail rcpt chunks',
      'XCLIENT: greeted hello',
      'HELP: greeted hello mail rcpt chunks',
    ]);
  });
});
