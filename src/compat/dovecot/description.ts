// The table `dovecot` as policies see it, for the reference, the editor stubs and the check of policies. It is made of lib-lua/dovecot: nothing of
// this is registered.
import type { ClassSpec } from '../../lua-api/class-spec.ts';
import { type FunctionSpec, luaFunction, type Param, type ResultSpec } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec, record } from '../../lua-api/module-spec.ts';
import { anything, bytes, integer, optionalAnything, optionalBytes } from '../../lua-api/params.ts';

interface Told {
  readonly params?: readonly Param<unknown>[];
  readonly gives?: ResultSpec;
  readonly suspends?: boolean;
}

function told(name: string, text: string, { params = [], gives, suspends = false }: Told = {}): FunctionSpec {
  const results = gives === undefined ? [] : [gives];
  return luaFunction({ name, params, results, suspends, text, call: () => [] });
}

const result = (name: string, type: string, text: string): ResultSpec => ({ name, type, text });
const described = (name: string, text: string, methods: readonly FunctionSpec[]): ClassSpec => ({
  name,
  text,
  methods,
});

const line = { params: [bytes('text', 'a line')] };
const ofItself = (params: readonly Param<unknown>[] = []): Told => ({
  params,
  gives: result('event', 'dovecot_event', 'itself'),
});
const key = bytes('key', 'begins with `shared/` or `priv/`');
const user = optionalBytes('user', 'of whom `priv/` keys are', undefined);
const flags = { params: [integer('value', 'a whole number'), integer('flag', 'bits')] };

const event = described(
  'dovecot_event',
  'Lines of the log with something in front of them, a name and fields.',
  [
    told(
      'append_log_prefix',
      'Text in front of its lines, behind that of its parents.',
      ofItself([bytes('prefix', 'the text')]),
    ),
    told(
      'replace_log_prefix',
      'Text in front of its lines, instead of all other.',
      ofItself([bytes('prefix', 'the text')]),
    ),
    told('set_name', 'The name, field `event` of its lines.', ofItself([bytes('name', 'the name')])),
    told(
      'add_str',
      'A field of its lines.',
      ofItself([bytes('key', 'name of the field'), bytes('value', 'the text')]),
    ),
    told(
      'add_int',
      'A field of its lines.',
      ofItself([bytes('key', 'name of the field'), integer('value', 'the number')]),
    ),
    told(
      'add_timeval',
      'A field of its lines.',
      ofItself([bytes('key', 'name of the field'), integer('value', 'Unix seconds')]),
    ),
    told(
      'inc_int',
      'Adds to a field, which begins at 0.',
      ofItself([bytes('key', 'name of the field'), integer('by', 'may be negative')]),
    ),
    told('log_debug', 'A line.', ofItself([bytes('text', 'the line')])),
    told('log_info', 'A line.', ofItself([bytes('text', 'the line')])),
    told('log_warning', 'A line.', ofItself([bytes('text', 'the line')])),
    told('log_error', 'A line.', ofItself([bytes('text', 'the line')])),
    told('passthrough_event', 'An event that ends with one call of `log_*`.', {
      gives: result('event', 'dovecot_event', 'below this one'),
    }),
  ],
);

const httpClasses = [
  described('dovecot_http_client', 'Settings for requests.', [
    told('request', 'A request that is not sent yet.', {
      params: [anything('about', 'dovecot_http_about', 'where to, and how')],
      gives: result('request', 'dovecot_http_request', ''),
    }),
  ]),
  described('dovecot_http_request', 'A request.', [
    told('add_header', 'Sets a header; one of that name before is gone.', {
      params: [bytes('name', 'a token'), bytes('value', 'without CR, LF and NUL')],
    }),
    told('remove_header', 'Takes one back.', { params: [bytes('name', 'a token')] }),
    told('set_payload', 'What is sent.', { params: [bytes('payload', 'octets')] }),
    told(
      'submit',
      'Sends it. A failure of the network is a response with a status from 9000, never an error.',
      {
        gives: result('response', 'dovecot_http_response', ''),
        suspends: true,
      },
    ),
  ]),
  described('dovecot_http_response', 'What came.', [
    told('status', 'The code; from 9000: what failed.', { gives: result('code', 'integer', '') }),
    told('reason', 'The phrase of the server, or what failed.', { gives: result('text', 'string', '') }),
    told('payload', 'The content.', { gives: result('octets', 'string', '') }),
    told('header', 'The first field of that name.', {
      params: [bytes('name', 'in any case')],
      gives: result('value', 'string', 'empty when there is none'),
    }),
  ]),
];

