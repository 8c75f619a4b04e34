// Everything that is made from the tables: path in the project, and text.
import type { ModuleSpec } from '../lua-api/module-spec.ts';
import { errorPage } from './error-page.ts';
import { eventPage } from './event-page.ts';
import { extensionPage } from './extension-page.ts';
import { lenientPage } from './lenient-page.ts';
import { logPage } from './log-page.ts';
import { luacheckStandard } from './luacheck.ts';
import { metricPage } from './metric-page.ts';
import { indexPage, modulePage, pagePath } from './module-page.ts';
import { optionPage } from './option-page.ts';
import { hookStub, moduleStub, stubPath } from './stub.ts';

/** All generated files but doc/hooks.md, of which only the tables are made (see hook-list.ts). */
/** `scriptFunctions`: the globals by which scripts for Dovecot are called. */
export function referenceFiles(
  modules: readonly ModuleSpec[],
  scriptFunctions: readonly string[],
): ReadonlyMap<string, string> {
  return new Map([
    ['doc/reference/README.md', indexPage(modules)],
    ['doc/reference/options.md', optionPage()],
    ['doc/reference/errors.md', errorPage()],
    ['doc/reference/events.md', eventPage()],
    ['doc/log.md', logPage()],
    ['doc/reference/extensions.md', extensionPage()],
    ['doc/reference/lenient.md', lenientPage()],
    ['doc/reference/metrics.md', metricPage()],
    ...modules.map((module) => [pagePath(module), modulePage(module)] as const),
    ...modules.map((module) => [stubPath(module), moduleStub(module)] as const),
    ['lib-lua/stubs/hook.lua', hookStub()],
    ['lib-lua/stubs/smtpe.luacheckrc', luacheckStandard(modules, scriptFunctions)],
  ]);
}
