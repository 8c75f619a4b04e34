// What a mail or push script may reach: one user's mail, and settings.
import { Capability } from '../../../base/capability.ts';
import type { LuaRecord } from '../../../lua-api/value.ts';
import type { MailUser } from '../../../mailbox/port/mail-user.ts';

export interface MailAccess {
  readonly user: MailUser;
  /** For templates. */
  readonly variables: LuaRecord;
  /** plugin_getenv: a setting `plugin-NAME`, or a field of the userdb. */
  plugin(name: string): string | undefined;
}

export const MAIL_ACCESS = new Capability<MailAccess>('mail of a user');
