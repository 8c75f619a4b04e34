// Which kind of thing is waited for, by the name of the function that waits. Pure.
import type { TimeFor } from './entry.ts';

/** What a function of the API waits for; of '' Lua itself. */
export function timeFor(name: string): TimeFor {
  if (name === 'util.sleep') return 'pause';
  if (name === 'Mailman.sendMail') return 'next hop';
  switch (name.split(/[.:]/, 1)[0]) {
    case 'dns':
    case 'network':
    case 'spf':
    case 'dkim':
    case 'dmarc':
    case 'arc':
      return 'dns';
    case 'store':
    case 'Mailman':
      return 'store';
    case 'smtp':
      return 'next hop';
    case 'client':
    case 'rumble session':
      return 'client';
    case '':
    case 'coroutine':
    case 'header':
    case 'map':
    case 'mime':
    case 'uri':
    case 'util':
      return 'policy';
    default:
      return 'services';
  }
}

/** What events name when a session itself waits. */
export const sessionTimes: Readonly<Record<string, TimeFor>> = {
  dns: 'dns',
  users: 'users',
  pause: 'pause',
  'next hop': 'next hop',
};
