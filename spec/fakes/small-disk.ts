// A small file system in memory, for tests of full disks. Needs root and the right to mount.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function mount(directory: string, size: string): boolean {
  const args = ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', directory];
  return process.getuid?.() === 0 && spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
}

/** One that was tried: can this process mount at all? */
export const canMount: boolean = ((): boolean => {
  const directory = mkdtempSync(join(tmpdir(), 'smtpe-mount-'));
  const mounted = mount(directory, '64k');
  if (mounted) spawnSync('umount', [directory]);
  rmdirSync(directory);
  return mounted;
})();

export interface SmallDisk {
  readonly directory: string;
  remove(): void;
}

/** `size` as mount takes it, e.g. `64k`. */
export function smallDisk(size: string): SmallDisk {
  const directory = mkdtempSync(join(tmpdir(), 'smtpe-disk-'));
  if (!mount(directory, size)) throw new Error('cannot mount');
  return {
    directory,
    remove: () => {
      spawnSync('umount', ['-l', directory]);
      rmdirSync(directory);
    },
  };
}
