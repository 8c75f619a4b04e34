// The table `Mailman` of Rumble's scripts: accounts, letters, and mail that scripts send. What each group may do is option rumble-allow's to say.
import { luaModule, type ModuleSpec, record } from '../../lua-api/module-spec.ts';
import { accountFunctions } from './mailman-accounts.ts';
import type { MailmanParts } from './mailman-call.ts';
import { letterFunctions } from './mailman-letters.ts';
import { sendFunctions } from './mailman-send.ts';

export function createMailmanTable(parts: MailmanParts): ModuleSpec {
  return luaModule({
    name: 'Mailman',
    text:
      'Domains, accounts and letters, as scripts for Rumble see them (doc/rumble.md): in a policy behind `require "rumble"`. There have to be accounts (`rumble-database`), and `rumble-allow` has to name what a script may do: ' +
      '`accounts`, `mail` (letters), `send`. What cannot be known, as the database cannot be read, raises.',
    records: [
      record('mailman_domain', 'One of `Mailman.listDomains`.', {
        path: ['string', 'directory of its mail as it was given; empty for the usual one'],
        flags: ['integer', '1: no mail of its accounts goes to other servers'],
      }),
      record('mailman_account', 'An account.', {
        id: ['integer?', 'of one that is there; never used again'],
        name: ['string', 'a name or a pattern, in lower case'],
        domain: ['string', 'its name'],
        type: ['string', '`mbox` or `mailbox`, `alias`, `relay`, `module`, `feed`'],
        password: ['string', 'what `string.SHA256` gives, or what scrypt made of it'],
        arguments: ['string', 'addresses of an alias, the host of a relay'],
      }),
      record('mailman_letter', 'One of `Mailman.listHeaders`; header fields stand beside these.', {
        id: ['integer', 'for `Mailman.readMail`'],
        file: ['string', 'unique name of its file'],
        size: ['integer', 'octets of its file'],
        sent: ['integer', 'when it was delivered, seconds since 1970'],
        read: ['boolean', 'it has been read'],
      }),
      record('mailman_part', 'A part of a letter.', {
        headers: [
          'table<string, string>',
          'header fields: by name in lower case, unfolded, the last of a name',
        ],
        body: ['string?', 'as transmitted; of no multipart'],
        parts: ['mailman_part[]?', 'of a multipart'],
      }),
      record(
        'mailman_mail',
        'What `Mailman.readMail` gives.',
        {
          id: ['integer', 'as in `Mailman.listHeaders`'],
          file: ['string', 'likewise'],
          size: ['integer', 'likewise'],
          sent: ['integer', 'likewise'],
          truncated: ['boolean?', 'bodies were cut'],
        },
        'mailman_part',
      ),
      record('mailman_sending', 'One of `Mailman.getQueue`.', {
        id: ['string', 'what the log calls it by'],
        file: ['string', 'the same'],
        time: ['integer', 'since when, seconds since 1970'],
        sender: ['string', 'its address'],
        recipient: ['string', 'its address'],
        loops: ['integer', 'Received fields that it has'],
      }),
    ],
    functions: [...accountFunctions(parts), ...letterFunctions(parts), ...sendFunctions(parts)],
  });
}
