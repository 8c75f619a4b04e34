// A session of a fake policy brought to where it comes to rest, and the check that nothing of it is left; for the specs of its end.
import { expect } from 'vitest';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import type { HookReturn } from './fake-policy.ts';
import { type RigClient, type RigSettings, SmtpRig } from './smtp-rig.ts';

export const turns = async (n = 6): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
};
/** A hook that is suspended until it is cut off. */
export const forever = (): Promise<HookReturn> => new Promise(() => undefined);
export const END = { error: () => undefined, close: () => undefined };

export interface Ended {
  readonly rig: SmtpRig;
  readonly clock: FakeClock;
  readonly client: RigClient;
}

/** Connects, sends all of it, and lets the session come to rest where it does. */
export async function until(sent: string, settings: RigSettings = {}): Promise<Ended> {
  const clock = new FakeClock();
  const rig = new SmtpRig({ ...settings, hooks: { ...END, ...settings.hooks }, clock });
  const client = rig.connect();
  client.send(sent);
  await turns();
  return { rig, clock, client };
}

/** Nothing of the session is left. */
export function expectNothingLeft({ rig, clock }: Ended): void {
  expect(rig.instance.closed).toBe(true);
  expect([rig.counters.sessions, rig.server.sessions, rig.spools.size, clock.pending]).toEqual([0, 0, 0, 0]);
}

export const DATA = 'EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\nRCPT TO:<d@e.ff>\r\nDATA\r\n';
export const MESSAGE = `${DATA}A: 1\r\n\r\nx\r\n.\r\n`;
