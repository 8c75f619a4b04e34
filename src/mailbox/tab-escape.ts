// How Dovecot writes what may have line ends and tabs into lines: \x01 and a letter for each (lib/strescape.c). Octets as latin1. Pure.

const escapes: Readonly<Record<string, string>> = {
  '\0': '\x010',
  '\x01': '\x011',
  '\t': '\x01t',
  '\r': '\x01r',
  '\n': '\x01n',
};
const meant: Readonly<Record<string, string>> = { '0': '\0', '1': '\x01', t: '\t', r: '\r', n: '\n' };

export const tabEscaped = (text: string): string =>
  text.replace(/[\0\x01\t\r\n]/g, (character) => escapes[character] ?? '');

/** A letter that means nothing stands for itself. */
export const tabUnescaped = (text: string): string =>
  text.replace(/\x01(.?)/gs, (_, letter: string) => meant[letter] ?? letter);
