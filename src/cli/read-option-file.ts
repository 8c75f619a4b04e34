// Reads an option file, at start and at a reload.

import { readFile } from 'node:fs/promises';
import { codeOrText } from '../base/errors.ts';
import type { FileContent } from '../options/load-options.ts';

export async function readOptionFile(path: string): Promise<FileContent> {
  try {
    return { kind: 'content', content: await readFile(path) };
  } catch (error) {
    const code = codeOrText(error);
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'missing' }
      : { kind: 'unreadable', error: code };
  }
}
