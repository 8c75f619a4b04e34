// Where a transaction goes another way with us than it went in Dovecot, and why.

interface Difference {
  readonly ours:
    | { readonly result: string; readonly log: readonly string[] }
    /** What a start or `smtpe check` says. */
    | { readonly problem: string };
  readonly why: string;
}

const begin = 'error: lua: lua_pcall(dovecot_lua_notify_begin_txn, 1, 1) failed: script.lua:1: in begin';

export const pushDifferences: Readonly<Record<string, Difference>> = {
  'push-txn/begin-error/deliver': {
    ours: { result: '250', log: [begin, begin] },
    why: 'the process of the original dies of it; the message is there all the same',
  },
  'push-txn/script-init-fails/deliver': {
    ours: { problem: 'push-script: script.lua: Script init failed' },
    why: 'a script that cannot be started is found at the start or reload, and not at the first message',
  },
  'push-txn/script-syntax-error/deliver': {
    ours: { problem: "push-script: script.lua:1: <name> expected near '('" },
    why: 'a script that cannot be started is found at the start or reload, and not at the first message',
  },
  'push-txn/mail-lua-no-created/deliver': {
    ours: { result: '250', log: ['info: init', 'info: deinit'] },
    why: 'the original drops a script without mail_user_created at once',
  },
};
