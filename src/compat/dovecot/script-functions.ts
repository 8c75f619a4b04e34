// The global functions by which scripts for Dovecot are called: what they define, and what a policy that requires one may call.
import { handlerOf, mailboxEventNames } from './push/event-table.ts';

export const scriptFunctions: readonly string[] = [
  ...['script_init', 'script_deinit'],
  ...['auth_passdb_lookup', 'auth_password_verify', 'auth_userdb_lookup', 'auth_userdb_iterate'],
  ...['mail_user_created', 'mail_user_deinit_pre', 'mail_user_deinit'],
  ...['dovecot_lua_notify_begin_txn', 'dovecot_lua_notify_end_txn', ...mailboxEventNames.map(handlerOf)],
];
