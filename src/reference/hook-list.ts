// The table of all hooks in doc/hooks.md, between two marks; the text around it is written by hand.
import { type HookResult, hookNames, hookTable } from '../policy/hook-table.ts';
import { code, table } from './markdown.ts';

const results: Readonly<Record<HookResult, string>> = {
  reply: '[drop,] reply',
  content: '[drop,] reply, kept for the end of the message',
  none: 'not looked at',
};

export const beginMark =
  '<!-- The table of hooks: made from the hook table by npm run reference. Do not edit. -->';
export const endMark = '<!-- End of the table of hooks. -->';

export function hookList(): string {
  const rows = hookNames.map((name) => {
    const { args, result, when } = hookTable[name];
    return [code(`hook.${name}(${args.join(', ')})`), when, results[result]];
  });
  return [beginMark, '', ...table(['hook', 'called for', 'returns'], rows), endMark].join('\n');
}

/** The page with its table made anew; undefined when it has no marks. */
export function withHookList(text: string): string | undefined {
  const begin = text.indexOf(beginMark);
  const end = text.indexOf(endMark);
  if (begin < 0 || end < begin) return undefined;
  return text.slice(0, begin) + hookList() + text.slice(end + endMark.length);
}