const authRequest = described(
  'dovecot_auth_request',
  'What functions of authentication scripts are called with. It has fields too: `user`, `password`, `service`, `remote_ip` and the other names that Dovecot has.',
  [
    told('password_verify', 'Whether a password is that of a stored one with its scheme.', {
      params: [bytes('stored', 'as `{SHA512-CRYPT}$6$...`'), bytes('password', 'in clear')],
      gives: result('result', 'integer', '1: it is; 0: it is not; -1: the stored one cannot be read'),
    }),
    told('var_expand', 'A template with its variables replaced.', {
      params: [bytes('template', 'as `%{user}`')],
      gives: result('text', 'string', ''),
    }),
    told('response_from_template', 'Words of a template as fields of an answer.', {
      params: [bytes('template', 'as `home=/home/%{user} uid=vmail`')],
      gives: result('fields', 'table<string, string>', ''),
    }),
    told('event', 'A new event below that of the request.', { gives: result('event', 'dovecot_event', '') }),
    ...['log_debug', 'log_info', 'log_warning', 'log_error'].map((name) =>
      told(name, 'A line of the log.', line),
    ),
  ],
);

const dictClasses = [
  described('dovecot_dict', 'Keys with texts.', [
    told('lookup', 'The values of a key. Raises when it cannot be looked up.', {
      params: [key, user],
      gives: result('values', 'string[]?', 'nil when the key is not there'),
      suspends: true,
    }),
    told(
      'iterate',
      'For `for key, values in dict:iterate(prefix, flags) do`. Raises when it cannot be read.',
      {
        params: [
          bytes('prefix', 'of the keys'),
          integer(
            'flags',
            'a sum of 1 deeper too, 2 sorted by key, 4 sorted by value, 8 without values, 16 the key itself',
          ),
          user,
        ],
        gives: result('step', 'function', 'and its state'),
        suspends: true,
      },
    ),
    told('transaction_begin', 'Changes that happen together, or not.', {
      params: [user],
      gives: result('transaction', 'dovecot_dict_transaction', ''),
    }),
  ]),
  described(
    'dovecot_dict_transaction',
    'Changes that wait for their commit; one that is forgotten has never been.',
    [
      told('set', 'Sets a value.', { params: [key, bytes('value', 'at most 262,144 octets')] }),
      told('unset', 'Takes a key away.', { params: [key] }),
      told('atomic_inc', 'Adds to a number; a key that is not there counts as 0.', {
        params: [key, integer('by', 'may be negative')],
      }),
      told('set_timestamp', 'Has no effect: no form keeps times.', {
        params: [anything('time', '{ tv_sec: integer, tv_nsec: integer }', '`tv_sec` and `tv_nsec`')],
      }),
      told('commit', 'Does all of them. Raises when none is done.', { suspends: true }),
      told('rollback', 'Does none.'),
    ],
  ),
];

const codes = (
  names: string,
): readonly { readonly name: string; readonly value: number; readonly text: string }[] =>
  names.split(' ').map((word) => {
    const [name = '', value = ''] = word.split('=');
    return { name, value: Number(value), text: '' };
  });

