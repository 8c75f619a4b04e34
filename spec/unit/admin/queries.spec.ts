// What each path makes of the query of a request: names that nobody knows, one that stands there twice, and values that are none. A typo must never
// show everything in place of little, nor be taken for a yes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../../src/admin/routes.ts';
import { AdminRig, FakeDesk } from '../../fakes/admin-rig.ts';

let rig: AdminRig;

beforeAll(async () => {
  const desk = new FakeDesk(7, ({ kind }) => {
    switch (kind) {
      case 'sessions':
        return { kind, total: 0, states: {}, rows: [] };
      case 'ready':
        return { kind, problems: [], connections: 0, limit: 0 };
      case 'close':
        return { kind: 'closed', found: true };
      case 'metrics':
        return { kind, values: [], policy: [] };
      default:
        return { kind: 'done' };
    }
  });
  rig = await AdminRig.start({ desks: [desk], place: { kind: 'unix', path: '/x' } });
});
afterAll(() => rig.stop());

/** As the route has it, with what stands for `*`; what goes on is asked for its head. */
async function ask({ body, method, path }: (typeof routes)[number], query: string) {
  const full = `${path.replace('*', path.startsWith('/page') ? 'main.js' : 'S1')}${query}`;
  const goesOn = path === '/events' || path === '/trace';
  const { status, text } = await rig.ask(
    goesOn ? 'HEAD' : method,
    full,
    {},
    body ? '{"smtp":true,"for":1}' : undefined,
  );
  const heard = goesOn && status !== 200 ? await rig.ask(method, full) : { status, text };
  return { status: heard.status, error: heard.status === 400 ? JSON.parse(heard.text).error : '' };
}

describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  const known = route.query ?? [];
  const names = known.map((name) => `?${name}=`).join(' ');
  const there = known.length === 0 ? 'nothing may be asked here' : `there are ${names}`;

  it('is answered as it is', async () => {
    expect(await ask(route, '')).toMatchObject({ status: 200 });
  });

  it.each([
    ['?nonsense=1', 'nonsense'],
    ['?nonsense', 'nonsense'],
    ['?__proto__=1', '__proto__'],
    ['?State=hook', 'State'],
    ['?%3Cscript%3E=1', '<script>'],
    [`?${'x'.repeat(300)}=1`, `${'x'.repeat(100)}...`],
  ])('%s: 400, and what there is', async (query, name) => {
    expect(await ask(route, query)).toEqual({ status: 400, error: `?${name}= is not known; ${there}` });
  });

  it.each(known)('%s twice: 400', async (name) => {
    expect(await ask(route, `?${name}=1&${name}=1`)).toEqual({
      status: 400,
      error: `?${name}= stands there twice`,
    });
  });

  it('its line in the list names them', () => {
    for (const name of known) expect(route.text).toContain(`?${name}=`);
    expect([...route.text.matchAll(/\?([a-z]+)=/g)].map(([, name]) => name)).toEqual(known);
  });
});

it.each([
  ['/sessions?state=nowhere', 'expected one of opening '],
  ['/sessions?state=', 'expected one of '],
  ['/sessions?client=', 'expected an address or a network'],
  ['/sessions?client=192.0.2.0/33', 'expected an address or a network'],
  ['/sessions?client=mx.example', 'expected an address or a network'],
  ['/rates?seconds=0', 'expected a number from 1 to '],
  ['/rates?seconds=', 'expected a number from 1 to '],
  ['/rates?seconds=1e2', 'expected a number from 1 to '],
  ['/rates?seconds=-1', 'expected a number from 1 to '],
  ['/rates?seconds=999999999999', 'expected a number from 1 to '],
  ['/transactions?limit=0', 'expected a number from 1 to '],
  ['/transactions?limit=x', 'expected a number from 1 to '],
  ['/transactions?q=1+2+3+4+5+6+7+8+9', 'has 9 words; at most 8'],
  ['/trace?client=x', 'expected an address or a network'],
  ['/trace?id=short', 'expected the id of a session'],
  ['/trace?new=yes', 'expected 1 or 0'],
  ['/trace?one=2', 'expected 1 or 0'],
  ['/trace?content=', 'expected 1 or 0'],
  ['/trace?format=xml', 'expected json or text'],
  [`/trace?from=${'x'.repeat(400)}`, 'expected a pattern'],
])('%s: 400', async (path, error) => {
  const { status, text } = await rig.ask('GET', path);
  expect([status, JSON.parse(text).error]).toEqual([400, expect.stringContaining(error)]);
});

it.each([
  '/sessions?client=192.0.2.0/24&state=hook',
  '/sessions?client=2001:db8::1',
  '/rates?seconds=300',
  '/transactions?q=a@b.example&limit=1000',
  '/transactions?q=',
])('%s: 200', async (path) => {
  expect((await rig.ask('GET', path)).status).toBe(200);
});
