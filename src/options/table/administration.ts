// Looking at a service and changing it while it runs. Rows of option-table.ts.
import { atStart, integer, type OptionSpec, text, untilRestart } from './option-spec.ts';

export const administrationOptions = {
  'admin-listen': untilRestart(
    atStart(
      text(
        '',
        'admin-place',
        'Where health, metrics and sessions can be asked for and reloads be ordered, by HTTP: 127.0.0.1:9101, [::1]:9101 or unix:/run/smtpe/admin.sock (mode 0660). Another address needs admin-token-file. Empty: nowhere, and nothing is counted.',
      ),
    ),
  ),
  'admin-token-file': untilRestart(
    atStart(
      text(
        '',
        'path',
        'File whose first line is the secret of administration, at least 16 characters: `Authorization: Bearer ...`. Whoever changes something by TCP needs it, and at an address that is not loopback everybody but /healthz and /readyz. Empty: changes by the UNIX socket only.',
      ),
    ),
  ),
  'admin-drain-wait': atStart(
    integer(
      5,
      0,
      3600,
      's',
      'How long after POST /drain connections are still accepted, while /readyz says 503 already: so long a load balancer may take to hear of it.',
    ),
  ),
  'record-dir': untilRestart(
    atStart(
      text(
        '',
        'path',
        'Directory in which sessions are recorded, a file each in a directory for each day (UTC), mode 0600: what the client said and heard, hooks, what the policy asked for and was answered, no password. It must be there; nothing removes what is in it. `smtpe trace FILE` shows one. Empty: nothing is recorded.',
      ),
    ),
  ),
  record: untilRestart(
    atStart(
      text(
        'refused',
        'recording',
        'With record-dir, which sessions: refused (a reply of 4xx or 5xx was given), all, 1% of them by chance, or those of client:NETWORK, from:PATTERN or to:PATTERN, with * and ?. At most 1000 are recorded at once, of each 1 MiB besides the content.',
      ),
    ),
  ),
  'record-content': untilRestart(
    atStart(
      integer(
        0,
        0,
        1_073_741_824,
        'bytes',
        'How much of the content of messages a recording keeps, all messages of a session together; without it the first 1024 octets of each.',
      ),
    ),
  ),
  'shadow-script': atStart(
    text(
      '',
      'any',
      'Another policy, as in script, that is shown the sessions when they are over: a process of its own plays them to it with the answers that the policy in service got, and tells in the log what it would have answered otherwise. It has no effect on replies, mail, files, stores or time. For all listeners. Empty: none.',
    ),
  ),
  'shadow-percent': atStart(
    integer(
      100,
      0,
      100,
      '%',
      'How many of the sessions shadow-script is shown, by chance; with 0 it is not started.',
    ),
  ),
  'shadow-percent-busy': atStart(
    integer(
      6,
      0,
      100,
      '%',
      'How many of the sessions shadow-script is shown while the process in service is at work without a pause: all that shadow-percent has up to half of its time, fewer the busier it is, never more than shadow-percent. Those left out, also long ones that have begun, are counted as skipped. 100: the same as when it is not busy.',
    ),
  ),
  'shadow-max-memory': atStart(
    integer(
      512,
      128,
      65_536,
      'MiB',
      'Memory of the process of shadow-script; one that has more is ended, and another started after a pause. With several workers each has one.',
    ),
  ),
} as const satisfies Record<string, OptionSpec>;
