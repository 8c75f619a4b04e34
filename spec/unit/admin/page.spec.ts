// doc/admin.md says what there is: its table of paths is that of the routes, and each of its examples is a request that is answered.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { routes } from '../../../src/admin/routes.ts';
import { readCommandLine } from '../../../src/cli/verb.ts';
import { states } from '../../../src/observe/metric/table/connections.ts';
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
  expect(lines).toHaveLength(4);
  for (const line of lines) {
    const [, path = ''] = /'?http:\/\/[^/]+(\/[^\s']*)/.exec(line) ?? [];
    const [, body] = /-d '([^']*)'/.exec(line) ?? [];
    const answer = await rig.ask(line.includes('-X POST') ? 'POST' : 'GET', path, {}, body);
    expect([line, answer.status]).toEqual([line, 200]);
  }
  await rig.stop();
});
