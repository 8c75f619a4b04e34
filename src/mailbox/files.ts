// What mailboxes need of the file system, handed in so that every call can fail in a test. Nothing synchronous: the event loop never waits for a disk.
import { close, constants, fstat, open, read, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';

export interface Files
  extends Pick<
    typeof fs,
    'link' | 'lstat' | 'mkdir' | 'open' | 'opendir' | 'rename' | 'rm' | 'rmdir' | 'stat' | 'unlink' | 'utimes'
  > {
  /** So many octets of the beginning of a file: no link is followed, no pipe is waited for. `facts`: with what is known of it, which costs a call more. */
  head(path: string | Buffer, octets: number, facts: boolean): Promise<FileHead>;
}

export interface FileHead {
  readonly octets: Buffer;
  readonly facts: Pick<Stats, 'size' | 'mtimeMs'> | undefined;
}

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** By calls without an object for each file: a folder has thousands of them, and this takes half of the time. */
function head(path: string | Buffer, octets: number, wantsFacts: boolean): Promise<FileHead> {
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
        const buffer = Buffer.allocUnsafe(octets);
        read(file, buffer, 0, octets, 0, (error, count) =>
          end(error, error === null ? { octets: buffer.subarray(0, count), facts } : undefined),
        );
      };
      if (!wantsFacts) take(undefined);
      else fstat(file, (error, facts) => (error === null ? take(facts) : end(error)));
    });
  });
}

export const systemFiles: Files = { ...fs, head };
