// A policy that uses all the processor time it is given, in several connections at once: the neighbours are served meanwhile, and the
// server can be stopped in the middle of it.
import { afterEach, expect, it } from 'vitest';
import { allowed } from '../fakes/pace.ts';
import type { SmtpClient } from '../fakes/smtp-client.ts';
import { standstill } from '../fakes/standstill.ts';
import { WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const policy = `
  function hook.mail(sender) if sender == 'bad@b.example' then while true do end end end
  function hook.noop(line) local s = ('x'):rep(1000) return '250 here' end`;

const endless = 'MAIL FROM:<bad@b.example>';

async function greeted(at: WholeServer): Promise<SmtpClient> {
  const client = await at.connect();
  await client.reply();
  await client.command('EHLO c.example');
  return client;
}

it('neighbours of hooks that never end hear their replies all the time', async () => {
  const here = await WholeServer.start({ policy, options: { 'hook-cpu-limit': '300' } });
  server = here;
  const bad = await Promise.all(Array.from({ length: 8 }, () => greeted(here)));
  const good = await greeted(here);
  let served = 0;
  const longest = await standstill(async () => {
    let ended = false;
    const all = Promise.all(bad.map((client) => client.command(endless))).finally(() => {
      ended = true;
    });
    while (!ended) {
      expect(await good.command('NOOP')).toMatch(/^250 here/);
      served += 1;
    }
    for (const reply of await all) expect(reply).toMatch(/^421 4\.3\.0 /);
  });
  // 8 times 300 ms of processor time, of which each round of the event loop may have 20.
  expect(served).toBeGreaterThan(50);
  expect(longest).toBeLessThan(allowed(50));
});

it('a hook that never ends does not keep the server from stopping', async () => {
  const here = await WholeServer.start({ policy, options: { 'hook-cpu-limit': '60000' } });
  server = here;
  const client = await greeted(here);
  const reply = client.command(endless);
  expect(await (await greeted(here)).command('NOOP')).toMatch(/^250 here/);
  const before = process.cpuUsage();
  await here.server.close(0);
  expect(await reply).toMatch(/^421 |^$/);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(10_000);
});
