// Where messages are kept while they are received. Rows of option-table.ts.
import { forAll, integer, type OptionSpec, text } from './option-spec.ts';

export const spoolOptions = {
  'spool-dir': forAll(
    text(
      'auto',
      'path',
      'Directory of the message files, best one that only smtpe may use. auto, at the start: /var/spool/smtpe where smtpe may write there (made when it runs as root), else a private directory smtpe-UID in $TMPDIR or /tmp. Empty: no file, messages stay in memory.',
    ),
  ),
  'spool-memory': integer(
    2_097_152,
    0,
    67_108_864,
    'bytes',
    'A message up to this size is kept in memory while nobody looks at its file.',
  ),
  'spool-memory-total': forAll(
    integer(
      134_217_728,
      0,
      17_179_869_184,
      'bytes',
      'Memory of a process for such messages; when it is used up further messages go to their files.',
    ),
  ),
} as const satisfies Record<string, OptionSpec>;
