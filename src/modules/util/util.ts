// Lua module util (doc/reference/util.md): what policies need besides mail.
import type { Clock, RandomInteger } from '../../base/clock.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { digestFunctions } from './digest.ts';
import { encodingFunctions } from './encoding.ts';
import { jsonFunctions } from './json.ts';
import { machineFunctions } from './machine.ts';
import { timeFunctions } from './time.ts';

export interface UtilParts {
  readonly clock: Clock;
  readonly random: RandomInteger;
}

export const createUtilModule = ({ clock, random }: UtilParts): ModuleSpec =>
  luaModule({
    name: 'util',
    text: 'What policies need besides mail: the machine, directories, dates, digests, encodings, JSON, time. Strings are octets, in and out.',
    functions: [
      ...machineFunctions,
      ...digestFunctions,
      ...encodingFunctions(random),
      ...jsonFunctions,
      ...timeFunctions(clock),
    ],
  });
