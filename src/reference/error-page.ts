// The page of all replies of 4xx and 5xx that smtpe itself gives, with the numbers that follow option smtp-error-url.
import { type ErrorName, type ErrorSpec, errorNumber, errorTable } from '../smtp/server/reply-table.ts';
import { code, generated, page, table } from './markdown.ts';

export function errorPage(): string {
  const names = Object.keys(errorTable) as readonly ErrorName[];
  const rows = names
    .map((name): readonly [ErrorName, ErrorSpec] => [name, errorTable[name]])
    .sort(([, a], [, b]) => a.number - b.number)
    .map(([name, spec]) => [
      errorNumber(name),
      code(name),
      code(`${spec.code} ${spec.status} ${spec.text.replace(/\{(\w+)\}/g, '<$1>')}`),
      spec.when,
    ]);
  return page([
    generated('src/smtp/server/reply-table.ts'),
    '',
    '# Errors',
    '',
    'Every refusal that smtpe itself gives. Hooks and next hops have replies of their own. With option `smtp-error-url` its text and the',
    'number stand between the status and the text, e.g. `502 5.5.1 https://mail.example.com/errors#E010 FOO command unknown`, so that a',
    'sender finds an explanation there. A number stays with its error for good. The log has the name as `cause`.',
    '',
    ...table(['number', 'name', 'reply', 'when'], rows),
  ]);
}
