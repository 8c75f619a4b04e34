// Lua module `store`: what policies remember across connections, workers and machines (doc/reference/store.md). The stores are in store/; here
// are arguments, results and their documentation.
import type { Clock } from '../../base/clock.ts';
import { LuaError, luaFunction, type Param } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec, record } from '../../lua-api/module-spec.ts';
import { bytes, optionalBytes } from '../../lua-api/params.ts';
import { LuaFunction, type LuaRecord } from '../../lua-api/value.ts';
import { type StoreCause, storeCauses } from '../../store/store.ts';
import type { RecordedCall, Stores } from '../../store/stores.ts';
import { storeFunctions } from './functions.ts';
import { joinKey } from './key.ts';
import { measured } from './measured.ts';

const TEXT =
  'Memory that all connections and workers share, and with Redis several machines: counters, greylists, answers already found out. Option `store` says where it is; by ' +
  'default in memory, gone when smtpe ends. Every entry has a time to live: nothing grows for ever. Keys and values are octets. Every call is atomic for all who ' +
  'call at the same time.\n\n' +
  'All functions suspend, and may answer at once. What cannot be done gives nil or false and a cause, one word of `store.cause`; it never raises, and never looks like ' +
  '"not there" unless the cause is not looked at. Arguments of a wrong type raise. Nothing is opened before the first call. A write whose answer ' +
  'did not come (`timeout`) may have happened; nothing is repeated by itself.\n\n' +
  'The store on this machine is bounded (`store-max-entries`, `store-max-memory`): when it is full, what expires soonest makes room. Limits (`store.rate`) and entries that live ' +
  'up to 300 s have half of it to themselves, longer ones the other half, so that neither drives the other out.';

const causeTexts: Readonly<Record<StoreCause, string>> = {
  missing: 'There is no such entry, or its time is over. No failure.',
  exists: 'store.add: there is one already.',
  changed: 'store.replace: the value is another one, or there is none.',
  type: 'The entry is of another kind: a text where a number is needed, a set where a value is, or a sum of more than 53 bits.',
  limit: 'Too large or too many: key, value, time to live, set, store, disk.',
  down: 'The store cannot be reached or opened.',
  timeout: 'The store has not answered in time (`store-timeout`). A write may have happened.',
};

const MOST_PARTS = 8;

const part = (index: number): Param<string | undefined> =>
  optionalBytes(`part${index}`, 'Any octets.', undefined);

/** Dropping it without a word could make two keys the same. */
const noMore: Param<undefined> = {
  name: 'more',
  crossing: 'value',
  type: 'nil',
  fallback: 'nil',
  text: `There are at most ${MOST_PARTS} parts; one more raises an error.`,
  read: (given) =>
    given === undefined || given === null
      ? { ok: true, value: undefined }
      : { ok: false, expected: `no more than ${MOST_PARTS} parts` },
};

const keyFunction = luaFunction({
  name: 'key',
  params: [
    bytes('part', 'Any octets.'),
    part(2),
    part(3),
    part(4),
    part(5),
    part(6),
    part(7),
    part(8),
    noMore,
  ],
  results: [{ name: 'key', type: 'string', text: 'the parts with `:` between them, at most 512 octets' }],
  text:
    'Makes a key from parts that strangers may have sent: no two different lists of parts make the same key. In each part `:`, `%`, controls and blanks are written `%XX`, ' +
    'and a part of more than 200 octets is given by its SHA-256. Case is kept: use `string.lower` where it does not count. Does not suspend.',
  examples: [
    'assert(store.key("greylist", "192.0.2.1", "a:b@example.com") == "greylist:192.0.2.1:a%3Ab@example.com")\nassert(#store.key("x", string.rep("y", 5000)) < 100)',
  ],
  call: (_context, first, ...rest) => {
    const parts = [first, ...rest];
    const last = parts.findLastIndex((one) => one !== undefined);
    return [
      joinKey(
        parts.slice(0, last + 1).map((one, index) => {
          if (one === undefined)
            throw new LuaError(`bad argument #${index + 1} to 'store.key' (string expected, got nil)`);
          return one;
        }),
      ),
    ];
  },
});

export function createStoreModule(stores: Stores, clock: Clock): ModuleSpec {
  const recorded = (call: RecordedCall): readonly unknown[] | undefined => stores.recorded?.(call);
  /** By name in lower case. */
  const opened = new Map<string, LuaRecord>();
  const functionsOf = (name: string): LuaRecord => {
    const key = name.toLowerCase();
    let functions = opened.get(key);
    if (functions === undefined) {
      const specs = storeFunctions({ name: `store.open('${key}')`, open: () => stores.open(key) }).map(
        (spec) => measured(spec, { store: `store.${key}`, clock, recorded }),
      );
      functions = Object.fromEntries(specs.map((spec) => [spec.name, new LuaFunction(spec)]));
      opened.set(key, functions);
    }
    return functions;
  };
  return luaModule({
    name: 'store',
    text: TEXT,
    records: [
      record('store_limit', 'One of `store.rates`.', {
        key: ['string', '1 to 512 octets'],
        limit: ['number', 'how many units in `per` seconds'],
        per: ['number', 'seconds'],
        burst: ['number?', 'how many may come at once; nil: 1'],
        cost: ['number?', 'units of this call; nil: 1'],
      }),
      record('store_state', 'How a limit stands after `store.rates`.', {
        allowed: ['boolean', 'whether it fits'],
        remaining: ['integer', 'units that would still fit'],
        retry_after: ['number', 'seconds until it fits'],
      }),
    ],
    tables: [
      {
        name: 'cause',
        text: 'Why there is no value, or why nothing was done: `store.cause.missing == "missing"`.',
        reverse: false,
        isClosed: true,
        constants: storeCauses.map((name) => ({ name, value: name, text: causeTexts[name] })),
      },
    ],
    functions: [
      ...storeFunctions({ name: 'store', open: () => stores.open('') }).map((spec) =>
        measured(spec, { store: 'store', clock, recorded }),
      ),
      keyFunction,
      luaFunction({
        name: 'open',
        params: [bytes('name', 'NAME of an option `store.NAME`, or `local`: the store on this machine.')],
        results: [
          {
            name: 'other',
            type: 'store',
            text: 'a table with the functions `get`, `set`, `add`, `replace`, `incr`, `expire`, `ttl`, `delete`, `member`, `count`, `list`, `rate`, `rates`, `state`',
          },
        ],
        text:
          'Gives the functions of another store. `store.open("local")` is always there: the store on this machine, also when `store` is on another one. A name that no option ' +
          'has raises an error. Does not suspend; a store that cannot be reached says so at each call.',
        examples: [
          'local near = store.open("local")\nassert(near.set("x:o", "1", 60))\nassert(near.get("x:o") == "1")\nassert(not pcall(store.open, "nowhere"))',
        ],
        call: (_context, name) => {
          if (!stores.has(name)) {
            throw new LuaError(
              `bad argument #1 to 'store.open' (there is no option store.${name}, such as store.${name}=redis://host:6379/0)`,
            );
          }
          return [functionsOf(name)];
        },
      }),
    ],
  });
}
