// The page of ESMTP extensions: what EHLO offers, the parameters of MAIL and RCPT, and what of them goes on to the next hop.
import { createOptions } from '../options/option-set.ts';
import {
  type ExtensionName,
  ehloLine,
  extension,
  extensionNames,
  type OfferFacts,
  type ParameterSpec,
} from '../smtp/protocol/extension-table.ts';
import { code, generated, page, table } from './markdown.ts';

/** Everything is offered, the options have their defaults. */
const facts: OfferFacts = {
  ...{ values: createOptions().values, trusted: true, secure: true, canAuthenticate: true },
  canSecure: true,
  nextHopOffers: () => true,
};

function parameterRow(
  verb: string,
  name: ExtensionName,
  keyword: string,
  spec: ParameterSpec,
): readonly string[] {
  const without = spec.lenience === undefined ? '' : 'dropped with `smtp-lenient`';
  const goesOn = spec.goesOn ? `to a next hop with ${name}` : 'no';
  return [verb, code(keyword), name, spec.value, goesOn, without];
}

function parameterRows(name: ExtensionName): readonly (readonly string[])[] {
  const { mail = {}, rcpt = {} } = extension(name);
  return [
    ...Object.entries(mail).map(([keyword, spec]) => parameterRow('MAIL', name, keyword, spec)),
    ...Object.entries(rcpt).map(([keyword, spec]) => parameterRow('RCPT', name, keyword, spec)),
  ];
}

export function extensionPage(): string {
  return page([
    generated('src/smtp/protocol/extension-table.ts'),
    '',
    '# ESMTP extensions',
    '',
    'What smtpe offers in its reply to EHLO, in this order, and what it makes of the offers of a next hop. The lines are those with the default',
    'options.',
    '',
    ...table(
      ['extension', '', 'line of EHLO', 'offered', 'towards a next hop that offers it'],
      extensionNames.map((name) => {
        const { nextHop, offered, source, text, when } = extension(name);
        const line = offered === undefined ? '' : code(ehloLine(name, facts));
        return [`${name} (${source})`, text, line, when, nextHop];
      }),
    ),
    '## Parameters',
    '',
    'What may stand behind the path of MAIL and RCPT. A parameter of an extension that is not offered, and one that is not in this table, is',
    'refused with 555; a value that is none, and a parameter that was there before, with 501. The policy finds all of them in `client.input`.',
    '',
    ...table(
      ['command', 'parameter', 'extension', 'value', 'goes on', 'where it is not offered'],
      extensionNames.flatMap(parameterRows),
    ),
    'What smtp-lenient lets through besides is in [lenient.md](lenient.md).',
  ]);
}
