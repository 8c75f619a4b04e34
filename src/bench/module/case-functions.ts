// What a test consists of: its cases, the policy that they are about, the clients of one.
import { join } from 'node:path';
import { LuaError, luaFunction, type Param } from '../../lua-api/function-spec.ts';
import { anything, bytes } from '../../lua-api/params.ts';
import { benchOf, NO_RESULTS } from './bench-of.ts';
import { isFunction, sketch, textsOf, wrong } from './read-table.ts';
import { sessionObject } from './session-class.ts';

const named: Param<string> = bytes('name', 'What it shows, for people and `-k`.');

export const caseFunctions = [
  luaFunction({
    name: 'case',
    params: [
      named,
      anything(
        'run',
        'fun(s: smtpe.test.session)',
        'Called with a session, of a client that has not connected yet.',
      ),
    ],
    text: 'A case. It fails when one of its expectations does not hold, when it raises an error, and when the policy asks for something of which the test says nothing.',
    call: (context, name, run) => {
      const bench = benchOf(context);
      if (!isFunction(run)) throw wrong(`t.case ${sketch(name)}`, 'a function(s) ... end', run);
      bench.add(name, run);
      return NO_RESULTS;
    },
  }),
  luaFunction({
    name: 'policy',
    params: [
      anything(
        'files',
        'string|string[]',
        "`'policy.lua'`, or several in their order: `{ 'local.lua', 'filter.lua' }`.",
      ),
    ],
    text: 'Which policy the test is about, when that is not told by its name: files beside the test, as option `script` has them. Stands at the level of the file. Option `script` of the command line counts more.',
    call: (context, given) => {
      const bench = benchOf(context);
      if (bench.played !== undefined)
        throw new LuaError(
          't.policy within a case: it stands at the level of the file, and holds for all cases',
        );
      const [path, ...more] = textsOf('t.policy', given, "'policy.lua' or { 'local.lua', 'filter.lua' }").map(
        (name) => join(bench.directory, Buffer.from(name, 'latin1').toString('utf8')),
      );
      if (path === undefined) throw wrong('t.policy', "'policy.lua' or { 'local.lua', 'filter.lua' }", given);
      bench.policy = { path, more };
      return NO_RESULTS;
    },
  }),
  luaFunction({
    name: 'session',
    params: [],
    results: [
      { name: 'session', type: 'smtpe.test.session', text: 'of a client that has not connected yet' },
    ],
    text: 'One more client in the same case: what the first one has left in the store is there.',
    call: (context) => {
      const bench = benchOf(context);
      return [sessionObject({ bench, dialogue: bench.inCase('t.session').newSession() })];
    },
  }),
];
