// The container: its health check asks where its option file has the server listen, in a directory that its user may write to.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { readCommandLine } from '../../../src/cli/verb.ts';
import { readAdminListen } from '../../../src/options/admin-listen.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');

it('the systemd unit makes the directory that the pages name for the socket', () => {
  expect(read('etc/smtpe.service')).toMatch(/^RuntimeDirectory=smtpe$/m);
  expect(readAdminListen(/^admin-listen = (.*)$/m.exec(read('doc/admin.md'))?.[1] ?? '')).toEqual({
    ...{ kind: 'unix', path: '/run/smtpe/admin.sock' },
  });
});

it('the health check of the Dockerfile is a verb that the program has, and the place that it asks is there', () => {
  const file = read('Dockerfile');
  const check: readonly string[] = JSON.parse(/^HEALTHCHECK .* CMD (\[.*\])$/m.exec(file)?.[1] ?? '[]');
  const start: readonly string[] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(file)?.[1] ?? '[]');
  expect(check.slice(0, start.length)).toEqual(start);
  expect(readCommandLine(check.slice(start.length))).toMatchObject({
    verb: 'status',
    words: [],
    problems: [],
  });
  const place = readAdminListen(/^admin-listen=(.*)$/m.exec(read('etc/docker.cf'))?.[1] ?? '');
  if (place?.kind !== 'unix') throw new Error('etc/docker.cf has no admin-listen that is a socket');
  const user = /^USER (\w+)$/m.exec(file)?.[1];
  expect(file).toContain(`install -d -o ${user} -g ${user} -m 0750 ${dirname(place.path)}\n`);
});
