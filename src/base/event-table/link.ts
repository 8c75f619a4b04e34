// Events of connections of clients, from accept to the end of the session. Names as OpenSMTPD has them where it has one.
import type { EventSpec, FieldSpec } from './event-spec.ts';
import { cause, client, host, proxy } from './fields.ts';

const listener = {
  type: 'text',
  optional: true,
  meaning: 'the listener, where it has a name',
} as const satisfies FieldSpec;

export const linkEvents = {
  'link-connect': {
    level: 'none',
    text: '',
    when: 'A session begins: a connection was accepted, or somebody sits at `+test`.',
    fields: { client, port: { type: 'number', meaning: 'its port, 0 at `+test`' }, listener },
  },
  'link-refused': {
    level: 'info',
    text: 'refused',
    when: 'A connection is turned away at once: too many, too fast, no descriptor is left, or what it has to pass first refuses it. It gets no session.',
    fields: {
      reply: { type: 'text', meaning: 'what it was told' },
      cause: {
        type: 'text',
        meaning: 'the name of the error, see errors.md, or of what refused it and why',
      },
      client,
      proxy,
      listener,
    },
  },
  'link-lost': {
    level: 'info',
    text: 'connection gone before it was served',
    when: 'A client has reset its connection before anything was done for it.',
    fields: { cause, client: { ...client, optional: true }, proxy, listener },
  },
  'proxy-unasked': {
    level: 'err',
    text: 'a load balancer at {client} speaks the PROXY protocol: if its clients are to come to us, it has to be in smtp-proxy-hosts',
    when: 'A connection that is none of a host in `smtp-proxy-hosts` begins with a header of the PROXY protocol. It gets 421, or is closed where a TLS hello was awaited.',
    fields: { client: { ...client, meaning: 'address of the connection' } },
  },
  'link-identify': {
    level: 'none',
    text: '',
    when: 'A hello was accepted.',
    fields: {
      verb: { type: 'text', meaning: '`ehlo` or `helo`' },
      hello: { type: 'text', meaning: 'what the client calls itself' },
    },
  },
  'link-tls': {
    level: 'debug',
    text: 'TLS',
    verbose: ['smtp'],
    when: 'A connection is encrypted: behind STARTTLS, or when its session begins.',
    fields: {
      client,
      version: { type: 'text', meaning: 'of TLS' },
      cipher: { type: 'text', meaning: 'its standard name' },
      name: { type: 'text', optional: true, meaning: 'the server that the client asked for' },
      resumed: { type: 'flag', meaning: 'by a ticket of a handshake before' },
      by: { type: 'text', meaning: '`smtpe`, or `proxy` where a balancer has made it' },
      certificate: {
        type: 'text',
        optional: true,
        meaning: 'of the client: `verified`, or why it is not',
      },
      subject: { type: 'text', optional: true, meaning: 'whose it is' },
    },
  },
  'tls-on-clear': {
    level: 'info',
    text: 'TLS in place of a command: closed',
    when: 'A client speaks TLS from the first octet where a listener expects commands. It is closed without a reply.',
    fields: { client },
  },
  'tls-injection': {
    level: 'warning',
    text: 'something stands behind STARTTLS in clear: thrown away and closed',
    when: 'A client, or somebody between, has sent more behind STARTTLS before its reply.',
    fields: { client, octets: { type: 'number', meaning: 'how many were there' } },
  },
  'link-auth': {
    level: 'info',
    text: 'logged in',
    when: 'A client has authenticated.',
    fields: {
      login: { type: 'text', meaning: 'as whom' },
      mechanism: { type: 'text', optional: true, meaning: '`PLAIN` or `LOGIN`' },
      source: {
        type: 'text',
        meaning: 'who has said yes: `hook.auth`, or an option such as `smtp-auth-dovecot`',
      },
      client,
    },
  },
  'link-auth-refused': {
    level: 'notice',
    text: 'log-in refused',
    when: 'AUTH with a user and a password was answered with something else than 235. Why is in the line of the reply.',
    fields: {
      login: { type: 'text', meaning: 'as whom the client wanted to log in' },
      mechanism: { type: 'text', meaning: '`PLAIN` or `LOGIN`' },
      result: {
        type: 'text',
        optional: true,
        meaning: 'what the sources of log-ins said: `client.auth_result`; absent when there is none',
      },
      code: { type: 'number', meaning: 'the code of the reply' },
      client,
    },
  },
  'link-auth-unheard': {
    level: 'notice',
    text: 'log-in not answered',
    when: 'The session ended while a log-in was being checked, or while its refusal waited for `smtp-auth-delay`: who guesses need not stay for it.',
    fields: {
      login: { type: 'text', meaning: 'as whom the client wanted to log in' },
      mechanism: { type: 'text', meaning: '`PLAIN` or `LOGIN`' },
      result: {
        type: 'text',
        optional: true,
        meaning:
          'what the sources of log-ins had said: `client.auth_result`; absent when they had not, or there is none',
      },
      client,
    },
  },
  'link-auth-unavailable': {
    level: 'warning',
    text: 'log-in cannot be checked: {cause}',
    when: 'A source of log-ins could not be asked; when no other one knows the user the client hears 454.',
    fields: { source: { type: 'text', meaning: 'who was asked: the name of its option' }, cause, client },
  },
  'link-xclient': {
    level: 'info',
    text: 'client named by XCLIENT',
    when: 'A trusted client names another one (XCLIENT): all that follows is about that one.',
    fields: {
      client,
      host,
      before: { type: 'text', meaning: 'address of the client before' },
      peer: { type: 'text', meaning: 'address of the connection' },
      login: { type: 'text', optional: true, meaning: 'who is authenticated, where XCLIENT says so' },
    },
  },
  'link-disconnect': {
    level: 'info',
    text: 'session',
    when: 'A session is over: `hook.close` has run.',
    fields: {
      client,
      host,
      hello: { type: 'text', meaning: 'the last hello as given, empty without one' },
      messages: { type: 'number', meaning: 'messages whose dot was answered' },
      commands: { type: 'number', meaning: 'commands read' },
      errors: { type: 'number', meaning: 'replies of 4xx and 5xx' },
      seconds: { type: 'number', unit: 's', meaning: 'how long it took' },
      tls: { type: 'text', optional: true, meaning: 'version of TLS, where it was encrypted in the end' },
      end: { type: 'text', meaning: 'why it ended' },
      close: { type: 'number', meaning: 'the argument of hook.close' },
      listener,
    },
  },
  'link-closed': {
    level: 'none',
    text: '',
    when: 'Nothing is left of a session: it is over and its connection is closed.',
    fields: {},
  },
  'session-fault': {
    level: 'err',
    text: 'internal error',
    when: 'A bug: the session ends with 421, or a connection before it has a session.',
    fields: { cause },
  },
  'session-end-fault': {
    level: 'err',
    text: 'internal error at the end of a session',
    when: 'A bug while `hook.error` or `hook.close` was called.',
    fields: { cause },
  },
  'policy-end-fault': {
    level: 'err',
    text: 'internal error at the end of a policy',
    when: "A bug while a connection's policy was given up.",
    fields: { cause },
  },
  'close-limit': {
    level: 'warning',
    text: 'hook.close is cut off',
    when: '`hook.error` and `hook.close` took longer than `hook-close-limit`.',
    fields: { cause },
  },
} as const satisfies Readonly<Record<string, EventSpec>>;
