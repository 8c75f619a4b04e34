// Haraka with its plugins for a job: configured as `haraka -i` makes it, but for what is said here.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './process.ts';
import { answers, certificate, freePort, install, key, listens, type ServerKind, work } from './servers.ts';

export interface Haraka {
  /** With its log as `haraka -i` has it (level info), in a file; else errors only. */
  readonly log?: boolean;
  /** Plugin tls. */
  readonly tls?: boolean;
  /** Plugins spf and dkim, which ask the name server on this port. */
  readonly checks?: number;
}

const ok = 'next(OK);';

export function haraka({ log = false, tls = false, checks }: Haraka = {}): ServerKind {
  return {
    name: 'Haraka 3.3.4',
    async start({ cpus, node, sink }) {
      const wanted = {
        dependencies: { Haraka: '3.3.4', 'haraka-plugin-spf': '1.3.0', 'haraka-plugin-dkim': '1.3.1' },
        // Newer ones need packages that not every registry mirror has.
        overrides: { libmime: '5.4.6' },
      };
      const program = join(install('haraka', wanted), 'node_modules/Haraka/bin/haraka');
      const port = await freePort();
      const site = join(work, `haraka-site-${port}`);
      rmSync(site, { recursive: true, force: true });
      execFileSync('node', [program, '-i', site], { stdio: 'ignore' });
      const config = (file: string, text: string): void => writeFileSync(join(site, 'config', file), text);
      const plugin = (file: string, text: string): void => writeFileSync(join(site, 'plugins', file), text);
      mkdirSync(join(site, 'plugins'), { recursive: true });
      config('smtp.ini', `listen=127.0.0.1:${port}\nnodes=0\n`);
      if (!log) config('loglevel', 'ERROR\n');
      if (sink !== undefined)
        config('smtp_forward.ini', `host=127.0.0.1\nport=${sink}\nenable_outbound=false\n`);
      if (tls) {
        copyFileSync(certificate, join(site, 'config/tls_cert.pem'));
        copyFileSync(key, join(site, 'config/tls_key.pem'));
      }
      // Its spf asks nothing for clients of private networks; its resolver is that of the process.
      plugin(
        'bench_dns.js',
        `exports.register = () => require('node:dns').setServers(['127.0.0.1:${checks ?? 53}']);
exports.hook_connect = (next, connection) => { connection.remote.is_private = false; next(); };\n`,
      );
      // A benchmark of checks that find nothing would be none.
      plugin(
        'bench_passed.js',
        `exports.hook_data_post = (next, connection) => {
  const { results } = connection.transaction;
  const [spf, dkim] = [results.get('spf'), results.get('dkim')];
  return spf?.result === 'Pass' && dkim?.pass?.length > 0 ? next() : next(DENY, 'spf ' + spf?.result + ', dkim ' + dkim?.result);
};\n`,
      );
      plugin(
        'bench_ok.js',
        `exports.hook_rcpt = (next) => { ${ok} };\nexports.hook_queue = (next) => { ${ok} };\n`,
      );
      plugin('bench_rcpt.js', `exports.hook_rcpt = (next) => { ${ok} };\n`);
      const plugins = [
        ...(tls ? ['tls'] : []),
        ...(checks === undefined ? [] : ['bench_dns', 'spf', 'dkim', 'bench_passed']),
        ...(sink === undefined ? ['bench_ok'] : ['bench_rcpt', 'queue/smtp_forward']),
      ];
      config('plugins', `${plugins.join('\n')}\n`);
      const running = launch(
        cpus,
        [node, program, '-c', site],
        site,
        log ? join(site, 'haraka.log') : undefined,
      );
      await answers(port);
      const stop = async (): Promise<void> => {
        await running.stop();
        rmSync(site, { recursive: true, force: true });
      };
      return listens({ ...running, stop }, port);
    },
  };
}
