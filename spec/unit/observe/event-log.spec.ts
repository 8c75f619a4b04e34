// Log lines from events: each line of the table as it goes to the log, octet for octet. What people search their logs for is here.
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { EventSpec, FieldSpec } from '../../../src/base/event-table/event-spec.ts';
import { eventNames, eventTable } from '../../../src/base/event-table/event-table.ts';
import { EventBus, type EventName, type EventSource } from '../../../src/base/events.ts';
import {
  type Level,
  type LogFields,
  type LogRow,
  type LogWriter,
  type VerboseWord,
  verboseWords,
} from '../../../src/base/log.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { openEventLog } from '../../../src/observe/event-log.ts';
import { RecordEvents } from '../../../src/observe/record-events.ts';
import { formatBody } from '../../../src/ops/log-line.ts';
import { createLog } from '../../../src/ops/pino-log.ts';
import { PolicyLog } from '../../../src/smtp/server/session-log.ts';
import { writtenLog } from '../../fakes/written-log.ts';

/** Level, id, text and fields, where a text is its field's name in capitals and a number is 7; undefined: no line. */
const lines: Readonly<Record<EventName, string | undefined>> = {
  'link-connect': undefined,
  'link-greeted': undefined,
  'connection-shed': undefined,
  'overload-begins': 'err S1 overloaded, new connections are refused: CAUSE',
  'overload-ends': 'notice S1 not overloaded any more, connections are taken seconds=7',
  'drain-begins': 'notice S1 draining: not ready from now on wait=7',
  'drain-ends': 'notice S1 not draining any more',
  'verbose-begins': 'notice S1 groups of log lines switched for a time words=WORDS seconds=7',
  'verbose-ends': 'notice S1 groups of log lines as in the options again',
  'session-closed': 'notice S1 session is closed by order client=CLIENT',
  'admin-fault': 'err S1 error in the administration interface cause=CAUSE',
  'admin-listening': 'info S1 administration address=ADDRESS',
  'command-answered': undefined,
  'hook-called': undefined,
  'session-over': undefined,
  'tls-handshake': undefined,
  'dns-asked': undefined,
  'next-hop-tried': undefined,
  'store-asked': undefined,
  'sender-checked': undefined,
  'service-begins': undefined,
  'service-ends': undefined,
  'hook-begins': undefined,
  'hook-ends': undefined,
  'hook-lines': undefined,
  'hook-waits': undefined,
  'hook-goes-on': undefined,
  'session-waits': undefined,
  'session-goes-on': undefined,
  'dns-told': undefined,
  'service-told': undefined,
  'header-changed': undefined,
  'content-piece': undefined,
  'answer-given': undefined,
  'recording-written': undefined,
  'recordings-lost': 'warning S1 sessions are not recorded count=7 cause=CAUSE',
  'shadow-ready': 'notice S1 the shadow policy is at work script=SCRIPT process=7',
  shadow:
    'info S1 the shadow policy answers otherwise client=CLIENT step=STEP live=LIVE shadow=SHADOW cause=CAUSE',
  'shadow-missing':
    'info S1 the shadow policy asks for what the policy in service has not asked for client=CLIENT what=WHAT',
  'shadow-failed': 'warning S1 a session could not be shown to the shadow policy client=CLIENT cause=CAUSE',
  'shadow-judged': undefined,
  'shadow-skipped': 'warning S1 sessions are not shown to the shadow policy count=7 cause=CAUSE',
  'shadow-ended':
    'warning S1 the process of the shadow policy has ended cause=CAUSE process=7 sessions=7 pause=7',
  'next-hop-connects': undefined,
  'content-came': undefined,
  'client-written': undefined,
  'link-identify': undefined,
  'link-auth': 'info S1 logged in login=LOGIN mechanism=MECHANISM source=SOURCE client=CLIENT',
  'link-auth-refused':
    'notice S1 log-in refused login=LOGIN mechanism=MECHANISM result=RESULT code=7 client=CLIENT',
  'link-auth-unheard':
    'notice S1 log-in not answered login=LOGIN mechanism=MECHANISM result=RESULT client=CLIENT',
  'link-auth-unavailable': 'warning S1 log-in cannot be checked: CAUSE source=SOURCE client=CLIENT',
  'link-refused': 'info S1 refused reply=REPLY cause=CAUSE client=CLIENT proxy=PROXY listener=LISTENER',
  'link-lost':
    'info S1 connection gone before it was served cause=CAUSE client=CLIENT proxy=PROXY listener=LISTENER',
  'link-tls':
    'debug S1 TLS client=CLIENT version=VERSION cipher=CIPHER name=NAME resumed=true by=BY certificate=CERTIFICATE subject=SUBJECT',
  'tls-on-clear': 'info S1 TLS in place of a command: closed client=CLIENT',
  'tls-injection':
    'warning S1 something stands behind STARTTLS in clear: thrown away and closed client=CLIENT octets=7',
  'certificate-warning': 'warning S1 FILE: CAUSE',
  'secret-warning': 'warning S1 FILE: CAUSE',
  'clear-auth-warning':
    'warning S1 AUTH is offered in clear: passwords can be read on the way listener=LISTENER advice=ADVICE',
  'proxy-unasked':
    'err S1 a load balancer at CLIENT speaks the PROXY protocol: if its clients are to come to us, it has to be in smtp-proxy-hosts',
  'link-xclient':
    'info S1 client named by XCLIENT client=CLIENT host=HOST before=BEFORE peer=PEER login=LOGIN',
  'link-disconnect':
    'info S1 session client=CLIENT host=HOST hello=HELLO messages=7 commands=7 errors=7 seconds=7 tls=TLS end=END close=7 listener=LISTENER',
  'link-closed': undefined,
  'session-fault': 'err S1 internal error cause=CAUSE',
  'session-end-fault': 'err S1 internal error at the end of a session cause=CAUSE',
  'policy-end-fault': 'err S1 internal error at the end of a policy cause=CAUSE',
  'close-limit': 'warning S1 hook.close is cut off cause=CAUSE',
  'protocol-client': 'debug S1 > line=LINE',
  'protocol-server': 'debug S1 < reply="250-REPLY\\r\\n250 ok"',
  'script-silent': 'warning S1 a hook of a script returned ignore and has sent nothing command=COMMAND',
  'protocol-refusal': 'info S1 refused reply=REPLY cause=CAUSE command=COMMAND from=FROM client=CLIENT',
  'protocol-pipelining': 'debug S1 pipeline detected',
  'mail-recipients': 'info S1 recipients transaction=TRANSACTION to=TO status=7 why=WHY change=CHANGE to=TO',
  'tx-begin': undefined,
  'tx-rcpt': undefined,
  'rcpt-unavailable': 'warning S1 recipient cannot be checked: CAUSE source=SOURCE recipient=RECIPIENT',
  'tx-data': undefined,
  'authres-removed': 'info S1 authres transaction=TRANSACTION removed=7',
  mail: 'info S1 mail result=RESULT from=FROM transaction=TRANSACTION message_id=MESSAGE_ID bytes=7 sent_bytes=7 code=7 cause=CAUSE unheard=true client=CLIENT host=HOST helo=HELO listener=LISTENER tls=TLS user=USER next_hop=NEXT_HOP next_hop_tls=NEXT_HOP_TLS queue_id=QUEUE_ID ms_mail=7 ms_rcpt=7 ms_data=7 ms_policy=7 ms_forward=7 policy=7 final_from=FINAL_FROM recipients=7 to_more=7 to=TO status=7 why=WHY change=CHANGE to=TO',
  'tx-commit': undefined,
  'tx-discard': undefined,
  'tx-rollback': undefined,
  'tx-incomplete': undefined,
  'tx-unheard': 'notice S1 client gone before the reply at dot transaction=TRANSACTION outcome=OUTCOME',
  'spool-fault': 'err S1 cannot store the message transaction=TRANSACTION file=FILE cause=CAUSE',
  'not-signed': 'err S1 the message could not be signed transaction=TRANSACTION cause=CAUSE',
  'file-changed': 'err S1 the file of the message was changed transaction=TRANSACTION file=FILE cause=CAUSE',
  'content-changed':
    'info S1 content of the message changed transaction=TRANSACTION changes=7 bytes=7 became=7',
  'content-unchanged':
    'notice S1 content of the message not changed transaction=TRANSACTION change=CHANGE cause=CAUSE outcome=OUTCOME',
  'next-hop-sent': 'debug S1 next hop > host=HOST line=LINE',
  'next-hop-said': 'debug S1 next hop < host=HOST line=LINE',
  'next-hop-refused': 'notice S1 next hop refused host=HOST address=ADDRESS stage=STAGE code=7 cause=CAUSE',
  'next-hop-failed': 'warning S1 next hop failed host=HOST address=ADDRESS stage=STAGE code=7 cause=CAUSE',
  'next-hop-unsure':
    'warning S1 next hop may or may not have the message host=HOST address=ADDRESS stage=STAGE code=7 cause=CAUSE',
  'next-hop-closed':
    'info S1 kept connection to next hop was closed host=HOST address=ADDRESS stage=STAGE code=7 cause=CAUSE',
  'next-hop-given-up':
    'notice S1 forwarding given up host=HOST address=ADDRESS stage=STAGE code=7 cause=CAUSE',
  'next-hop-recipients':
    'notice S1 next hop refused recipients host=HOST address=ADDRESS refused=7 of=7 first=FIRST cause=CAUSE',
  'next-hop-full':
    'info S1 next hop takes no more connections, waiting for one of those there are host=HOST address=ADDRESS cause=CAUSE',
  'next-hop-tls-failed':
    'warning S1 next hop offers TLS that fails, trying in clear text host=HOST address=ADDRESS cause=CAUSE',
  'next-hop-eight-bit':
    'info S1 message with 8-bit content goes to a next hop without 8BITMIME host=HOST address=ADDRESS',
  'next-hop-lacks':
    'notice S1 next hop cannot have the message host=HOST address=ADDRESS lacks=LACKS code=7 cause=CAUSE',
  'report-sent': 'info S1 report of a relayed message sent sender=SENDER host=HOST recipients=7',
  'report-unsent': 'notice S1 report of a relayed message not sent sender=SENDER cause=CAUSE',
  'forward-fault': 'err S1 cannot forward host=HOST cause=CAUSE',
  'forward-bug': 'err S1 internal error while forwarding error=ERROR',
  'mailbox-event':
    'info S1 EVENT in MAILBOX of USER event=EVENT user=USER mailbox=MAILBOX mailbox_old=MAILBOX_OLD uid=7 uid_validity=7 flags=FLAGS flags_old=FLAGS_OLD keywords=KEYWORDS keywords_old=KEYWORDS_OLD',
  'push-script-failed': 'err S1 MESSAGE traceback=TRACEBACK script=SCRIPT',
  'push-script-warning': 'warning S1 WARNING',
  'push-message-gone':
    'warning S1 the message cannot be read that a push script is told of user=USER mailbox=MAILBOX cause=CAUSE',
  'push-dropped': 'warning S1 push scripts are not told of 7 events of USER user=USER events=7 cause=CAUSE',
  'push-given-up': 'warning S1 7 notifications given up at the end',
  'maildir-fault': 'err S1 cannot store in maildir host=HOST stage=STAGE cause=CAUSE',
  'trust-fault': 'err S1 smtp-xclient-hosts: not an address or network, trusted for nobody items=ITEMS',
  'rate-delay': 'err S1 connections come faster than PLACES, they wait cause=CAUSE wait=WAIT',
  'descriptors-scarce':
    'err S1 file descriptors are used up, connections are refused limit=7 reserve=7 advice=ADVICE',
  'descriptors-none': 'err S1 no file descriptor is left limit=7 reserve=7 advice=ADVICE',
  'listener-fault': 'warning S1 listening socket cause=CAUSE',
  'result-fault': 'err S1 MESSAGE hook=HOOK',
  'result-useless': 'warning S1 MESSAGE hook=HOOK',
  'hook-error': 'err S1 HOOK: MESSAGE hook=HOOK traceback=TRACEBACK',
  'hook-limit': 'err S1 HOOK: stopped: MESSAGE hook=HOOK limit=LIMIT traceback=TRACEBACK',
  'auth-script-warning': 'warning S1 WARNING',
  'auth-script-failed': 'err S1 MESSAGE traceback=TRACEBACK script=SCRIPT',
  'auth-script-refused': 'info S1 MESSAGE',
  'load-script-warning': 'warning S1 WARNING',
  'script-call-ignored': 'notice S1 FUNCTION does nothing here: WHY',
  'script-service': 'notice S1 SCRIPT: a service listens on ADDRESS',
  'load-script-failed': 'err S1 SCRIPT: WHAT: MESSAGE traceback=TRACEBACK',
  'policy-exit': 'err S1 the policy called os.exit, which is refused',
  'policy-tolerated': 'warning S1 SCRIPT: PROBLEM',
  'policy-mistake': 'warning S1 MISTAKE',
  'policy-reloaded': 'notice S1 policy reloaded script=SCRIPT revision=7',
  'policy-kept': 'err S1 policy not reloaded, the old one stays: CAUSE script=SCRIPT worker=7',
  'revision-full':
    'warning S1 a policy loads more Lua files than a revision keeps (LIMITS): the rest is read anew each time file=FILE',
  'map-read': 'info S1 PATH was read again: 7 entries path=PATH',
  'map-kept': 'err S1 CAUSE; the content that was read before stays path=PATH',
  'mkpath-fault': 'warning S1 util.mkpath: cannot make PART: CODE path=PATH',
  'dkim-short-key': 'warning S1 an RSA key of 7 bits signs: take 2048 domain=DOMAIN selector=SELECTOR',
  'mime-limit': 'info S1 mime: CONSEQUENCE limit=LIMIT',
  'engine-warning': 'warning S1 MESSAGE',
  'engine-failed': 'crit S1 the Lua engine failed: CAUSE',
  'function-bug': 'crit S1 bug in FUNCTION: CAUSE function=FUNCTION',
  'dns-answer': 'info S1 dns QUESTION: RCODE, 7 records',
  'dns-fault': 'info S1 dns QUESTION: RCODE: CAUSE',
  'dns-no-answer': 'notice S1 dns QUESTION: RCODE: CAUSE',
  'dns-not-open': 'err S1 dns.query without dns.open: TYPE NAME is not asked',
  'dns-trace': 'info S1 dns QUESTION: STEP',
  'dns-no-host': 'info S1 no name of ADDRESS: CAUSE',
  'dns-no-address': 'info S1 TYPE of HOST: CAUSE',
  'dns-queries-limit': 'warning S1 dns: CAUSE',
  'dns-server-down': 'warning S1 name server SERVER does not answer: CAUSE',
  'dns-server-up': 'notice S1 name server SERVER answers again',
  'dns-edns-lost': 'info S1 queries with EDNS to SERVER get lost: asking without for 7 min',
  'dns-file-empty': 'warning S1 FILE names no name server; asking ASKED',
  'dns-file-fault': 'warning S1 cannot read FILE: CAUSE; asking ASKED',
  'service-clamd': 'info S1 service clamd host=HOST elapsed=7',
  'service-spamd': 'info S1 service spamd host=HOST elapsed=7',
  'service-rspamd': 'info S1 service rspamd host=HOST elapsed=7',
  'service-http': 'info S1 service http host=HOST elapsed=7',
  'service-client': 'info S1 service client host=HOST elapsed=7',
  'service-clamd-failed': 'warning S1 service clamd failed: CAUSE host=HOST elapsed=7',
  'service-spamd-failed': 'warning S1 service spamd failed: CAUSE host=HOST elapsed=7',
  'service-rspamd-failed': 'warning S1 service rspamd failed: CAUSE host=HOST elapsed=7',
  'service-http-failed': 'notice S1 service http failed: CAUSE host=HOST elapsed=7',
  'service-client-failed': 'notice S1 service client failed: CAUSE host=HOST elapsed=7',
  'service-bug': 'err S1 internal error in service KIND: CAUSE',
  'store-down': 'err S1 STORE at SERVER is down: CAUSE',
  'store-up': 'notice S1 STORE at SERVER is up again after 7 s',
  'store-refuses': 'warning S1 STORE at SERVER refuses to write: CAUSE',
  'store-opened': 'info S1 STORE is open directory=DIRECTORY',
  'store-refused': 'err S1 STORE cannot be used: CAUSE',
  'store-shared': 'notice S1 STORE is used by another smtpe too process=7 directory=DIRECTORY',
  'store-small':
    'warning S1 STORE may hold 7 of the 7 bytes of store-max-memory: there is no more room where it lies directory=DIRECTORY',
  'store-full': 'warning S1 STORE is full: entries that had time left were removed entries=7',
  'store-write-failed': 'warning S1 STORE cannot be written: CAUSE times=7',
  'store-damaged': 'err S1 STORE was damaged, and begins empty: CAUSE aside=ASIDE',
  'store-damaged-value': 'err S1 STORE has damaged entries, which are left out times=7',
  'store-recount': 'err S1 what is in STORE is counted anew: the sums were damaged',
  'accounts-fault': 'err S1 accounts cannot be read or changed: CAUSE',
  'accounts-letters-denied':
    'warning S1 7 letters of ACCOUNT may not be read, and are left out of a list: CAUSE',
  'accounts-thread-lost': 'warning S1 letters of accounts are read more slowly: CAUSE',
  'accounts-moved-beside':
    'warning S1 mail was moved to PLACE: there is something else where it should be directory=DIRECTORY wanted=WANTED',
  'store-clock': 'warning S1 the clock was set back by 7 s: entries of STORE live longer by that',
  serving: 'notice S1 accepting connections version=VERSION address=ADDRESS script=SCRIPT hooks=HOOKS',
  'start-failed': 'crit S1 cannot start cause=CAUSE',
  'worker-start-failed': 'crit S1 worker cannot start cause=CAUSE',
  'root-warning': 'warning S1 smtpe runs as root, and so does the policy advice=ADVICE',
  'descriptors-warning':
    'warning S1 limit-connections is more than the file descriptors allow limit-connections=7 descriptors=7 advice=ADVICE',
  'queue-warning':
    'warning S1 the system allows a shorter queue of new connections than smtp-server-queue smtp-server-queue=7 net.core.somaxconn=7 advice=ADVICE',
  'login-warning':
    'warning S1 the password of smtp-forward-user may be asked for by anybody: the certificate of the next hop is not checked smtp-forward-tls=SMTP-FORWARD-TLS advice=ADVICE',
  'loop-warning':
    'warning S1 smtp-smart-host leads to this server itself: messages for it are answered 451 host=HOST advice=ADVICE',
  'auth-socket-warning':
    'warning S1 the socket of smtp-auth-dovecot cannot be used: CAUSE path=PATH advice=ADVICE',
  'nobody-warning':
    'warning S1 nobody can send by a listener with auth-required: no hook.auth and no smtp-auth-dovecot listener=LISTENER',
  'spool-warning': 'err S1 messages that need a file are refused cause=CAUSE',
  'leftover-files': 'notice S1 message files of a process that died removed files=7 directory=DIRECTORY',
  'leftover-stores': 'notice S1 stores in memory of a process that died removed stores=7',
  'leftover-commands': 'notice S1 commands of a process that died killed commands=7',
  'queue-overflow':
    'warning S1 connections were lost before they could be accepted lost=7 cause=CAUSE advice=ADVICE',
  'signal-reload': 'notice S1 signal SIGHUP received',
  'options-changed': 'notice S1 options changed changed=CHANGED',
  'options-waiting': 'warning S1 options changed in the file that need a restart options=OPTIONS',
  'options-refused': 'err S1 not reloaded, the old options and the old policy stay cause=CAUSE',
  'notify-failed': 'warning S1 systemd could not be told, by systemd-notify cause=CAUSE message=MESSAGE',
  'watchdog-silent':
    'err S1 systemd is not told any more that smtpe lives, and will start it again in 7 s at most cause=CAUSE',
  'addresses-waiting': 'warning S1 other addresses need a restart, the present ones stay asked=ASKED',
  'worker-asks': 'notice S1 worker is to be replaced: REASON worker=7',
  'worker-ended': 'err S1 worker ended (CAUSE) and is replaced worker=7 pause=7',
  'successor-ended': 'err S1 worker ended (CAUSE): the one that it was to replace goes on worker=7 pause=7',
  'worker-late-start': 'err S1 worker killed: it has not started in time worker=7',
  'worker-late-end': 'warning S1 worker killed: it did not end in time worker=7',
  'memory-warning': 'warning S1 REASON; it is not set, so this one worker goes on',
  'memory-limit': 'warning S1 REASON',
  ending: 'notice S1 REASON sessions=7 grace=7',
  'sessions-given-up': 'warning S1 sessions did not end in time and are given up sessions=7',
  terminated: 'notice S1 terminated',
  'service-failed': 'crit S1 PROBLEM',
  accident: 'crit S1 internal error, the process ends cause=CAUSE',
};

