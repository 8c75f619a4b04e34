// The suites of SPF: that of RFC 7208, and ours, as one list of cases.

import type { SuiteZone, ZoneFaults } from './mail-auth-zone.ts';
import { sharedSuite } from './shared-suites.ts';

export interface SpfCase extends ZoneFaults {
  readonly name: string;
  readonly zone: SuiteZone;
  readonly mailfrom: string;
  readonly helo: string;
  readonly ip: string;
  readonly result: readonly string[];
  /** `DEFAULT`: none. */
  readonly explanation?: string;
  readonly mostQueries?: number;
}

interface Scenario {
  readonly description: string;
  readonly zone: SuiteZone;
  readonly tests: readonly Omit<SpfCase, 'zone'>[];
}

/** Undefined when the suite is not there. */
export function rfc7208Cases(): SpfCase[] | undefined {
  return sharedSuite<{ scenarios: readonly Scenario[] }>('spf-rfc7208')?.scenarios.flatMap(
    ({ description, zone, tests }) =>
      tests.map((test) => ({ ...test, name: `${description}: ${test.name}`, zone })),
  );
}
