// By what name a next hop has the message, from the words of its 250: what an operator searches for in the log of that machine. No RFC says
// where it stands; these are the forms of the servers that are met. Pure. A next hop is believed, but not with what it costs: no form goes
// back over more than an id.

/** Octets that are looked at; the id stands in the first line. */
const LOOKED_AT = 512;

const ID = '[\\w.-]{1,64}';

/** From the surest to the vaguest; the first group is the id. */
const FORMS: readonly RegExp[] = [
  // Postfix, Haraka, Halon: "2.0.0 Ok: queued as 89D6222E8B2", "Message Queued (9C2E-11)".
  new RegExp(`\\bqueued (?:as|with id|under id)[ :]{1,2}(${ID})`, 'i'),
  new RegExp(`\\bqueued \\((${ID})\\)`, 'i'),
  // Exim: "OK id=1rKxyz-0001Ab-2C". KumoMTA: "ids=d7ef1c".
  new RegExp(`\\bids?=(${ID})`, 'i'),
  // smtpe: "2.0.0 message 2ARDVb309891774101 accepted".
  new RegExp(`\\bmessage (${ID}) accepted\\b`, 'i'),
  // sendmail, OpenSMTPD: "2.0.0 47CDfX1K012345 Message accepted for delivery".
  new RegExp(`(?<![\\w.-])(${ID}):? message accepted\\b`, 'i'),
  // Exchange: "2.6.0 <id@host> [InternalId=123, Hostname=mx] Queued mail for delivery".
  /\[InternalId=(\d{1,64})/i,
  // Dovecot, Cyrus (LMTP): "2.0.0 <x@example.com> Zk3fGcy8AGWxNwEA Saved".
  /> ([\w+/=.-]{1,64}) saved\b/i,
  // Our own maildir: the name of the file.
  /\b(\d{9,12}\.M\d{1,9}P\d{1,9}[\w.-]{0,200})/,
  // qmail: "ok 1700000000 qp 12345". Gmail: "2.0.0 OK  1700000000 x9-20si123.7 - gsmtp".
  /\bok {1,2}\d{9,12} qp (\d{1,20})/i,
  new RegExp(`\\bok {1,2}\\d{9,12} (${ID}) - `, 'i'),
];

/** `text`: a whole reply, lines joined by '\n'. undefined: it says none, or in a form that nobody knows. */
export function queueIdOf(text: string): string | undefined {
  // Its code is no id.
  const looked = text.slice('250 '.length, LOOKED_AT);
  for (const form of FORMS) {
    const id = form.exec(looked)?.[1]?.replace(/\.$/, '');
    // Every id has a digit: what has none is a word of the sentence.
    if (id !== undefined && /\d/.test(id)) return id;
  }
  return undefined;
}
