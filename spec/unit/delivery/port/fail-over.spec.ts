import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome, Stage } from '../../../../src/delivery/port/delivery.ts';
import { mayTryNext, summarise } from '../../../../src/delivery/port/fail-over.ts';

const stages: readonly Stage[] = [
  'connect',
  'banner',
  'helo',
  'starttls',
  'mail',
  'rcpt',
  'data',
  'content',
  'dot',
];
const refused = (stage: Stage, code: number): DeliveryOutcome => ({
  kind: 'refused',
  host: 'h',
  stage,
  code,
  text: `${code} x`,
  rcpts: [],
});
const failed = (stage: Stage): DeliveryOutcome => ({
  kind: 'failed',
  host: 'h',
  stage,
  code: 130,
  error: 'x',
  rcpts: [],
});
const delivered: DeliveryOutcome = { kind: 'delivered', host: 'h', code: 250, text: '250 ok', rcpts: [] };

describe('mayTryNext', () => {
  it('goes on after any failure before the final dot, never after it', () => {
    expect(stages.filter((stage) => mayTryNext(failed(stage)))).toEqual(
      stages.filter((stage) => stage !== 'dot'),
    );
  });

  it('goes on when the next hop refused us before MAIL, or with 421 before the dot', () => {
    expect(stages.filter((stage) => mayTryNext(refused(stage, 554)))).toEqual([
      'connect',
      'banner',
      'helo',
      'starttls',
    ]);
    expect(stages.filter((stage) => mayTryNext(refused(stage, 451)))).toEqual([
      'connect',
      'banner',
      'helo',
      'starttls',
    ]);
    expect(stages.filter((stage) => mayTryNext(refused(stage, 421)))).toEqual(
      stages.filter((stage) => stage !== 'dot'),
    );
  });

  it('ends with the message taken', () => {
    expect(mayTryNext(delivered)).toBe(false);
    expect(mayTryNext({ ...delivered, kind: 'verified', code: 550 })).toBe(false);
  });
});

describe('summarise', () => {
  it('gives the last answer, unless it is final and an earlier one leaves hope', () => {
    const temporary = failed('connect');
    const permanent = refused('banner', 554);
    expect(summarise(undefined, permanent)).toBe(permanent);
    expect(summarise(temporary, permanent)).toBe(temporary);
    expect(summarise(permanent, temporary)).toBe(temporary);
    expect(summarise(permanent, refused('helo', 550))).toMatchObject({ code: 550 });
    expect(summarise(failed('banner'), temporary)).toBe(temporary);
  });
});
