// The text of `dovecot-uidlist`: `3 V<uidvalidity> N<next uid> G<guid>` and for each message `UID [<letter>value ...] :BASE`. Fields of others are kept as
// they are. Version 1 (`1 uidvalidity next`, `UID BASE`) is read, as Dovecot does. Octets as latin1, one character each. Pure.

/** uid and uidvalidity are 32 bits; the last one of uids is taken for "none" by Dovecot. */
export const MAX_UID = 4_294_967_294;

export interface UidListHeader {
  readonly version: 1 | 3;
  readonly uidValidity: number;
  /** What the next message gets, unless a message has it already. */
  readonly nextUid: number;
  /** 32 hexadecimal digits; '' when there is none. */
  readonly guid: string;
  /** Fields that are not ours, each with a blank in front. */
  readonly others: string;
}

export interface UidEntry {
  readonly uid: number;
  /** Each with a blank in front: ` S12 W13`. */
  readonly fields: string;
  readonly base: string;
}

export type HeaderOutcome =
  | { readonly kind: 'header'; readonly header: UidListHeader }
  /** Somebody knows it, we do not. */
  | { readonly kind: 'foreign'; readonly version: string }
  | { readonly kind: 'broken' };

const within = (text: string | undefined, most: number): number => {
  const value = /^\d{1,10}$/.test(text ?? '') ? Number(text) : 0;
  return value <= most ? value : 0;
};

export function readHeader(line: string): HeaderOutcome {
  const [version = '', ...words] = line.split(' ').filter((word) => word !== '');
  if (!/^\d{1,3}$/.test(version)) return { kind: 'broken' };
  if (version === '1') {
    const [uidValidity, nextUid] = [within(words[0], 2 ** 32 - 1), within(words[1], 2 ** 32 - 1)];
    if (uidValidity === 0 || nextUid === 0) return { kind: 'broken' };
    return { kind: 'header', header: { version: 1, uidValidity, nextUid, guid: '', others: '' } };
  }
  if (version !== '3') return { kind: 'foreign', version };
  const fieldOf = (key: string): string | undefined => words.find((word) => word[0] === key)?.slice(1);
  const [uidValidity, nextUid] = [within(fieldOf('V'), 2 ** 32 - 1), within(fieldOf('N'), 2 ** 32 - 1)];
  if (uidValidity === 0 || nextUid === 0) return { kind: 'broken' };
  const guid = fieldOf('G') ?? '';
  const others = words.filter((word) => !/^[VNG]/.test(word)).map((word) => ` ${word}`);
  return {
    kind: 'header',
    header: {
      ...{ version: 3, uidValidity, nextUid },
      guid: /^[0-9a-f]{32}$/i.test(guid) ? guid : '',
      others: others.join(''),
    },
  };
}

/** undefined: it is no line of a list of this version. */
export function readEntry(line: string, version: 1 | 3): UidEntry | undefined {
  const blank = line.indexOf(' ');
  const uid = blank < 0 ? 0 : within(line.slice(0, blank), MAX_UID);
  if (uid === 0) return undefined;
  const rest = line.slice(blank).replace(/^ +/, '');
  const colon = version === 1 ? 0 : rest.startsWith(':') ? 0 : rest.indexOf(' :') + 1;
  if (version === 3 && colon === 0 && !rest.startsWith(':')) return undefined;
  const name = version === 1 ? rest : rest.slice(colon + 1);
  const end = name.indexOf(':');
  const base = end < 0 ? name : name.slice(0, end);
  if (base === '' || base.includes('/')) return undefined;
  const words = version === 1 ? [] : rest.slice(0, colon).split(' ');
  // What no extension begins with is dropped by Dovecot too.
  const fields = words.filter((word) => /^[A-Z]/.test(word)).map((word) => ` ${word}`);
  return { uid, fields: fields.join(''), base };
}

export function headerLine({ uidValidity, nextUid, guid, others }: UidListHeader): string {
  return `3 V${uidValidity} N${nextUid} G${guid}${others}\n`;
}

export function entryLine({ uid, fields, base }: UidEntry): string {
  return `${uid}${fields} :${base}\n`;
}
