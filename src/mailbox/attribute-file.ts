// Annotations of all mailboxes of a user (`dovecot-attributes` in the Maildir that is INBOX): a dictionary in a file, as Dovecot has it with
// `mail_attribute_dict = file:`: a line with the key, a line with the value, both escaped. Keys begin with `priv/GUID/` or `shared/GUID/`, by the guid
// of the mailbox.
import { join } from 'node:path';
import { readLines } from './disk.ts';
import { type ChangeFileOutcome, changeFile } from './locked-file.ts';
import type { Metadata } from './port/metadata.ts';
import type { MailOutcome, MailTrouble } from './port/outcome.ts';
import { tabEscaped, tabUnescaped } from './tab-escape.ts';
import { troubleOf } from './trouble.ts';

const ATTRIBUTES = 'dovecot-attributes';
const MAX_KEY = 1000;
const MAX_VALUE = 65_536;
const MAX_KEYS = 1000;
const MAX_SIZE = 4 * 1024 * 1024;

/** Keys of the user, which lie among those of INBOX. */
const OF_USER = 'vendor/vendor.dovecot/pvt/server/';

type Place = Parameters<typeof changeFile>[0] & { readonly root: string };

export interface AnnotatedMailbox {
  readonly place: Place;
  /** For troubles. */
  readonly mailbox: string;
  readonly isUser: boolean;
  /** Its guid; with `make` it is made, where it has none yet. */
  guid(make: boolean): Promise<MailOutcome<string | undefined>>;
}

/** `key` with its type, and behind that what belongs to whom. */
function split(
  key: string,
  isPrefix = false,
): { readonly type: string; readonly rest: string } | MailTrouble {
  const [, type, rest = ''] = /^\/(private|shared)\/(.*)$/s.exec(key) ?? [];
  const bad = (why: string): MailTrouble => ({ kind: 'bad-name', name: key, why });
  if (type === undefined) return bad('Invalid key prefix, must be /private/ or /shared/');
  if (rest === '' && !isPrefix) return bad('there is nothing behind the prefix of the key');
  if (key.length > MAX_KEY) return bad(`a key has at most ${MAX_KEY} octets`);
  if (key.includes('\0')) return bad('a key has no NUL');
  return { type: type === 'private' ? 'priv' : 'shared', rest };
}

export function createMetadata({ guid, isUser, mailbox, place }: AnnotatedMailbox): Metadata {
  const path = join(place.root, ATTRIBUTES);
  const inFile = (type: string, id: string, rest: string): string =>
    `${type}/${id}/${isUser ? OF_USER : ''}${rest}`;

  const read = async (): Promise<MailOutcome<ReadonlyMap<string, string>>> => {
    try {
      const lines = await readLines(place.parts.files, path, 2 * MAX_SIZE);
      return { kind: 'done', value: readDictionary(lines ?? []) };
    } catch (error) {
      return troubleOf(error, mailbox);
    }
  };

  const change = async (key: string, value: string | undefined): Promise<MailOutcome<undefined>> => {
    const parts = split(key);
    if ('kind' in parts) return parts;
    const id = await guid(value !== undefined);
    if (id.kind !== 'done') return id;
    if (id.value === undefined) return { kind: 'done', value: undefined };
    const name = inFile(parts.type, id.value, parts.rest);
    let outcome: ChangeFileOutcome;
    try {
      outcome = await changeFile(place, path, 2 * MAX_SIZE, (lines = []) => {
        const all = new Map(readDictionary(lines));
        if (all.get(name) === value) return undefined;
        if (value === undefined) all.delete(name);
        else all.set(name, value);
        const written = [...all].flatMap(([one, other]) => [tabEscaped(one), tabEscaped(other)]);
        const size = written.reduce((sum, line) => sum + line.length + 1, 0);
        if (value !== undefined && (all.size > MAX_KEYS || size > MAX_SIZE))
          throw Object.assign(
            new Error(`${ATTRIBUTES} has ${MAX_KEYS} keys and ${MAX_SIZE} octets at most`),
            { code: 'EFBIG' },
          );
        return written;
      });
    } catch (error) {
      return troubleOf(error, mailbox);
    }
    switch (outcome.kind) {
      case 'done':
        return { kind: 'done', value: undefined };
      case 'busy':
        return { kind: 'locked', mailbox };
      case 'aborted':
        return { kind: 'aborted' };
    }
  };

  return {
    get: async (key) => {
      const parts = split(key);
      if ('kind' in parts) return parts;
      const id = await guid(false);
      if (id.kind !== 'done' || id.value === undefined) return id;
      const all = await read();
      return all.kind === 'done'
        ? { kind: 'done', value: all.value.get(inFile(parts.type, id.value, parts.rest)) }
        : all;
    },
    set: async (key, value) => {
      const bad = (why: string): MailTrouble => ({ kind: 'bad-name', name: key, why });
      if (value.includes('\0')) return bad('Attribute string value has NULs');
      return value.length > MAX_VALUE ? bad(`a value has at most ${MAX_VALUE} octets`) : change(key, value);
    },
    unset: (key) => change(key, undefined),
    list: async (prefix) => {
      const parts = split(prefix, true);
      if ('kind' in parts) return parts;
      const id = await guid(false);
      if (id.kind !== 'done') return id;
      const all = await read();
      if (all.kind !== 'done' || id.value === undefined)
        return all.kind === 'done' ? { kind: 'done', value: new Map() } : all;
      const begin = inFile(parts.type, id.value, '');
      const found = [...all.value]
        .filter(([name]) => name.startsWith(`${begin}${parts.rest}`))
        .filter(([name]) => isUser || !name.slice(begin.length).startsWith(OF_USER))
        .map(
          ([name, value]) =>
            [`/${parts.type === 'priv' ? 'private' : 'shared'}/${name.slice(begin.length)}`, value] as const,
        )
        .sort(([a], [b]) => (a < b ? -1 : 1));
      return { kind: 'done', value: new Map(found) };
    },
  };
}

/** Lines in pairs; a key without a value was never finished. */
function readDictionary(lines: readonly string[]): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (let at = 0; at + 1 < lines.length; at += 2)
    all.set(tabUnescaped(lines[at] ?? ''), tabUnescaped(lines[at + 1] ?? ''));
  return all;
}

/** Forgets all of a mailbox that is no more. Rejects with errors of the file system. */
export async function dropMetadata(place: Place, guid: string): Promise<void> {
  await changeFile(place, join(place.root, ATTRIBUTES), 2 * MAX_SIZE, (lines = []) => {
    const all = [...readDictionary(lines)];
    const kept = all.filter(
      ([key]) => !key.startsWith(`priv/${guid}/`) && !key.startsWith(`shared/${guid}/`),
    );
    if (kept.length === all.length) return undefined;
    return kept.flatMap(([key, value]) => [tabEscaped(key), tabEscaped(value)]);
  });
}
