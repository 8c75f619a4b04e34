// What a policy finds when it begins: entries of the store, files.
import { LuaError, luaFunction } from '../../lua-api/function-spec.ts';
import { anything } from '../../lua-api/params.ts';
import { benchOf, NO_RESULTS } from './bench-of.ts';
import {
  checkFields,
  isTable,
  numberField,
  sketch,
  TIMEOUT,
  tableFor,
  textField,
  textOf,
  wrong,
} from './read-table.ts';

/** A day: entries of a store need an end. */
const STORE_TTL = 86_400;
export const keptFunctions = [
  luaFunction({
    name: 'store',
    params: [
      anything(
        'entries',
        'string|table<string, string|number|smtpe.test.entry>',
        "`{ ['gl:x'] = '1', counter = { value = 7, ttl = 60 } }`; without `ttl` an entry lives a day.",
      ),
    ],
    text: 'What is in the store when a case begins, or from now on. `t.timeout` instead: it cannot be reached, from now on until the next `t.store`; that on this machine (`store.open("local")`) can.',
    call: (context, given) => {
      benchOf(context).prepare((world) => {
        world.isStoreDown = given === TIMEOUT;
      });
      if (given === TIMEOUT) return NO_RESULTS;
      for (const [key, value] of tableFor('t.store', given, "{ key = 'value' }, or t.timeout")) {
        const what = `t.store ${sketch(key)}`;
        const name = textOf(key);
        const isPlain = !isTable(value);
        if (!isPlain) checkFields(what, value, ['value', 'ttl']);
        const text = isPlain ? textOf(value) : textField(what, value, 'value');
        if (name === undefined || text === undefined)
          throw wrong(what, 'a text, or { value =, ttl = }', value);
        const ttl = isPlain ? STORE_TTL : (numberField(what, value, 'ttl') ?? STORE_TTL);
        benchOf(context).prepare((world) => {
          const outcome = world.store().set(Buffer.from(name, 'latin1'), Buffer.from(text, 'latin1'), ttl);
          if (outcome.kind === 'failed')
            throw new LuaError(`${what}: a key has 1 to 512 octets, ttl is whole seconds, at least 1`);
        });
      }
      return NO_RESULTS;
    },
  }),
  luaFunction({
    name: 'file',
    params: [
      anything(
        'files',
        'table<string, string>',
        "`{ ['maps/domains.txt'] = 'example.com\\n' }`: content by path, as the policy names it.",
      ),
    ],
    text: 'Files that the policy reads by `io` or `map.open`: they lie over those on the disk. A path that is not absolute begins where the policy stands. What a policy itself writes never reaches the disk.',
    call: (context, given) => {
      const bench = benchOf(context);
      for (const [key, value] of tableFor('t.file', given, "{ ['maps/domains.txt'] = 'example.com\\n' }")) {
        const [path, text] = [textOf(key), textOf(value)];
        if (path === undefined || text === undefined)
          throw wrong(`t.file ${sketch(key)}`, 'the content, a string', value);
        bench.prepare((world) => world.files.put(path, Buffer.from(text, 'latin1')));
      }
      return NO_RESULTS;
    },
  }),
];
