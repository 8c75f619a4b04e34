// Octets of a policy or its mail for people, in messages of the bench: what it quotes of a test, and what the test is to say.

const LONGEST_TEXT = 400;

/** Octets (latin1) for people: in UTF-8 where they are that, without control characters. */
export function shown(text: string): string {
  const utf8 = Buffer.from(text, 'latin1').toString('utf8');
  const readable = utf8.includes('\ufffd') ? text : utf8;
  const plain = readable.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, (one) =>
    one === '\n'
      ? '\\n'
      : one === '\r'
        ? '\\r'
        : one === '\t'
          ? '\\t'
          : `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return plain.length > LONGEST_TEXT
    ? `${plain.slice(0, LONGEST_TEXT)}...(+${plain.length - LONGEST_TEXT})`
    : plain;
}