/** What policies have of it. */
export const dovecotDescription: ModuleSpec = luaModule({
  name: 'dovecot',
  text:
    'What scripts for Dovecot find under this name, for policies that call functions of such scripts (doc/dovecot.md). It is loaded when a policy first names it. ' +
    'Numbers of arguments are checked, as there: one too many is an error.',
  classes: [event, ...httpClasses, ...dictClasses, authRequest],
  records: [
    record('dovecot_http_about', 'What `request` of a client takes.', {
      url: ['string', 'http or https'],
      method: ['string?', 'nil: GET'],
    }),
  ],
  functions: [
    told('i_debug', 'A line of the log, with the id of the session.', line),
    told('i_info', 'A line of the log, with the id of the session.', line),
    told('i_warning', 'A line of the log, with the id of the session.', line),
    told('i_error', 'A line of the log, with the id of the session.', line),
    told('event', 'A new event.', {
      params: [optionalAnything('parent', 'dovecot_event', 'what it has its prefix and fields from')],
      gives: result('event', 'dovecot_event', ''),
    }),
    told(
      'dict',
      "A dict: `file:/path`, Dovecot's text file, or `redis:host=127.0.0.1:port=6379:prefix=x/`. Raises when the name is none.",
      {
        params: [bytes('name', 'which one')],
        gives: result('dict', 'dovecot_dict', 'nothing is opened before it is used'),
      },
    ),
    told('has_flag', 'Whether all these bits are set.', { ...flags, gives: result('set', 'boolean', '') }),
    told('set_flag', 'With these bits.', { ...flags, gives: result('value', 'integer', '') }),
    told('clear_flag', 'Without these bits.', { ...flags, gives: result('value', 'integer', '') }),
    told('restrict_global_variables', 'From now on a global that nobody has declared is an error.', {
      params: [anything('on', 'boolean', 'nil and false: no more')],
    }),
  ],
  modules: [
    luaModule({
      name: 'http',
      text: 'Requests to web servers, by the rules of Dovecot. Options `http-refuse` and `http-allow-reserved` count.',
      functions: [
        told(
          'client',
          'A client with settings of Dovecot 2.3 or 2.4; what is unknown has no effect but a warning.',
          {
            params: [
              anything(
                'settings',
                'table<string, string|number|boolean>',
                'such as `{ request_timeout_msecs = 5000 }`',
              ),
            ],
            gives: result('client', 'dovecot_http_client', ''),
          },
        ),
      ],
    }),
    luaModule({
      name: 'base64',
      text: 'Base64 (RFC 4648 section 4).',
      functions: [
        told('encode', 'Octets as base64.', {
          params: [bytes('octets', 'any')],
          gives: result('text', 'string', ''),
        }),
        told('decode', 'What base64 stands for.', {
          params: [bytes('text', 'other characters are passed over')],
          gives: result('octets', 'string?', 'nil: it is none'),
        }),
      ],
    }),
    luaModule({
      name: 'auth',
      text: 'What functions of authentication scripts return, and what they are called with.',
      constants: codes(
        'PASSDB_RESULT_OK=1 PASSDB_RESULT_PASSWORD_MISMATCH=0 PASSDB_RESULT_INTERNAL_FAILURE=-1 PASSDB_RESULT_SCHEME_NOT_AVAILABLE=-2 ' +
          'PASSDB_RESULT_USER_UNKNOWN=-3 PASSDB_RESULT_USER_DISABLED=-4 PASSDB_RESULT_PASS_EXPIRED=-5 PASSDB_RESULT_NEXT=-6 ' +
          'USERDB_RESULT_OK=1 USERDB_RESULT_INTERNAL_FAILURE=-1 USERDB_RESULT_USER_UNKNOWN=-2',
      ),
      functions: [
        told(
          'request',
          'A request with these fields, for a function of an authentication script that the policy has required.',
          {
            params: [
              anything(
                'fields',
                'table<string, string>',
                'such as `{ user = "a@example.com", password = "x", remote_ip = client.address }`',
              ),
            ],
            gives: result('request', 'dovecot_auth_request', 'as such a function gets it'),
          },
        ),
      ],
    }),
  ],
});
