import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './spec/longest-first.ts';

// What runs whole servers against time-outs, and what counts memory, descriptors or processor time of its process, has a process of its own.
const alone = [
  'spec/attack/**/*.spec.ts',
  'spec/fault/**/*.spec.ts',
  'spec/session/**/*.spec.ts',
  'spec/property/held-memory.spec.ts',
  'spec/property/mime-memory.spec.ts',
  'spec/unit/admin/process-gauges.spec.ts',
  'spec/unit/lua/isolation-walk.spec.ts',
  'spec/unit/lua/leak.spec.ts',
  'spec/unit/lua/resources.spec.ts',
  'spec/unit/lua/run/slices.spec.ts',
  'spec/unit/net/descriptors.spec.ts',
  'spec/unit/store/cost.spec.ts',
];

/** By default one is left out, which of two is half. */
const CORES = Math.max(2, availableParallelism());

// Groups, one after the other: what runs in this process, what talks to real programs (built and installed first), and what holds the worst
// cases against their bounds, which hold on a busy machine. Speeds (`npm run test:speed`) want a quiet machine and are
// no part of `npm test`.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: CORES,
    sequence: { sequencer: LongestFirst },
    // What hangs is ended; what is slow because the machine does other things is not.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Where others use the machine, which is not where we look for races, a test is run once more before its failure counts; the output says so.
    retry: process.env.CI === undefined ? 0 : 1,
    projects: [
      {
        extends: true,
        test: {
          name: 'here',
          include: ['spec/**/*.spec.ts'],
          exclude: ['spec/real/**', 'spec/load/**', ...alone],
          // Nothing of smtpe is a singleton, so files share a process: half of the time went into loading the same modules for each.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['spec/real/**/*.spec.ts'],
          globalSetup: ['spec/real/global-setup.ts'],
          setupFiles: ['spec/real/await-packages.ts'],
          // Real programs are waited for as long as they work: six files that took more than 120 s two at once took 87 s four at once, on two cores.
          maxWorkers: 2 * CORES,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'load',
          include: ['spec/load/**/*.spec.ts'],
          globalSetup: ['spec/real/global-setup.ts'],
          setupFiles: ['spec/real/await-packages.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'speed',
          include: ['spec/load/**/*.speed.ts'],
          testTimeout: 600_000,
          retry: 0,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
