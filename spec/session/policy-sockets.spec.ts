// What a policy has connected to ends with whoever it was connected for: with the try of a policy, with hook.init, with a client, whichever way he goes,
// and with the service. A reload leaves those of the clients who are there.
import { afterEach, expect, it } from 'vitest';
import { type ScriptedServer, startScripted } from '../../src/bench/ports/scripted-server.ts';
import { waitUntil } from '../fakes/wait-until.ts';
import { WholeServer } from '../fakes/whole-server.ts';

let other: ScriptedServer | undefined;
afterEach(() => other?.close());

it('leaves no connection open', async () => {
  other = await startScripted((connection) => connection.hold);
  const peer = other;
  const open = (): number => peer.connections.filter(({ ended }) => !ended).length;
  const policy = (mark: string): string => `-- ${mark}
    local socket = require 'socket'
    local function connected() return assert(socket.connect('127.0.0.1', ${peer.port})) end
    at_file = connected()
    function hook.init() of_init = connected() connected() end
    function hook.accept() of_client = connected() end
    function hook.mail() of_client:receive() end
    function hook.rcpt() error('mine', 0) end`;
  const whole = await WholeServer.start({ policy: policy('first'), options: { 'hook-time-limit': '1' } });
  await waitUntil(() => expect(open()).toBe(0));
  expect(peer.connections.length).toBeGreaterThanOrEqual(3);

  const first = await whole.greeted();
  await waitUntil(() => expect(open()).toBe(2));
  expect(await whole.reload(policy('second'))).toBe('ready');
  await waitUntil(() => expect(open()).toBe(2));
  // The hook is cut off while it reads, with its connection; that of the file stays.
  await first.command('EHLO client.test');
  expect(await first.command('MAIL FROM:<a@example.com>')).toMatch(/^4/);
  await waitUntil(() => expect(open()).toBe(1));
  await first.command('QUIT');
  await waitUntil(() => expect(open()).toBe(0));

  const second = await whole.greeted();
  await waitUntil(() => expect(open()).toBe(2));
  await second.command('EHLO client.test');
  second.write('MAIL FROM:<a@example.com>\r\n');
  second.destroy();
  await waitUntil(() => expect(open()).toBe(0));

  await whole.greeted();
  await waitUntil(() => expect(open()).toBe(2));
  await whole.stop();
  await waitUntil(() => expect(open()).toBe(0));
});
