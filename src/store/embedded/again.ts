// What a transaction of the store gives when it has made room and needs more: all of it is done again in another one, in a later turn of the loop.
import { failed } from '../bounds.ts';
import type { Failed } from '../store.ts';
import type { PutOutcome } from './entries.ts';

export const again = Symbol('again');
export type Again = typeof again;

const noRoom = failed('limit');

/** `result` when it was put. */
export const putResult = <T>(put: PutOutcome, result: T): T | Failed | Again =>
  put === 'put' ? result : put === 'more' ? again : noRoom;

/** Others have the loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
