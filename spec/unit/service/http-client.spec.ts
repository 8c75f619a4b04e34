import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeHttp, httpReply, startHttp } from '../../../src/bench/ports/http-server.ts';
import { closedPort, startScripted } from '../../../src/bench/ports/scripted-server.ts';
import { testAuthority, testCertificate, testKey } from '../../fakes/certificates.ts';
import { type MessageSession, messageSession } from '../../fakes/message-session.ts';
import { type Entry, type Rig, serviceRig } from '../../fakes/service-rig.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const LOOPBACK = { 'http-allow-reserved': '127.0.0.0/8' };

let rig: Rig;
const servers: FakeHttp[] = [];

async function http(...args: Parameters<typeof startHttp>): Promise<FakeHttp> {
  const server = await startHttp(...args);
  servers.push(server);
  return server;
}

/** The only result of a request. */
async function request(
  ...args: Parameters<Rig['start']> extends [string, ...infer A] ? A : never
): Promise<Record<string, unknown>> {
  await rig.call('http.request', ...args);
  const result: Record<string, Entry> = await rig.wait();
  expect(result.http?.service_name).toBe('http');
  const entries = result.http?.entries ?? [];
  expect(entries).toHaveLength(1);
  return entries[0] ?? {};
}

beforeEach(() => {
  rig = serviceRig({ options: LOOPBACK });
});

afterEach(async () => {
  rig.close();
  expect(rig.services.http.held).toEqual({ connections: 0, bytes: 0 });
  for (const server of servers.splice(0)) {
    await server.server.quiet();
    await server.close();
  }
});