function sampleOf(name: string, spec: FieldSpec): LogFields[string] {
  switch (spec.type) {
    case 'list': {
      const row = Object.entries(spec.row).map(([key, value]) => [key, sampleOf(key, value)] as const);
      return [Object.fromEntries(row), Object.fromEntries(row.slice(0, 1))] as readonly LogRow[];
    }
    case 'number':
      return 7;
    case 'flag':
      return true;
    case 'text':
      return name.toUpperCase();
    case 'lines':
      return `250-${name.toUpperCase()}\r\n250 ok\r\n`;
  }
}

/** Fields of an event, those that may be absent only with `all`. */
function fieldsOf(name: EventName, all: boolean): LogFields {
  const { fields }: EventSpec = eventTable[name];
  const given = Object.entries(fields).filter(([, { optional }]) => all || optional !== true);
  return Object.fromEntries(given.map(([field, spec]) => [field, sampleOf(field, spec)]));
}

/** The lines that an event makes. */
function linesOf(
  name: EventName,
  fields: LogFields,
  words: readonly VerboseWord[] = verboseWords,
): readonly string[] {
  const written = writtenLog(words);
  const log = written.log.child({ id: 'S1' });
  // Fields that were made from the table have the type of no event.
  const channel = log.bus.channel(name) as { emit(given: LogFields, source: EventSource): void };
  channel.emit(fields, log);
  return written.lines.map((line) => line.replace(/^\S+ smtpe\[4711\] /, ''));
}

