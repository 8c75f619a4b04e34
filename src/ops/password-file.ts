// A password that an option names the file of: its first line. Read for each new connection, so that a changed one counts at once.
//
// It must never open anything but a regular file (a pipe would keep everybody waiting), nor have the content of the file in an error.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { codeOrText } from '../base/errors.ts';

const LONGEST = 4096;

export type PasswordOutcome =
  | { readonly kind: 'password'; readonly password: Buffer }
  | { readonly kind: 'unusable'; readonly cause: string };

/** Octets up to the first line end. `option`: for what is said of it. Never rejects. */
export async function readPassword(option: string, path: string): Promise<PasswordOutcome> {
  const unusable = (cause: string): PasswordOutcome => ({
    kind: 'unusable',
    cause: `${option}=${path}: ${cause}`,
  });
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return unusable('that is no file');
      if (stats.size > LONGEST) return unusable(`more than ${LONGEST} octets are no password`);
      const content = Buffer.alloc(LONGEST);
      const { bytesRead } = await file.read(content, 0, LONGEST, 0);
      const line = content.subarray(0, bytesRead).toString('latin1').split(/\r?\n/, 1)[0] ?? '';
      const password = Buffer.from(line, 'latin1');
      if (password.length === 0) return unusable('its first line is empty');
      if (password.includes(0)) return unusable('there is a NUL in its first line');
      return { kind: 'password', password };
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = codeOrText(error);
    return unusable(code === 'ENOENT' ? 'there is no such file' : code);
  }
}
