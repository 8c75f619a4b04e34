// doc/admin.md says what there is: its table of paths is that of the routes, and each of its examples is a request that is answered.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { routes } from '../../../src/admin/routes.ts';
import { readCommandLine } from '../../../src/cli/verb.ts';
import { states } from '../../../src/observe/metric/table/connections.ts';
import { ladder } from '../../../src/observe/trace/ladder.ts';
import { readAdminListen } from '../../../src/options/admin-listen.ts';
import { AdminRig, FakeDesk } from '../../fakes/admin-rig.ts';
import { pageBlock } from '../../fakes/page-block.ts';

const page = readFileSync(join(import.meta.dirname, '../../../doc/admin.md'), 'utf8');

it('has every path and every state, in the words of the tables', () => {
  const rows = routes.map(({ method, path, text }) => `| \`${method}\` | \`${path}\` | ${text} |`);
  expect(page.split('\n').filter((line) => /^\| `(?:GET|POST)`/.test(line))).toEqual(rows);
  const shown = [...page.matchAll(/^\| `([a-z_]+)` \| /gm)].map(([, state]) => state);
  expect(shown).toEqual([...states]);
  expect(readAdminListen(/^admin-listen = (.*)$/m.exec(page)?.[1] ?? '')).toMatchObject({ kind: 'unix' });
});

it('its verbs are verbs', () => {
  const lines = pageBlock('doc/admin.md', 'verbs').split('\n');
  expect(lines.length).toBeGreaterThan(4);
  for (const line of lines) {
    const [, ...args] = line.split(' ');
    const { operands, problems, verb, words } = readCommandLine(args);
    expect([line, verb, words, problems]).toEqual([line, args[0], [], []]);
    expect(operands).toEqual(args.slice(1));
  }
});

it('its ladder is one', () => {
  const at = (ms: number) => ({ session: '2ARDVb309891774100', at: ms });
  const text = ladder([
    { kind: 'connect', client: '192.0.2.7', port: 4711, ...at(0) },
    {
      kind: 'hook',
      hook: 'accept',
      args: '"192.0.2.7", "mx.b.example"',
      place: '/etc/smtpe/policy.lua:2',
      ...at(0.1),
    },
    {
      kind: 'wait',
      for: 'dns',
      what: 'dns.wait (1 pending: A 7.2.0.192.bl.example.)',
      place: '/etc/smtpe/policy.lua:5',
      inHook: true,
      ...at(0.2),
    },
    { kind: 'dns', question: 'A 7.2.0.192.bl.example', outcome: '127.0.0.2', ms: 38.1, ...at(38.3) },
    { kind: 'wait-end', for: 'dns', outcome: '', ms: 38.2, inHook: true, ...at(38.4) },
    { kind: 'hook-end', hook: 'accept', result: 'nothing', ms: 38.4, waited: 38.2, ...at(38.5) },
    { kind: 'server', reply: '220 mx.example ESMTP 2ARDVb309891774100', ...at(38.5) },
    { kind: 'client', line: 'EHLO mx.b.example', ...at(40.1) },
  ]);
  expect(text.trimEnd()).toBe(pageBlock('doc/admin.md', 'ladder').trimEnd());
});

it('its requests are answered', async () => {
  const desk = new FakeDesk(7, ({ kind }) =>
    kind === 'sessions'
      ? { kind, total: 0, states: {}, rows: [] }
      : kind === 'ready'
        ? { kind, problems: [], connections: 0, limit: 0 }
        : { kind: 'done' },
  );
  const rig = await AdminRig.start({ desks: [desk], place: { kind: 'unix', path: '/x' } });
  const lines = [...page.matchAll(/^curl .*$/gm)].map(([line]) => line);
  expect(lines).toHaveLength(5);
  for (const line of lines) {
    const [, path = ''] = /'?http:\/\/[^/]+(\/[^\s']*)/.exec(line) ?? [];
    const [, body] = /-d '([^']*)'/.exec(line) ?? [];
    // What goes on is asked for its head only.
    const method = line.includes('-X POST') ? 'POST' : line.includes('/trace') ? 'HEAD' : 'GET';
    const answer = await rig.ask(method, path, {}, body);
    expect([line, answer.status]).toEqual([line, 200]);
  }
  await rig.stop();
});
