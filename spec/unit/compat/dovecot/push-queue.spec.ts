// What is told to push scripts in turn: how many at once, one user's in order, what is dropped, and the end.
import { describe, expect, it } from 'vitest';
import { PushQueue } from '../../../../src/compat/dovecot/push/push-queue.ts';

/** Works that end when they are told to, and what has begun. */
class Works {
  readonly begun: string[] = [];
  readonly cut: string[] = [];
  readonly #ends = new Map<string, () => void>();

  work(name: string): (signal: AbortSignal) => Promise<void> {
    return (signal) =>
      new Promise((resolve) => {
        this.begun.push(name);
        this.#ends.set(name, resolve);
        const stop = (): void => {
          this.cut.push(name);
          resolve();
        };
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      });
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    // Those behind it begin in the turns that follow.
    for (let n = 0; n < 5; n++) await Promise.resolve();
  }
}

function made(
  running: number,
  waiting: number,
): { queue: PushQueue; works: Works; add(name: string): boolean } {
  const queue = new PushQueue(() => ({ running, waiting }));
  const works = new Works();
  // The first letter is the user.
  return { queue, works, add: (name) => queue.add(name.slice(0, 1), works.work(name)) };
}

describe('PushQueue', () => {
  it('runs a few at once, and the next one when there is room', async () => {
    const { add, queue, works } = made(2, 10);
    expect(['a1', 'b1', 'c1'].map(add)).toEqual([true, true, true]);
    expect([works.begun, queue.running, queue.waiting]).toEqual([['a1', 'b1'], 2, 1]);
    await works.end('b1');
    expect([works.begun, queue.running, queue.waiting]).toEqual([['a1', 'b1', 'c1'], 2, 0]);
  });

  it('keeps the order of a user, and does not let him hold up others', async () => {
    const { add, works } = made(3, 10);
    for (const name of ['a1', 'a2', 'a3', 'b1']) add(name);
    expect(works.begun).toEqual(['a1', 'b1']);
    await works.end('a1');
    await works.end('a2');
    expect(works.begun).toEqual(['a1', 'b1', 'a2', 'a3']);
  });

  it.each([0, 1, 2])('lets %i wait, and drops what is more', (waiting) => {
    const { add, queue } = made(1, waiting);
    expect([0, 1, 2, 3].map((n) => add(`a${n}`))).toEqual([0, 1, 2, 3].map((n) => n <= waiting));
    expect([queue.running, queue.waiting]).toEqual([1, waiting]);
  });

  it('drops for a user who is told, and not for one for whom there is room', () => {
    const { add } = made(2, 0);
    expect(['a1', 'a2', 'b1', 'c1'].map(add)).toEqual([true, false, true, false]);
  });

  it('says when nothing is left', async () => {
    const { add, queue, works } = made(1, 10);
    await queue.whenIdle();
    for (const name of ['a1', 'b1']) add(name);
    let isIdle = false;
    const idle = queue.whenIdle().then(() => {
      isIdle = true;
    });
    await works.end('a1');
    expect(isIdle).toBe(false);
    await works.end('b1');
    await idle;
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  it('at the end cuts off what runs, gives up what waits, and takes nothing more', async () => {
    const { add, queue, works } = made(1, 10);
    for (const name of ['a1', 'a2', 'b1']) add(name);
    expect(queue.stop()).toBe(3);
    // What was counted is not counted again, though it has not come to its end yet.
    expect(queue.stop()).toBe(0);
    await queue.whenIdle();
    expect([works.begun, works.cut, add('c1')]).toEqual([['a1'], ['a1'], false]);
    expect(queue.stop()).toBe(0);
  });
});
