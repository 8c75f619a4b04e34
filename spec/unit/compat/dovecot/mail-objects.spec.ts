// Objects of mail storage beside what was recorded: comparison and text of users, mailboxes and messages; settings plugin-NAME; how a script ends.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PushRig, startPush } from '../../../fakes/push-scripts.ts';

const MESSAGE = 'From: a@x.test\n\nb\n';

/** Rows of Lua that gives a value, and the value as text; what it has: user, two mailboxes, messages of them. */
const rows: readonly (readonly [string, string])[] = [
  // mail_user, by name
  ['tostring(user)', 'bob'],
  ['user == user', 'true'],
  ['user ~= user', 'false'],
  ['user == "bob"', 'false'],
  ['user == box', 'false'],
  ['user < user', 'false'],
  ['user <= user', 'true'],
  ['user < "bob"', 'Bad argument #1, expected struct mail_user got string'],
  ['1 < user', 'Bad argument #1, expected struct mail_user got number'],
  ['user < box', 'Bad argument #1, expected struct mail_user got table'],
  ['type(user)', 'table'],
  ['type(user.item)', 'userdata'],
  ['rawequal(user, user)', 'true'],
  // mailbox, by full name
  ['tostring(box)', 'INBOX'],
  ['box == user:mailbox("inbox")', 'true'],
  ['box == work', 'false'],
  ['work == user:mailbox("Work/Sub")', 'true'],
  ['box < work', 'true'],
  ['work < box', 'false'],
  ['box <= box', 'true'],
  ['box > work', 'false'],
  ['box == nil', 'false'],
  ['box < 1', 'Bad argument #1, expected struct mailbox got number'],
  ['(function() box:free() return tostring(box) end)()', 'INBOX'],
  ['(function() box:free() return box == user:mailbox("INBOX") end)()', 'true'],
  ['(function() box:free() return box < work end)()', 'mailbox is freed'],
  ['(function() box:free() box:free() return box:status(1) end)()', 'mailbox is freed'],
  ['(function() box:free() return box:metadata_get("/private/x") end)()', 'mailbox is freed'],
  // mail, by uid, of one mailbox
  ['tostring(first)', '<INBOX:UID 1>'],
  ['first == box:mail(1)', 'true'],
  ['first == second', 'false'],
  ['first < second', 'true'],
  ['second < first', 'false'],
  ['first <= box:mail(1)', 'true'],
  ['second > first', 'true'],
  ['first == other', 'false'],
  ['first ~= other', 'true'],
  ['first < other', 'For lt, Mail can only be compared within same mailbox'],
  ['first <= other', 'For le, Mail can only be compared within same mailbox'],
  ['first > other', 'For lt, Mail can only be compared within same mailbox'],
  ['first < box', 'Bad argument #1, expected struct mail got table'],
  ['first == 1', 'false'],
  ['first.seq .. first.uid .. tostring(first.expunged) .. tostring(first.mailbox)', '11falseINBOX'],
  ['box:mail(99)', 'nil'],
  ['box:mail()', 'expected 2 arguments, got 1'],
  ['(box:mail("x"))', "bad argument #1 to 'mail' (number expected, got string)"],
  ['user:mailbox("Nope"):mail(1)', "mailbox_mail(Nope, 1) failed: Mailbox doesn't exist: Nope"],
  // A table that only looks like one
  ['getmetatable(user).__eq(user, setmetatable({}, { __name = "struct mail_user" }))', 'false'],
  // templates
  ['user:var_expand("%u %{if;a;eq;a;yes;no} %{if;1;<;10;yes;no}")', 'bob yes yes'],
  [
    'user:var_expand("%{if;a;constructor;b;yes;no}")',
    "var_expand(%{if;a;constructor;b;yes;no}) failed: if: Unsupported comparator 'constructor'",
  ],
  [
    'user:var_expand("%{if;a;__proto__;b;yes;no}")',
    "var_expand(%{if;a;__proto__;b;yes;no}) failed: if: Unsupported comparator '__proto__'",
  ],
  ['user:var_expand("%{toString} %{userdb:constructor}")', 'UNSUPPORTED_VARIABLE_toString '],
  // settings
  ['user:plugin_getenv("url")', 'http://x/'],
  ['user:plugin_getenv("URL")', 'http://x/'],
  ['user:plugin_getenv("of-two")', 'second'],
  ['user:plugin_getenv("empty")', ''],
  ['user:plugin_getenv("unknown")', 'nil'],
  ['user:plugin_getenv("")', 'nil'],
  ['user:plugin_getenv("u\\0rl")', 'nil'],
  ['user:plugin_getenv("__index")', 'nil'],
  ['user:plugin_getenv("constructor")', 'nil'],
  ['user:plugin_getenv("__proto__")', 'nil'],
  ['user:plugin_getenv("toString")', 'nil'],
  ['user:plugin_getenv(12)', 'twelve'],
  ['user:plugin_getenv()', 'expected 2 arguments, got 1'],
  ['user:plugin_getenv("a", "b")', 'expected 2 arguments, got 3'],
  ['(user:plugin_getenv(nil))', "bad argument #1 to 'plugin_getenv' (string expected, got nil)"],
  ['(user:plugin_getenv(true))', "bad argument #1 to 'plugin_getenv' (string expected, got boolean)"],
  ['user.plugin_getenv({}, "url")', 'Bad argument #1, expected struct mail_user got table'],
  ['settings.url .. tostring(settings.unknown)', 'http://x/nil'],
];

describe('objects', () => {
  let rig: PushRig;
  let said: readonly string[] = [];
  beforeAll(async () => {
    const script = `
local settings
function script_init(given) settings = given return 0 end
function dovecot_lua_notify_begin_txn(user)
  local function try(f)
    local box, work = user:mailbox('INBOX'), user:mailbox('Work/Sub')
    local first, second, other = box:mail(1), box:mail(2), work:mail(1)
    return f(user, box, work, first, second, other)
  end
  for n, row in ipairs {
${rows.map(([lua]) => `function(user, box, work, first, second, other) return ${lua} end,`).join('\n')}
  } do
    local ok, value = pcall(try, row)
    dovecot.i_info(n .. ' ' .. tostring(value))
  end
end
function dovecot_lua_notify_event_message_new() end
function dovecot_lua_notify_end_txn() end`;
    const started = await startPush(
      { 'script.lua': script },
      {
        ...{
          'push-script': 'script.lua',
          'plugin-url': 'http://x/',
          'plugin-empty': '',
          'plugin-12': 'twelve',
        },
        'plugin-of-two': 'second',
        'hook-time-limit': '30',
      },
    );
    if ('problem' in started) throw new Error(started.problem);
    rig = started;
    rig.mail.box('/home/bob', 'Work/Sub');
    rig.mail.deliver('/home/bob', Buffer.from(MESSAGE));
    rig.mail.deliver('/home/bob', Buffer.from(MESSAGE), 'Work/Sub');
    rig.said();
    await rig.deliver('bob', MESSAGE);
    await rig.told();
    said = rig.said();
  });
  afterAll(() => rig.close());

  it.each(rows.map(([lua, wanted], at) => [lua, wanted, at + 1] as const))('%s', (_, wanted, number) => {
    const line = said.find((one) => one.startsWith(`info: ${number} `)) ?? said.at(-1);
    expect(line?.replace(/^info: \d+ (?:script\.lua:\d+: )?/, '')).toBe(wanted);
  });
});
