// The rooms of the house: the folders of src, from the ground to the roof, and what each must never know. A room imports only rooms below
// it, its types too; a folder without a row of its own belongs to the room around it.
import type { Import } from './read-imports.ts';

/** From bottom to top. A room that holds nothing yet keeps the floor it is going to have. */
export const floors = [
  'base',
  'version.ts',
  'installed.ts',
  'observe/metric',
  'observe/live',
  'text',
  'charset',
  'net-address',
  'observe/trace',
  'uri',
  'options',
  'net',
  'dns',
  'ops',
  'store',
  'lua-api',
  'smtp/protocol',
  'users',
  'mail-auth',
  'message/framing',
  'message/header',
  'message/mime',
  'message/uri',
  'message/change',
  'message/file-type',
  'message/archive',
  'message/content',
  'message',
  'service',
  'delivery/port',
  'mailbox',
  'accounts',
  'smtp/client',
  'delivery',
  'lua/state',
  'lua/run',
  'lua/library',
  'lua',
  'policy',
  'modules',
  'smtp/server',
  'reference',
  'compat',
  'compat/dovecot',
  'compat/rumble',
  'observe',
  'ports.ts',
  'script-engine.ts',
  'app.ts',
  'admin',
  'bench',
  'cli',
  'main.ts',
] as const;

export type Room = (typeof floors)[number];

const byDepth = [...floors].sort((a, b) => b.length - a.length);

/** The room that a file of src is in; undefined for one that no row names. */
export function roomOf(file: string): Room | undefined {
  return byDepth.find((room) => file === room || file.startsWith(`${room}/`));
}

const isLua = (room: Room): boolean => room === 'lua-api' || isLuaInside(room) || room === 'lua';
const isLuaInside = (room: Room): boolean => room.startsWith('lua/');

/** What must never be, beyond the floors: a room of `who` never imports one for which `what` says so. */
interface Never {
  readonly name: string;
  readonly broken: (from: Room, to: Room) => boolean;
}

const withoutLua: readonly Room[] = [
  'service',
  'mail-auth',
  'store',
  'mailbox',
  'accounts',
  'smtp/client',
  'smtp/protocol',
  'delivery/port',
  'delivery',
  'dns',
  'net',
  'users',
];

export const nevers: readonly Never[] = [
  { name: 'base imports nothing', broken: (from) => from === 'base' },
  { name: 'lua-api imports base only', broken: (from, to) => from === 'lua-api' && to !== 'base' },
  {
    name: 'nobody but lua/ touches a Lua stack',
    broken: (from, to) => isLuaInside(to) && !isLuaInside(from) && from !== 'lua',
  },
  {
    name: 'clients and libraries know nothing of Lua',
    broken: (from, to) => withoutLua.includes(from) && isLua(to),
  },
  {
    name: 'smtp/client and smtp/server meet only in smtp/protocol',
    broken: (from, to) => from.startsWith('smtp/') && to.startsWith('smtp/') && to !== 'smtp/protocol',
  },
  {
    name: 'mailboxes, services and stores know nothing of SMTP',
    broken: (from, to) =>
      ['mailbox', 'accounts', 'service', 'store', 'mail-auth', 'users'].includes(from) &&
      (to.startsWith('smtp/') || to.startsWith('delivery')),
  },
  {
    name: 'one compatibility layer knows nothing of another',
    broken: (from, to) => from.startsWith('compat/') && to.startsWith('compat/'),
  },
  {
    name: 'nothing but cli and bench imports app',
    broken: (from, to) => to === 'app.ts' && from !== 'cli' && from !== 'bench' && from !== 'main.ts',
  },
  { name: 'no arrow upward', broken: (from, to) => floors.indexOf(from) < floors.indexOf(to) },
];

/** An arrow between two rooms and how many imports it stands for. */
export interface Arrow {
  readonly from: Room;
  readonly to: Room;
  readonly count: number;
}

/** The arrows between rooms; what is imported within a room is none of their business. */
export function arrowsOf(imports: readonly Import[]): readonly Arrow[] {
  const counts = new Map<string, Arrow>();
  for (const { from, to } of imports) {
    const [a, b] = [roomOf(from), roomOf(to)];
    if (a === undefined || b === undefined || a === b) continue;
    const key = `${a} -> ${b}`;
    counts.set(key, { from: a, to: b, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}
