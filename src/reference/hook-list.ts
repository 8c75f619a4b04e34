// The tables in doc/hooks.md: all hooks, and what a session knows from when to when. The text around them is written by hand.
import {
  codesInWords,
  type HookName,
  type HookResult,
  hookNames,
  hookTable,
  type ReplyCodes,
} from '../policy/hook-table.ts';
import { type FactSpec, factTable, type Moment, moments } from '../smtp/server/session-facts.ts';
import { code, table } from './markdown.ts';
import { marksOf, withTable } from './marked.ts';

const results: Readonly<Record<HookResult, string>> = {
  reply: '[drop,] reply',
  content: '[drop,] reply, kept for the end of the message',
  none: 'not looked at',
};

const hookMarks = marksOf('hooks', 'the hook table');
const factMarks = marksOf('facts', 'the table of session facts');

function codesOf(name: HookName): string {
  const codes: ReplyCodes = hookTable[name].codes;
  return codes === 'none' ? '' : codesInWords[codes];
}

function hookRows(): readonly string[] {
  const rows = hookNames.map((name) => {
    const { args, result, when } = hookTable[name];
    return [code(`hook.${name}(${args.join(', ')})`), when, results[result], codesOf(name)];
  });
  return table(['hook', 'called for', 'returns', 'codes that fit'], rows);
}

function factRows(): readonly string[] {
  const specs: readonly FactSpec[] = Object.values(factTable);
  const list = (names: readonly Moment[]): string => names.map((name) => moments[name]).join('; ');
  const rows = specs.map(({ shown, begins, ends, note }) => [
    shown,
    list(begins),
    list(ends.length === 0 ? ['close'] : ends),
    note ?? '',
  ]);
  return table(['what', 'begins with', 'ends with', ''], rows);
}

/** The page with its tables made anew; undefined when it lacks the marks of one. */
export function withHookTables(text: string): string | undefined {
  const page = withTable(text, hookMarks, hookRows());
  return page === undefined ? undefined : withTable(page, factMarks, factRows());
}
