// What is said of an exception of which only `unknown` is known: its code, its words, its trace. Must never throw.

/** The code of an exception of Node.js, such as `ENOENT` or `ERR_STREAM_DESTROYED`; '' when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** The message of an exception, or whatever was thrown as text. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** With where it was thrown, for the log: an exception that is a bug of ours. */
export function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** For people where the code says it all: the code, or the text when there is none. */
export function codeOrText(error: unknown): string {
  return codeOf(error) || String(error);
}

/** The disk, the quota or the file size is used up: there may be room later. */
export function isFull(error: unknown): boolean {
  return isFullCode(codeOf(error));
}

export function isFullCode(code: string): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}
