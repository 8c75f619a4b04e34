// What a process serves by, as plain data (JSON, structured clone): one process can hold it and hand it to others, whatever has become of
// the files meanwhile. Must never know how a policy is loaded (policy/loader) or options are read (options/load-options).
import type { TlsMaterial } from '../net/tls-material.ts';
import type { OptionTexts } from '../options/options.ts';

/** The script and the Lua files that it loaded. Texts are latin1: one character a byte. */
export interface PolicySource {
  /** The script, as the option names it. */
  readonly path: string;
  readonly text: string;
  /** The other files, by absolute path. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Paths at which there was no file. */
  readonly missing: readonly string[];
  /** Scripts for Dovecot's authentication that are served with it; without it there are none. */
  readonly authScripts?: readonly PolicySource[];
  /** Likewise for mail and push notification. */
  readonly pushScripts?: readonly PolicySource[];
  /** Likewise those that were written for Rumble. */
  readonly loadScripts?: readonly PolicySource[];
  /** The policy that is shown sessions beside it (option shadow-script); without it there is none, or it was not read. */
  readonly shadow?: PolicySource;
  /** The policy's other files (option script), in their order; without it there is one. */
  readonly more?: readonly PolicySource[];
}

/** The options of the process without what hook.init changes, and the policy. */
export interface Revision {
  readonly options: OptionTexts;
  /** The certificates, which a worker may have no right to read. */
  readonly tls: TlsMaterial;
  /** Undefined: the worker reads the files. */
  readonly policy: PolicySource | undefined;
}

/** What a reload asks for: all of a revision but the policy, which is tried with it. */
export type Wanted = Omit<Revision, 'policy'>;
