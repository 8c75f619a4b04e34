// service.http.request against web servers that are not ours: node's own http and https, and openssl s_server.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, get as getTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testAuthority, testCertificate, testKey } from '../fakes/certificates.ts';
import { Program } from '../fakes/program.ts';
import { type Rig, serviceRig } from '../fakes/service-rig.ts';
import { describeWith } from './needs.ts';
import { freePort } from './scanners.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const large = Buffer.concat(Array.from({ length: 20_000 }, () => everyByte));

const serve: RequestListener = (request, response) => {
  const url = new URL(request.url ?? '/', 'http://x');
  switch (url.pathname) {
    case '/large':
      response.end(large);
      return;
    case '/chunked':
      response.write(everyByte);
      setImmediate(() => response.end(everyByte));
      return;
    case '/gzip':
      response.setHeader('Content-Encoding', 'gzip').end(gzipSync(everyByte));
      return;
    case '/br':
      response.setHeader('Content-Encoding', 'br').end(brotliCompressSync(everyByte));
      return;
    case '/moved':
      response.writeHead(301, { Location: '/large' }).end();
      return;
    case '/since': {
      const fresh = Date.parse(request.headers['if-modified-since'] ?? '') >= 784_111_777_000;
      response.setHeader('Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT').writeHead(fresh ? 304 : 200);
      response.end(fresh ? undefined : 'content');
      return;
    }
    case '/echo': {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const body = Buffer.concat(pieces);
        response.setHeader('X-Length', request.headers['content-length'] ?? 'none');
        response.setHeader('X-Query', url.search).end(body);
      });
      return;
    }
    case '/never':
      return;
    default:
      response.writeHead(404).end('no');
  }
};

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

let directory: string;
let caFile: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-http-'));
  caFile = join(directory, 'ca.pem');
  await writeFile(caFile, testAuthority);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(['http', 'https'])("node's own %s server", (scheme) => {
  let server: Server;
  let port: number;
  let rig: Rig;

  beforeAll(async () => {
    server =
      scheme === 'http'
        ? createServer(serve)
        : createTlsServer({ cert: testCertificate, key: testKey }, serve);
    port = await listen(server);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    rig = serviceRig({
      names: { 'mx.example.test': ['127.0.0.1'] },
      options: { 'http-allow-reserved': '127.0.0.1', 'http-ca-file': caFile },
    });
  });
  afterEach(() => {
    rig.close();
    expect(rig.services.http.held).toEqual({ connections: 0, bytes: 0 });
  });

  async function request(path: string, ...args: readonly (string | number | Buffer | undefined)[]) {
    expect(await rig.call('http.request', `${scheme}://mx.example.test:${port}${path}`, ...args)).toBe(true);
    return (await rig.wait()).http?.entries[0];
  }

  it('large, chunked and encoded content, byte for byte', async () => {
    expect(await request('/large', 'GET')).toMatchObject({ rcode: 200, content: large.toString('latin1') });
    expect((await request('/chunked', 'GET'))?.content).toBe(everyByte.toString('latin1').repeat(2));
    for (const encoding of ['gzip', 'br']) {
      expect(await request(`/${encoding}`, 'GET')).toMatchObject({
        content: everyByte.toString('latin1'),
        content_encoding: encoding,
      });
    }
    expect(await request('/none', 'GET')).toMatchObject({ rcode: 404, content: 'no' });
    expect(await request('/large')).toMatchObject({ rcode: 200, content: '' });
  });

  it('posts 5 MB with its length, and the query', async () => {
    const entry = await request('/echo?a=1&b=2', 'POST', undefined, large);
    expect(entry?.content).toBe(large.toString('latin1'));
    expect(entry?.headers).toContain(`X-Length: ${large.length}\r\nX-Query: ?a=1&b=2\r\n`);
  });

  it('asks conditionally, and does not follow redirects', async () => {
    expect(await request('/since', 'GET', 784_111_777)).toMatchObject({
      rcode: 304,
      last_modified: 784_111_777,
    });
    expect(await request('/since', 'GET', 784_111_776)).toMatchObject({ rcode: 200, content: 'content' });
    expect(await request('/moved', 'GET')).toMatchObject({ rcode: 301, content: '' });
  });

  it('fifty requests at once, then again over kept connections', async () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 50; i++)
        await rig.call('http.request', `${scheme}://mx.example.test:${port}/chunked?${i}`, 'GET');
      const entries = (await rig.wait()).http?.entries ?? [];
      expect(entries.filter((entry) => entry.rcode === 200)).toHaveLength(50);
    }
    expect(rig.services.http.held.connections).toBeGreaterThan(0);
    expect(rig.services.http.held.connections).toBeLessThanOrEqual(4);
  });

  it('gives up after http-timeout', async () => {
    rig.set('http-timeout', '1');
    expect((await request('/never', 'GET'))?.error).toBe('no complete response within 1 s');
  });

  it("has the content that node's own client has", async () => {
    for (const path of ['/large', '/chunked']) {
      const theirs = await new Promise<Buffer>((resolve) => {
        const fetchIt = scheme === 'http' ? get : getTls;
        fetchIt({ host: '127.0.0.1', port, path, ca: testAuthority }, (response: IncomingMessage) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('end', () => resolve(Buffer.concat(pieces)));
        });
      });
      const ours = Buffer.from(String((await request(path, 'GET'))?.content), 'latin1');
      expect(createHash('sha256').update(ours).digest('hex')).toBe(
        createHash('sha256').update(theirs).digest('hex'),
      );
    }
  });
});

describeWith(['openssl'], 'openssl s_server', () => {
  it.each(['-tls1_2', '-tls1_3'])('%s: a file, and a certificate that is not for us', async (version) => {
    await writeFile(join(directory, 'cert.pem'), testCertificate);
    await writeFile(join(directory, 'key.pem'), testKey);
    await writeFile(join(directory, 'file'), large.subarray(0, 1_000_000));
    const port = await freePort();
    const program = new Program(
      'openssl',
      ['s_server', '-accept', `127.0.0.1:${port}`, '-cert', 'cert.pem', '-key', 'key.pem', '-WWW', version],
      { cwd: directory },
    );
    await program.wrote(/ACCEPT/);
    const rig = serviceRig({
      names: { 'mx.example.test': ['127.0.0.1'], 'other.example.test': ['127.0.0.1'] },
      options: { 'http-allow-reserved': '127.0.0.0/8', 'http-ca-file': caFile },
    });
    try {
      await rig.call('http.request', `https://mx.example.test:${port}/file`, 'GET');
      const entry = (await rig.wait()).http?.entries[0];
      expect(entry).toMatchObject({ rcode: 200 });
      expect(entry?.content).toBe(large.toString('latin1', 0, 1_000_000));
      expect(await rig.call('http.request', `https://other.example.test:${port}/file`, 'GET')).toBe(false);
      expect((await rig.wait()).http?.entries[0]?.error).toMatch(/^TLS: .*other\.example\.test/);
    } finally {
      rig.close();
      await program.stop();
    }
  });
});
