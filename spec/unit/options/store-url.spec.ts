import { describe, expect, it } from 'vitest';
import { loadOptions } from '../../../src/options/load-options.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { rereadOptions } from '../../../src/options/reread-options.ts';
import { readStoreUrl, wrongStoreName } from '../../../src/options/store-url.ts';

const redis = { kind: 'redis', host: 'db.example', port: 6379, tls: false, user: '', database: 0 };

describe('readStoreUrl', () => {
  it.each([
    ['memory', { kind: 'memory' }],
    ['lmdb:/var/lib/smtpe/store', { kind: 'lmdb', path: '/var/lib/smtpe/store' }],
    ['lmdb:///var/lib/store', { kind: 'lmdb', path: '/var/lib/store' }],
    ['redis://db.example', redis],
    ['redis://db.example/', redis],
    ['redis://db.example:7000/3', { ...redis, port: 7000, database: 3 }],
    ['redis://an%40b@db.example', { ...redis, user: 'an@b' }],
    ['rediss://db.example', { ...redis, tls: true }],
    ['redis://[2001:db8::1]:7000', { ...redis, host: '2001:db8::1', port: 7000 }],
    ['redis+unix:/run/redis/redis.sock', { kind: 'redis-socket', path: '/run/redis/redis.sock' }],
    [
      'redis+sentinel://a.example:26379,b.example/mymaster/2',
      {
        ...{ kind: 'redis-sentinel', master: 'mymaster', user: '', database: 2 },
        sentinels: [
          { host: 'a.example', port: 26_379 },
          { host: 'b.example', port: 26_379 },
        ],
      },
    ],
  ])('%s', (text, url) => {
    expect(readStoreUrl(text)).toEqual({ kind: 'url', url });
  });

  it.each([
    ['', /^memory, lmdb:/],
    ['disk', /^memory, lmdb:/],
    ['lmdb:store', /^a path from the root behind lmdb:/],
    ['redis+unix:redis.sock', /^a path from the root behind redis\+unix:/],
    ['redis://', /^memory/],
    ['redis://a b/0', /^memory/],
    ['redis://db.example/x', /^memory/],
    ['redis://db.example/0/1', /^memory/],
    ['redis://:secret@db.example', /^no password in it/],
    ['redis://me:secret@db.example', /store-password-file has it$/],
    ['redis://%zz@db.example', /name of a user/],
    ['redis+sentinel://a.example', /name of their master/],
    ['redis+sentinel://a.example,b c/m', /name of their master/],
    ['http://db.example', /^memory/],
  ])('%s is none', (text, expected) => {
    const read = readStoreUrl(text);
    expect(read.kind === 'wrong' && read.expected).toMatch(expected);
  });
});

describe('store.NAME', () => {
  it('names a store beside the others, and is written back', () => {
    const options = createOptions({ store: 'lmdb:/s' });
    expect(options.set('store.Near', 'redis://db.example', 'here')).toEqual({ kind: 'set' });
    expect(options.set('store.near', 'redis://other.example', 'there')).toEqual({ kind: 'set' });
    expect(options.ofListener('store')).toEqual([
      { name: 'near', text: 'redis://other.example', origin: 'there' },
    ]);
    expect(options.text('store.NEAR')).toBe('redis://other.example');
    expect(options.values.store).toBe('lmdb:/s');
  });

  it('is read from the command line beside smtp-listen, and waits for a restart', async () => {
    const nothing = (): Promise<{ kind: 'missing' }> => Promise.resolve({ kind: 'missing' });
    const words = ['file=', 'store.near=redis://a.example', 'store.far=memory'];
    const { options, problems } = await loadOptions(words, nothing);
    expect(problems).toEqual([]);
    const again = await rereadOptions(
      ['file=', 'store.near=redis://b.example', 'store.new=memory'],
      options,
      nothing,
    );
    expect(again).toMatchObject({
      kind: 'read',
      changed: [],
      needRestart: ['store.near', 'store.far', 'store.new'],
    });
    if (again.kind === 'read') expect(again.options.toTexts()).toEqual(options.toTexts());
  });

  it.each(['', '7', 'a.b', 'local', 'Local', 'a b', 'x'.repeat(65)])('%j is no name', (name) => {
    expect(wrongStoreName(name)).toMatch(/name/);
    expect(createOptions().set(`store.${name}`, 'memory', 'x')).toMatchObject({ kind: 'invalid' });
  });
});
