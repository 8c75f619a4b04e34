// What clients of a server hear whose policy asks a Redis that misbehaves: real Lua, real sockets. Nobody waits for longer than the store may take, and
// nothing stays behind.
import { afterEach, describe, expect, it } from 'vitest';
import { closedPort } from '../../src/bench/ports/scripted-server.ts';
import { entry, type FakeRedis, OK, startFakeRedis } from '../fakes/redis-server.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const ASK = `
local near = store.open 'local'
function hook.helo(name)
  local value, cause = store.get('k:' .. name)
  return '250 ' .. tostring(value) .. ' ' .. tostring(cause) .. ' ' .. store.state()
end
function hook.noop()
  local near_value = near.incr('n', 1, 60)
  return '250 ' .. near_value
end
`;

/** A trial may be under way. */
const DOWN = /^250 nil down (?:down|trying)\r\n$/;

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(redis: FakeRedis | number, policy = ASK, options = {}): Promise<WholeServer> {
  const port = typeof redis === 'number' ? redis : redis.port;
  const whole = await WholeServer.start({
    policy,
    options: { store: `redis://127.0.0.1:${port}`, 'limit-connections': '1000', ...options },
  });
  open.push(() => whole.stop());
  if (typeof redis !== 'number') open.push(() => redis.close());
  return whole;
}

