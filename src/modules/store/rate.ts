// store.rate and store.rates: limits without edges.
import { expectedWithoutHoles } from '../../lua-api/array-places.ts';
import {
  type FunctionSpec,
  luaFunction,
  type Param,
  type ReadResult,
  type ResultSpec,
} from '../../lua-api/function-spec.ts';
import { bytes, number, optionalNumber } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { MAX_RATES, type Rate, type RateState } from '../../store/store.ts';
import { noValue } from './answer.ts';
import { ask, down, octets, on, type StoreAccess } from './ask.ts';

const allowed: ResultSpec = {
  name: 'allowed',
  type: 'boolean?',
  text: 'true when it was counted, false when it does not fit; nil',
};

/** Milliseconds: stores count in thousandths of one, and what is less would be rounded away, so that nothing was ever refused. */
const FINEST = 0.01;

function rateOf(key: string, limit: number, per: number, burst: number, cost: number): Rate {
  const interval = (per * 1000) / limit;
  const least = FINEST / interval;
  return {
    ...{ key: octets(key), interval },
    burst: burst >= 1 ? Math.max(burst, least) : burst,
    cost: cost > 0 ? Math.max(cost, least) : cost,
  };
}

const stateOf = ({ isAllowed, remaining, retryAfter }: RateState): LuaValue => ({
  ...{ allowed: isAllowed, remaining, retry_after: retryAfter / 1000 },
});

const key = bytes('key', '');

function numberAt(row: ReadonlyMap<LuaValue, LuaValue>, name: string, fallback?: number): number | undefined {
  const given = row.get(name) ?? fallback;
  return typeof given === 'number' ? given : undefined;
}

/** An array of `{ key=, limit=, per=, burst=, cost= }`. */
function readRates(given: LuaValue): ReadResult<readonly Rate[]> {
  if (!(given instanceof Map)) return { ok: false, expected: 'table' };
  const rates: Rate[] = [];
  const names = new Set<string>();
  for (let i = 1; given.has(i); i++) {
    const row = given.get(i);
    const read = row instanceof Map ? key.read(row.get('key')) : undefined;
    if (!(row instanceof Map) || read?.ok !== true)
      return { ok: false, expected: `a table with key at [${i}]` };
    // There is one count for a key: the second would be taken for both.
    if (names.has(read.value)) return { ok: false, expected: `another key than those above at [${i}]` };
    names.add(read.value);
    const [limit, per] = [numberAt(row, 'limit'), numberAt(row, 'per')];
    const [burst, cost] = [numberAt(row, 'burst', 1), numberAt(row, 'cost', 1)];
    if (limit === undefined || per === undefined || burst === undefined || cost === undefined) {
      return { ok: false, expected: `numbers limit, per, burst and cost at [${i}]` };
    }
    rates.push(rateOf(read.value, limit, per, burst, cost));
  }
  const expected = expectedWithoutHoles(given, rates.length);
  return expected === undefined ? { ok: true, value: rates } : { ok: false, expected };
}

const ratesParam: Param<readonly Rate[]> = {
  name: 'limits',
  crossing: 'value',
  type: 'store_limit[]',
  fallback: undefined,
  text: `At most ${MAX_RATES} tables with \`key\` (each another), \`limit\`, \`per\`, \`burst\` (1) and \`cost\` (1), as \`store.rate\` has them.`,
  read: readRates,
};

export function rateFunctions(access: StoreAccess): readonly FunctionSpec[] {
  return [
    luaFunction({
      name: 'rate',
      params: [
        bytes('key', '1 to 512 octets.'),
        number('limit', 'How many units in `per` seconds.'),
        number('per', 'Seconds.'),
        number('burst', 'How many units may come at once, at least 1.'),
        optionalNumber('cost', 'Units of this call; 0 only looks.', 1),
      ],
      results: [
        allowed,
        {
          name: 'remaining',
          type: 'integer',
          text: 'whole units that would still fit now; the cause when `allowed` is nil, a word of `store.cause`',
        },
        {
          name: 'retry_after',
          type: 'number',
          text: 'seconds until these units fit; 0 when they did, `math.huge` when there are more than `burst`',
        },
      ],
      suspends: true,
      text:
        'Counts units against a limit without edges (GCRA): they are worked off evenly, `limit` in `per` seconds, and `burst` of them may come at once. ' +
        'What does not fit is not counted; what is finer than a hundredth of a millisecond counts as one. One round trip and one value; `smtpe.ratelimit` ' +
        'is made of it.',
      examples: [
        'store.delete("x:q")\nfor i = 1, 3 do assert(store.rate("x:q", 60, 60, 3)) end\nlocal allowed, remaining, retry_after = store.rate("x:q", 60, 60, 3)\n' +
          'assert(allowed == false and remaining == 0 and retry_after > 0)',
      ],
      call: (_context, name, limit, per, burst, cost) =>
        ask(
          access,
          'rate',
          (store) =>
            on(store.rate([rateOf(name, limit, per, burst, cost)], cost > 0), (outcome) => {
              if (outcome.kind !== 'rates') return noValue(outcome);
              const [state] = outcome.rates;
              return state === undefined ? [] : [state.isAllowed, state.remaining, state.retryAfter / 1000];
            }),
          down,
        ),
    }),
    luaFunction({
      name: 'rates',
      params: [ratesParam],
      results: [
        allowed,
        {
          name: 'states',
          type: 'store_state[]|store.cause',
          text: 'of each limit `allowed`, `remaining` and `retry_after`; the cause when `allowed` is nil',
        },
      ],
      suspends: true,
      text: 'Several limits at once: when one of them refuses, none is counted. Behind a proxy that spreads keys over several Redis servers all keys must have one `{hash tag}`.',
      examples: [
        'store.delete("x:a")\nstore.delete("x:b")\nlocal limits = { { key = "x:a", limit = 9, per = 60, burst = 9 }, { key = "x:b", limit = 1, per = 60 } }\n' +
          'assert(store.rates(limits) == true)\nlocal allowed, states = store.rates(limits)\nassert(allowed == false and states[1].remaining == 8 and not states[2].allowed)',
      ],
      call: (_context, rates) =>
        ask(
          access,
          'rates',
          (store) =>
            on(store.rate(rates, true), (outcome) =>
              outcome.kind === 'rates'
                ? [outcome.rates.every(({ isAllowed }) => isAllowed), outcome.rates.map(stateOf)]
                : noValue(outcome),
            ),
          down,
        ),
    }),
  ];
}
