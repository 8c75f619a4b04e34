import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import type { HookName } from '../../../../src/policy/hook-table.ts';
import {
  DATA,
  END,
  expectNothingLeft,
  forever,
  MESSAGE,
  turns,
  until,
} from '../../../fakes/session-at-rest.ts';
import { SmtpRig } from '../../../fakes/smtp-rig.ts';

describe('shutdown', () => {
  const close = (rig: SmtpRig, grace: number): { readonly done: Promise<void>; ended: boolean } => {
    const state = { done: Promise.resolve(), ended: false };
    state.done = rig.server.close(grace).then(() => {
      state.ended = true;
    });
    return state;
  };

  it('says 421 to idle sessions and lets transactions finish', async () => {
    const clock = new FakeClock();
    const rig = new SmtpRig({ clock, options: { 'smtp-default-at-dot': '250' }, hooks: END });
    const [idle, busy, early] = [await rig.greeted(), await rig.greeted(), await rig.greeted()];
    await busy.openMessage();
    await early.commands('EHLO c.example', 'MAIL FROM:<a@b.cc>');
    const closing = close(rig, 30);
    expect(await idle.rest()).toBe('421 4.3.2 mx.example shutting down\r\n');
    idle.stream.end();
    busy.send('x\r\n.\r\n');
    expect(await busy.rest()).toMatch(
      /^250 2\.0\.0 message \w+ accepted\r\n421 4\.3\.2 mx\.example shutting down\r\n$/,
    );
    busy.stream.end();
    await turns();
    expect(closing.ended).toBe(false);
    clock.advance(30_000);
    expect(await early.rest()).toBe('421 4.3.2 mx.example shutting down\r\n');
    early.stream.end();
    await closing.done;
    expect([rig.server.sessions, clock.pending]).toEqual([0, 0]);
  });

  it.each<[HookName, string]>([
    ['rcpt', 'EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\nRCPT TO:<d@e.ff>\r\n'],
    ['dot', MESSAGE],
    ['body', MESSAGE],
  ])('cuts off hook.%s when patience ends: 421, no other reply', async (name, sent) => {
    const ended = await until(sent, { hooks: { [name]: forever } });
    ended.client.received = '';
    const closing = close(ended.rig, 30);
    await turns();
    ended.clock.advance(30_000);
    expect(await ended.client.rest()).toBe('421 4.3.2 mx.example shutting down\r\n');
    ended.client.stream.end();
    await closing.done;
    expectNothingLeft(ended);
  });

  it('aborts forwarding when patience ends: the message was not taken', async () => {
    const failed: DeliveryOutcome = {
      kind: 'failed',
      host: 'next',
      stage: 'banner',
      code: 110,
      error: 'aborted',
      rcpts: [],
    };
    const ended = await until(MESSAGE, {
      smartHost: (_, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(failed))),
    });
    ended.client.received = '';
    const closing = close(ended.rig, 0);
    expect(await ended.client.rest()).toMatch(/^451 4\.4\.1 .*\r\n421 4\.3\.2 .*\r\n$/);
    ended.client.stream.end();
    await closing.done;
    expectNothingLeft(ended);
  });

  it('may be asked for again with less patience', async () => {
    const ended = await until(DATA);
    const first = close(ended.rig, 1000);
    await turns();
    const second = close(ended.rig, 0);
    expect(await ended.client.rest()).toMatch(/421 4\.3\.2 mx\.example shutting down\r\n$/);
    ended.client.stream.end();
    await Promise.all([first.done, second.done]);
    expectNothingLeft(ended);
  });

  it('resolves at once when there is no session', async () => {
    await new SmtpRig().server.close(30);
  });
});
