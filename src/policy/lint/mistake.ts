// One thing that is wrong in a file of a policy.
import type { Place } from './syntax.ts';

export interface Mistake extends Place {
  /** What is wrong and what would be right. */
  readonly text: string;
}
