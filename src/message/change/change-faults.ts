// Why a change of the content is not made: the words that a policy gets. A table, for the reference.
export const changeFaults = {
  unsafe:
    'mail programs may see other parts than smtpe does: a defect of `mime.defects` that has to do with where parts begin and end, a limit of `mime.limits`, or a second parser that sees something else; the log names it',
  signed:
    'it stands in `multipart/signed` or `multipart/encrypted`, is `application/pkcs7-mime` or a text with the armour of PGP',
  nested: 'it stands in a message inside the message',
  encoded: 'it stands in an attached message that is encoded: only the attachment as a whole can be changed',
  changed:
    'an earlier change has removed or replaced it, or what it stands in, or has put a footer under what is to be replaced',
  no_text: 'no text is shown that a footer could be put under',
  not_leaf:
    'it holds other parts, or is text behind the last delimiter: only a part with a content of its own can be replaced',
  charset:
    'the text is in a charset that is not known, or is no text in the charset that is declared, and the footer cannot be written in it',
  bad_encoding: 'its base64 has octets that are none, or goes on behind its end',
  binary: 'lines of the text or of the headers end with a bare CR or LF, or NUL is in them (BINARYMIME)',
  headers_changed:
    'the policy has changed the Content-Type or Content-Transfer-Encoding of the message by `header.*`',
} as const;

export type ChangeFault = keyof typeof changeFaults;
