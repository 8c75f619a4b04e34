// What scripts of all layers have in common before and after they run: how the text is read, and what a failure is called.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { textOf } from '../base/errors.ts';
import type { Failure } from '../lua/script.ts';
import type { PolicySource } from '../ops/revision.ts';

/** Reads a script, unless another process has (`given`). A text says what is wrong. */
export async function readScript(path: string, given?: PolicySource): Promise<PolicySource | string> {
  if (given !== undefined) return given;
  try {
    return { path, text: (await readFile(resolve(path))).toString('latin1'), files: [], missing: [] };
  } catch (error) {
    return `cannot read the script: ${textOf(error)}`;
  }
}

/** One line: the error with its place, or the limit that has stopped the call. */
export function failureText(failure: Failure | { readonly kind: 'undefined' | 'not-callable' }): string {
  switch (failure.kind) {
    case 'error':
      return failure.message;
    case 'limit':
      return `stopped: ${failure.message}`;
    default:
      return 'cancelled';
  }
}
