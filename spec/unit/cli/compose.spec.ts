// etc/compose.yaml, as far as that can be seen without an engine that runs containers: what it names is there, and its pieces agree with each
// other, with the Dockerfile and with the program.
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readCommandLine } from '../../../src/cli/verb.ts';
import { parseTarget } from '../../../src/net-address/host-list.ts';
import { readAdminListen } from '../../../src/options/admin-listen.ts';
import { createOptions, findOption } from '../../../src/options/option-set.ts';
import { readStoreUrl } from '../../../src/options/store-url.ts';
import { Program } from '../../fakes/program.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string };
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart: string;
  readonly stop_grace_period?: string;
}

const root = join(import.meta.dirname, '../../..');
const etc = join(root, 'etc');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const file: { readonly services: Readonly<Record<string, Service>>; readonly volumes: object } = parse(
  read('etc/compose.yaml'),
  { strict: true, uniqueKeys: true },
);
const { services } = file;
const dockerfile = read('Dockerfile');

/** `from:to[:ro]`. */
const mounts = (service: Service): readonly (readonly [string, string])[] =>
  (service.volumes ?? []).map((text) => {
    const [from = '', to = ''] = text.split(':');
    return [from, to];
  });

/** Option file lines as they stand there. */
const words = read('etc/compose/smtpe.cf')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const texts = Object.fromEntries(
  words.map((line) => {
    const [, sign, flag] = /^([+-])(.*)$/.exec(line) ?? [];
    if (flag !== undefined) return [flag, sign ?? ''];
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)];
  }),
);
const { values } = createOptions(texts);

/** Ports that a service is listening on inside, as its image or its configuration has it. */
const inside: Readonly<Record<string, readonly number[]>> = {
  smtpe: [values['smtp-server-port']],
  redis: [6379],
  rspamd: [11333, 11334],
  mailer: [1025, 8025],
};

/** Programs of the images, besides our own. */
const programs: Readonly<Record<string, readonly string[]>> = {
  redis: ['redis-cli', 'redis-server'],
  rspamd: ['rspamc'],
  mailer: ['/mailpit'],
};

