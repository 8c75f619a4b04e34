// A URI longer than what is looked at as one, while its host has not come yet: megabytes of user information, or of tabs and line ends, may
// stand in front of it. The middle is left out, and the host stays what it is. Called by finder.ts. Text is bytes as latin1.
import { decodeReferences, type ReferencePlace } from './entities.ts';

/** How much of the beginning and the end is kept: no host is longer, with every character as a reference. */
const kept = 4096;

/** Scheme and slashes, in a value perhaps only these, and then nothing that ends an authority. */
const unfinishedText = /^[^/?#]{0,1024}(?:https?|ftp):\/\/[^/?#]*$/i;
const unfinishedValue = /^[\0-\x20]*(?:(?:https?|ftp):)?[/\\]*[^/\\?#]*$/i;

/** Shorter by at least 1 KiB; undefined when it is known already what the text leads to. */
export function shortenAuthority(text: string, place: ReferencePlace): string | undefined {
  if (text.length < 2 * kept + 1024) return undefined;
  // In a value tabs and line ends count for nothing.
  const bare = place === 'attribute' ? text.replace(/[\t\n\r]+/g, '') : text;
  // The last reference may be unfinished.
  const read = bare.includes('&') ? decodeReferences(bare.replace(/&#?[\da-z]{0,31}$/i, ''), place) : bare;
  if (!(place === 'attribute' ? unfinishedValue : unfinishedText).test(read)) return undefined;
  return bare.length <= 2 * kept ? bare : beginning(bare) + ending(bare);
}

/** Neither ends nor begins within a character reference. */
function beginning(text: string): string {
  const reference = text.lastIndexOf('&', kept);
  return text.slice(0, kept - reference < 16 && reference > 0 ? reference : kept);
}

function ending(text: string): string {
  const from = text.length - kept;
  const semicolon = text.indexOf(';', from);
  const reference = text.lastIndexOf('&', from);
  const inside = semicolon - from < 16 && semicolon > 0 && from - reference < 16 && reference > 0;
  return text.slice(inside ? semicolon + 1 : from);
}
