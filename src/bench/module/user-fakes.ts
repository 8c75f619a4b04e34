// `t.users` and `t.storage`: what a test says of somebody.
import { lowerAscii } from '../../base/ascii.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { readFolderName } from '../../mailbox/folder-name.ts';
import type { MailFake, UserFake } from '../fakes.ts';
import { checkFields, isTable, sketch, TIMEOUT, textField, textOf, textsOf, wrong } from './read-table.ts';

const USER = 'a password, true, { password =, fields = {...}, disabled =, maildir = }, false or t.timeout';
const MAIL = "{ mailboxes = { 'Junk' } }, { refuse = 'why' } or false";

/** A name by which somebody is asked for; case does not tell two apart. */
export function readName(what: string, key: LuaValue): string {
  const name = textOf(key);
  if (name === undefined || name === '') throw wrong(what, "names, as ['joe@example.com']", key);
  return lowerAscii(name);
}

export function readUser(what: string, value: LuaValue): UserFake {
  if (value === TIMEOUT) return { kind: 'unavailable' };
  if (value === false) return { kind: 'unknown' };
  const plain = { kind: 'user', fields: {}, isDisabled: false, maildir: undefined } as const;
  if (value === true) return { ...plain, password: undefined };
  const password = textOf(value);
  if (password !== undefined) return { ...plain, password };
  if (!isTable(value)) throw wrong(what, USER, value);
  checkFields(what, value, ['password', 'fields', 'disabled', 'maildir']);
  const disabled = value.get('disabled') ?? false;
  if (typeof disabled !== 'boolean') throw wrong(`${what}, disabled`, 'true or false', disabled);
  return {
    kind: 'user',
    password: textField(what, value, 'password'),
    fields: readFields(what, value.get('fields')),
    isDisabled: disabled,
    maildir: textField(what, value, 'maildir'),
  };
}

function readFields(what: string, value: LuaValue): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isTable(value)) throw wrong(`${what}, fields`, "a table as { quota = '1G' }", value);
  const fields: Record<string, string> = {};
  for (const [key, one] of value) {
    const [name, text] = [textOf(key), textOf(one)];
    if (name === undefined || text === undefined)
      throw wrong(`${what}, fields`, "texts by name, as { quota = '1G' }", one);
    fields[name] = text;
  }
  return fields;
}

export function readMail(what: string, value: LuaValue): MailFake {
  if (value === false) return { kind: 'missing' };
  if (!isTable(value)) throw wrong(what, MAIL, value);
  checkFields(what, value, ['mailboxes', 'refuse']);
  const why = textField(what, value, 'refuse');
  if (why !== undefined) return { kind: 'refuses', why };
  const given = value.get('mailboxes');
  const mailboxes = given === undefined || given === null ? [] : textsOf(`${what}, mailboxes`, given);
  for (const name of mailboxes) {
    const read = readFolderName(name, '/');
    if (read.kind === 'bad')
      throw new LuaError(`${what}, mailboxes: ${sketch(name)} is no name of one: ${read.why}`);
  }
  return { kind: 'there', mailboxes };
}
