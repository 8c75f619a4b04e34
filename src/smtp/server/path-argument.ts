// The argument of MAIL and RCPT: keyword, colon, path, parameters (RFC 5321 section 4.1.1.2 and 4.1.1.3; RFC 6531 section 3.4 for UTF-8). Blanks
// behind the colon are tolerated, as everybody does; what else may be let through stands in the table of protocol/lenience.
import { hasEightBitOctets } from '../../text/utf8.ts';
import { isBlank, trimBlanks } from '../protocol/blanks.ts';
import { isOffered } from '../protocol/extension-table.ts';
import { type Lenience, lenienceOf } from '../protocol/lenience.ts';
import {
  type MailParameters,
  type ParametersOf,
  type PathVerb,
  parseParameters,
} from '../protocol/parameters.ts';
import { type Path, type PathFault, parsePath } from '../protocol/path.ts';
import { type CommandContext, go, type Parsed, refuse } from './command.ts';
import type { CommandLine } from './command-parser.ts';
import type { ErrorName } from './reply-table.ts';

export interface PathArgument<V extends PathVerb> {
  readonly path: Path;
  readonly parameters: ParametersOf<V>;
  /** What stands behind the path, as it was sent. */
  readonly sent: string;
}

type Result<V extends PathVerb> = Exclude<Parsed<PathArgument<V>>, { kind: 'ask' }>;

const KEYWORDS: Readonly<Record<PathVerb, string>> = { MAIL: 'FROM', RCPT: 'TO' };

export function pathArgument<V extends PathVerb>(
  line: CommandLine,
  verb: V,
  context: CommandContext,
  /** Of the transaction, for RCPT. */
  mail?: MailParameters,
): Result<V> {
  const { values } = context;
  const utf8 = verb === 'MAIL' ? isOffered('SMTPUTF8', context) : mail?.SMTPUTF8 === true;
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
    utf8,
  });
  if (parsed.kind === 'fault') return refuse(errorOf(parsed.fault, verb));
  const { path, rest } = parsed;
  const parameters = parseParameters(verb, rest, context, lenience, verb === 'RCPT' && utf8);
  if (parameters.kind === 'fault') {
    const error = parameters.fault === 'unknown' ? 'unknownParameter' : 'badParameter';
    return refuse(error, { word: parameters.word });
  }
  // Whether the sender may be in UTF-8 is known when all parameters are.
  const said = mail ?? (parameters.parameters as MailParameters);
  if (utf8 && said.SMTPUTF8 !== true && hasEightBitOctets(path.address)) return refuse('nonAscii');
  return go({ path, parameters: parameters.parameters, sent: rest }) as Result<V>;
}

function isKeyword(given: string, wanted: string, lenience: Lenience): boolean {
  let end = given.length;
  if (lenience.blankColon) while (end > 0 && isBlank(given.charCodeAt(end - 1))) end--;
  const word = given.slice(0, end).toUpperCase();
  return word === wanted || (lenience.keyword && (word === 'FROM' || word === 'TO'));
}

function errorOf(fault: PathFault, verb: PathVerb): ErrorName {
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
