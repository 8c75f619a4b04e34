// Verbs `doc` and `explain`: what there is to say about a name of the Lua API, a hook, option, event, metric, error or verb, from the tables.
import { closedAccounts } from '../accounts/place.ts';
import { systemClock, systemRandom } from '../base/clock.ts';
import { silentWriter } from '../base/log.ts';
import { nearestName } from '../base/nearest-name.ts';
import { testModule } from '../bench/module/test-module.ts';
import { dovecotDescription } from '../compat/dovecot/description.ts';
import { nobodysServer } from '../compat/rumble/server-view.ts';
import { rumbleTables } from '../compat/rumble/tables.ts';
import type { ModuleSpec } from '../lua-api/module-spec.ts';
import { createModules } from '../modules/index.ts';
import { openEventLog } from '../observe/event-log.ts';
import { PolicyMetrics } from '../observe/metric/policy-metrics.ts';
import { realSystem } from '../ops/system.ts';
import { optionHelp } from '../options/help-text.ts';
import { findOption } from '../options/option-set.ts';
import { optionNames } from '../options/option-table.ts';
import type { Options } from '../options/options.ts';
import { errorNames, errorText, type Pages, terminalPages } from '../reference/terminal-page.ts';
import { errorNumber, errorsOfReply, errorTable } from '../smtp/server/reply-table.ts';
import { exitCode } from './exit-code.ts';
import { noNetwork } from './no-network.ts';
import { complain, print } from './problems.ts';
import { verbs, verbTable } from './verb.ts';

const nobody = (): never => {
  throw new Error('the API is only looked at');
};

/** The API, with nobody to talk to: it is only looked at. */
function silentModules(options: Options): readonly ModuleSpec[] {
  const ports = noNetwork(options);
  return createModules({
    ...{ clock: systemClock, random: systemRandom, log: openEventLog(silentWriter), hostName: '' },
    ...{ resolver: ports.resolver, services: ports.services, stores: ports.stores, mailer: ports.mailer },
    ...{ mailUsers: { user: nobody }, maildir: { store: nobody, look: nobody } },
    ...{ spool: { find: () => undefined }, metrics: new PolicyMetrics(), nextId: () => '' },
  });
}

/** What is registered nowhere and described all the same: made of Lua, and for tests only. */
export const described = (modules: readonly ModuleSpec[]): readonly ModuleSpec[] => [
  ...modules,
  dovecotDescription,
  ...rumbleTables({
    ...{ resolver: { query: nobody, addresses: nobody }, system: realSystem },
    mailman: { accounts: closedAccounts(''), clock: systemClock, nextId: nobody, forward: nobody },
    server: nobodysServer,
  }),
  testModule,
];

/** What is known by a name, and the nearest one when there is nothing. */
export type DocOutcome =
  | { readonly kind: 'found'; readonly texts: readonly string[] }
  | { readonly kind: 'missing'; readonly near: string | undefined };

/** Looks a name up: among the pages of the API, options and verbs. */
export function lookUp(name: string, options: Options, pages: Pages): DocOutcome {
  const verb = verbs.find((one) => one === name);
  const option = findOption(name.replace(/^[+-]|=.*$/g, ''));
  const texts = [
    ...(pages.get(
      name
        .toLowerCase()
        .replace(/\(.*$/, '')
        .replace(':', '.')
        .replace(/^s\.(?=\w)/, 'session.'),
    ) ?? []),
    ...(option === undefined ? [] : [`option ${option}\n\n${optionHelp(option, options)}`]),
    ...(verb === undefined ? [] : [verbText(verb)]),
  ];
  if (texts.length > 0) return { kind: 'found', texts: [...new Set(texts)] };
  const last = name.split('.').at(-1) ?? name;
  const sameEnd = [...pages.keys()].filter((known) => known.endsWith(`.${last.toLowerCase()}`));
  const all = [...pages.keys(), ...optionNames, ...verbs];
  return { kind: 'missing', near: nearestName(name, sameEnd) ?? sameEnd[0] ?? nearestName(name, all) };
}

function verbText(verb: keyof typeof verbTable): string {
  const { more, text, usage } = verbTable[verb];
  return `verb ${verb}\n\nusage: ${usage}\n  ${text}${more === '' ? '' : `. ${more}`}`;
}

const RULE = `\n\n${'-'.repeat(40)}\n\n`;

/** For the prompt of `smtpe talk`. */
export function docText(name: string, options: Options, modules: readonly ModuleSpec[]): string {
  const found = lookUp(name, options, terminalPages(described(modules)));
  return found.kind === 'found' ? `${found.texts.join(RULE)}\n` : `${missing(name, found.near)}\n`;
}

const missing = (name: string, near: string | undefined): string =>
  `there is nothing of the name ${JSON.stringify(name)}; ${near === undefined ? 'doc/reference/README.md has the list' : `did you mean ${near}?`}`;

export async function doc(names: readonly string[], options: Options): Promise<number> {
  if (names.length === 0) {
    await complain([`usage: ${verbTable.doc.usage}`]);
    return exitCode.usage;
  }
  const pages = terminalPages(described(silentModules(options)));
  const texts: string[] = [];
  for (const name of names) {
    const found = lookUp(name, options, pages);
    if (found.kind === 'missing') {
      await complain([`doc: ${missing(name, found.near)}`]);
      return exitCode.usage;
    }
    texts.push(...found.texts);
  }
  await print(`${texts.join(RULE)}\n`);
  return exitCode.ok;
}

/** Verb `explain`: errors by number, by name, or a reply that has the number in it. */
export async function explain(words: readonly string[]): Promise<number> {
  const text = words.join(' ');
  const said = errorsOfReply(text);
  if (said.length > 0) {
    await print(`${said.map((one) => errorText(one)).join(RULE)}\n`);
    return exitCode.ok;
  }
  const number = /\bE?(\d{1,3})\b(?!\.)/i;
  const named = /\bE(\d{3})\b/i.exec(text) ?? (words.length === 1 ? number.exec(text) : null);
  const name =
    errorNames.find((one) => one === text) ??
    errorNames.find((one) => named !== null && errorTable[one].number === Number(named[1]));
  const ofCode = name === undefined ? errorsOfCode(text) : [];
  if (ofCode.length > 0) {
    await print(`${ofCode.join('\n')}\n`);
    return exitCode.ok;
  }
  if (text === '' || name === undefined) {
    const near = nearestName(text, [...errorNames, ...errorNames.map(errorNumber)]);
    const hint =
      text === ''
        ? `usage: ${verbTable.explain.usage}`
        : `explain ${JSON.stringify(text)}: there is no such error of smtpe; ${near === undefined ? 'doc/reference/errors.md has all of them' : `did you mean ${near}?`}`;
    await complain([hint]);
    return exitCode.usage;
  }
  await print(`${errorText(name)}\n`);
  return exitCode.ok;
}

/** The errors that have a reply code, and this enhanced status where there is one. */
function errorsOfCode(code: string): readonly string[] {
  // `421 4.3.0` is code and enhanced status.
  const [wanted, status = ''] = code.trim().split(/[ -]/);
  if (!/^(?:\d\.\d{1,3}\.\d{1,3})?$/.test(status) || code.trim().split(/[ -]/).length > 2) return [];
  return errorNames
    .filter((one) => String(errorTable[one].code) === wanted)
    .filter((one) => status === '' || errorTable[one].status === status)
    .map((one) => `${errorNumber(one)}  ${one}: ${errorTable[one].status} ${errorTable[one].text}`);
}
