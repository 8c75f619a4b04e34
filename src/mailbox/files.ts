// What mailboxes need of the file system, handed in so that every call can fail in a test. Nothing synchronous: the event loop never waits for a disk.
import { close, constants, fstat, open, read, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';

export interface Files
  extends Pick<
    typeof fs,
    'link' | 'lstat' | 'mkdir' | 'open' | 'opendir' | 'rename' | 'rm' | 'rmdir' | 'stat' | 'unlink' | 'utimes'
  > {
  /** The beginning of a file, as far as `into` is long: no link is followed, no pipe is waited for. `facts`: with what is known of it, for a call more. */
  head(path: string | Buffer, into: Buffer, facts: boolean): Promise<FileHead>;
}

export interface FileHead {
  /** A part of `into`. */
  readonly octets: Buffer;
  readonly facts: Pick<Stats, 'size' | 'mtimeMs'> | undefined;
}

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** By calls without an object for each file: a folder has thousands of them, and this takes half of the time. */
function head(path: string | Buffer, into: Buffer, wantsFacts: boolean): Promise<FileHead> {
  return new Promise((resolve, reject) => {
    open(path, READ, (notOpened, file) => {
      if (notOpened !== null) {
        reject(notOpened);
        return;
      }
      const end = (error: Error | null, found?: FileHead): void => {
        close(file, () => (found === undefined ? reject(error) : resolve(found)));
      };
      const take = (facts: FileHead['facts']): void => {
        read(file, into, 0, into.length, 0, (error, count) =>
          end(error, error === null ? { octets: into.subarray(0, count), facts } : undefined),
        );
      };
      if (!wantsFacts) take(undefined);
      else fstat(file, (error, facts) => (error === null ? take(facts) : end(error)));
    });
  });
}

export const systemFiles: Files = { ...fs, head };