describe('etc/compose.yaml', () => {
  it('has the services that are told of, each with a version and started again when it ends', () => {
    expect(Object.keys(services)).toEqual(['smtpe', 'redis', 'rspamd', 'mailer']);
    for (const [name, { image, restart }] of Object.entries(services)) {
      if (name !== 'smtpe') expect(image).toMatch(/:v?\d/);
      expect(restart).toBe('unless-stopped');
    }
    expect(statSync(join(etc, services.smtpe?.build?.context ?? '', 'Dockerfile')).isFile()).toBe(true);
  });

  it('mounts what is there, and volumes that it declares', () => {
    const declared = Object.keys(file.volumes);
    const used = new Set<string>();
    for (const service of Object.values(services))
      for (const [from] of mounts(service)) {
        if (from.startsWith('.')) expect(statSync(join(etc, from)).isFile(), from).toBe(true);
        else {
          expect(declared).toContain(from);
          used.add(from);
        }
      }
    expect([...used].sort()).toEqual([...declared].sort());
  });

  it('waits for services that there are, healthy only where somebody asks them', () => {
    for (const { depends_on = {} } of Object.values(services))
      for (const [name, { condition }] of Object.entries(depends_on)) {
        expect(Object.keys(services)).toContain(name);
        if (condition === 'service_healthy') expect(services[name]?.healthcheck).toBeDefined();
        else expect(condition).toBe('service_started');
      }
  });

  it('asks for their health by programs that the images have', () => {
    for (const [name, { command = [], healthcheck }] of Object.entries(services)) {
      if (name === 'smtpe') {
        // That of the Dockerfile, which docker.spec.ts looks at.
        expect(healthcheck).toBeUndefined();
        continue;
      }
      const [kind, program] = healthcheck?.test ?? [];
      expect([kind, programs[name]?.includes(program ?? '')]).toEqual(['CMD', true]);
      if (command[0] !== undefined) expect(programs[name]).toContain(command[0]);
    }
  });

  it('publishes ports that somebody listens on, and only that of mail for everybody', () => {
    for (const [name, { ports = [] }] of Object.entries(services))
      for (const port of ports) {
        const [, address, to] = /^(?:([\d.]+):)?\d+:(\d+)$/.exec(port) ?? [];
        expect(inside[name], port).toContain(Number(to));
        if (name !== 'smtpe') expect(address).toBe('127.0.0.1');
      }
    expect(dockerfile).toMatch(new RegExp(`^EXPOSE ${values['smtp-server-port']}$`, 'm'));
    expect(services.smtpe?.ports).toEqual([`25:${values['smtp-server-port']}`]);
  });

  it('gives smtpe as long to end as it may take', () => {
    const [, seconds] = /^(\d+)s$/.exec(services.smtpe?.stop_grace_period ?? '') ?? [];
    expect(Number(seconds)).toBeGreaterThan(values['shutdown-timeout'] + 5);
  });

  it('has an option file whose options there are, and whose places are mounted, written to or made by the Dockerfile', () => {
    for (const name of Object.keys(texts)) expect(findOption(name), name).toBeDefined();
    const there = new Map(mounts(services.smtpe as Service).map(([from, to]) => [to, from]));
    expect(there.get(values.script)).toBe('./compose/smtpe.lua');
    expect(there.get('/etc/smtpe/smtpe.cf')).toBe('./compose/smtpe.cf');
    expect(there.get(values['spool-dir'])).toBe('spool');
    expect(dockerfile).toContain(` ${values['spool-dir']} `);
    const admin = readAdminListen(values['admin-listen']);
    if (admin?.kind !== 'unix') throw new Error('the health check asks by a socket');
    expect(dockerfile).toContain(`${dirname(admin.path)}\n`);
    // All options but places are those of the image.
    for (const name of ['smtp-server-port', 'script', 'spool-dir', 'admin-listen'])
      expect(read('etc/docker.cf')).toContain(`${name}=${texts[name]}\n`);
  });

  it('names services where it names hosts: next hop, store, rspamd, and that with Redis', () => {
    const hop = parseTarget(values['smtp-smart-host']);
    expect(hop).toMatchObject({ kind: 'smtp', host: 'mailer', port: 1025 });
    const store = new URL(values.store);
    expect(readStoreUrl(values.store)).not.toBeUndefined();
    expect([store.protocol, store.hostname, store.port]).toEqual(['redis:', 'redis', '6379']);
    const policy = read('etc/compose/smtpe.lua');
    expect(/^local RSPAMD = '(\w+):(\d+)'$/m.exec(policy)?.slice(1)).toEqual(['rspamd', '11333']);
    expect(read('etc/compose/rspamd-normal.inc')).toMatch(/^bind_socket = "\*:11333";$/m);
    expect(read('etc/compose/rspamd-redis.conf')).toMatch(/^servers = "redis:6379";$/m);
  });

  it('smtpe check finds no mistake in the options and the policy', async () => {
    // Places of the image are here elsewhere; all else stays.
    const moved = [
      'spool-dir=',
      `script=${join(etc, 'compose/smtpe.lua')}`,
      `admin-listen=unix:${join(root, 'admin.sock')}`,
    ];
    expect(readCommandLine(['check', `file=${join(etc, 'compose/smtpe.cf')}`, ...moved]).problems).toEqual(
      [],
    );
    const command = [join(root, 'dist/main.js'), 'check', `file=${join(etc, 'compose/smtpe.cf')}`, ...moved];
    const checked = await new Program(process.execPath, command).ended;
    expect([checked.stderr, checked.code]).toEqual(['', 0]);
    expect(checked.stdout).toContain('no mistake found; hooks dot rcpt');
  });
});
