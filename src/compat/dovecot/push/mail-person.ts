// Whose mail it is, as scripts see it: fields of mail_user, variables of templates, settings.
import { basename, dirname } from 'node:path';
import type { LuaRecord } from '../../../lua-api/value.ts';
import type { MailUserIdentity } from '../../../mailbox/port/mail-user.ts';
import { type Options, PLUGIN } from '../../../options/options.ts';
import { encodeUtf8 } from '../../../text/utf8.ts';

/** Where the files of the user lie: around a directory that is called Maildir, else that of the mail itself. */
const homeOf = (path: string): string => (basename(path).toLowerCase() === 'maildir' ? dirname(path) : path);

export interface PersonFields {
  readonly fields: LuaRecord & { readonly username: string };
  readonly variables: LuaRecord;
}

const nothing: ReadonlyMap<string, string> = new Map();

/** `now`: milliseconds since the Epoch. `userdb`: its fields, latin1. */
export function personFields(
  identity: MailUserIdentity,
  session: string,
  now: number,
  userdb = nothing,
): PersonFields {
  const username = encodeUtf8(identity.name);
  const home = userdb.get('home') ?? encodeUtf8(homeOf(identity.path));
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const at = username.indexOf('@');
  const service = 'lmtp';
  return {
    fields: {
      ...{ username, home, service, uid, gid },
      session_id: session,
      session_create_time: Math.floor(now / 1000),
      ...{ nonexistent: false, anonymous: false, autocreated: false, mail_debug: false },
      ...{ fuzzy_search: false, dsyncing: false, admin: false, session_restored: false },
    },
    variables: {
      ...{ user: username, home, service, session, uid: String(uid), gid: String(gid) },
      username: at < 0 ? username : username.slice(0, at),
      domain: at < 0 ? '' : username.slice(at + 1),
      ...{ rip: '', lip: '', pid: String(process.pid), userdb },
    },
  };
}

/** The settings `plugin-NAME`, by name; latin1. */
export function pluginSettings(options: Options): Readonly<Record<string, string>> {
  return Object.fromEntries(options.ofListener(PLUGIN).map(({ name, text }) => [name, encodeUtf8(text)]));
}
