// New names for messages: of this machine and moment, of nobody else's.
import type { MailboxParts } from './parts.ts';

/** Octets of our name within it: of the 255 of a file's name others are needed for sizes, flags and keywords. */
const MOST_OF_HOST = 100;

/** Gives a new one at each call. */
export function mailNames({ clock, hostName, processId, random }: MailboxParts): () => string {
  let count = 0;
  const host = hostName
    .slice(0, MOST_OF_HOST)
    .replace(/[/:,\0]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
  /** Unique on this machine by time, process and count; the random part is for clocks that were set back. */
  return () => {
    const now = clock.now();
    const chance = random(2 ** 32).toString(16);
    count++;
    return `${Math.floor(now / 1000)}.M${(now % 1000) * 1000}P${processId}Q${count}R${chance}.${host}`;
  };
}
