// What the values mean that a hook returned: [drop_flag,] reply. Whatever is not exactly that is a failed hook: a refusal that is written
// slightly wrong must not accept.

import { type Reader, type Results, rowReader } from '../lua/script.ts';
import { LuaError } from '../lua-api/function-spec.ts';
import type { LuaValue } from '../lua-api/value.ts';
import type { HookOutcome, ResultSketch } from './instance.ts';

type Returned = Extract<HookOutcome, { kind: 'returned' | 'misshapen' }>;

/** A hook that returned nothing: by far the most frequent outcome. */
const nothingReturned: Returned = { kind: 'returned', reply: undefined, drop: false, values: [] };

/** Results that are looked at one by one for a message. */
const MOST_SKETCHES = 4;

/** Whether the result may be the reply: a string, or a number without a fraction. What the text says is not looked at here. */
function isText(results: Results, place: number): boolean {
  const type = results.type(place);
  return type === 'string' || (type === 'number' && Number.isInteger(results.number(place)));
}

/** At most the first few results, for a message. */
function sketch(results: Results): readonly ResultSketch[] {
  const sketches: ResultSketch[] = [];
  for (let i = 0; i < Math.min(results.count, MOST_SKETCHES); i++) {
    const type = results.type(i);
    switch (type) {
      case 'boolean':
        sketches.push({ type, text: String(results.isTrue(i)) });
        break;
      case 'number':
        sketches.push({ type, text: String(results.number(i)) });
        break;
      case 'string':
        sketches.push({ type, text: results.text(i) });
        break;
      case 'thread':
        sketches.push({ type: 'coroutine' });
        break;
      default:
        sketches.push({ type });
    }
  }
  return sketches;
}

/**
 * Reads the results of a hook: nothing, a reply, a boolean, or a boolean (or nil) and a reply. Only nils are nothing, however many;
 * everything else is misshapen.
 */
function readHookResult(results: Results): Returned {
  const { count } = results;
  if (count === 0) return nothingReturned;
  if (count <= 2) {
    const flag = count === 2 ? results.type(0) : 'nil';
    const last = results.type(count - 1);
    const drop = flag === 'boolean' && results.isTrue(0);
    if (flag === 'nil' || flag === 'boolean') {
      if (isText(results, count - 1)) {
        const reply = last === 'string' ? results.text(count - 1) : String(results.number(count - 1));
        return replied(reply, drop, count);
      }
      if (last === 'nil')
        return drop ? { kind: 'returned', reply: undefined, drop, values: [drop] } : nothingReturned;
    }
    if (count === 1 && last === 'boolean') {
      const alone = results.isTrue(0);
      return { kind: 'returned', reply: undefined, drop: alone, values: [alone] };
    }
  } else if (allNil(results)) return nothingReturned;
  return { kind: 'misshapen', results: sketch(results), count };
}

function replied(reply: string, drop: boolean, count: number): Returned {
  return { kind: 'returned', reply, drop, values: count === 1 ? [reply] : [drop, reply] };
}

function allNil(results: Results): boolean {
  for (let i = 0; i < results.count; i++) if (results.type(i) !== 'nil') return false;
  return true;
}

/** A table that is too deep or too large to cross is a text that says so. */
function shown(results: Results, place: number): LuaValue {
  try {
    return results.value(place);
  } catch (error) {
    if (error instanceof LuaError) return `(${error.message})`;
    throw error;
  }
}

/** Of a hook. */
export const readHook: Reader<Returned> = readHookResult;

/** Of a hook that is called for many lines. */
export const readRow = rowReader(readHook);

/** Of the file level of a policy: what it returns is nobody's business. */
export const readNothing: Reader<Returned> = () => nothingReturned;

/** All results, for `+test`. */
export const readAll: Reader<Returned> = (results) => {
  const values: LuaValue[] = [];
  for (let i = 0; i < results.count; i++) values.push(shown(results, i));
  return { kind: 'returned', reply: undefined, drop: false, values };
};
