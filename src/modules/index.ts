// The Lua API: the one list of its modules, in the order of doc/reference/README.md. The engine registers it, the reference pages and editor stubs
// are made from it, and policies are checked against it.

import type { Clock, RandomInteger } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Mailer } from '../delivery/port/delivery.ts';
import type { Resolver } from '../dns/resolver-api.ts';
import type { ModuleSpec } from '../lua-api/module-spec.ts';
import type { MailWatch } from '../mailbox/mail-watch.ts';
import type { Maildir } from '../mailbox/maildir.ts';
import type { MailUsers } from '../mailbox/port/mail-user.ts';
import type { SpoolDirectory } from '../message/stored-message.ts';
import type { PolicyMetrics } from '../observe/metric/policy-metrics.ts';
import type { Services } from '../service/services.ts';
import type { Stores } from '../store/stores.ts';
import { clientModule } from './client.ts';
import { createDnsModule } from './dns/dns.ts';
import { headerModule } from './header.ts';
import { createArcModule } from './mail-auth/arc.ts';
import { createAuthModule } from './mail-auth/auth.ts';
import { createDkimModule } from './mail-auth/dkim.ts';
import { createDmarcModule } from './mail-auth/dmarc.ts';
import { KeyFiles } from './mail-auth/key-files.ts';
import { createSpfModule } from './mail-auth/spf.ts';
import { SpfChecks } from './mail-auth/spf-checks.ts';
import { Verifiers } from './mail-auth/verifiers.ts';
import { createMapModule } from './map/map.ts';
import { MapFiles } from './map/map-files.ts';
import { md5Module } from './md5.ts';
import { createMetricModule } from './metric.ts';
import { createMimeModule } from './mime/mime.ts';
import { netModule } from './net.ts';
import { createServiceModule } from './service/service.ts';
import { createSmtpModule } from './smtp.ts';
import { smtpeModule } from './smtpe.ts';
import { createStorageModule } from './storage/storage.ts';
import { createStoreModule } from './store/store.ts';
import { syslogModule } from './syslog.ts';
import { textModule } from './text.ts';
import { uriModule } from './uri.ts';
import { createUtilModule } from './util/util.ts';

/** What the modules that talk to others do it with. */
export interface ModuleParts {
  readonly clock: Clock;
  readonly random: RandomInteger;
  /** Of the process, for what no connection is to blame for. */
  readonly log: Log;
  /** Our own name, for smtpe.host. */
  readonly hostName: string;
  readonly resolver: Resolver;
  readonly mailer: Mailer;
  readonly services: Services;
  readonly stores: Stores;
  readonly mailUsers: MailUsers;
  readonly maildir: Maildir;
  /** Who is told of what policies do to mail. */
  readonly watch?: MailWatch | undefined;
  readonly spool: SpoolDirectory;
  /** As Disk has it (ops/system). */
  readonly placeOf?: ((path: string) => string) | undefined;
  /** What policies count. */
  readonly metrics: PolicyMetrics;
  /** Ids of HTTP requests. */
  readonly nextId: () => string;
}

export function createModules(parts: ModuleParts): readonly ModuleSpec[] {
  const { clock, random, log, hostName, resolver, mailer, metrics, services, stores, spool, nextId } = parts;
  const { placeOf } = parts;
  const verifiers = new Verifiers(clock, resolver);
  const keys = new KeyFiles(clock, placeOf);
  const checks = new SpfChecks({ clock, resolver, hostName });
  return [
    createArcModule({ clock, hostName, keys, verifiers }),
    createAuthModule(hostName),
    clientModule,
    createDkimModule(verifiers, clock, keys),
    createDmarcModule({ clock, resolver, checks, verifiers }),
    createDnsModule(resolver, clock),
    headerModule,
    createMapModule(new MapFiles(clock, log, placeOf)),
    md5Module,
    createMetricModule(metrics),
    createMimeModule(),
    netModule,
    createServiceModule({ clock, services, spool, nextId }),
    createSmtpModule({ mailer, spool }),
    smtpeModule(hostName),
    createSpfModule(checks),
    createStorageModule({ users: parts.mailUsers, maildir: parts.maildir, watch: parts.watch, spool }),
    createStoreModule(stores, clock),
    syslogModule,
    textModule,
    uriModule,
    createUtilModule({ clock, random }),
  ];
}
