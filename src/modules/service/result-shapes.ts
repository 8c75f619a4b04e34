// The shapes of what service.wait gives, for the reference and for editors (jobs.ts puts them together).
import { type RecordSpec, record } from '../../lua-api/module-spec.ts';

type Fields = Parameters<typeof record>[2];

const common: Fields = {
  error: ['string?', 'why there is no verdict or answer, else nil: test it'],
  elapsed_time: ['number', 'seconds'],
  service_host: ['string', 'who was asked, as it was written'],
  service_name: ['string', '`clamd`, `spamd`, `rspamd`, `http` or `client`'],
};
const scanned: Fields = {
  file: ['string', 'as given'],
  reply: ['string?', 'as it came; nil without one'],
  ...common,
};

export const resultShapes: readonly RecordSpec[] = [
  record('service_results', 'What `service.wait` gives: each kind only when something of it has ended.', {
    clamd: ['clamd_results?', 'of `service.clamd`'],
    spamd: ['spamd_results?', 'of `service.spamd`'],
    rspamd: ['rspamd_results?', 'of `service.rspamd`'],
    http: ['http_results?', 'of `service.http.request`'],
    client: ['client_results?', 'when writing to the client has failed'],
  }),
  record(
    'clamd_results',
    'The last one without `error`; all of them by number.',
    {
      '[integer]': ['clamd_result', 'in the order in which they ended'],
    },
    'clamd_result',
  ),
  record('clamd_result', 'What clamd says of a file.', {
    is_infected: ['boolean?', 'nil when the file was not scanned'],
    signature: ['string?', 'the name of what was found'],
    ...scanned,
  }),
  record(
    'spamd_results',
    'The last one without `error`; all of them by number.',
    {
      '[integer]': ['spamd_result', 'in the order in which they ended'],
    },
    'spamd_result',
  ),
  record('spamd_result', 'What spamd says of a message.', {
    is_spam: ['boolean?', 'nil without a verdict'],
    score: ['number?', 'points'],
    threshold: ['number?', 'from how many on it is spam'],
    symbols: ['string[]?', 'names of rules, where the method gives them'],
    truncated: ['boolean?', 'true when only the beginning was judged'],
    replaced: ['boolean?', 'true when the message was put in the place of the one being received'],
    ...scanned,
  }),
  record(
    'rspamd_results',
    'The last one without `error`; all of them by number.',
    {
      '[integer]': ['rspamd_result', 'in the order in which they ended'],
    },
    'rspamd_result',
  ),
  record('rspamd_result', 'What rspamd says of a message.', {
    action: ['string?', '`no action`, `greylist`, `add header`, `rewrite subject`, `soft reject`, `reject`'],
    score: ['number?', 'points'],
    required_score: ['number?', 'from how many on it rejects'],
    is_skipped: ['boolean?', 'its settings told it not to look'],
    symbols: ['rspamd_symbols?', 'the highest score first, and by name'],
    messages: ['table<string, string>?', 'texts for the client: `messages.smtp_message`'],
    subject: ['string?', 'of `rewrite subject`'],
    add_headers: ['rspamd_header[]?', 'what its milter module would add'],
    remove_headers: ['string[]?', 'names'],
    dkim_signature: ['string?', 'the value of a header'],
    ...scanned,
  }),
  record('rspamd_symbols', 'What has given points.', {
    '[integer]': ['rspamd_symbol', 'the highest score first'],
    '[string]': ['rspamd_symbol', 'by its name'],
  }),
  record('rspamd_symbol', 'One of them.', {
    name: ['string', 'of the rule'],
    score: ['number', 'points'],
    description: ['string?', 'what it looks at'],
    options: ['string[]', 'what it has found'],
  }),
  record('rspamd_header', 'A header to be added.', {
    name: ['string', 'of the header'],
    value: ['string', 'of the header'],
    order: ['integer?', 'where it is to stand, from the top; nil: anywhere'],
  }),
  record(
    'rspamd_settings',
    'How `service.rspamd` asks; what is not given is what is known of the client and the message.',
    {
      timeout: ['number?', 'seconds; nil: 60'],
      settings: ['table<string, any>?', 'settings of rspamd for this message'],
      settings_id: ['string?', 'the name of settings that rspamd has'],
      pass_all: ['boolean?', 'true: all rules are looked at, also when the verdict is clear'],
      password: ['string?', 'of its controller'],
      deliver_to: ['string?', 'whose mail it is'],
      user: ['string?', 'who has logged in'],
      ip: ['string?', 'address of the client'],
      helo: ['string?', 'what the client says it is'],
      from: ['string?', 'the sender'],
      hostname: ['string?', 'the name of the client'],
    },
  ),
  record('http_results', 'All requests, in the order in which they ended.', {
    '[integer]': ['http_response', 'match them by `url` or `id`'],
    service_name: ['string', '`http`'],
  }),
  record('http_response', 'What came of a request.', {
    id: ['string', 'as `service.http.request` has given it'],
    url: ['string', 'as given'],
    rcode: ['integer?', 'one of `service.http.code`; nil when there is no answer'],
    headers: ['string', 'as they came; empty without an answer'],
    content: ['string', 'any octets'],
    content_type: ['string?', 'without its parameters'],
    content_encoding: ['string?', 'as the server says'],
    date: ['number', 'seconds since the Epoch; 0 when absent'],
    expires: ['number', 'likewise'],
    last_modified: ['number', 'likewise'],
    location: ['string?', 'where redirects have led to, when they were followed'],
    ...common,
  }),
  record('client_results', 'Writing to the client has failed.', {
    '[integer]': ['client_failure', 'in the order in which they ended'],
  }),
  record('client_failure', 'One of them.', common),
];
