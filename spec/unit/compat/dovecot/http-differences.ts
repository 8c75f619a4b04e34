// Where our answer to a recorded web request is another one than Dovecot's, and why.

export const httpDifferences: Readonly<Record<string, { readonly ours: unknown; readonly why: string }>> = {
  'http/basic-statuses/noreason': {
    ours: [200, '', ''],
    why: 'a status line without a blank behind the code is taken, as everybody does',
  },
  'http/basic-statuses/garbage': {
    ours: [
      9007,
      'Invalid HTTP version in response: the response is not HTTP: Expected HTTP/, RTSP/ or ICE/',
      '',
    ],
    why: 'the same status and beginning; what comes from the server is not repeated',
  },
  'http/redirects/redir-rel': {
    ours: [200, 'Target', 'body /s/200/Target'],
    why: 'a relative place is followed (RFC 9110 section 10.2.2)',
  },
  'http/retries/flaky-3-noretry': {
    ours: [9005, 'Connection lost: the server closed before the response was complete', ''],
    why: 'the same status and beginning, in our words',
  },
  'http/request-wire/post-nul': {
    ours: [
      200,
      'OK',
      'POST /echo HTTP/1.1\nconnection: keep-alive\ncontent-length: 5\nhost: SERVER\n\nab\0cd',
    ],
    why: 'octets are kept, a NUL cuts nothing off',
  },
  'http/request-wire/propfind': {
    ours: [200, 'OK', 'PROPFIND /echo HTTP/1.1\nconnection: keep-alive\ncontent-length: 0\nhost: SERVER\n\n'],
    why: 'undici says that there is no content, where the method may have one',
  },
  'http/errors/payload-nil': {
    ours: 'setup error: expected 2 to 3 arguments, got 1',
    why: 'set_payload of 2.4 has one more argument',
  },
  'http/hdr-name-bad/hdr-name': {
    ours: 'setup error: header name must be a token',
    why: 'a header with a blank in its name is no HTTP (RFC 9110 section 5.1)',
  },
};
