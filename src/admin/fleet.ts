// Asks all processes that serve the same, together and with one deadline. One that does not answer (stuck, stopped) is named and left out.
import type { Clock } from '../base/clock.ts';
import { textOf } from '../base/errors.ts';
import type { Desk, DeskAnswer, DeskQuestion } from '../ops/desk.ts';

const ANSWER_MS = 1000;

/** What one kind of question is answered with. */
type AnswerTo<K extends DeskAnswer['kind']> = Extract<DeskAnswer, { kind: K }>;

export interface Gathered<K extends DeskAnswer['kind']> {
  readonly answers: readonly { readonly desk: Desk; readonly answer: AnswerTo<K> }[];
  /** Who has not answered, and why. */
  readonly silent: readonly { readonly pid: number; readonly cause: string }[];
}

export class Fleet {
  readonly #desks: () => readonly Desk[];
  readonly #clock: Clock;
  readonly #answerMs: number;

  /** `desks`: of those that are there at this moment. */
  constructor(desks: () => readonly Desk[], clock: Clock, answerMs = ANSWER_MS) {
    this.#desks = desks;
    this.#clock = clock;
    this.#answerMs = answerMs;
  }

  /** Those that are there at this moment. */
  get desks(): readonly Desk[] {
    return this.#desks();
  }

  /** `kind`: that of the answer; another one counts as none. Never rejects. */
  async ask<K extends DeskAnswer['kind']>(question: DeskQuestion, kind: K): Promise<Gathered<K>> {
    const answers: { readonly desk: Desk; readonly answer: AnswerTo<K> }[] = [];
    const silent: { readonly pid: number; readonly cause: string }[] = [];
    await Promise.all(
      this.#desks().map(async (desk) => {
        const answer = await this.askOne(desk, question, kind);
        if (typeof answer === 'string') silent.push({ pid: desk.pid, cause: answer });
        else answers.push({ desk, answer });
      }),
    );
    return { answers, silent };
  }

  /** Only this one: its answer, or why there is none. Never rejects. */
  async askOne<K extends DeskAnswer['kind']>(
    desk: Desk,
    question: DeskQuestion,
    kind: K,
  ): Promise<AnswerTo<K> | string> {
    const answer = await this.#one(desk, question);
    if (typeof answer === 'string' || isOf(answer, kind)) return answer;
    return `it answered ${answer.kind}`;
  }

  /** True as soon as one answers; else who does not. */
  any(question: DeskQuestion): Promise<true | readonly string[]> {
    const desks = this.#desks();
    return new Promise((resolve) => {
      const silent: string[] = [];
      if (desks.length === 0) resolve([]);
      for (const desk of desks) {
        void this.#one(desk, question).then((answer) => {
          if (typeof answer !== 'string') resolve(true);
          else if (silent.push(`process ${desk.pid}: ${answer}`) === desks.length) resolve(silent);
        });
      }
    });
  }

  /** The answer, or why there is none. */
  #one(desk: Desk, question: DeskQuestion): Promise<DeskAnswer | string> {
    return new Promise((resolve) => {
      const late = `no answer within ${this.#answerMs / 1000} s`;
      const timer = this.#clock.after(this.#answerMs, () => resolve(late));
      desk.ask(question).then(
        (answer) => {
          timer.cancel();
          resolve(answer);
        },
        (error: unknown) => {
          timer.cancel();
          resolve(textOf(error));
        },
      );
    });
  }
}

function isOf<K extends DeskAnswer['kind']>(answer: DeskAnswer, kind: K): answer is AnswerTo<K> {
  return answer.kind === kind;
}
