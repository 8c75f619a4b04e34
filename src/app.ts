// Puts the parts of one process together over its ports: resolver, mail senders, services, Lua engine with its modules, policy, SMTP server.
// Nothing is global; the verbs (cli/), the bench and the tests use the same assembly, each with the ports that it replaces.
import { networkInterfaces } from 'node:os';
import { AccountsLogIn } from './accounts/log-in.ts';
import { AccountsPlace } from './accounts/place.ts';
import { systemClock, systemRandom } from './base/clock.ts';
import type { Log } from './base/log.ts';
import { AuthScripts } from './compat/dovecot/auth-scripts.ts';
import { dovecotDescription } from './compat/dovecot/description.ts';
import { Dicts } from './compat/dovecot/dict/dicts.ts';
import { createDovecotEngine } from './compat/dovecot/engine.ts';
import { createMailEngine } from './compat/dovecot/push/engine.ts';
import { PushScripts } from './compat/dovecot/push/push-scripts.ts';
import { createRumbleEngine } from './compat/rumble/engine.ts';
import { LoadScripts } from './compat/rumble/load-scripts.ts';
import { MailService } from './compat/rumble/mail-service.ts';
import type { MailmanParts } from './compat/rumble/mailman-call.ts';
import { ProcessServices } from './compat/rumble/process-services.ts';
import type { ServerView } from './compat/rumble/server-view.ts';
import { ServiceCounts } from './compat/rumble/service-counts.ts';
import { countSmtp, SmtpService } from './compat/rumble/smtp-service.ts';
import { rumbleTables } from './compat/rumble/tables.ts';
import type { Copies } from './delivery/delivered-memory.ts';
import { NextHopOffers } from './delivery/port/next-hop-offers.ts';
import { RelayedReports } from './delivery/relayed-reports.ts';
import { createSmartHost, type SmartHost } from './delivery/smart-host.ts';
import { openResolver } from './dns/resolver.ts';
import { libLuaDirectory } from './installed.ts';
import { FolderSite } from './mailbox/folder.ts';
import { HeadThread } from './mailbox/head-thread.ts';
import { createMaildir } from './mailbox/maildir.ts';
import { createMailUsers } from './mailbox/maildir-user.ts';
import { ofThisProcess } from './mailbox/parts.ts';
import { mimeLimits } from './message/mime/limits.ts';
import { observerTable } from './message/observer-table.ts';
import { MessageObservers } from './message/observers.ts';
import { SpoolStore } from './message/spool.ts';
import type { ConnectionCounters } from './net/connection-counters.ts';
import type { Descriptors } from './net/descriptors.ts';
import type { Gate } from './net/gate.ts';
import { HostHealth } from './net/host-health.ts';
import type { InboundTls } from './net/inbound-tls.ts';
import type { Endpoint } from './net/listener.ts';
import { isOurOwn } from './net/own-endpoint.ts';
import { type Counters, countEvents, newCounters } from './observe/counters.ts';
import { PolicyMetrics } from './observe/metric/policy-metrics.ts';
import type { Heartbeat } from './ops/heartbeat.ts';
import { ownHostName } from './ops/host-name.ts';
import type { RecentLines } from './ops/recent-log.ts';
import { realSystem } from './ops/system.ts';
import type { Options } from './options/options.ts';
import type { CurrentPolicy, PolicyPlace } from './policy/current-policy.ts';
import type { Ports } from './ports.ts';
import {
  createScriptEngine,
  type EngineExtras,
  type EngineParts,
  type ScriptEngine,
} from './script-engine.ts';
import { DovecotAuth } from './service/dovecot/auth-source.ts';
import { createServices } from './service/services.ts';
import { createSmtpClient } from './smtp/client/smtp-client.ts';
import { ehloLines } from './smtp/protocol/extension-table.ts';
import { createServer, type SmtpServer } from './smtp/server/server.ts';
import type { ServerDeps } from './smtp/server/server-deps.ts';
import { SessionIds } from './smtp/server/session-id.ts';
import { type MemoryPlace, ownMemory } from './store/embedded/memory-place.ts';
import { OpenStores } from './store/stores.ts';
import { parseUri } from './uri/parse-uri.ts';

