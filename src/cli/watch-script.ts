// Option reload-watch: notices that the policy's file has changed, whatever way an editor or a deployment replaces it, by looking at it
// once a second.
import { type Stats, unwatchFile, watchFile } from 'node:fs';

const INTERVAL_MS = 1000;

/** Calls `changed` when the file at `path` is another one or has other content; not while there is none. Returns how to stop. */
export function watchScript(path: string, changed: () => void): () => void {
  const look = (now: Stats, before: Stats): void => {
    const exists = now.nlink > 0;
    if (exists && (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size))
      changed();
  };
  watchFile(path, { interval: INTERVAL_MS, persistent: false }, look);
  return () => unwatchFile(path, look);
}
