// The envelope that a message goes on with: whatever a policy does to it, and whatever RCPT is refused meanwhile, it is what a list says that is
// looked through from its beginning each time; and what one call costs does not hang on how many there are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOptions } from '../../../../src/options/option-set.ts';
import { NO_PARAMETERS } from '../../../../src/smtp/protocol/parameters.ts';
import type { Recipient } from '../../../../src/smtp/protocol/recipient.ts';
import { FinalEnvelope } from '../../../../src/smtp/server/final-envelope.ts';

const { values } = createOptions({ 'limit-recipients': '100000' });
const path = { address: 's@b.example', domain: 'b.example', normal: 's@b.example' } as ConstructorParameters<
  typeof FinalEnvelope
>[0];
const recipient = (address: string): Recipient => ({ address, parameters: NO_PARAMETERS });
const normal = (address: string): string => address.toLowerCase();

type Doing = { readonly kind: 'add' | 'remove'; readonly who: string };
interface Round {
  readonly named: string;
  readonly doings: readonly Doing[];
  readonly taken: boolean;
}

/** The same by looking through lists. */
class Model {
  named: { readonly who: string; readonly removed: boolean }[] = [];
  added: string[] = [];

  get left(): readonly string[] {
    return this.named.filter(({ removed }) => !removed).map(({ who }) => who);
  }

  get all(): readonly string[] {
    const known = this.left.map(normal);
    return [...this.left, ...this.added.filter((who) => !known.includes(normal(who)))];
  }

  do({ kind, who }: Doing): boolean {
    const isIt = (other: string): boolean => normal(other) === normal(who);
    const isThere = this.left.some(isIt) || this.added.some(isIt);
    if (kind === 'add') {
      if (!isThere) this.added.push(who);
      return !isThere;
    }
    this.added = this.added.filter((other) => !isIt(other));
    this.named = this.named.map((one) => (isIt(one.who) ? { who: one.who, removed: true } : one));
    return isThere;
  }
}

const who = fc.constantFrom('a@x.example', 'b@x.example', 'b@X.example', 'c@x.example', 'd@x.example');
const doing: fc.Arbitrary<Doing> = fc.record({ kind: fc.constantFrom('add', 'remove'), who });
const round: fc.Arbitrary<Round> = fc.record({
  named: who,
  doings: fc.array(doing, { maxLength: 4 }),
  taken: fc.boolean(),
});

describe('the envelope that a message goes on with', () => {
  it('is that of lists, with RCPTs that are refused', () => {
    fc.assert(
      fc.property(fc.array(round, { maxLength: 6 }), fc.array(doing, { maxLength: 5 }), (rounds, last) => {
        const named: Recipient[] = [];
        const final = new FinalEnvelope(path, false, named);
        let model = new Model();
        const play = ({ kind, who: one }: Doing): void => {
          const answer = kind === 'add' ? final.add(one, '', values) : final.remove(one);
          expect(answer.kind).toBe(model.do({ kind, who: one }) ? 'changed' : 'same');
        };
        for (const { doings, named: one, taken } of rounds) {
          const before = model;
          model = Object.assign(new Model(), {
            named: [...before.named, { who: one, removed: false }],
            added: [...before.added],
          });
          const inHand = recipient(one);
          final.beginRecipient(inHand);
          for (const each of doings) play(each);
          final.endRecipient(taken);
          if (taken) named.push(inHand);
          else model = before;
          expect(final.recipients.map(({ address }) => address)).toEqual(model.all);
        }
        for (const each of last) play(each);
        expect(final.recipients.map(({ address }) => address)).toEqual(model.all);
        expect(final.named.map(({ address }) => address)).toEqual(model.left);
      }),
      { numRuns: 500 },
    );
  });

  it('thousands are added and removed one by one in no more than half a millisecond each', () => {
    const many = 20_000;
    const named = Array.from({ length: many }, (_, i) => recipient(`n${i}@x.example`));
    const final = new FinalEnvelope(path, false, named);
    const before = process.cpuUsage();
    for (let i = 0; i < many; i++) {
      final.add(`a${i}@x.example`, '', values);
      if (i % 2 === 0) final.remove(`n${i}@x.example`);
    }
    const { user } = process.cpuUsage(before);
    expect(final.recipients).toHaveLength(many / 2 + many);
    expect(user / 1000).toBeLessThan(many / 2);
  });
});

it('takes no address that is longer than a line of the client could be', () => {
  const envelope = new FinalEnvelope(path, false, []);
  const longest = values['limit-line-length'];
  const cause = `an address of more than ${longest} bytes (limit-line-length)`;
  expect(envelope.setSender('a'.repeat(longest + 1), values)).toEqual({ kind: 'refused', cause });
  expect(envelope.add('a'.repeat(longest + 1), '', values)).toEqual({ kind: 'refused', cause });
  expect(envelope.setSender(`${'a'.repeat(longest - 10)}@b.example`, values)).toEqual({ kind: 'changed' });
});
