// What doc/operate.md has root type to install smtpe, looked at without doing it: systemd understands the units, useradd and install take the commands and do
// them below a directory, the shell can read the rest, and the image is built of files that there are. Whether a machine boots with it nobody says here.
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../fakes/program.ts';
import { describeWith, findProgram } from './needs.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-installation-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const run = (program: string, ...args: readonly string[]) =>
  new Program(findProgram(program) ?? program, args, { cwd: root }).ended;

describeWith(['systemd-analyze'], 'the units', () => {
  it('are understood by systemd, word for word', async () => {
    const program = join(directory, 'smtpe');
    await writeFile(program, '#!/bin/sh\n');
    await chmod(program, 0o755);
    const unit = (await read('etc/smtpe.service')).replaceAll('/usr/local/bin/smtpe', program);
    expect(unit).toContain(program);
    const [service, socket] = [join(directory, 'smtpe.service'), join(directory, 'smtpe.socket')];
    await writeFile(service, unit);
    await copyFile(join(root, 'etc/smtpe.socket'), socket);
    expect(await run('systemd-analyze', 'verify', '--man=no', service, socket)).toMatchObject({
      ...{ code: 0, stdout: '', stderr: '' },
    });
    // What it does not understand it says: the check is none otherwise.
    await writeFile(service, unit.replace('ProtectHome=', 'ProtectHomes='));
    const wrong = await run('systemd-analyze', 'verify', '--man=no', service);
    expect(wrong.stderr).toContain("Unknown key 'ProtectHomes'");
  });
});

describe('the page of operation', async () => {
  const page = await read('doc/operate.md');
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = '']) => text);
  const install = blocks.find((text) => text.includes('useradd')) ?? '';
  const lines = install.split('\n');

  it('has commands that a shell can read', async () => {
    expect(blocks.length).toBeGreaterThan(1);
    const inline = [...page.matchAll(/`((?:docker|install|systemctl) [^`]*)`/g)].map(([, text = '']) => text);
    expect(inline.length).toBeGreaterThan(2);
    for (const text of [...blocks, ...inline])
      expect([text, await run('sh', '-n', '-c', text)]).toEqual([
        text,
        expect.objectContaining({ code: 0, stderr: '' }),
      ]);
  });

  it('installs what there is: files that it copies, scripts of npm, the program that the unit starts', async () => {
    const copied = lines.filter((line) => line.startsWith('cp ')).map((line) => line.split(' ')[1] ?? '');
    expect(copied).toEqual(['etc/smtpe.service']);
    const parsed: unknown = JSON.parse(await read('package.json'));
    const { bin, files } = parsed as {
      readonly bin: Readonly<Record<string, string>>;
      readonly files: readonly string[];
    };
    expect(Object.keys(bin)).toEqual(['smtpe']);
    // The whole of etc is in what npm packs: the page goes on with files of it.
    expect(files).toContain('etc');
    for (const [path] of page.matchAll(/(?<![\w/])etc\/[\w-]+(?:\.\w+)+/g)) await stat(join(root, path));
  });

  // Both write below a directory here; as anybody else they may not.
  it.skipIf(process.getuid?.() !== 0 || findProgram('useradd') === undefined)(
    'has root make a user and directories that the unit counts on',
    async () => {
      const prefix = join(directory, 'prefix');
      await mkdir(join(prefix, 'etc'), { recursive: true });
      for (const name of ['passwd', 'group', 'shadow', 'gshadow'])
        await writeFile(join(prefix, 'etc', name), '');
      const [add = '', place = ''] = [/^useradd (.*)$/m, /^install -d (.*)$/m].map(
        (one) => one.exec(install)?.[1],
      );
      expect(await run('useradd', '--prefix', prefix, ...add.split(' '))).toMatchObject({
        code: 0,
        stderr: '',
      });
      const unit = await read('etc/smtpe.service');
      const user = /^User=(.*)$/m.exec(unit)?.[1];
      expect(await readFile(join(prefix, 'etc/passwd'), 'utf8')).toMatch(new RegExp(`^${user}:`, 'm'));
      const groups = await readFile(join(prefix, 'etc/group'), 'utf8').catch(() => '');
      expect(groups === '' || /^Group=(.*)$/m.exec(unit)?.[1] === user).toBe(true);
      expect(await run('install', '-d', join(prefix, place))).toMatchObject({ code: 0, stderr: '' });
      expect((await stat(join(prefix, '/etc/smtpe'))).isDirectory()).toBe(true);
      // What the unit makes, made by hand without systemd.
      const byHand = /`install (-d -o smtpe -g smtpe -m \d+) ([^`]+)`/.exec(page);
      const places = (byHand?.[2] ?? '').split(' ');
      const made = [...unit.matchAll(/^(Runtime|State|Logs)Directory=(.*)$/gm)].flatMap(
        ([, kind, names = '']) =>
          names
            .split(' ')
            .map(
              (name) => `${kind === 'Runtime' ? '/run' : kind === 'State' ? '/var/lib' : '/var/log'}/${name}`,
            ),
      );
      expect([...places].sort()).toEqual(made.sort());
    },
  );
});

describe('the image', async () => {
  const file = (await read('Dockerfile'))
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line));
  const taken = (await read('.dockerignore')).split('\n').filter((line) => line.startsWith('!'));

  it('is built of files that there are and that the build is given', async () => {
    const stages = file.flatMap((line) => /^FROM \S+ AS (\w+)$/.exec(line)?.[1] ?? []);
    const copies = file.filter((line) => line.startsWith('COPY'));
    expect(copies.length).toBeGreaterThan(5);
    for (const line of copies) {
      const from = /--from=(\w+)/.exec(line)?.[1];
      if (from !== undefined) expect(stages).toContain(from);
      const sources = line
        .split(/\s+/)
        .slice(1, -1)
        .filter((word) => !word.startsWith('--'));
      for (const source of from === undefined ? sources : []) {
        await stat(join(root, source));
        expect(taken, line).toContain(`!${source.split('/')[0]}`);
      }
    }
    const { scripts } = JSON.parse(await read('package.json')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    // What the build of the first stage runs is all in it.
    for (const [name] of (scripts.build ?? '').matchAll(/[\w.]+\.(?:json|mjs)/g))
      expect(
        copies.some((line) => line.split(/\s+/).includes(name)),
        name,
      ).toBe(true);
  });

  it('has its port and its files where the page says', async () => {
    const page = await read('doc/operate.md');
    const command = /`(docker build [^`]*)`/.exec(page)?.[1] ?? '';
    const port = /^smtp-server-port=(\d+)$/m.exec(await read('etc/docker.cf'))?.[1];
    expect(/-p \d+:(\d+)/.exec(command)?.[1]).toBe(port);
    expect(file).toContain(`EXPOSE ${port}`);
    const mounted = [...command.matchAll(/-v \S+?:(\/[^:\s]+):ro/g)].map(([, path]) => path);
    const copied = file.flatMap((line) => /^COPY etc\/\S+ (\/etc\/\S+)$/.exec(line)?.[1] ?? []);
    expect(mounted).toEqual(copied);
  });
});
