// The functions of one store as Lua has them: those of `store` itself, and of what store.open gives. Keys and values cross as octets.
import type { Maybe } from '../../base/maybe.ts';
import { expectedWithoutHoles } from '../../lua-api/array-places.ts';
import {
  type FunctionSpec,
  type LuaResults,
  luaFunction,
  type Param,
  type ReadResult,
  type ResultSpec,
} from '../../lua-api/function-spec.ts';
import { bytes, integer, optionalInteger } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { MAX_KEYS, MAX_LISTED, type Store } from '../../store/store.ts';
import { doneResults, noValue } from './answer.ts';
import { ask, down, downFalse, octets, on, type StoreAccess } from './ask.ts';
import { rateFunctions } from './rate.ts';

const key = bytes('key', '1 to 512 octets.');
const value = bytes('value', 'Any octets, at most option `store-max-value`. A number is taken as its text.');
const ttl = integer('ttl', 'Seconds that it lives, 1 to 31536000.');
const cause: ResultSpec = {
  name: 'cause',
  type: 'string',
  text: 'a word of `store.cause` when it is not done',
};
const noCause: ResultSpec = {
  ...cause,
  type: 'store.cause?',
  text: 'a word of `store.cause` when there is nil',
};
const isDone: ResultSpec = { name: 'done', type: 'boolean', text: 'true when it is done' };
const setName = bytes('set', 'Key of the set, 1 to 512 octets.');

type Keys =
  | { readonly kind: 'one'; readonly key: string }
  | { readonly kind: 'many'; readonly keys: readonly string[] };

/** A key, or an array of keys. */
const oneOrMany: Param<Keys> = {
  name: 'key',
  crossing: 'value',
  type: 'string|string[]',
  fallback: undefined,
  text: `1 to 512 octets; or an array of at most ${MAX_KEYS} keys.`,
  read(given: LuaValue): ReadResult<Keys> {
    if (typeof given === 'string') return { ok: true, value: { kind: 'one', key: given } };
    const one = key.read(given);
    if (one.ok) return { ok: true, value: { kind: 'one', key: one.value } };
    if (!(given instanceof Map)) return { ok: false, expected: 'string or table' };
    const keys: string[] = [];
    for (let i = 1; given.has(i); i++) {
      const read = key.read(given.get(i));
      if (!read.ok) return { ok: false, expected: 'string or table of strings' };
      keys.push(read.value);
    }
    const expected = expectedWithoutHoles(given, keys.length);
    if (expected !== undefined) return { ok: false, expected };
    return { ok: true, value: { kind: 'many', keys } };
  },
};

export function storeFunctions(access: StoreAccess): readonly FunctionSpec[] {
  return [...reading(access), ...writing(access), ...sets(access), ...counting(access)];
}

const gets = 'store.set("x:a", "1", 60)\nstore.set("x:b", "2", 60)\n';