export interface AppSettings {
  /** The options of the process. */
  readonly options: Options;
  readonly log: Log;
  /** The Lua engine cannot go on: the process must be replaced. Called once. */
  readonly onBroken: (reason: string) => void;
  /** What is left of the descriptors of the process; undefined: nobody looks. */
  readonly descriptors?: Descriptors;
  /** Where Lua says what it is running, for the watchdog; none without a watchdog. */
  readonly heartbeat?: Heartbeat;
  /** Where stores in memory lie; undefined: a place of this process alone. */
  readonly memory?: MemoryPlace;
  readonly extras?: EngineExtras;
  /** Runs policies in the engine of another app, over whose ports that goes on to work; that app is closed later than this one. */
  readonly within?: Pick<App, 'engine' | 'modules' | 'spools'>;
  /** The last lines of its log, where they are kept. */
  readonly recent?: RecentLines | undefined;
  /** Tells the other processes of the service who has a message; undefined: there are none. */
  readonly tellCopies?: ((copies: Copies) => void) | undefined;
}

/** The files of a policy in their order, as option script names them. */
export interface ScriptPaths {
  readonly path: string;
  readonly more: readonly string[];
}

/** Everything but the policy and the server, which need it. */
export interface App extends ScriptEngine {
  readonly options: Options;
  readonly hostName: string;
  readonly ports: Ports;
  /** Dovecot's scripts, which are a source of log-ins and recipients once they are started. */
  readonly authScripts: AuthScripts;
  /** Dovecot's scripts for mail and push notification, told of mailboxes once they are started. */
  readonly pushScripts: PushScripts;
  /** The services of this process, as scripts for Rumble switch them. */
  readonly scriptServices: ProcessServices;
  /** Scripts that were written for Rumble. */
  readonly loadScripts: LoadScripts;
  readonly smartHost: SmartHost;
  readonly spools: SpoolStore;
  readonly counters: Counters;
  /** What the policy has declared and counted. */
  readonly policyMetrics: PolicyMetrics;
  /** Connections kept to next hops; 0 when somebody stands in for the mailer. */
  readonly idleConnections: number;
  /** Connections to next hops that are at work or being made; 0 likewise. */
  readonly busyConnections: number;
  /** Answers of name servers that are kept. */
  readonly dnsEntries: number;
  /**
   * One more engine, over other ports where some are given: for what must not reach what the first one does. Whoever asked for it closes
   * it, and is told when it cannot go on.
   */
  createEngine(others: Partial<Ports>, onBroken: (reason: string) => void): Promise<ScriptEngine>;
  /** Where a policy is loaded into: the engine of the app, or another. */
  place(path: string | ScriptPaths, into?: ScriptEngine): PolicyPlace;
  /** `tls`: with clients; without it there is none. `gate`: whether connections are taken; without it they are. */
  server(policy: Pick<CurrentPolicy, 'policy'>, limits: ConnectionCounters, more?: ServerParts): SmtpServer;
  /** Gives up all connections, sockets and memory, and closes what it was given as well. The server must be closed before. */
  close(): void;
}

/** What a server may have besides. */
export interface ServerParts {
  readonly tls?: InboundTls | undefined;
  readonly gate?: Gate | undefined;
  /** Who forwards instead of the app's own. */
  readonly smartHost?: SmartHost | undefined;
}

/** What a server is made of, with messages looked into as policies expect it. */
export function serverDeps(parts: Omit<ServerDeps, 'newObservers'>): ServerDeps {
  return {
    ...parts,
    newObservers: (log) =>
      new MessageObservers(observerTable, { limits: mimeLimits(parts.options.values), parseUri, log }),
  };
}

