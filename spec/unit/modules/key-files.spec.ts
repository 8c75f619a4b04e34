import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { KeyFiles } from '../../../src/modules/mail-auth/key-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-keys-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const pem = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const write = (name: string | Buffer, content: string): string => {
  const path = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name)]);
  writeFileSync(path, content);
  return path.toString('latin1');
};

const silent = (): void => undefined;

describe('the key of a policy', () => {
  it('is a regular file: a pipe, a device or a folder is refused at once', () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const keys = new KeyFiles(new FakeClock());
    for (const path of [pipe, '/dev/zero', directory]) {
      expect(() => keys.get(path, silent)).toThrow(`the key ${path} cannot be read: it is no file`);
    }
  });

  it('is at most 64 KiB', () => {
    const path = write('large', 'x'.repeat(65_537));
    expect(() => new KeyFiles(new FakeClock()).get(path, silent)).toThrow(`${path} is too large to be a key`);
  });

  it.each(['', 'no key', '-----BEGIN PRIVATE KEY-----\n'])('is one: %j is none', (content) => {
    expect(() => new KeyFiles(new FakeClock()).get(write('none', content), silent)).toThrow('key');
  });

  it('is named in octets, as paths of Lua are', () => {
    const path = write(Buffer.from([0x6b, 0xe9, 0xff]), pem());
    expect(new KeyFiles(new FakeClock()).get(path, silent).algorithm.key).toBe('ed25519');
  });

  it('is read once, and again when its file has changed, which is looked at after a second', () => {
    const clock = new FakeClock();
    const keys = new KeyFiles(clock);
    const path = write('changed', pem());
    const read = vi.fn();
    const first = keys.get(path, read);
    expect(keys.get(path, read)).toBe(first);
    write('changed', pem());
    utimesSync(path, 1, 1);
    expect(keys.get(path, read)).toBe(first);
    clock.advance(1000);
    expect(keys.get(path, read)).not.toBe(first);
    expect(read).toHaveBeenCalledTimes(2);
  });
});
