// The argument of MAIL and RCPT: keyword, colon, path, parameters (RFC 5321 section 4.1.1.2 and 4.1.1.3). Blanks behind the colon are
// tolerated, as everybody does; what else may be let through stands in the table of protocol/lenience.
import type { OptionValues } from '../options/option-table.ts';
import { go, type Parsed, refuse } from './command.ts';
import type { CommandLine } from './command-parser.ts';
import { isBlank, trimBlanks } from './protocol/blanks.ts';
import { type Lenience, lenienceOf } from './protocol/lenience.ts';
import { type MailParameters, parseParameters } from './protocol/parameters.ts';
import { type Path, type PathFault, parsePath } from './protocol/path.ts';
import type { ErrorName } from './reply-table.ts';

export interface PathArgument {
  readonly path: Path;
  readonly parameters: MailParameters;
}

type Verb = 'MAIL' | 'RCPT';
type Result = Exclude<Parsed<PathArgument>, { kind: 'ask' }>;

const KEYWORDS: Readonly<Record<Verb, string>> = { MAIL: 'FROM', RCPT: 'TO' };

/** `auth`: AUTH is offered, so that MAIL may have it as a parameter. */
export function pathArgument(line: CommandLine, verb: Verb, auth: boolean, values: OptionValues): Result {
  const lenience = lenienceOf(values);
  const { argument } = line;
  const colon = argument.indexOf(':');
  if (colon < 0 || !isKeyword(argument.slice(0, colon), KEYWORDS[verb], lenience)) return refuse('syntax');
  const text = trimBlanks(argument, colon + 1, argument.length);
  if (text === '') return refuse('missingArgument');
  const parsed = parsePath(text, {
    lenience,
    localLength: values['rfc2821-local-length'],
    needsDomain: verb === 'MAIL' && values['rfc2821-angle-brackets'],
  });
  if (parsed.kind === 'fault') return refuse(errorOf(parsed.fault, verb));
  const { path, rest } = parsed;
  const parameters = parseParameters(rest, { verb, auth, lenience });
  if (parameters.kind === 'fault') {
    const error = parameters.fault === 'unknown' ? 'unknownParameter' : 'badParameter';
    return refuse(error, { word: parameters.word });
  }
  return go({ path, parameters: parameters.parameters }) as Result;
}

function isKeyword(given: string, wanted: string, lenience: Lenience): boolean {
  let end = given.length;
  if (lenience.blankColon) while (end > 0 && isBlank(given.charCodeAt(end - 1))) end--;
  const word = given.slice(0, end).toUpperCase();
  return word === wanted || (lenience.keyword && (word === 'FROM' || word === 'TO'));
}

function errorOf(fault: PathFault, verb: Verb): ErrorName {
  const mail = verb === 'MAIL';
  switch (fault) {
    case 'form':
      return 'path';
    case 'brackets':
      return 'brackets';
    case 'route':
      return 'route';
    case 'local':
      return mail ? 'senderLocal' : 'rcptLocal';
    case 'localLength':
      return 'localLength';
    case 'incomplete':
      return 'senderIncomplete';
    case 'domain':
      return mail ? 'senderDomain' : 'rcptDomain';
    case 'domainLength':
      return 'domainLength';
    case 'nonAscii':
      return 'nonAscii';
  }
}
