// The file behind the shared counters: in memory where the system has a place for that, without a name as soon as it is open, so that
// nothing of it is left when the processes that have it open are gone, however they end.
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearRegion } from './shared-counters.ts';

const MODE = 0o600;

function create(directory: string, name: string, regions: number): number {
  const path = join(directory, name);
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, MODE);
  try {
    unlinkSync(path);
    // Filled now: when there is no room it is known at the start and not at some connection.
    for (let region = 0; region < regions; region++) clearRegion(file, region);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return file;
}

/** Opens a file of zeroes for `regions` workers; a descriptor. `name` must be new. Throws the system's error when there is no place for it. */
export function openCountersFile(regions: number, name: string): number {
  try {
    return create('/dev/shm', name, regions);
  } catch {
    return create(tmpdir(), name, regions);
  }
}
