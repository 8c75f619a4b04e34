// The lazy fields mime.parts and uri.found: who fills the table, and when reading one suspends.
import { describe, expect, test } from 'vitest';
import type { LiveTable } from '../../../src/lua-api/value.ts';
import { type ObserverKey, observerTable } from '../../../src/message/observer-table.ts';
import { createMimeModule } from '../../../src/modules/mime/mime.ts';
import { uriFound } from '../../../src/modules/uri-found.ts';
import type { SessionView } from '../../../src/policy/session-view.ts';
import { allModules } from '../../fakes/all-modules.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { FakeLiveTable } from '../../fakes/live-table.ts';

const parts = createMimeModule().lazyFields[0];
const fields = [
  ['mime.parts', parts],
  ['uri.found', uriFound],
] as const;

function session(name: ObserverKey, give: (table: LiveTable) => LiveTable | Promise<LiveTable>): SessionView {
  const observe: SessionView['observe'] = (key, create) => {
    if (key !== name) throw new Error('not asked for');
    return give(create());
  };
  return { observe } as SessionView;
}

describe.each(fields)('%s', (name, field) => {
  test('is what the session gives', () => {
    const given: LiveTable[] = [];
    const context = fakeCallContext(
      session(name, (table) => {
        given.push(table);
        return table;
      }),
    );
    expect(field?.read(context)).toBe(given[0]);
    expect(given[0]).toBeInstanceOf(FakeLiveTable);
  });

  test('suspends while the session reads the message again', async () => {
    let filled: (() => void) | undefined;
    const context = fakeCallContext(
      session(
        name,
        (table) =>
          new Promise((resolve) => {
            filled = () => resolve(table);
          }),
      ),
    );
    const waiting = field?.read(context);
    if (waiting === null || typeof waiting !== 'object' || !('done' in waiting))
      throw new Error('did not suspend');
    expect((waiting.describe as () => string)()).toBe(`${name} (reading the stored message)`);
    filled?.();
    expect(await (waiting.done as Promise<readonly unknown[]>)).toEqual([expect.any(FakeLiveTable)]);
  });

  test('is an empty table where there is no session', () => {
    const table = field?.read(fakeCallContext());
    expect(table).toBeInstanceOf(FakeLiveTable);
    expect((table as FakeLiveTable).sequence).toEqual([]);
  });
});

test('every lazy field of the API is forgotten when a transaction ends', () => {
  // Those of client are facts of the session, which has a table of when each ends.
  const lazy = allModules()
    .filter(({ name }) => name !== 'client')
    .flatMap((module) => module.lazyFields.map((field) => [module.name, field.name]));
  expect(lazy.toSorted()).toEqual(
    Object.values(observerTable)
      .flatMap(({ shown }) => (shown === undefined ? [] : [[shown.module, shown.field]]))
      .toSorted(),
  );
});
