// The Lua API: the one list of its modules, in the order of the API text. The engine registers it, the reference pages and editor stubs
// are made from it, and policies are checked against it.
import type { Resolver } from '../dns/resolver-api.ts';
import type { Mailer } from '../forward/delivery.ts';
import type { ModuleSpec } from '../lua/function-spec.ts';
import type { SpoolDirectory } from '../message/stored-message.ts';
import type { Services } from '../service/services.ts';
import { clientModule } from './client.ts';
import { createDnsModule } from './dns.ts';
import { headerModule } from './header.ts';
import { md5Module } from './md5.ts';
import { mimeModule } from './mime.ts';
import { netModule } from './net.ts';
import { createServiceModule } from './service.ts';
import { createSmtpModule } from './smtp.ts';
import { smtpeModule } from './smtpe.ts';
import { syslogModule } from './syslog.ts';
import { textModule } from './text.ts';
import { uriModule } from './uri.ts';
import { utilModule } from './util.ts';

/** What the modules that talk to others do it with. */
export interface ModuleParts {
  /** Our own name, for smtpe.host. */
  readonly hostName: string;
  readonly resolver: Resolver;
  readonly mailer: Mailer;
  readonly services: Services;
  readonly spool: SpoolDirectory;
  /** Ids of HTTP requests. */
  readonly nextId: () => string;
}

export function createModules(parts: ModuleParts): readonly ModuleSpec[] {
  const { hostName, resolver, mailer, services, spool, nextId } = parts;
  return [
    clientModule,
    createDnsModule(resolver),
    headerModule,
    md5Module,
    mimeModule,
    netModule,
    createServiceModule({ services, spool, nextId }),
    createSmtpModule({ mailer, spool }),
    smtpeModule(hostName),
    syslogModule,
    textModule,
    uriModule,
    utilModule,
  ];
}
