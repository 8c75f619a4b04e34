// Lua module mime: the parts of the message being received, and what is in them. A file for each kind of function beside this one.
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { changeFunctions, changeRecords } from './change.ts';
import { foundFields, foundRecords } from './found.ts';
import { lookingFunctions, lookingRecords } from './looking.ts';
import { parametersFunction } from './parameters.ts';
import { readingFunctions } from './reading.ts';

export const createMimeModule = (): ModuleSpec =>
  luaModule({
    name: 'mime',
    text: 'The MIME parts of the message being received.',
    functions: [...readingFunctions, ...lookingFunctions(), parametersFunction, ...changeFunctions],
    lazyFields: foundFields,
    records: [...foundRecords, ...changeRecords, ...lookingRecords],
  });