describe('service.http.request', () => {
  it('sends path and query and gives every field', async () => {
    const server = await http(() =>
      httpReply(
        200,
        'OK',
        [
          'Date: Sun, 06 Nov 1994 08:49:37 GMT',
          'Expires: Sunday, 06-Nov-94 09:49:37 GMT',
          'Last-Modified: Sat Nov  5 08:49:37 1994',
          'Content-Type: text/html; charset=utf-8',
          'Content-Encoding: identity',
        ],
        'hello world\n',
      ),
    );
    const url = `${server.origin}/path?q=1#frag`;
    const result = await request(url, 'GET');
    expect(server.requests[0]?.head.split('\r\n')).toEqual([
      'GET /path?q=1 HTTP/1.1',
      `host: ${server.server.host}`,
      'connection: keep-alive',
      'user-agent: smtpe',
      'accept: */*',
      'accept-encoding: gzip, deflate, br',
    ]);
    expect(result).toEqual({
      service_name: 'http',
      service_host: '127.0.0.1',
      elapsed_time: expect.any(Number),
      id: 'ID0000000000000100',
      url,
      rcode: 200,
      headers:
        'HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nExpires: Sunday, 06-Nov-94 09:49:37 GMT\r\n' +
        'Last-Modified: Sat Nov  5 08:49:37 1994\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: identity\r\n' +
        'Content-Length: 12\r\n\r\n',
      content: 'hello world\n',
      content_type: 'text/html',
      content_encoding: 'identity',
      date: 784_111_777,
      expires: 784_115_377,
      last_modified: 784_025_377,
    });
  });

  it('asks with HEAD when no method is given', async () => {
    const server = await http((_request, connection) => {
      void connection.send('HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n').then(() => connection.end());
      return undefined;
    });
    expect(await request(`${server.origin}/`)).toMatchObject({ rcode: 200, content: '' });
    expect(server.requests[0]?.head).toMatch(/^HEAD \/ HTTP\/1\.1\r\n/);
  });

  it('posts every byte with its length', async () => {
    const server = await http(() => httpReply(200, 'OK', [], everyByte));
    const result = await request(`${server.origin}/`, 'post', 0, everyByte);
    expect(server.requests[0]?.head).toMatch(/^POST \/ HTTP\/1\.1\r\n/);
    expect(server.requests[0]?.head).toContain('\r\ncontent-length: 256');
    expect(server.requests[0]?.head).toContain('\r\ncontent-type: application/x-www-form-urlencoded');
    expect(server.requests[0]?.body.equals(everyByte)).toBe(true);
    expect(result.content).toBe(everyByte.toString('latin1'));
    await request(`${server.origin}/`, 'POST');
    expect(server.requests[1]?.head).toContain('\r\ncontent-length: 0');
  });

  it('asks conditionally, by number or date', async () => {
    const server = await http(() => 'HTTP/1.1 304 Not Modified\r\n\r\n');
    for (const since of [
      784_111_777,
      784_111_777.9,
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ]) {
      expect(await request(`${server.origin}/`, 'GET', since)).toMatchObject({ rcode: 304, content: '' });
    }
    for (const since of [0, undefined, '', 'soon', -1]) await request(`${server.origin}/`, 'GET', since);
    const sent = server.requests.map(({ head }) => /if-modified-since: (.*)/.exec(head)?.[1]);
    expect(sent).toEqual([...Array(4).fill('Sun, 06 Nov 1994 08:49:37 GMT'), ...Array(5).fill(undefined)]);
  });

  it('takes chunked and encoded content, and content up to the end of the connection', async () => {
    const zipped = gzipSync('hello');
    const server = await http(({ head }, connection) => {
      if (head.startsWith('GET /gzip')) return httpReply(200, 'OK', ['Content-Encoding: gzip'], zipped);
      if (head.startsWith('GET /chunked')) {
        return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';
      }
      void connection.drip('HTTP/1.0 404 Not Found\r\n\r\nhello').then(() => connection.end());
      return undefined;
    });
    expect(await request(`${server.origin}/gzip`, 'GET')).toMatchObject({
      content: 'hello',
      content_encoding: 'gzip',
    });
    expect(await request(`${server.origin}/chunked`, 'GET')).toMatchObject({ content: 'hello', rcode: 200 });
    expect(await request(`${server.origin}/close`, 'GET')).toMatchObject({ content: 'hello', rcode: 404 });
  });

  it('does not follow redirects', async () => {
    const server = await http(() => httpReply(302, 'Found', ['Location: /elsewhere'], ''));
    const result = await request(`${server.origin}/`, 'GET');
    expect(result).toMatchObject({ rcode: 302 });
    expect(result.headers).toContain('Location: /elsewhere\r\n');
    expect(server.requests).toHaveLength(1);
  });

  it('skips interim responses', async () => {
    const server = await http(() =>
      Buffer.concat([
        Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'),
        httpReply(200, 'OK', [], 'a'),
      ]),
    );
    const result = await request(`${server.origin}/`, 'GET');
    expect(result).toMatchObject({ rcode: 200, content: 'a' });
    expect(result.headers).not.toContain('Link');
  });

  it.each([1, 7, 4096])('passes over 100 Continue that nobody asked for, in pieces of %i', async (size) => {
    const server = await http(async (_request, connection) => {
      const reply = Buffer.concat([
        Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n'),
        httpReply(200, 'OK', [], 'HTTP/1.1 100 Continue\r\n\r\n'),
      ]);
      for (let at = 0; at < reply.length; at += size) await connection.send(reply.subarray(at, at + size));
      return Buffer.alloc(0);
    });
    for (let i = 0; i < 2; i++) {
      const result = await request(`${server.origin}/`, 'GET');
      expect(result).toMatchObject({ rcode: 200, content: 'HTTP/1.1 100 Continue\r\n\r\n' });
    }
    expect(server.server.connections).toHaveLength(1);
  });

  it('gives up on one who says nothing else', async () => {
    const server = await http(() => Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'.repeat(20)));
    expect((await request(`${server.origin}/`, 'GET')).error).toBeDefined();
  });

  it.each([
    ['HEAD', 200],
    ['HEAD', 404],
    ['GET', 304],
    ['GET', 204],
  ] as const)(
    '%s %i may announce a content larger than http-max-size: it is not sent',
    async (method, code) => {
      const server = await http(() => `HTTP/1.1 ${code} x\r\nContent-Length: 20000000\r\nX-A: b\r\n\r\n`);
      rig.set('http-max-size', '1000');
      const result = await request(`${server.origin}/big`, method);
      expect(result).toMatchObject({ rcode: code, content: '' });
      expect(result.headers).toContain('Content-Length: 20000000');
    },
  );

  it('undoes an encoding that is told in two lines', async () => {
    const twice = gzipSync(gzipSync('content'));
    const server = await http(() =>
      httpReply(200, 'OK', ['Content-Encoding: gzip', 'Content-Encoding: gzip'], twice),
    );
    expect(await request(`${server.origin}/`, 'GET')).toMatchObject({ rcode: 200, content: 'content' });
  });

  it('keeps the connection for the next request, and asks again when the server had closed it', async () => {
    let answers = 0;
    const server = await http((_request, connection) => {
      answers++;
      if (answers === 3) {
        connection.reset();
        return undefined;
      }
      return httpReply(200, 'OK', [], `answer ${answers}`);
    });
    expect((await request(`${server.origin}/`, 'GET')).content).toBe('answer 1');
    expect((await request(`${server.origin}/`, 'GET')).content).toBe('answer 2');
    expect(server.server.connections).toHaveLength(1);
    expect((await request(`${server.origin}/`, 'GET')).content).toBe('answer 4');
    expect(server.server.connections).toHaveLength(2);
    // What may not be done twice gets a connection of its own.
    expect((await request(`${server.origin}/`, 'POST', 0, 'x')).content).toBe('answer 5');
    expect(server.server.connections).toHaveLength(3);
  });

  it('runs requests to one server side by side, results in the order in which they ended', async () => {
    const waiting = new Map<string, () => void>();
    const server = await http(async ({ head }) => {
      const path = head.split(' ')[1] ?? '';
      await new Promise<void>((resolve) => waiting.set(path, resolve));
      return httpReply(200, 'OK', [], path);
    });
    for (const path of ['/1', '/2', '/3'])
      expect(await rig.call('http.request', `${server.origin}${path}`, 'GET')).toBe(true);
    const outcome = rig.wait();
    while (waiting.size < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(server.server.connections).toHaveLength(3);
    for (const path of ['/3', '/1', '/2']) {
      const before = rig.log.lines.length;
      waiting.get(path)?.();
      while (rig.log.lines.length === before) await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await outcome).http?.entries.map((entry) => entry.content)).toEqual(['/3', '/1', '/2']);
  });

  it.each([
    ['not a url', 'not a URL', 'not a url'],
    ['mailto:x@example.com', '"mailto"', 'example.com'],
    ['http://user:secret@h.example/\r\nEvil: x', 'control characters', 'h.example'],
  ])('gives false for %j', async (url, cause, host) => {
    expect(await rig.call('http.request', url, 'GET')).toBe(false);
    const entry = (await rig.wait()).http?.entries[0];
    expect(entry).toMatchObject({ url, headers: '', content: '', date: 0, service_host: host });
    expect(entry?.error).toContain(cause);
    expect(entry).not.toHaveProperty('rcode');
    expect(JSON.stringify(rig.log.lines)).not.toContain('secret');
  });

  it.each([
    [[], "bad argument #1 to 'service.http.request' (string or table expected, got no value)"],
    [['http://h/', 'GET /'], '"GET /" is no HTTP method'],
    [['http://h/', 'CONNECT'], '"CONNECT" is no HTTP method'],
    [
      ['http://h/', 'GET', true],
      "bad argument #3 to 'service.http.request' (number or string expected, got boolean)",
    ],
  ])('refuses arguments %j', (args, text) => {
    expect(() => rig.start('http.request', ...args)).toThrow(text);
  });
});

describe('where requests may go', () => {
  it('does not connect to reserved addresses, by number or by name', async () => {
    const server = await http(() => httpReply(200, 'OK', [], 'secret'));
    rig = serviceRig({
      names: { 'evil.example': ['127.0.0.1'], 'both.example': ['10.255.255.1', '::1', '::ffff:127.0.0.1'] },
    });
    for (const host of [
      '127.0.0.1',
      'localhost',
      'evil.example',
      '0x7f000001',
      '127.1',
      '[::ffff:127.0.0.1]',
      'both.example',
    ]) {
      expect(await rig.call('http.request', `http://${host}:${server.server.port}/`, 'GET')).toBe(false);
      const entry = (await rig.wait()).http?.entries[0];
      expect(entry?.error).toContain('is a reserved address (option http-allow-reserved)');
    }
    expect(server.server.connections).toHaveLength(0);
    expect(rig.asked).toEqual(['evil.example', 'both.example']);
  });

  it('decides on the address it connects to: another answer of DNS later changes nothing', async () => {
    const server = await http(() => httpReply(200, 'OK', [], 'fine'));
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    const names = {
      get 'rebind.example'() {
        return answers.shift() ?? [];
      },
    };
    rig = serviceRig({ options: LOOPBACK, names });
    expect((await request(`http://rebind.example:${server.server.port}/`, 'GET')).content).toBe('fine');
    expect(rig.asked).toEqual(['rebind.example']);
  });

  it('does not lend a kept connection to who may not have made it', async () => {
    const server = await http(() => httpReply(200, 'OK', [], 'inside'));
    expect((await request(`${server.origin}/`, 'GET')).content).toBe('inside');
    expect(rig.services.http.held.connections).toBe(1);
    rig.set('http-allow-reserved', '');
    expect((await request(`${server.origin}/`, 'GET')).error).toContain('reserved');
    expect(server.requests).toHaveLength(1);
  });

  it('tries the next address of a name', async () => {
    const server = await http(() => httpReply(200, 'OK', [], 'fine'));
    rig = serviceRig({ options: LOOPBACK, names: { 'two.example': ['10.0.0.1', '127.0.0.2', '127.0.0.1'] } });
    expect((await request(`http://two.example:${server.server.port}/`, 'GET')).content).toBe('fine');
    const refused = await request(`http://two.example:${await closedPort()}/`, 'GET');
    expect(refused.error).toBe(
      '10.0.0.1 is a reserved address (option http-allow-reserved); 127.0.0.2: connection refused; 127.0.0.1: connection refused',
    );
  });
});

describe('limits', () => {
  it.each<[string, () => Buffer | string]>([
    ['announced', () => httpReply(200, 'OK', [], Buffer.alloc(1001))],
    [
      'chunked',
      () =>
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'3e8\r\n'}${'x'.repeat(1000)}\r\n1\r\nx\r\n0\r\n\r\n`,
    ],
    ['decoded', () => httpReply(200, 'OK', ['Content-Encoding: gzip'], gzipSync(Buffer.alloc(1001)))],
  ])('content of more than http-max-size, %s', async (_how, reply) => {
    rig.set('http-max-size', '1000');
    const server = await http(reply);
    const result = await request(`${server.origin}/`, 'GET');
    expect(result.error).toContain('the content is larger than option http-max-size (1000 bytes)');
    expect(result).toMatchObject({ content: '', headers: '' });
    expect(result).not.toHaveProperty('rcode');
  });

  it('exactly http-max-size is not too much', async () => {
    rig.set('http-max-size', '1000');
    const server = await http(() => httpReply(200, 'OK', [], Buffer.alloc(1000, 'x')));
    expect((await request(`${server.origin}/`, 'GET')).content).toHaveLength(1000);
  });

  it('a head of more than 64 KiB is an error', async () => {
    const server = await http(() => httpReply(200, 'OK', [`X: ${'x'.repeat(70_000)}`], ''));
    expect((await request(`${server.origin}/`, 'GET')).error).toBe(
      'the head of the response is larger than 64 KiB',
    );
  });

  it('holds no more than http-max-memory until results are fetched', async () => {
    rig.set('http-max-memory', '1');
    const server = await http(() => httpReply(200, 'OK', [], Buffer.alloc(600_000, 'x')));
    for (let i = 0; i < 2; i++) await rig.call('http.request', `${server.origin}/${i}`, 'GET');
    const entries = (await rig.wait()).http?.entries ?? [];
    expect(entries.filter((entry) => entry.rcode === 200)).toHaveLength(1);
    expect(entries.map((entry) => entry.error).filter((error) => error !== undefined)).toEqual([
      'too many HTTP responses are held in memory (option http-max-memory)',
    ]);
    expect(rig.services.http.held.bytes).toBe(0);
    await rig.call('http.request', `${server.origin}/again`, 'GET');
    rig.endOfHook();
    expect(rig.services.http.held.bytes).toBe(0);
  });
});

describe('https', () => {
  let message: MessageSession;
  beforeEach(async () => {
    message = await messageSession('');
  });
  afterEach(() => message.dispose());

  async function secure(): Promise<{ port: number; close(): Promise<void> }> {
    const server = createTlsServer({ cert: testCertificate, key: testKey }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(httpReply(200, 'OK', [], 'over TLS')));
      socket.on('data', () => undefined);
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    return {
      port: typeof bound === 'object' && bound !== null ? bound.port : 0,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    };
  }

  it('verifies the certificate by the authorities of http-ca-file, and the name', async () => {
    const server = await secure();
    const caFile = join(message.directory, 'ca.pem');
    await writeFile(caFile, testAuthority);
    expect((await readFile(caFile)).length).toBeGreaterThan(0);
    const names = { 'mx.example.test': ['127.0.0.1'], 'other.example.test': ['127.0.0.1'] };
    rig = serviceRig({ options: LOOPBACK, names });
    const untrusted = await request(`https://mx.example.test:${server.port}/`, 'GET');
    expect(untrusted.error).toMatch(/^TLS: .*(certificate|issuer)/);
    rig.set('http-ca-file', caFile);
    expect(await rig.call('http.request', `https://mx.example.test:${server.port}/`, 'GET')).toBe(true);
    expect((await rig.wait()).http?.entries[0]).toMatchObject({
      rcode: 200,
      content: 'over TLS',
      service_host: 'mx.example.test',
    });
    expect((await request(`https://127.0.0.1:${server.port}/`, 'GET')).content).toBe('over TLS');
    expect(await rig.call('http.request', `https://other.example.test:${server.port}/`, 'GET')).toBe(false);
    expect((await rig.wait()).http?.entries[0]?.error).toMatch(/^TLS: .*other\.example\.test/);
    // A file that was replaced counts for the next connection; one that is away for a moment changes nothing.
    rig.close();
    rig = serviceRig({ options: { ...LOOPBACK, 'http-ca-file': caFile }, names });
    await writeFile(caFile, 'no certificate');
    expect((await request(`https://127.0.0.1:${server.port}/`, 'GET')).error).toMatch(/^TLS: /);
    await writeFile(caFile, testAuthority);
    expect((await request(`https://127.0.0.1:${server.port}/`, 'GET')).content).toBe('over TLS');
    await rm(caFile);
    expect((await request(`https://mx.example.test:${server.port}/`, 'GET')).content).toBe('over TLS');
    rig.set('http-ca-file', '/nonexistent/ca.pem');
    expect((await request(`https://mx.example.test:${server.port}/`, 'GET')).error).toBe(
      'option http-ca-file "/nonexistent/ca.pem": no such file',
    );
    rig.close();
    await server.close();
  });

  it('does not speak TLS with who does not', async () => {
    const server = await startScripted(
      (connection) => void connection.send('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    const result = await request(`https://${server.host}/`, 'GET');
    expect(result.error).toMatch(/^TLS: /);
    expect(result).not.toHaveProperty('rcode');
    await server.quiet();
    await server.close();
  });
});
