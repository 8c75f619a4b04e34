// The state of the stores as a scrape shows it: by their breakers, and what nobody has asked for yet is no trouble.
import { expect, it } from 'vitest';
import { collectStores } from '../../../src/cli/counting.ts';
import { MetricCells } from '../../../src/observe/metric/cells.ts';
import { MetricLayout, metricSets } from '../../../src/observe/metric/layout.ts';
import type { StoreState } from '../../../src/store/store.ts';

const layout = new MetricLayout(
  metricSets({
    hooks: [],
    listeners: [],
    stores: ['store', 'store.near', 'store.far'],
    files: [],
    workers: 1,
  }),
);

it('0 closed, 1 half open, 2 open', () => {
  const cells = new MetricCells(layout);
  const states = (found: Readonly<Record<string, StoreState>>) => {
    collectStores(cells, { states: () => new Map(Object.entries(found)) });
    return layout.sets.store.map((name) => cells.values[layout.family('smtpe_store_state').at(name)]);
  };
  expect(states({}).slice(0, 3)).toEqual([0, 0, 0]);
  expect(states({ store: 'down', 'store.near': 'trying', 'store.far': 'up' }).slice(0, 3)).toEqual([2, 1, 0]);
  expect(states({ store: 'up' }).slice(0, 3)).toEqual([0, 0, 0]);
  collectStores(cells, {});
});
