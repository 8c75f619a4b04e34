// Events of the policy and the Lua engine: what hooks did that they may not, revisions, and limits on the way.
import type { EventSpec } from './event-spec.ts';
import { cause } from './fields.ts';

const script = { type: 'text', meaning: 'path of the policy' } as const;
const shownHook = {
  type: 'text',
  twice: true,
  meaning: 'what ran: a hook as `hook.mail`, or a line of `+test`',
} as const;
const message = { type: 'text', meaning: 'the error, with its place in the policy' } as const;
const traceback = { type: 'text', optional: true, meaning: 'calls that led there' } as const;
const mapPath = { type: 'text', meaning: 'the file' } as const;
const hook = { type: 'text', meaning: 'the hook, as `hook.mail`' } as const;

export const policyEvents = {
  'result-fault': {
    level: 'err',
    text: '{message}',
    when: 'A hook returned what is no answer, or a reply that cannot be sent: it has failed.',
    fields: { message: { type: 'text', meaning: 'what it returned, and what would be right' }, hook },
  },
  'result-useless': {
    level: 'warning',
    text: '{message}',
    when: 'A hook returned a reply that nobody waits for.',
    fields: { message: { type: 'text', meaning: 'what it returned' }, hook },
  },
  'hook-error': {
    level: 'err',
    text: '{hook}: {message}',
    when: 'A Lua error in a hook: it has failed.',
    fields: { hook: shownHook, message, traceback },
  },
  'hook-limit': {
    level: 'err',
    text: '{hook}: stopped: {message}',
    when: 'A hook was stopped by a limit.',
    fields: {
      hook: shownHook,
      message,
      limit: { type: 'text', meaning: 'which one' },
      traceback,
    },
  },
  'auth-script-warning': {
    level: 'warning',
    text: '{warning}',
    when: 'An authentication script (option auth-script) is asked in spite of something that nobody can want.',
    fields: { warning: { type: 'text', meaning: 'script, and what is wrong' } },
  },
  'auth-script-failed': {
    level: 'err',
    text: '{message}',
    when: 'An authentication script did not do what it was asked for, or gave what cannot be used.',
    fields: {
      message: { type: 'text', meaning: 'request, database and error, as Dovecot writes them' },
      traceback,
      script: { type: 'text', optional: true, meaning: 'path of the script' },
    },
  },
  'auth-script-refused': {
    level: 'info',
    text: '{message}',
    when: 'A log-in was refused, or changed, for what an authentication script has said of it.',
    fields: { message: { type: 'text', meaning: 'request, and why, as Dovecot writes them' } },
  },
  'load-script-warning': {
    level: 'warning',
    text: '{warning}',
    when: 'A script of option load-script asked for what it does not get.',
    fields: { warning: { type: 'text', meaning: 'script, and what is wrong' } },
  },
  'script-call-ignored': {
    level: 'notice',
    text: '{function} does nothing here: {why}',
    when: 'A script for Rumble called a function that has no meaning in smtpe.',
    fields: {
      function: { type: 'text', meaning: 'which one' },
      why: { type: 'text', meaning: 'what to do instead' },
    },
  },
  'script-service': {
    level: 'notice',
    text: '{script}: a service listens on {address}',
    when: 'A script of option load-script has created a service (Rumble.createService).',
    fields: {
      script: { type: 'text', meaning: 'path of the script' },
      address: { type: 'text', meaning: '`address:port`, several separated by comma and blank' },
    },
  },
  'load-script-failed': {
    level: 'err',
    text: '{script}: {what}: {message}',
    when: 'A function of a script of option load-script failed, or was stopped by a limit.',
    fields: {
      script: { type: 'text', meaning: 'path of the script' },
      what: { type: 'text', meaning: 'what was called: `hook.rcpt`, `service 2580`' },
      message: { type: 'text', meaning: 'the error, with its place' },
      traceback,
    },
  },
  'policy-exit': {
    level: 'err',
    text: 'the policy called os.exit, which is refused',
    when: 'A policy called `os.exit`.',
    fields: {},
  },
  'policy-tolerated': {
    level: 'warning',
    text: '{script}: {problem}',
    when: 'A policy is loaded in spite of something that is wrong, as an option says (`hook-unknown=warn`).',
    fields: { script, problem: { type: 'text', meaning: 'what is wrong' } },
  },
  'policy-mistake': {
    level: 'warning',
    text: '{mistake}',
    when: 'Something in the text of a policy is probably a mistake; as `smtpe check` says it.',
    fields: { mistake: { type: 'text', meaning: 'where it is and what is wrong' } },
  },
  'policy-reloaded': {
    level: 'notice',
    text: 'policy reloaded',
    when: 'New connections get the policy as it is now.',
    fields: { script, revision: { type: 'number', meaning: 'how many there have been' } },
  },
  'policy-kept': {
    level: 'err',
    text: 'policy not reloaded, the old one stays: {cause}',
    when: 'A policy that was to be reloaded is not right.',
    fields: {
      cause,
      script: { ...script, optional: true },
      worker: { type: 'number', optional: true, meaning: 'process that tried it' },
    },
  },
  'revision-full': {
    level: 'warning',
    text: 'a policy loads more Lua files than a revision keeps ({limits}): the rest is read anew each time',
    when: 'A policy loads very many Lua files. Once a revision.',
    fields: {
      limits: { type: 'text', meaning: 'how many files and bytes are kept' },
      file: { type: 'text', meaning: 'the first that is not' },
    },
  },
  'map-read': {
    level: 'info',
    text: '{path} was read again: {entries} entries',
    when: 'A file that a policy has opened with `map.open` has other content; look-ups go to that.',
    fields: { path: { ...mapPath, twice: true }, entries: { type: 'number', meaning: 'how many there are' } },
  },
  'map-kept': {
    level: 'err',
    text: '{cause}; the content that was read before stays',
    when: 'A file that a policy has opened with `map.open` has changed, and is wrong or cannot be read. Once for each change.',
    fields: { cause: { type: 'text', meaning: 'file, line and what is wrong' }, path: mapPath },
  },
  'mkpath-fault': {
    level: 'warning',
    text: 'util.mkpath: cannot make {part}: {code}',
    when: '`util.mkpath` could not make a directory.',
    fields: {
      part: { type: 'text', meaning: 'the directory' },
      code: { type: 'text', meaning: "the system's error" },
      path: { type: 'text', meaning: 'the path that was to be made' },
    },
  },
  'dkim-short-key': {
    level: 'warning',
    text: 'an RSA key of {bits} bits signs: take 2048',
    when: 'A policy signs with a key that is too short for today (RFC 8301, 3.2). Once for each time that the key is read.',
    fields: {
      bits: { type: 'number', meaning: 'its length' },
      domain: { type: 'text', meaning: 'whose key it is' },
      selector: { type: 'text', meaning: 'its name' },
    },
  },
  'mime-limit': {
    level: 'info',
    text: 'mime: {consequence}',
    when: 'A message has more in it than is taken apart. Once a message for each limit.',
    fields: {
      consequence: { type: 'text', meaning: 'how much, and what follows from it' },
      limit: { type: 'text', meaning: 'which one' },
    },
  },
  'engine-warning': {
    level: 'warning',
    text: '{message}',
    when: 'The self-test of the Lua engine found something odd at its start.',
    fields: { message: { type: 'text', meaning: 'what it is' } },
  },
  'engine-failed': {
    level: 'crit',
    text: 'the Lua engine failed: {cause}',
    when: 'Lua cannot go on: the process ends.',
    fields: { cause },
  },
  'function-bug': {
    level: 'crit',
    text: 'bug in {function}: {cause}',
    when: 'A bug in a function that a policy called; the policy gets an error.',
    fields: { cause, function: { type: 'text', twice: true, meaning: 'the function' } },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
