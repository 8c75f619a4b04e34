// The module `smtpe.test`: what a test of a policy says of the outside world, and its cases. lib-lua/smtpe/test.lua gives it to tests; a policy in service
// cannot have it. The one source of its page, its stub and its errors.
import { nearestName } from '../../base/nearest-name.ts';
import { luaFunction } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import { caseFunctions } from './case-functions.ts';
import { clockModule } from './clock-module.ts';
import { forwarded, log, stored } from './found-functions.ts';
import { keptFunctions } from './kept-functions.ts';
import { outsideFunctions } from './outside-functions.ts';
import { NXDOMAIN, TIMEOUT } from './read-table.ts';
import { sessionClass } from './session-class.ts';
import { testShapes } from './test-shapes.ts';

export const testModule: ModuleSpec = luaModule({
  name: 't',
  required: 'smtpe.test',
  records: testShapes,
  text:
    "Tests of policies: `local t = require 'smtpe.test'`, in files `*_test.lua` that `smtpe test` runs; see [how to test a policy](../test.md).\n\n" +
    'What a test says of the outside world at the level of its file holds for each of its cases; within a case for that one only. Names, URLs and hosts of which nothing is said fail the case. ' +
    'Policy, store, files, clock and everybody outside are new in each case; globals and locals of the test are not.',
  classes: [sessionClass],
  constants: [
    { name: 'timeout', value: TIMEOUT, text: 'In the place of an answer: nobody answers in time.' },
    { name: 'nxdomain', value: NXDOMAIN, text: 'In the place of records: there is no such name.' },
  ],
  functions: [...caseFunctions, ...outsideFunctions, stored, ...keptFunctions, forwarded, log],
  modules: [clockModule],
});

/** What is registered in the engine: lib-lua/smtpe/test.lua makes `t.clock` of `forward`, and asks `near` about names that do not exist. */
export const registeredModule: ModuleSpec = {
  ...testModule,
  modules: [],
  functions: [
    ...testModule.functions,
    ...clockModule.functions,
    luaFunction({
      name: 'near',
      params: [bytes('name', 'One that does not exist.')],
      results: [{ name: 'hint', type: 'string', text: 'what was meant, in words' }],
      text: 'For lib-lua/smtpe/test.lua.',
      call: (_, name) => {
        const near = nearestName(name, names);
        return [near === undefined ? `it has ${names.join(', ')}` : `did you mean t.${near}?`];
      },
    }),
  ],
};

const names = [...testModule.functions, ...testModule.constants, clockModule].map(({ name }) => name);
