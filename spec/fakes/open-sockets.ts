// Sockets that this process has open, for specs that show that nothing stays behind. Sockets that do not keep the process alive count
// too, which process.getActiveResourcesInfo leaves out. Linux.
import { readdirSync, readlinkSync } from 'node:fs';

const directory = '/proc/self/fd';

export function openSockets(): number {
  return readdirSync(directory).filter((name) => {
    try {
      return readlinkSync(`${directory}/${name}`).startsWith('socket:');
    } catch {
      // That of the directory itself, closed again.
      return false;
    }
  }).length;
}

/** Resolves when as few as `count` are open: closing takes turns of the event loop. Throws after 5 s. */
export async function socketsClosed(count: number): Promise<void> {
  for (let i = 0; openSockets() > count; i++) {
    if (i === 500) throw new Error(`${openSockets()} sockets are open, not ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
