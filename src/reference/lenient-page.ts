// The page of what option smtp-lenient lets through.
import { type LenienceSpec, lenienceNames, lenienceTable } from '../smtp/protocol/lenience.ts';
import { code, generated, page, table } from './markdown.ts';

export function lenientPage(): string {
  const rows = lenienceNames.map((name) => {
    const { effect, example, text, unless }: LenienceSpec = lenienceTable[name];
    return [text, code(example), effect, unless === undefined ? '' : code(`+${unless}`)];
  });
  return page([
    generated('src/smtp/protocol/lenience.ts'),
    '',
    '# What smtp-lenient lets through',
    '',
    'smtpe takes commands as RFC 5321 has them. With option `smtp-lenient` it also takes what this table lists, and nothing else; each row is',
    'refused without it. An option in the last column refuses its row even so. `smtp.sendfile` and `smtp.sendstring` take addresses by the same',
    'rules. Blanks behind the colon of `MAIL FROM:` and `RCPT TO:`, and at the end of a line, are always taken. A policy can let it through for',
    "some clients only: `smtpe.setoption('smtp-lenient', '+')` in `hook.accept`.",
    '',
    ...table(['what', 'example', 'it', 'refused by'], rows),
    '',
    'Never let through, because something would be lost: REQUIRETLS, SMTPUTF8, a BODY other than 7BIT and 8BITMIME, other parameters that are',
    'not offered, words behind or in front of the path, a second address, bytes above 127, and a domain that is none.',
    '',
    'Beside it, with or without it: `rfc2821-angle-brackets` wants a domain for every sender but `<>`, `rfc2821-local-length` refuses local',
    'parts of more than 64 bytes. `rfc2821-domain-length` and `rfc2821-literal-plus` have no effect.',
  ]);
}