describe('a policy over a Redis', () => {
  it('that stalls: a hundred hooks at once are done soon, the next at once, and the store of this machine goes on', async () => {
    let stalls = false;
    const redis = await startFakeRedis(() => (stalls ? undefined : entry('there')));
    const whole = await serve(redis);
    const clients = await Promise.all(Array.from({ length: 100 }, () => whole.greeted()));
    expect(await clients[0]?.command('HELO a')).toBe('250 there nil up\r\n');
    stalls = true;
    redis.greet = () => undefined;
    const start = performance.now();
    const replies = await Promise.all(clients.map((client) => client.command('HELO b')));
    // 0.1 s where nothing else runs.
    expect(performance.now() - start).toBeLessThan(7000);
    // Whose command came when the first had been waited for hears that it is down.
    expect(replies.filter((reply) => !/^250 nil (?:timeout|down) /.test(reply))).toEqual([]);
    expect(replies.some((reply) => reply.startsWith('250 nil timeout'))).toBe(true);
    expect(await clients[1]?.command('HELO c')).toMatch(DOWN);
    expect(await clients[2]?.command('NOOP')).toBe('250 1\r\n');
    expect(await clients[3]?.command('NOOP')).toBe('250 2\r\n');
    // One line for all of them.
    expect(whole.said(/is down/)).toHaveLength(1);
    for (const client of clients) client.socket.destroy();
    await whole.quiet();
  });

  it('that is not there at the start: it serves, and says so once', async () => {
    const whole = await serve(await closedPort());
    const client = await whole.greeted();
    expect(await client.command('HELO a')).toMatch(DOWN);
    expect(await client.command('HELO b')).toMatch(DOWN);
    expect(await client.command('NOOP')).toBe('250 1\r\n');
    expect(whole.said(/is down: 127\.0\.0\.1: ECONNREFUSED/)).toHaveLength(1);
    client.socket.destroy();
  });

  it('that dies between two hooks and comes back: each is answered, and the one after that is right', async () => {
    const first = await startFakeRedis(() => entry('first'));
    const whole = await serve(first.port);
    const client = await whole.greeted();
    expect(await client.command('HELO a')).toBe('250 first nil up\r\n');
    await first.close();
    await whole.line(/is down/);
    expect(await client.command('HELO b')).toMatch(DOWN);
    const second = await startFakeRedis(() => entry('second'), first.port);
    open.push(() => second.close());
    await whole.line(/is up again/);
    expect(await client.command('HELO c')).toBe('250 second nil up\r\n');
    client.socket.destroy();
  });

  it('whose client leaves while a call waits: nothing is left of it', async () => {
    const redis = await startFakeRedis(() => undefined);
    const whole = await serve(redis, ASK, { 'store-timeout': '1000' });
    const before = await whole.settled();
    const client = await whole.greeted();
    client.write('HELO a\r\n');
    await redis.received(1);
    client.socket.destroy();
    await whole.quiet();
    const after = await whole.settled();
    expect({ ...after, resources: 0, descriptors: 0 }).toEqual({ ...before, resources: 0, descriptors: 0 });
  });

  it('has one call of a connection under way, whatever its policy does, and it is none of hook-max-pending', async () => {
    const redis = await startFakeRedis(() => undefined);
    const whole = await serve(
      redis,
      `function hook.helo(name)
         local all = {}
         for i = 1, 20 do
           all[i] = coroutine.create(function() return store.get('k' .. i) end)
           local done, value = coroutine.resume(all[i])
           all[i] = done and value
         end
         return '250 ' .. #all .. ' ' .. all[20]
       end`,
      { 'store-timeout': '60000', 'hook-max-pending': '1' },
    );
    const clients = await Promise.all([whole.greeted(), whole.greeted(), whole.greeted()]);
    for (const client of clients) client.write('HELO a\r\n');
    await redis.received(clients.length);
    // Whatever else they had sent would be there by now.
    expect(await whole.greeted().then((other) => other.command('NOOP'))).toMatch(/^250 /);
    expect(redis.commands).toHaveLength(clients.length);
    redis.answer = () => entry('there');
    for (const _ of clients) await redis.server.connections[0]?.send(entry('there'));
    for (const client of clients) expect(await client.reply()).toBe('250 20 there\r\n');
    expect(redis.commands).toHaveLength(20 * clients.length);
    for (const client of clients) client.destroy();
  });

  it('in hook.init: it is there before the first client', async () => {
    const redis = await startFakeRedis(([name]) => (name === 'GET' ? entry('told') : OK));
    const whole = await serve(
      redis,
      `function hook.init() assert(store.set('greeting', 'told', 60)) end
       function hook.accept() return '220 ' .. store.get('greeting') end`,
    );
    expect(redis.commands.map(([name]) => name)).toEqual(['SET']);
    const client = await whole.connect();
    expect(await client.reply()).toBe('220 told\r\n');
    client.socket.destroy();
  });

  it('that another machine changes between two looks: whom it has let in does not wait for what he is known for', async () => {
    const redis = await startFakeRedis(([name]) => {
      if (name === 'MGET') return Buffer.concat([Buffer.from('*2\r\n$-1\r\n'), entry('w86400')]);
      return name === 'PTTL' ? ':3110400000\r\n' : OK;
    });
    const whole = await serve(
      redis,
      `local greylist = require 'smtpe.greylist'
       function hook.helo()
         local result, wait = greylist.check{ ip = '192.0.2.1', sender = 'a@example.net', recipient = 'b@example.com' }
         return '250 ' .. result .. ' ' .. tostring(wait)
       end`,
    );
    const client = await whole.greeted();
    expect(await client.command('HELO a')).toBe('250 pass nil\r\n');
    client.socket.destroy();
  });

  it('that it does not use: nobody connects to it', async () => {
    const redis = await startFakeRedis(() => OK);
    const whole = await serve(redis, `function hook.helo() return '250 without' end`);
    const client = await whole.greeted();
    expect(await client.command('HELO a')).toBe('250 without\r\n');
    expect(redis.server.connections).toHaveLength(0);
    client.socket.destroy();
  });

  it('by the name of an option, beside the store of all', async () => {
    const near = await startFakeRedis(() => entry('near'));
    open.push(() => near.close());
    const far = await startFakeRedis(() => entry('far'));
    const whole = await serve(
      far,
      `local other = store.open 'near'
       function hook.helo() return '250 ' .. store.get 'k' .. ' ' .. other.get 'k' end`,
      { 'store.near': `redis://127.0.0.1:${near.port}` },
    );
    const client = await whole.greeted();
    expect(await client.command('HELO a')).toBe('250 far near\r\n');
    client.socket.destroy();
  });
});