describe('the log line of', () => {
  it.each(eventNames)('%s is as it always was', (name) => {
    const line = lines[name];
    expect(linesOf(name, fieldsOf(name, true))).toEqual(line === undefined ? [] : [line]);
  });

  it.each(eventNames)('%s says nothing of fields that are absent', (name) => {
    const [line = ''] = linesOf(name, fieldsOf(name, false));
    expect(line).not.toContain('undefined');
    for (const [field, { optional }] of Object.entries<FieldSpec>(eventTable[name].fields)) {
      if (optional) expect(line).not.toContain(`${field}=`);
    }
  });

  it.each(eventNames)('%s is written only while one of its words of option verbose is on', (name) => {
    const { level, verbose }: EventSpec = eventTable[name];
    const fields = fieldsOf(name, true);
    const isQuiet = verbose !== undefined || level === 'none';
    expect(linesOf(name, fields, [])).toHaveLength(isQuiet ? 0 : 1);
    for (const word of verbose ?? []) expect(linesOf(name, fields, [word])).toHaveLength(1);
  });
});

it('an event whose line no level shows, and that nobody else wants, need not be built', () => {
  let level: Level = 'err';
  const heard: string[] = [];
  const writer = createLog({
    level: () => level,
    verboseText: () => '+warn +info',
    clock: systemClock,
    pid: 1,
    sinks: [
      {
        wantsJson: false,
        dropped: 0,
        write: ({ message }) => heard.push(message),
        close: () => Promise.resolve(),
      },
    ],
  });
  const log = openEventLog(writer).child({ id: 'S1' });
  const policy = new PolicyLog(log, () => 'T1');
  expect([log.wants('mail'), policy.wants('mail'), log.wants('accident')]).toEqual([false, false, true]);
  const end = log.bus.on('mail', () => undefined);
  expect(log.wants('mail')).toBe(true);
  end();
  level = 'info';
  expect([log.wants('mail'), policy.wants('mail'), log.wants('protocol-client')]).toEqual([
    true,
    true,
    false,
  ]);
  log.emit('policy-mistake', { mistake: 'm' });
  expect(heard).toEqual(['m']);
  level = 'emerg';
  log.emit('policy-mistake', { mistake: 'm' });
  expect(heard).toHaveLength(1);
});

