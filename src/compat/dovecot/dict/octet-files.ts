// The file system by paths that are octets (latin1, one character each), as scripts name files: for the locks of dicts. Pure but for that.
import { link, lstat, open, stat, unlink } from 'node:fs/promises';
import type { LockParts } from '../../../mailbox/dotlock.ts';

const octets = (path: unknown): Buffer => Buffer.from(String(path), 'latin1');

export const octetFiles: LockParts['files'] = {
  link: (from, to) => link(octets(from), octets(to)),
  open: (path, flags, mode) => open(octets(path), flags, mode),
  unlink: (path) => unlink(octets(path)),
  // Both have a form with big numbers, which is asked for by the options.
  lstat: ((path, options) => lstat(octets(path), options)) as typeof lstat,
  stat: ((path, options) => stat(octets(path), options)) as typeof stat,
};
