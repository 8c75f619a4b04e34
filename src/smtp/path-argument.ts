// The argument of MAIL and RCPT: keyword, colon, path, parameters (RFC 5321 section 4.1.1.2 and 4.1.1.3). Blanks around the colon are
// tolerated, and so is any word before it unless option smtp-strict-commands is on.
import type { OptionValues } from '../options/option-table.ts';
import { go, type Parsed, refuse } from './command.ts';
import { type CommandLine, trimBlanks } from './command-parser.ts';
import { type MailParameters, parseParameters } from './protocol/parameters.ts';
import { type Path, type PathRole, parsePath } from './protocol/path.ts';

export interface PathArgument {
  readonly path: Path;
  readonly parameters: MailParameters;
}

type Result = Exclude<Parsed<PathArgument>, { kind: 'ask' }>;

export function pathArgument(
  line: CommandLine,
  keyword: 'FROM' | 'TO',
  role: PathRole,
  parameterNames: readonly string[],
  values: OptionValues,
): Result {
  const strict = values['smtp-strict-commands'];
  const colon = line.argument.indexOf(':');
  if (colon < 0) return refuse('syntax');
  if (strict && line.argument.slice(0, colon).toUpperCase() !== keyword) return refuse('syntax');
  const text = trimBlanks(line.argument, colon + 1, line.argument.length);
  if (text === '') return refuse('missingArgument');
  const parsed = parsePath(text, role, {
    angleBrackets: values['rfc2821-angle-brackets'],
    localLength: values['rfc2821-local-length'],
    domainLength: values['rfc2821-domain-length'],
  });
  if (parsed.kind === 'error') return refuse(parsed.error);
  const parameters = parseParameters(parsed.rest, parameterNames, strict);
  if (parameters.kind === 'error') return refuse(parameters.error, { word: parameters.word });
  return go({ path: parsed.path, parameters: parameters.parameters }) as Result;
}
