import { describe, expect, it } from 'vitest';
import { syslogModule } from '../../../src/modules/syslog.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { callModule } from '../../fakes/call-module.ts';

describe('syslog', () => {
  it('has the constants of Linux', () => {
    const values = Object.fromEntries(syslogModule.constants.map((it) => [it.name, it.value]));
    expect(values).toEqual({
      ...{
        LOG_EMERG: 0,
        LOG_ALERT: 1,
        LOG_CRIT: 2,
        LOG_ERR: 3,
        LOG_WARNING: 4,
        LOG_NOTICE: 5,
        LOG_INFO: 6,
        LOG_DEBUG: 7,
      },
      ...{
        LOG_KERN: 0,
        LOG_USER: 8,
        LOG_MAIL: 16,
        LOG_DAEMON: 24,
        LOG_AUTH: 32,
        LOG_SYSLOG: 40,
        LOG_LPR: 48,
        LOG_NEWS: 56,
      },
      ...{ LOG_UUCP: 64, LOG_CRON: 72, LOG_AUTHPRIV: 80, LOG_FTP: 88 },
      ...{ LOG_LOCAL0: 128, LOG_LOCAL1: 136, LOG_LOCAL2: 144, LOG_LOCAL3: 152 },
      ...{ LOG_LOCAL4: 160, LOG_LOCAL5: 168, LOG_LOCAL6: 176, LOG_LOCAL7: 184 },
      ...{ LOG_PID: 1, LOG_CONS: 2, LOG_ODELAY: 4, LOG_NDELAY: 8, LOG_NOWAIT: 16, LOG_PERROR: 32 },
    });
  });

  it('has the functions of the API text', () => {
    const names = syslogModule.functions.map((it) => it.name);
    expect(names).toEqual(['open', 'log', 'error', 'info', 'debug', 'close']);
  });

  it('writes at the level asked for; error, info and debug are short for three of them', () => {
    const context = fakeCallContext();
    for (const level of [0, 1, 2, 3, 4, 5, 6, 7])
      callModule(syslogModule, 'log', context, level, `m${level}`);
    callModule(syslogModule, 'log', context, undefined, 'no level');
    callModule(syslogModule, 'error', context, 'e');
    callModule(syslogModule, 'info', context, 42);
    callModule(syslogModule, 'debug', context, 'd');
    expect(context.lines.map((line) => `${line.level} ${line.message}`)).toEqual([
      'emerg m0',
      'alert m1',
      'crit m2',
      'err m3',
      'warning m4',
      'notice m5',
      'info m6',
      'debug m7',
      'debug no level',
      'err e',
      'info 42',
      'debug d',
    ]);
  });

  it('takes a message literally, but for line ends at its end', () => {
    const context = fakeCallContext();
    callModule(syslogModule, 'info', context, 'a %s\nb\xe9\r\n');
    expect(context.lines[0]?.message).toBe('a %s\nb\xe9');
  });

  it('open sets name and facility for this connection only, close undoes it', () => {
    const context = fakeCallContext();
    const other = fakeCallContext();
    callModule(syslogModule, 'open', context, 'policy', 1, 128);
    callModule(syslogModule, 'info', context, 'x');
    callModule(syslogModule, 'log', context, 16 + 3, 'facility of its own');
    callModule(syslogModule, 'info', other, 'x');
    callModule(syslogModule, 'open', context, 'policy');
    callModule(syslogModule, 'info', context, 'x');
    callModule(syslogModule, 'close', context);
    callModule(syslogModule, 'info', context, 'x');
    expect(context.lines.map((line) => [line.level, line.fields])).toEqual([
      ['info', { ident: 'policy', facility: 'local0' }],
      ['err', { ident: 'policy', facility: 'mail' }],
      ['info', { ident: 'policy', facility: 'user' }],
      ['info', { ident: undefined, facility: undefined }],
    ]);
    expect(other.lines[0]?.fields).toEqual({ ident: undefined, facility: undefined });
  });

  it('refuses what is no level, no facility or no text', () => {
    const context = fakeCallContext();
    expect(() => callModule(syslogModule, 'log', context, -1, 'x')).toThrow(/-1 is no level/);
    expect(() => callModule(syslogModule, 'log', context, 4711, 'x')).toThrow(/4711 is no level/);
    expect(() => callModule(syslogModule, 'log', context, 3)).toThrow(/bad argument #2 to 'syslog.log'/);
    expect(() => callModule(syslogModule, 'open', context, 'x', 1, 7)).toThrow(/7 is no facility/);
    expect(() => callModule(syslogModule, 'open', context)).toThrow(/bad argument #1 to 'syslog.open'/);
    expect(context.lines).toEqual([]);
  });
});
