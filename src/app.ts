// Puts the parts of one process together: resolver, mail senders, services, Lua engine with its modules, policy, SMTP server. Nothing is
// global; the verbs (cli/) and the tests use the same assembly.
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { openResolver } from './dns/resolver.ts';
import type { Resolver } from './dns/resolver-api.ts';
import { createMaildir } from './forward/maildir.ts';
import { createSmartHost, type SmartHost } from './forward/smart-host.ts';
import { createSmtpClient, type SmtpClient } from './forward/smtp-client.ts';
import { createLuaEngine, type LuaEngine } from './lua/engine.ts';
import { mimeLimits } from './message/mime-limits.ts';
import { MessageObserver } from './message/observer.ts';
import { SpoolStore } from './message/spool.ts';
import { createModules } from './modules/index.ts';
import type { ConnectionCounters } from './net/connection-counters.ts';
import type { Descriptors } from './net/descriptors.ts';
import type { Endpoint } from './net/listener.ts';
import { isOurOwn } from './net/own-endpoint.ts';
import type { Clock, RandomInteger } from './ops/clock.ts';
import type { Heartbeat } from './ops/heartbeat.ts';
import { ownHostName } from './ops/host-name.ts';
import type { Log } from './ops/log.ts';
import type { Options } from './options/options.ts';
import type { CurrentPolicy, PolicyPlace } from './policy/current-policy.ts';
import { Services } from './service/services.ts';
import { type Counters, newCounters } from './smtp/counters.ts';
import { createServer, type SmtpServer } from './smtp/server.ts';
import { SessionIds } from './smtp/session-id.ts';
import { parseUri } from './uri/parse-uri.ts';

/** Lua that comes with smtpe: the engine's own and modules for policies. Beside src/ and dist/. */
export const libLuaDirectory = fileURLToPath(new URL('../lib-lua', import.meta.url));

export interface AppDependencies {
  /** The options of the process. */
  readonly options: Options;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: RandomInteger;
  /** The Lua engine cannot go on: the process must be replaced. Called once. */
  readonly onBroken: (reason: string) => void;
  /** What is left of the descriptors of the process; undefined: nobody looks. */
  readonly descriptors?: Descriptors;
  /** Where Lua says what it is running, for the watchdog; none without a watchdog. */
  readonly heartbeat?: Heartbeat;
  /** What stands in the place of the network; the real one by default. */
  readonly network?: NetworkPorts;
}

/** Everything by which this process reaches others. */
export interface NetworkPorts {
  readonly resolver: Resolver;
  readonly smtpClient: SmtpClient;
  /** Why services must not connect to an address or a socket path. */
  readonly refuse: (address: string) => string;
}

/** Everything but the policy and the server, which need it. */
export interface App {
  readonly dependencies: AppDependencies;
  readonly hostName: string;
  readonly engine: LuaEngine;
  readonly resolver: Resolver;
  readonly smtpClient: SmtpClient;
  readonly smartHost: SmartHost;
  readonly services: Services;
  readonly spools: SpoolStore;
  readonly counters: Counters;
  /** Where a policy file is loaded into. */
  place(path: string): PolicyPlace;
  server(policy: CurrentPolicy, limits: ConnectionCounters): SmtpServer;
  /** Gives up all connections, sockets and memory. The server must be closed before. */
  close(): void;
}

/** Reads resolv.conf, finds our name, starts Lua. Rejects when Lua cannot be started, which is a broken installation. */
export async function createApp(dependencies: AppDependencies): Promise<App> {
  const { options, log, clock, random, onBroken, heartbeat, network } = dependencies;
  const hostName = await ownHostName(options.values['host-name'], clock);
  const resolver = network?.resolver ?? (await openResolver({ options, log, clock, random }));
  const smtpClient =
    network?.smtpClient ?? createSmtpClient({ options, resolver, clock, log, helo: hostName });
  const maildir = createMaildir({ clock, random, log, hostName, processId: process.pid });
  let listening = (): readonly Endpoint[] => [];
  const smartHost = createSmartHost({
    ...{ options, mailer: smtpClient, maildir, log },
    isOurOwn: (address, port) => isOurOwn({ address, port }, listening(), networkInterfaces),
  });
  const services = new Services({ clock, resolver, ...(network && { refuse: network.refuse }) });
  const spools = new SpoolStore();
  const counters = newCounters();
  const ids = new SessionIds(clock, random);
  const modules = createModules({
    ...{ hostName, resolver, services },
    mailer: smtpClient,
    spool: spools,
    nextId: () => ids.next(),
  });
  const engine = await createLuaEngine({
    log,
    clock,
    options,
    modules,
    libLuaDirectory,
    // A policy that opens the message by its name must find it there.
    files: { onPath: (path) => spools.open(path) },
    onBroken,
    ...(heartbeat === undefined ? {} : { heartbeat }),
  });
  return {
    dependencies,
    hostName,
    engine,
    resolver,
    smtpClient,
    smartHost,
    services,
    spools,
    counters,
    place: (path) => ({ path, libLuaDirectory, engine, modules, options, log }),
    server: (current, limits) => {
      const server = createServer({
        ...{ options, log, clock, random, resolver, smartHost, spools, hostName, counters, limits },
        policy: () => current.policy,
        newObserver: (sessionLog) =>
          new MessageObserver({ limits: mimeLimits(options.values), parseUri, log: sessionLog }),
        ...(dependencies.descriptors === undefined ? {} : { descriptors: dependencies.descriptors }),
      });
      listening = () => server.endpoints;
      return server;
    },
    close: () => {
      smtpClient.close();
      services.close();
      resolver.close();
      engine.close();
    },
  };
}
