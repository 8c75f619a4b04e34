// require 'redis' with a real redis-server, and beside redis-lua of Debian with a real Lua: the same script, the same output.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { linesOf, shown, startElsewhere } from '../fakes/elsewhere-rig.ts';
import { hasLuaFiles, luaPackageEnvironment } from './lua-packages.ts';
import { describeWith } from './needs.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

const there = hasLuaFiles('redis.lua', 'socket.lua');

const script = (port: number): string => `
  local redis = require 'redis'
  local c = redis.connect('127.0.0.1', ${port})
  local function list(t) return type(t) == 'table' and table.concat(t, ',') or t end
  show(c:flushall()) show(c:ping()) show(c:set('a', 1)) show(c:get 'a') show(c:get 'nothing') show(c:exists 'a') show(c:incr 'a') show(c:del 'a')
  show(c:setnx('s', 'x')) show(c:setnx('s', 'y')) show(c:setex('e', 100, 'v')) show(c:ttl 'e') show(c:append('s', 'yz')) show(c:strlen 's')
  show(c:hset('h', 'f', 'v')) show(c:hset('h', 'f', 'w')) show(c:hget('h', 'f')) show(c:hexists('h', 'x')) show(c:hmset('h', { a = 1 })) show(c:hgetall 'h'.a)
  show(c:hincrby('h', 'n', 5)) show(list(c:hmget('h', 'a', 'n'))) show(list(c:hmget('h', { 'a', 'n' }))) show(c:hlen 'h') show(c:hdel('h', 'n'))
  show(c:expire('h', 100)) show(c:ttl 'h') show(c:persist 'h') show(c:type 'h') show(c:rename('h', 'g')) show(c:exists 'h')
  show(c:rpush('l', 'a')) show(c:rpush('l', 'b')) show(list(c:lrange('l', 0, -1))) show(c:lpop 'l') show(c:llen 'l')
  show(c:sadd('t', 'm')) show(c:sismember('t', 'm')) show(c:sismember('t', 'x')) show(list(c:smembers 't'))
  show(c:zadd('z', 1, 'one')) show(c:zadd('z', 2, 'two')) show(list(c:zrange('z', 0, -1))) show(c:zscore('z', 'two')) show(c:zrank('z', 'two'))
  show(c:zrange('z', 0, -1, { withscores = true })[2][1]) show(c:zrange('z', 0, -1, 'withscores')[2][2]) show(list(c:zrangebyscore('z', 2, 3)))
  show(list(c:sort('l', { alpha = true }))) show(c:config('get', 'port').port) show(c:info().server ~= nil) show(c:dbsize())
  show(pcall(c.incr, c, 'g')) show(pcall(c.get, c, 'g'))
  local replies, count = c:pipeline(function(p) p:set('x', 1) p:incr 'x' p:exists 'x' end) show(count, replies[1], replies[2], replies[3])
  replies, count = c:transaction(function(t) t:incr 'x' t:exists 'x' end) show(count, replies[1], replies[2])
  replies = c:transaction({ cas = true, watch = 'x', retry = 2 }, function(t) local v = t:get 'x' t:multi() t:set('x', v * 2) t:get 'x' end)
  show(replies[1], replies[2]) show(c:eval('return ARGV[1]', 0, 'hello')) show(c:echo 'a\\r\\nb\\0' == 'a\\r\\nb\\0') show(c:quit())`;

describeWith(['redis-server'], 'require redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('works with the server', async () => {
    const engine = await startElsewhere();
    onTestFinished(() => engine.engine.close());
    const lines = await linesOf(engine, script(redis.port));
    expect(lines.slice(0, 8)).toEqual(['true', 'true', 'true', '1', 'nil', 'true', '2', '1']);
    expect(lines.at(-1)).toBe('true');
    if (!there) return;
    const directory = mkdtempSync(join(tmpdir(), 'smtpe-redis-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, 'script.lua');
    writeFileSync(
      path,
      shown(script(redis.port)).replace(/return (table\.concat\(lines, '\\n'\))$/, 'print($1)'),
    );
    const real = await promisify(execFile)('lua5.1', [path], { env: luaPackageEnvironment('5.1') });
    expect(lines).toEqual(real.stdout.trimEnd().split('\n'));
  });
});
