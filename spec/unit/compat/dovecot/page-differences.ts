// Where smtpe differs from Dovecot, as doc/dovecot.md says it: its section is made of this table (npm run reference). `rows`: recorded rows whose replay
// shows it; their answers are in recorded-differences.ts. differences.spec.ts fails where the two, the page and the recording do not fit together.

export interface PageDifference {
  readonly there: string;
  readonly here: string;
  readonly rows?: readonly string[];
}

export const pageDifferences: readonly PageDifference[] = [
  {
    there: 'push scripts run before the reply to a delivery',
    here: 'after it',
  },
  {
    there: 'a push script that cannot be started is logged at each message',
    here: 'found at the start or reload, and at `smtpe check`',
    rows: ['push-txn/script-init-fails/deliver', 'push-txn/script-syntax-error/deliver'],
  },
  {
    there: 'an error in `dovecot_lua_notify_begin_txn` ends the process',
    here: 'is logged',
    rows: ['push-txn/begin-error/deliver'],
  },
  {
    there: 'a mail script without `mail_user_created` is dropped',
    here: 'kept',
    rows: ['push-txn/mail-lua-no-created/deliver'],
  },
  {
    there: 'a result of `mail_user_created` that is no number is taken as 0',
    here: '451: it may have been meant to refuse; the log says what would be right',
  },
  {
    there: '`mailbox == mailbox`, `user < user` and the like end the process; `mail == mail` is inverted',
    here: 'compare names; uids',
  },
  {
    there: 'a snippet is made of the whole message',
    here: 'of its first MiB',
  },
  {
    there: '`MAILBOX_FLAG_AUTO_CREATE` makes a mailbox in some versions',
    here: 'never by a push script',
  },
  {
    there: 'standard entries of metadata are listed, empty',
    here: 'only what somebody has set',
    rows: [
      'mail-user/deliver/md-list2',
      'mail-user/deliver/md-list-after',
      'mailbox/deliver-1/md-list',
      'mailbox/deliver-2/md-list',
    ],
  },
  {
    there: 'numbers given to scripts are floats: `tostring` shows `1.0`',
    here: 'integers, which show as `1`',
    rows: ['auth/flags-and-consts/1-u', 'push-seed/example-2'],
  },
  {
    there: 'Lua 5.4',
    here: 'Lua 5.4 with what scripts for 5.1 need; `_VERSION` is `Lua 5.1`',
  },
  {
    there: '`PASSDB_RESULT_OK` without a second value fails for now',
    here: 'it is taken, as 2.4 wants it: right for `auth_password_verify`; a look-up without a password lets nobody in',
    rows: ['auth/pl-returns/2-onlynumber', 'auth/pl-returns/3-nil2'],
  },
  {
    there: '`script_init` has to return 0',
    here: 'nothing, or nil, is good too; it gets `auth-script-settings`',
    rows: ['auth/init-nil'],
  },
  {
    there:
      'a result code that is none, a field without a name, CR or LF in a header, a passthrough event that is not logged end the process',
    here: 'a temporary failure, a warning, an error at the line of the script, an error in the log',
    rows: ['auth/pl-nopassword/7-g', 'http/hdr-crlf'],
  },
  {
    there: '`nologin` is handed to the server that has asked',
    here: '535 5.7.8 with the `reason`',
    rows: ['auth/allow-nets/4-d@example.test'],
  },
  {
    there: 'results are cached as `auth_cache_size` says',
    here: 'never',
  },
  {
    there: 'master users (`user*master`, an authorization identity)',
    here: 'refused',
  },
  {
    there: 'proxy fields (`proxy`, `host`, `port`) hand the client on',
    here: 'a warning',
  },
  {
    there: '`CRAM-MD5`, `HMAC-MD5`, `DIGEST-MD5`, `NTLM`, `OTP`, `PLAIN-MD4`, `DES-CRYPT`',
    here: 'unknown schemes: for the old form of crypt there is no library that is looked after and comes ready built',
  },
  {
    there: 'templates of 2.4 (`%{user \\| lower}`)',
    here: 'those of 2.3 only (`%Lu`)',
  },
  {
    there:
      'an unknown setting of `dovecot.http.client`, such as `timeout`, is ignored by 2.3 and an error in 2.4',
    here: 'a warning, and no effect',
  },
  {
    there: '`Expect: 100-continue`',
    here: 'not sent',
  },
  {
    there: 'a body that is cut short is handed over',
    here: '9005',
  },
  {
    there: 'a status line without a blank behind the code is 9007',
    here: 'it is taken',
    rows: ['http/basic-statuses/noreason'],
  },
  {
    there: 'the reason of a status of 9000 and more repeats what came, with times and counts',
    here: 'the same beginning, then our words',
    rows: ['http/basic-statuses/garbage', 'http/retries/flaky-3-noretry'],
  },
  {
    there: 'a NUL ends a payload, and a text in the log',
    here: 'octets are kept',
    rows: ['http/request-wire/post-nul', 'http/headers'],
  },
  {
    there: '`Content-Length: 0` for POST and PUT only',
    here: 'for every method that may have content',
    rows: ['http/request-wire/propfind'],
  },
  {
    there: '`set_payload` takes one text',
    here: 'and, as in 2.4, a second argument, which means nothing',
    rows: ['http/errors/payload-nil'],
  },
  {
    there: 'a name of a header that is no token is sent',
    here: 'an error at the line of the script',
    rows: ['http/hdr-name-bad/hdr-name'],
  },
  {
    there: 'a relative `Location` is an error',
    here: 'it is followed when `max_redirects` allows; POST becomes GET at 301 and 302',
    rows: ['http/redirects/redir-rel'],
  },
  {
    there: '503 with `Retry-After` is tried again within `max_auto_retry_delay_secs`',
    here: 'it is the answer',
  },
  {
    there: '`proxy_url`',
    here: 'an error at `dovecot.http.client`',
  },
  {
    there: '`ssl_client_require_valid_cert = false`, `ssl_min_protocol`, `rawlog_dir`',
    here: 'a warning, and no effect: certificates are always verified',
  },
  {
    there: 'C libraries (`luasql`, `ldap`, `bcrypt`)',
    here: 'cannot be loaded: use a web service, `socket`, or `redis`',
  },
  {
    there:
      'messages about a script name C functions (`lua_load`, `lua_pcall`); a broken one is not named where there is only one',
    here: 'they begin with the file of the script',
    rows: ['auth/init-error', 'auth/init-float', 'auth/init-nonzero', 'auth/syntax-error'],
  },
  {
    there: 'some lines of a log-in do not say whose it is',
    here: 'all begin with `lua(USER,ADDRESS,<SESSION>): `',
    rows: ['auth/allow-nets/10-j@example.test'],
  },
  {
    there: 'a line of a script is cut into several at its line ends',
    here: 'one, with control characters encoded; the level is part of the line also after `replace_log_prefix`',
    rows: ['auth/logging-verbose/1-u'],
  },
  {
    there:
      'some messages name the wrong thing: the type of a field that means nothing, the reason for NEXT of the last database, a thrown table',
    here: 'they say what it is',
    rows: [
      'auth/pl-table-space/1-u@example.test',
      'auth/pl-table-space/2-u@example.test',
      'auth/pl-codes-table/6--6',
      'auth/pl-returns/11-errtab',
    ],
  },
  {
    there: 'an error in a call at the very end of a function (`return dovecot.i_info(nil)`) names the line',
    here: 'not: for Lua the caller is gone by then',
  },
  {
    there: '`%{sha256;rounds=2,salt=x:user}`, `%{pkcs5:user}`',
    here: 'not known: digests are those without settings',
  },
];
