// Events of processes: start, signals, options, workers, the end.
import type { EventSpec } from './event-spec.ts';
import { cause } from './fields.ts';

const advice = { type: 'text', meaning: 'what to do' } as const;
const worker = { type: 'number', meaning: 'its process' } as const;
const sessions = { type: 'number', meaning: 'sessions that are not over' } as const;
const reason = { type: 'text', meaning: 'how large it is, and the option' } as const;

export const processEvents = {
  serving: {
    level: 'notice',
    text: 'accepting connections',
    when: 'A process serves.',
    fields: {
      version: { type: 'text', meaning: 'version of smtpe' },
      address: { type: 'text', meaning: 'where it listens' },
      script: { type: 'text', meaning: 'path of the policy' },
      hooks: { type: 'text', meaning: 'hooks that the policy has' },
    },
  },
  'start-failed': {
    level: 'crit',
    text: 'cannot start',
    when: 'The main process cannot start.',
    fields: { cause },
  },
  'worker-start-failed': {
    level: 'crit',
    text: 'worker cannot start',
    when: 'A worker cannot start.',
    fields: { cause },
  },
  'root-warning': {
    level: 'warning',
    text: 'smtpe runs as root, and so does the policy',
    when: 'At the start, to a process that root has started and that has kept its rights.',
    fields: { advice },
  },
  'descriptors-warning': {
    level: 'warning',
    text: 'limit-connections is more than the file descriptors allow',
    when: 'At the start: connections would be refused before the option says so.',
    fields: {
      'limit-connections': { type: 'number', meaning: 'the option' },
      descriptors: { type: 'number', meaning: 'descriptors that this process may have' },
      advice,
    },
  },
  'queue-warning': {
    level: 'warning',
    text: 'the system allows a shorter queue of new connections than smtp-server-queue',
    when: 'At the start: connections would be lost before the option says so.',
    fields: {
      'smtp-server-queue': { type: 'number', meaning: 'the option' },
      'net.core.somaxconn': { type: 'number', meaning: 'what the system allows' },
      advice,
    },
  },
  'certificate-warning': {
    level: 'warning',
    text: '{file}: {cause}',
    when: 'At the start and at a reload: a certificate of `smtp-tls` works, and will hurt.',
    fields: {
      file: { type: 'text', meaning: 'the certificate or its key' },
      cause: { type: 'text', meaning: 'what is wrong, and what to do' },
    },
  },
  'secret-warning': {
    level: 'warning',
    text: '{file}: {cause}',
    when: 'At the start: a file with a password or a token is not private.',
    fields: {
      file: { type: 'text', meaning: 'the file' },
      cause: { type: 'text', meaning: 'what is wrong, and what to do' },
    },
  },
  'clear-auth-warning': {
    level: 'warning',
    text: 'AUTH is offered in clear: passwords can be read on the way',
    when: 'At the start: a policy has `hook.auth`, and TLS is not required for AUTH.',
    fields: { listener: { type: 'text', optional: true, meaning: 'at which listener' }, advice },
  },
  'login-warning': {
    level: 'warning',
    text: 'the password of smtp-forward-user may be asked for by anybody: the certificate of the next hop is not checked',
    when: 'At the start: smtp-forward-user is set, and smtp-forward-tls is off, may or dane.',
    fields: { 'smtp-forward-tls': { type: 'text', meaning: 'its value' }, advice },
  },
  'loop-warning': {
    level: 'warning',
    text: 'smtp-smart-host leads to this server itself: messages for it are answered 451',
    when: 'At the start: an option names an address at which smtpe listens.',
    fields: { host: { type: 'text', meaning: 'the next hop' }, advice },
  },
  'auth-socket-warning': {
    level: 'warning',
    text: 'the socket of smtp-auth-dovecot cannot be used: {cause}',
    when: 'At the start: as long as it is so AUTH is answered 454.',
    fields: {
      path: { type: 'text', meaning: 'the socket' },
      cause: { type: 'text', meaning: 'why' },
      advice,
    },
  },
  'nobody-warning': {
    level: 'warning',
    text: 'nobody can send by a listener with auth-required: no hook.auth and no smtp-auth-dovecot',
    when: 'At the start: AUTH is not offered there, so everybody gets 530.',
    fields: { listener: { type: 'text', meaning: 'its name, or where it listens' } },
  },
  'spool-warning': {
    level: 'err',
    text: 'messages that need a file are refused',
    when: 'The spool directory cannot be used by a worker that replaces another one.',
    fields: { cause },
  },
  'leftover-files': {
    level: 'notice',
    text: 'message files of a process that died removed',
    when: 'A process of smtpe has died without removing its files.',
    fields: {
      files: { type: 'number', meaning: 'how many' },
      directory: { type: 'text', meaning: 'the spool directory' },
    },
  },
  'leftover-commands': {
    level: 'notice',
    text: 'commands of a process that died killed',
    when: 'A process of smtpe has died with commands of its policy at work.',
    fields: { commands: { type: 'number', meaning: 'how many' } },
  },
  'leftover-stores': {
    level: 'notice',
    text: 'stores in memory of a process that died removed',
    when: 'A process of smtpe has died without removing what its policies remembered in memory.',
    fields: { stores: { type: 'number', meaning: 'how many' } },
  },
  'queue-overflow': {
    level: 'warning',
    text: 'connections were lost before they could be accepted',
    when: 'The queue of new connections has run over, here or in another program of this machine.',
    fields: { lost: { type: 'number', meaning: 'how many' }, cause, advice },
  },
  'signal-reload': {
    level: 'notice',
    text: 'signal SIGHUP received',
    when: 'Options and policy are to be reloaded.',
    fields: {},
  },
  'options-changed': {
    level: 'notice',
    text: 'options changed',
    when: 'New options are in effect.',
    fields: { changed: { type: 'text', meaning: 'which, separated by blanks' } },
  },
  'options-waiting': {
    level: 'warning',
    text: 'options changed in the file that need a restart',
    when: 'New options are in the file that cannot be changed in service.',
    fields: { options: { type: 'text', meaning: 'which, separated by blanks' } },
  },
  'options-refused': {
    level: 'err',
    text: 'not reloaded, the old options and the old policy stay',
    when: 'The option file is not right.',
    fields: { cause },
  },
  'notify-failed': {
    level: 'warning',
    text: 'systemd could not be told, by systemd-notify',
    when: 'The unit has Type=notify, and the program systemd-notify is missing or fails. Said once.',
    fields: { cause, message: { type: 'text', meaning: 'what was to be told first' } },
  },
  'watchdog-silent': {
    level: 'err',
    text: 'systemd is not told any more that smtpe lives, and will start it again in {seconds} s at most',
    when: 'The unit has WatchdogSec, and no process that serves answers.',
    fields: {
      cause,
      seconds: { type: 'number', unit: 's', meaning: 'what WatchdogSec has' },
    },
  },
  'addresses-waiting': {
    level: 'warning',
    text: 'other addresses need a restart, the present ones stay',
    when: 'A policy asks for other addresses than those that workers listen at.',
    fields: { asked: { type: 'text', meaning: 'the addresses' } },
  },
  'worker-asks': {
    level: 'notice',
    text: 'worker is to be replaced: {reason}',
    when: 'A worker asks for a successor.',
    fields: { reason: { type: 'text', meaning: 'why' }, worker },
  },
  'worker-ended': {
    level: 'err',
    text: 'worker ended ({cause}) and is replaced',
    when: 'A worker ended and nobody had asked it to.',
    fields: {
      cause: { type: 'text', meaning: 'its exit code or signal' },
      worker,
      pause: { type: 'number', unit: 's', optional: true, meaning: 'how long until the next one is started' },
    },
  },
  'successor-ended': {
    level: 'err',
    text: 'worker ended ({cause}): the one that it was to replace goes on',
    when: 'A worker ended before it served, and there are enough without it.',
    fields: {
      cause: { type: 'text', meaning: 'its exit code or signal' },
      worker,
      pause: { type: 'number', unit: 's', optional: true, meaning: 'how long until the next one is started' },
    },
  },
  'worker-late-start': {
    level: 'err',
    text: 'worker killed: it has not started in time',
    when: 'A worker did not serve in time.',
    fields: { worker },
  },
  'worker-late-end': {
    level: 'warning',
    text: 'worker killed: it did not end in time',
    when: 'A worker did not end in time.',
    fields: { worker },
  },
  'memory-warning': {
    level: 'warning',
    text: '{reason}; it is not set, so this one worker goes on',
    when: 'The process is larger than the default of `worker-max-memory`, and nobody would replace it.',
    fields: { reason },
  },
  'memory-limit': {
    level: 'warning',
    text: '{reason}',
    when: 'The process is larger than `worker-max-memory` and ends, to be started again.',
    fields: { reason },
  },
  ending: {
    level: 'notice',
    text: '{reason}',
    when: 'A process is to end.',
    fields: {
      reason: { type: 'text', meaning: 'why' },
      sessions: { ...sessions, optional: true },
      grace: { type: 'number', unit: 's', optional: true, meaning: 'how long transactions may last' },
    },
  },
  'sessions-given-up': {
    level: 'warning',
    text: 'sessions did not end in time and are given up',
    when: 'A process ends and not all sessions could be ended.',
    fields: { sessions },
  },
  terminated: {
    level: 'notice',
    text: 'terminated',
    when: 'A process ends.',
    fields: {},
  },
  'service-failed': {
    level: 'crit',
    text: '{problem}',
    when: 'No worker serves: smtpe ends.',
    fields: { problem: { type: 'text', meaning: 'since when, and why' } },
  },
  accident: {
    level: 'crit',
    text: 'internal error, the process ends',
    when: 'A bug that nobody caught.',
    fields: { cause },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
