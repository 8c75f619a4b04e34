import { vi } from 'vitest';

/** Tries `check` until it does not throw, for 30 s at most, as expect.poll is set to: vi.waitFor by itself gives up after one. */
export const waitUntil = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 30_000 });