function reading(access: StoreAccess): readonly FunctionSpec[] {
  return [
    luaFunction({
      name: 'get',
      params: [oneOrMany],
      results: [
        {
          name: 'value',
          type: 'string|table<string, string>|nil',
          text: 'the value, as text; of an array a table from key to value; nil',
        },
        noCause,
      ],
      suspends: true,
      text:
        'Gives a value, or nil and `missing` when there is none: `nil, "missing"` is no failure, any other cause is. With an array of keys it gives a ' +
        'table that has those that are there, in one round trip. A number that was set comes back as text: use `tonumber`.',
      examples: [
        `${gets}assert(store.get("x:a") == "1")\nlocal found = store.get{ "x:a", "x:b", "x:c" }\nassert(found["x:b"] == "2" and found["x:c"] == nil)\n` +
          'local value, cause = store.get("x:c")\nassert(value == nil and cause == store.cause.missing)',
      ],
      call: (_context, wanted) =>
        ask(
          access,
          'get',
          (store) => (wanted.kind === 'one' ? getOne(store, wanted.key) : getMany(store, wanted.keys)),
          down,
        ),
    }),
    luaFunction({
      name: 'ttl',
      params: [key],
      results: [
        { name: 'seconds', type: 'integer?', text: 'how long it still lives, rounded up; nil' },
        noCause,
      ],
      suspends: true,
      text: 'How long an entry, or a set, still lives.',
      examples: ['store.set("x:t", "1", 60)\nassert(store.ttl("x:t") <= 60 and store.ttl("x:t") > 50)'],
      call: (_context, name) =>
        ask(
          access,
          'ttl',
          (store) =>
            on(store.ttl(octets(name)), (outcome) =>
              outcome.kind === 'number' ? [outcome.value] : noValue(outcome),
            ),
          down,
        ),
    }),
    luaFunction({
      name: 'list',
      params: [
        bytes('prefix', 'What the keys begin with; an empty one: all.'),
        optionalInteger('n', `How many at most, 1 to ${MAX_LISTED}.`, 100),
      ],
      results: [{ name: 'keys', type: 'string[]?', text: 'in no promised order; nil' }, noCause],
      suspends: true,
      text: 'Keys of entries and sets, for administration: it looks through the store, so it must not stand where mail passes.',
      examples: [`${gets}assert(#store.list("x:", 1) == 1)`],
      call: (_context, prefix, most) =>
        ask(
          access,
          'list',
          (store) =>
            on(store.list(octets(prefix), most), (outcome) =>
              outcome.kind === 'keys' ? [outcome.keys] : noValue(outcome),
            ),
          down,
        ),
    }),
    luaFunction({
      name: 'state',
      params: [],
      results: [{ name: 'state', type: 'string', text: '`up`, `down` or `trying`' }],
      suspends: true,
      text: 'Whether the store can be reached: `down` while calls are answered `down` at once, `trying` while one call finds out whether it is back.',
      examples: ['assert(store.state() == "up")'],
      call: () => ask(access, 'state', (store) => [store.state()], ['down']),
    }),
  ];
}

function getOne(store: Store, name: string): Maybe<LuaResults> {
  return on(store.get(octets(name)), (outcome) =>
    outcome.kind === 'value' ? [outcome.value] : noValue(outcome),
  );
}

function getMany(store: Store, names: readonly string[]): Maybe<LuaResults> {
  return on(store.getMany(names.map(octets)), (outcome) => {
    if (outcome.kind !== 'values') return noValue(outcome);
    const found = new Map<LuaValue, LuaValue>();
    for (const [index, one] of outcome.values.entries()) if (one !== undefined) found.set(names[index], one);
    return [found];
  });
}

function writing(access: StoreAccess): readonly FunctionSpec[] {
  return [
    luaFunction({
      name: 'set',
      params: [key, value, ttl],
      results: [isDone, cause],
      suspends: true,
      text: 'Sets a value, whatever was there, with a new lifetime.',
      examples: ['assert(store.set("x:s", 5, 60))\nassert(store.get("x:s") == "5")'],
      call: (_context, name, text, seconds) =>
        ask(
          access,
          'set',
          (store) => on(store.set(octets(name), octets(text), seconds), doneResults),
          downFalse,
        ),
    }),
    luaFunction({
      name: 'add',
      params: [key, value, ttl],
      results: [isDone, cause],
      suspends: true,
      text: 'Sets a value only when there is none: false and `exists` else. Of all connections, workers and machines that call at once one wins.',
      examples: [
        'store.delete("x:l")\nassert(store.add("x:l", "me", 10))\nlocal done, cause = store.add("x:l", "you", 10)\nassert(not done and cause == "exists")',
      ],
      call: (_context, name, text, seconds) =>
        ask(
          access,
          'add',
          (store) => on(store.add(octets(name), octets(text), seconds), doneResults),
          downFalse,
        ),
    }),
    luaFunction({
      name: 'replace',
      params: [key, bytes('old', 'What it must be now.'), value, ttl],
      results: [isDone, cause],
      suspends: true,
      text: 'Sets a value only when it is `old` now (compare and set): false and `changed` when it is another one or there is none.',
      examples: [
        'store.set("x:r", "1", 60)\nassert(store.replace("x:r", "1", "2", 60))\nassert(select(2, store.replace("x:r", "1", "3", 60)) == "changed")',
      ],
      call: (_context, name, old, text, seconds) =>
        ask(
          access,
          'replace',
          (store) => on(store.replace(octets(name), octets(old), octets(text), seconds), doneResults),
          downFalse,
        ),
    }),
    luaFunction({
      name: 'expire',
      params: [key, ttl],
      results: [isDone, cause],
      suspends: true,
      text: 'Gives an entry, or a set, a new lifetime from now.',
      examples: ['store.set("x:e", "1", 60)\nassert(store.expire("x:e", 600) and store.ttl("x:e") > 60)'],
      call: (_context, name, seconds) =>
        ask(access, 'expire', (store) => on(store.expire(octets(name), seconds), doneResults), downFalse),
    }),
    luaFunction({
      name: 'delete',
      params: [key],
      results: [{ ...isDone, text: 'true when there was one' }, cause],
      suspends: true,
      text: 'Removes an entry or a set.',
      examples: [
        'store.set("x:d", "1", 60)\nassert(store.delete("x:d"))\nassert(select(2, store.delete("x:d")) == "missing")',
      ],
      call: (_context, name) =>
        ask(access, 'delete', (store) => on(store.delete(octets(name)), doneResults), downFalse),
    }),
  ];
}

