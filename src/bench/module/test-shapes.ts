// The shapes of the tables that tests give and get, for the reference and for editors.
import { type RecordSpec, record } from '../../lua-api/module-spec.ts';

const ANSWER = 'integer|string|smtpe.test.response';
export const HTTP_ANSWERS = `table<string, ${ANSWER}|fun(q: smtpe.test.request): ${ANSWER}>`;
const REPLIES = 'string|false|table<string, string|false>|nil';

export const testShapes: readonly RecordSpec[] = [
  record('smtpe.test.mail', 'What `s:send` sends.', {
    from: ['string?', "the sender; nil: a@b.example; `''`: the null sender"],
    to: ['string|string[]', 'recipients'],
    file: ['string?', 'a message in a file that stands beside the test'],
    text: ['string?', 'a message'],
  }),
  record('smtpe.test.tls', 'How the client of `s:tls` encrypts.', {
    version: ['string?', 'nil: `TLSv1.3`'],
    cipher: ['string?', 'its standard name; nil: `TLS_AES_256_GCM_SHA384`'],
    name: ['string?', 'the server that it asks for'],
  }),
  record('smtpe.test.message', 'A message that was forwarded.', {
    host: ['string', 'the next hop'],
    sender: ['string', 'as it got it'],
    recipients: ['string[]', 'as it got them'],
    data: ['string', 'octets, dots not stuffed'],
  }),
  record('smtpe.test.spamd', 'What spamd says.', {
    score: ['number', 'points'],
    threshold: ['number?', 'nil: 5'],
    symbols: ['string[]?', 'names of rules'],
  }),
  record('smtpe.test.rspamd', 'What rspamd says.', {
    score: ['number', 'points'],
    required: ['number?', 'nil: 15'],
    action: ['string?', "nil: as rspamd's own configuration has it for the score"],
    symbols: ['table<string, number>?', 'points by name'],
    message: ['string?', 'for the client'],
  }),
  record('smtpe.test.request', 'What a function of `t.http` gets.', {
    method: ['string', 'as `POST`'],
    url: ['string', 'as it was asked for'],
    headers: ['table<string, string>', 'by names in lower case'],
    body: ['string', 'octets'],
    form: ['table<string, string>', 'fields of the body'],
    query: ['table<string, string>', 'fields of the URL'],
  }),
  record('smtpe.test.response', 'What a web server answers.', {
    code: ['integer?', 'nil: 200'],
    body: ['string?', 'octets'],
    headers: ['table<string, string>?', 'by name'],
  }),
  record('smtpe.test.next_hop', 'What a next hop replies; where there is nil it takes everything.', {
    banner: ['string|false|nil', 'false: it hangs up; `t.timeout`: it says nothing'],
    ehlo: ['string|false|nil', 'likewise'],
    mail: [REPLIES, 'also by address'],
    rcpt: [REPLIES, 'also by address'],
    data: ['string|false|nil', 'likewise'],
    dot: ['string|false|nil', 'likewise'],
    down: ['boolean?', 'true: nobody listens'],
  }),
  record('smtpe.test.user', 'Somebody in a user database.', {
    password: ['string?', 'nil: he cannot log in'],
    fields: ['table<string, string>?', 'what the policy sees in `client.auth_fields`'],
    disabled: ['boolean?', 'true: he is not let in, even with his password'],
    maildir: ['string?', 'where his mail lies, an absolute path'],
  }),
  record('smtpe.test.mailboxes', 'Somebody with mail.', {
    mailboxes: ['string[]?', 'full names, besides INBOX'],
    refuse: ['string?', 'why everything is refused'],
  }),
  record('smtpe.test.stored', 'A message in a mailbox.', {
    uid: ['integer', 'what it is called by'],
    flags: ['string[]', '`\\\\Seen` ...'],
    keywords: ['string[]', 'other words'],
    data: ['string', 'octets'],
  }),
  record('smtpe.test.entry', 'An entry of the store.', {
    value: ['string|number', 'its text'],
    ttl: ['integer?', 'seconds; nil: a day'],
  }),
];