/**
 * Reads resolv.conf, finds our name, starts Lua. Ports that are not given are the real ones. Rejects when Lua cannot be started, which is
 * a broken installation.
 */
export async function createApp(settings: AppSettings, given: Partial<Ports> = {}): Promise<App> {
  const { options, log, heartbeat, descriptors, extras, within } = settings;
  const { clock = systemClock, random = systemRandom, system = realSystem } = given;
  const hostName = await ownHostName(options.values['host-name'], clock);
  const resolver = given.resolver ?? (await openResolver({ options, log, clock, random }));
  const health = new HostHealth(clock);
  const offers = new NextHopOffers();
  const smtpClient = createSmtpClient({
    options,
    resolver,
    dns: resolver,
    health,
    offers,
    clock,
    log,
    helo: hostName,
    newSocket: given.newSocket,
  });
  const authScripts: AuthScripts = new AuthScripts({
    ...{ clock, log, libLuaDirectory },
    createEngine: (passwords, its) =>
      createDovecotEngine({
        ...{ clock, random, log, hostName, libLuaDirectory, resolver, system, passwords },
        ...{ services: ports.services, dicts: ports.dicts, options: its, onBroken: settings.onBroken },
        ...(heartbeat && { heartbeat }),
      }),
  });
  const pushScripts: PushScripts = new PushScripts({
    ...{ clock, log, libLuaDirectory },
    users: (identity, parts) => ports.mailUsers.user(identity, parts),
    createEngine: (its) =>
      createMailEngine({
        ...{
          clock,
          random,
          log,
          hostName,
          libLuaDirectory,
          resolver,
          system,
          passwords: authScripts.passwords,
        },
        ...{ services: ports.services, dicts: ports.dicts, options: its, onBroken: settings.onBroken },
        ...(heartbeat && { heartbeat }),
      }),
  });
  const serviceIds = new SessionIds(clock, random);
  const began = clock.monotonic();
  const mailService = new MailService(clock);
  const smtpCounts = new ServiceCounts(clock);
  let smtpService: SmtpService | undefined;
  const scriptServices: ProcessServices = new ProcessServices((name) => {
    if (name === 'smtp') return smtpService;
    return name === 'mailman' ? mailService : loadScripts.door(name);
  });
  const serverView: ServerView = {
    services: scriptServices,
    uptime: () => (clock.monotonic() - began) / 1000,
    hostName,
    smtpPort: () => smtpService?.places[0]?.endpoints[0]?.port,
    scripts: () => loadScripts.paths,
    recentLines: () => settings.recent?.newest ?? [],
  };
  const loadScripts: LoadScripts = new LoadScripts({
    ...{ clock, log, libLuaDirectory, nextId: () => serviceIds.next() },
    createEngine: (its) =>
      createRumbleEngine({
        ...{ clock, random, log, hostName, libLuaDirectory, resolver, system },
        ...{
          services: ports.services,
          mailman,
          tables: rumbleTables({ ...ports, mailman, server: serverView }),
          options: its,
        },
        onBroken: settings.onBroken,
        ...(heartbeat && { heartbeat }),
      }),
  });
  const heads = new HeadThread({ clock });
  const mailboxParts = { ...ofThisProcess(), heads, clock, random, hostName };
  const site = new FolderSite(mailboxParts);
  const ownMaildir = given.maildir ?? createMaildir(mailboxParts, site);
  const mailUsers = given.mailUsers ?? createMailUsers(mailboxParts, site);
  const accounts =
    given.accounts ??
    new AccountsPlace({
      ...{ options, maildir: ownMaildir, mailUsers, files: mailboxParts.files, heads, clock, log },
    });
  const ports: Ports = {
    ...{ clock, random, system, resolver },
    mailer: given.mailer ?? smtpClient,
    maildir: ownMaildir,
    mailUsers,
    accounts,
    services: given.services ?? createServices({ clock, resolver, health }),
    stores:
      given.stores ??
      new OpenStores({ options, clock, random, log, resolver, memory: settings.memory ?? ownMemory(random) }),
    dicts: given.dicts ?? new Dicts({ options, clock, random, log, resolver }),
    authSources: given.authSources ?? [
      authScripts,
      new AccountsLogIn(accounts),
      new DovecotAuth({ clock, random }),
    ],
  };
  const mailman: MailmanParts = {
    ...{ accounts, clock, nextId: () => serviceIds.next(), mail: mailService },
    forward: (delivery, signal) => smartHost.forward(delivery, signal),
  };
  const { authSources, mailer, maildir, services, stores } = ports;
  let listening = (): readonly Endpoint[] => [];
  const smartHost = createSmartHost({
    ...{
      options,
      mailer,
      maildir,
      log,
      health,
      clock,
      offers,
      tell: settings.tellCopies,
      watch: pushScripts,
      accounts,
    },
    isOurOwn: (address, port) => isOurOwn({ address, port }, listening(), networkInterfaces),
  });
  const reports = new RelayedReports({ smartHost, clock, hostName });
  const spools = within?.spools ?? new SpoolStore();
  const counters = newCounters();
  const ends = [countEvents(log.bus, counters), countSmtp(log.bus, smtpCounts)];
  const ids = new SessionIds(clock, random);
  const policyMetrics = new PolicyMetrics();
  const engineParts: EngineParts = {
    ...{ options, log, hostName, spools, ids, authScripts, pushScripts, mailman, serverView },
    ...{ heartbeat, extras },
  };
  const own = within ?? (await createScriptEngine(engineParts, ports, settings.onBroken, policyMetrics));
  return {
    ...{ engine: own.engine, modules: own.modules },
    ...{
      options,
      hostName,
      ports,
      authScripts,
      pushScripts,
      loadScripts,
      smartHost,
      spools,
      counters,
      policyMetrics,
    },
    // What another engine does is no work of this service.
    createEngine: (others, onBroken) =>
      createScriptEngine(engineParts, { ...ports, ...others }, onBroken, new PolicyMetrics()),
    scriptServices,
    get idleConnections() {
      return smtpClient.idleConnections;
    },
    get busyConnections() {
      return smtpClient.busyConnections;
    },
    get dnsEntries() {
      return resolver.cacheEntries ?? 0;
    },
    place: (script, { engine, modules } = own) => ({
      ...(typeof script === 'string' ? { path: script } : { path: script.path, more: script.more }),
      ...{ libLuaDirectory, engine, options, log },
      modules: [...modules, dovecotDescription],
    }),
    server: (current, limits, { gate, smartHost: other, tls } = {}) => {
      const server = createServer(
        serverDeps({
          ...{ options, log, clock, random, resolver, reports, spools, hostName, limits },
          smartHost: other ?? smartHost,
          authSources,
          recipientSources: given.recipientSources ?? [authScripts.recipients],
          scripts: loadScripts.hooks,
          traffic: smtpCounts,
          policy: () => current.policy,
          ...(descriptors && { descriptors }),
          ...(tls && { tls }),
          ...(gate && { gate }),
        }),
      );
      smtpService = new SmtpService({
        ...{ log, server, counts: smtpCounts },
        most: () => options.values['limit-connections'],
        graceSeconds: () => options.values['shutdown-timeout'],
        capabilities: () =>
          ehloLines({
            ...{ values: options.values, trusted: false, secure: false, nextHopOffers: () => false },
            canSecure: options.values['smtp-tls'] !== '',
            canAuthenticate: authSources.some((source) => source.isOn(options.values)),
          }),
      });
      listening = () => server.endpoints;
      return server;
    },
    close: () => {
      for (const end of ends) end();
      pushScripts.close();
      loadScripts.close();
      reports.close();
      mailer.close();
      services.close();
      void stores.close();
      void accounts.close();
      void ports.dicts.close();
      for (const source of new Set([authScripts, ...authSources])) source.close?.();
      resolver.close();
      if (within === undefined) own.engine.close();
    },
  };
}
