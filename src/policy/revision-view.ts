// The revision of a policy that a script is of, as modules see it: where its files lie, and what is kept for as long as the revision is
// in use (weakly, by this object). It must never be held beyond that.
import { Capability } from '../base/capability.ts';

export interface RevisionView {
  /** The directory of the script, absolute, latin1; that of the process for a policy that is no file. */
  readonly directory: string;
}

export const REVISION = new Capability<RevisionView>('revision of a policy');
