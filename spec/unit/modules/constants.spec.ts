// Every constant of the original, read in a running engine with all modules; those of the API text that it lacked are there too.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LuaValue } from '../../../src/lua-api/value.ts';
import { allModules } from '../../fakes/all-modules.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';
import { expectedResults, plainResults, readVectors } from '../../fakes/vectors.ts';
import { differences } from './differences.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start({ modules: allModules() });
});
afterAll(() => engine.engine.close());

const read = async (name: string) =>
  plainResults((await engine.eval(`return ${name}`)) as readonly LuaValue[]);
const different = new Map(
  differences.filter((each) => each.fn === 'constant').map((each) => [each.args[0], each.ours]),
);

describe('constants of the original', () => {
  it.each(readVectors('constants').map((vector) => [String(vector.args[0]), vector] as const))(
    '%s',
    async (name, vector) => {
      const ours = different.get(name);
      const theirs = expectedResults(vector.returns ?? []);
      expect(await read(name)).toEqual(ours !== undefined && 'returns' in ours ? ours.returns : theirs);
      if (ours !== undefined) expect(await read(name)).not.toEqual(theirs);
    },
  );

  it('has no difference without a case', () => {
    const names = readVectors('constants').map((vector) => vector.args[0]);
    expect([...different.keys()].filter((name) => name === undefined || !names.includes(name))).toEqual([]);
  });
});

describe('constants of the API text', () => {
  const byTable = {
    'dns.class': 'IN CS CH HS',
    'dns.type': 'A AAAA CNAME DNAME MX NS PTR SOA TXT',
    'dns.rcode': 'OK NOERROR FORMAT SERVFAIL NXDOMAIN NOT_IMPLEMENTED REFUSED ERRNO TIMEOUT',
    'net.is_ip':
      'BENCHMARK LINK_LOCAL LOCALHOST LOOPBACK MULTICAST PRIVATE_A PRIVATE_B PRIVATE_C RESERVED SITE_LOCAL TEST_NET THIS_HOST THIS_NET ' +
      'V4_COMPATIBLE V4_MAPPED V6 V4 ANY TEST LOCAL LAN RESTICTED',
    'service.http.code':
      'CONTINUE DROP OK CREATED ACCEPTED NON_AUTH_INFO NO_CONTENT RESET_CONTENT PARTIAL_CONTENT MULTIPLE_CHOICES MOVED_PERMANENTLY FOUND ' +
      'SEE_OTHER NOT_MODIFIED USE_PROXY TEMPORARY_REDIRECT BAD_REQUEST UNAUTHORIZED PAYMENT_REQUIRED FORBIDDEN NOT_FOUND METHOD_NOT_ALLOWED ' +
      'NOT_ACCEPTABLE PROXY_AUTH_REQUIRED REQUEST_TIMEOUT CONFLICT GONE LENGTH_REQUIRED PRECOND_FAILED REQUEST_TOO_LARGE URI_TOO_LONG ' +
      'UNSUPPORTED_MEDIA RANGE_NOT_POSSIBLE EXPECTATION_FAILED INTERNAL NOT_IMPLEMENTED BAD_GATEWAY SERVICE_UNAVAILABLE GATEWAY_TIMEOUT ' +
      'VERSION_NOT_SUPPORTED',
    'smtp.code':
      'STATUS HELP WELCOME GOODBYE AUTH_OK OK USER_NOT_LOCAL WAITING CLOSING AUTH_MECHANISM BUSY TRY_AGAIN_LATER NO_STORAGE AUTH_TEMP ' +
      'BAD_SYNTAX BAD_ARGUMENTS UNKNOWN_COMMAND BAD_SEQUENCE UNKNOWN_PARAM AUTH_REQUIRED AUTH_WEAK AUTH_FAIL AUTH_ENCRYPT REJECT UNKNOWN_USER ' +
      'OVER_QUOTA BAD_ADDRESS TRANSACTION_FAILED ERROR ERROR_CONNECT ERROR_TIMEOUT ERROR_EOF ERROR_IO',
    syslog:
      'LOG_PID LOG_CONS LOG_ODELAY LOG_NDELAY LOG_NOWAIT LOG_PERROR LOG_KERN LOG_USER LOG_MAIL LOG_DAEMON LOG_AUTH LOG_SYSLOG LOG_LPR LOG_NEWS ' +
      'LOG_UUCP LOG_CRON LOG_AUTHPRIV LOG_FTP LOG_LOCAL0 LOG_LOCAL1 LOG_LOCAL2 LOG_LOCAL3 LOG_LOCAL4 LOG_LOCAL5 LOG_LOCAL6 LOG_LOCAL7 LOG_EMERG ' +
      'LOG_ALERT LOG_CRIT LOG_ERR LOG_WARNING LOG_NOTICE LOG_INFO LOG_DEBUG',
  };
  const numbers = Object.entries(byTable).flatMap(([table, names]) =>
    names.split(' ').map((name) => `${table}.${name}`),
  );
  it.each(numbers)('%s is an integer', async (name) => {
    const [value] = await read(name);
    expect(Number.isInteger(value)).toBe(true);
  });

  it.each(['bin_version', 'api_version', 'copyright', 'host'])('smtpe.%s is a text', async (name) => {
    const [value] = await read(`smtpe.${name}`);
    expect(value).toMatch(/./);
  });

  it.each(['smtp.code', 'service.http.code'])('%s names its numbers', async (table) => {
    expect(
      await read(
        `(function() local n = 0 for k, v in pairs(${table}) do if type(v) == 'number' then n = n + 1 assert(${table}[${table}[v]] == v, k) end end return n > 30 end)()`,
      ),
    ).toEqual([true]);
  });
});

describe('functions of the API text', () => {
  const names =
    'client.write dns.open dns.close dns.reset dns.query dns.isequal dns.ispending dns.wait dns.classname dns.typename dns.rcodename header.add ' +
    'header.insert header.delete header.modify header.find md5.new net.contains_ip net.has_valid_tld net.has_valid_nth_tld net.index_valid_tld ' +
    'net.index_valid_nth_tld net.reverse_ip net.is_ipv4_in_name net.find_ip net.format_ip net.is_ip_reserved service.clamd service.client.write ' +
    'service.spamd service.http.request service.wait service.reset smtp.sendfile smtp.sendstring smtpe.getoption smtpe.setoption syslog.open ' +
    'syslog.log syslog.error syslog.info syslog.debug syslog.close text.find text.natcmp text.split uri.parse uri.encode uri.decode util.cpucount ' +
    'util.getloadavg util.mkpath util.date_to_time';
  it.each(names.split(' '))('%s', async (name) => {
    expect(await read(`type(${name})`)).toEqual(['function']);
  });

  it.each('append done use_ixhash1 use_ixhash2 use_ixhash3 ixhash1 ixhash2 ixhash3'.split(' '))(
    'md5_obj:%s',
    async (name) => {
      expect(await read(`type(md5.new().${name})`)).toEqual(['function']);
    },
  );

  it.each(['mime.parts', 'uri.found'])('%s is a table', async (name) => {
    expect(await read(`type(${name})`)).toEqual(['table']);
  });
});