it('lines carry the fields of whoever reports, and what is put into a text is not read as one', () => {
  const log = new RecordLog();
  log
    .child({ id: 'S1' })
    .child({ transaction: 'T1' })
    .emit('policy-mistake', { mistake: '{mistake} {cause}' });
  log.emit('hook-error', { hook: 'hook.mail', message: '$& {hook}', traceback: undefined });
  expect(log.lines).toEqual([
    { level: 'warning', message: '{mistake} {cause}', fields: { id: 'S1', transaction: 'T1' } },
    { level: 'err', message: 'hook.mail: $& {hook}', fields: { hook: 'hook.mail' } },
  ]);
});

it('a listener that throws is a line of its own, and the line of the event is written all the same', () => {
  const written: string[] = [];
  const writer: LogWriter = {
    write: (level, message, fields = {}) =>
      written.push(`${level} ${formatBody({ time: 0, level, message, fields })}`),
    shows: () => true,
    verbose: () => false,
    child: () => writer,
  };
  const log = openEventLog(writer);
  log.bus.on('link-lost', () => {
    throw new Error('of a subscriber');
  });
  log.emit('link-lost', { cause: 'reset' });
  expect(written[0]).toBe('info - connection gone before it was served cause=reset');
  expect(written[1]).toMatch(
    /^crit - bug in a listener to events event=link-lost cause="Error: of a subscriber\\n/,
  );
  expect(written).toHaveLength(2);
});

it('what is recorded stays as it was when the object is used again', () => {
  const bus = new EventBus(() => undefined);
  const record = new RecordEvents(bus);
  const log = new RecordLog();
  const fact = { line: 'NOOP' };
  bus.emit('protocol-client', fact, log);
  fact.line = 'QUIT';
  bus.emit('protocol-client', fact, log);
  expect(record.all.map(({ name, fields }) => [name, fields])).toEqual([
    ['protocol-client', { line: 'NOOP' }],
    ['protocol-client', { line: 'QUIT' }],
  ]);
});