function sets(access: StoreAccess): readonly FunctionSpec[] {
  return [
    luaFunction({
      name: 'member',
      params: [
        setName,
        bytes('item', 'What is put into it, 1 to 512 octets.'),
        optionalInteger('ttl', 'Seconds that the set lives, from its first item on.', 3600),
      ],
      results: [
        { name: 'isNew', type: 'boolean?', text: 'true when the item was not there, false when it was; nil' },
        noCause,
      ],
      suspends: true,
      text:
        'Puts an item into a set: how many different recipients, senders, names. A set has one lifetime, which later items do not prolong, and at most ' +
        '10000 items; the next one is refused with `limit`.',
      examples: [
        'store.delete("x:m")\nassert(store.member("x:m", "a@example.com", 60) == true)\nassert(store.member("x:m", "a@example.com") == false)\nassert(store.count("x:m") == 1)',
      ],
      call: (_context, name, item, seconds) =>
        ask(
          access,
          'member',
          (store) =>
            on(store.member(octets(name), octets(item), seconds), (outcome) =>
              outcome.kind === 'failed' ? noValue(outcome) : doneResults(outcome),
            ),
          down,
        ),
    }),
    luaFunction({
      name: 'count',
      params: [setName],
      results: [{ name: 'items', type: 'integer?', text: '0 when there is no such set; nil' }, noCause],
      suspends: true,
      text: 'How many items a set has.',
      examples: ['assert(store.count("x:none") == 0)'],
      call: (_context, name) =>
        ask(
          access,
          'count',
          (store) =>
            on(store.count(octets(name)), (outcome) =>
              outcome.kind === 'number' ? [outcome.value] : noValue(outcome),
            ),
          down,
        ),
    }),
  ];
}

function counting(access: StoreAccess): readonly FunctionSpec[] {
  return [
    luaFunction({
      name: 'incr',
      params: [
        key,
        optionalInteger('n', 'What is added; may be negative.', 1),
        optionalInteger('ttl', 'Seconds that it lives when this makes it.', 60),
      ],
      results: [{ name: 'number', type: 'integer?', text: 'the sum; nil' }, noCause],
      suspends: true,
      text:
        'Adds to a whole number and gives the sum; makes it with `ttl` when there is none. It does not prolong: what is counted is counted from the first ' +
        'time on. `type` when the value is no whole number, or the sum has more than 53 bits.',
      examples: [
        'store.delete("x:n")\nassert(store.incr("x:n") == 1)\nassert(store.incr("x:n", 5, 600) == 6)\nassert(store.ttl("x:n") <= 60)',
      ],
      call: (_context, name, by, seconds) =>
        ask(
          access,
          'incr',
          (store) =>
            on(store.incr(octets(name), by, seconds), (outcome) =>
              outcome.kind === 'number' ? [outcome.value] : noValue(outcome),
            ),
          down,
        ),
    }),
    ...rateFunctions(access),
  ];
}
