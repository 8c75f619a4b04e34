// The store of tests against the table of cases that every store is held against.
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { MemoryStore } from '../../../../src/bench/ports/memory-store.ts';
import { type Adapter, closedCase, storeCases } from '../../store/cases.ts';

const adapter: Adapter = {
  open: async (texts) => {
    const clock = new FakeClock();
    const store = new MemoryStore(clock, Number(texts['store-max-value']));
    return { store, other: store, advance: async (ms) => clock.advance(ms), close: () => store.close() };
  },
};

storeCases('of a test', adapter);
closedCase('the store of a test', adapter);
