// The outside world of one case: what its test has said of name servers, scanners, web servers and next hops, a clock that stands still until it is
// moved, a store and files of its own, and what came out of it. Nothing of it is left to the next case.
//
// It must never reach a network or a clock of the system. What a policy asks for and nobody has said anything about fails the case, with the
// line that would say it.
import { closedAccounts } from '../accounts/place.ts';
import type { RandomInteger } from '../base/clock.ts';
import { systemError } from '../base/system-error.ts';
import { Dicts } from '../compat/dovecot/dict/dicts.ts';
import type { Maildir } from '../mailbox/maildir.ts';
import { realSystem } from '../ops/system.ts';
import type { Options } from '../options/options.ts';
import type { Ports } from '../ports.ts';
import type { OpenOutcome } from '../store/adapter.ts';
import { hasStore, type Stores } from '../store/stores.ts';
import type { RecipientAnswer } from '../users/recipient-source.ts';
import { CaseHops } from './case-hops.ts';
import { CaseMail } from './case-mail.ts';
import { CaseNames } from './case-names.ts';
import { CaseServices, type TestFunctions } from './case-services.ts';
import { CaseUsers } from './case-users.ts';
import { Fakes } from './fakes.ts';
import { CaseFiles } from './ports/case-files.ts';
import { FakeClock } from './ports/clock.ts';
import { MemoryStore } from './ports/memory-store.ts';
import { RecordLog } from './ports/record-log.ts';
import { type RecordedEnd, recordedCommand } from './ports/recorded-command.ts';
import { type ServiceScript, scriptedServices } from './ports/scripted-services.ts';
import { ZoneResolver } from './ports/zone-resolver.ts';
import { CaseRecord, type RecordParts } from './record.ts';

export interface WorldParts {
  /** Of the file. */
  readonly fakes: Fakes;
  /** Where the policy stands. */
  readonly directory: string;
  /** A directory that everything of the run lies in. */
  readonly scratch: string;
  /** The line of the policy that ran last. */
  readonly place: () => string | undefined;
  readonly functions: TestFunctions;
  /** Of the case. */
  readonly options: Options;
  /** What services answer instead of the fakes. */
  readonly services?: (record: CaseRecord) => ServiceScript;
  /** What calls of stores were told when the session was recorded. */
  readonly storeAnswers?: Stores['recorded'];
  /** What the math.random of each file of a policy begins with, where the session was recorded; undefined: whatever it is. */
  readonly randomSeed?: () => number | undefined;
  /** How a command ended then, and who a recipient was. */
  readonly commandEnd?: (command: string) => RecordedEnd | undefined;
  readonly recipientAnswer?: ((address: string) => RecipientAnswer | undefined) | undefined;
  /** Clock and stores of several worlds, one behind the other: whoever gives them closes them. */
  readonly shared?: { readonly clock: FakeClock; readonly stores: Map<string, MemoryStore> };
  /** Told of each step of its sessions. */
  readonly push?: RecordParts['push'];
  /** By which steps have their times; without it that is the clock of the case, which stands still. */
  readonly watch?: (clock: FakeClock) => RecordParts['clock'];
}

/** When every case begins: a Saturday, noon. Milliseconds since the Epoch. */
const CASE_START = Date.UTC(2026, 0, 3, 12);

/** The mailer is the real one, over sockets of the world. */
export type WorldPorts = Omit<Ports, 'mailer'>;

export class World {
  readonly clock: FakeClock;
  readonly log = new RecordLog();
  readonly fakes: Fakes;
  readonly record: CaseRecord;
  readonly names: CaseNames;
  readonly services: CaseServices;
  readonly files: CaseFiles;
  readonly users: CaseUsers;
  readonly mail: CaseMail;
  readonly ports: WorldPorts;
  /** No store can be reached but that on this machine. */
  isStoreDown = false;
  readonly #stores: Map<string, MemoryStore>;
  readonly #isShared: boolean;
  readonly #script: ServiceScript;
  readonly #options: Options;
  readonly #storeAnswers: Stores['recorded'];
  #seed = 1;

  constructor(parts: WorldParts) {
    const { directory, fakes, functions, options, place, push, scratch, shared, storeAnswers, watch } = parts;
    this.clock = shared?.clock ?? new FakeClock(CASE_START);
    this.#stores = shared?.stores ?? new Map();
    this.#isShared = shared !== undefined;
    this.fakes = new Fakes(fakes);
    const clock = watch?.(this.clock) ?? this.clock;
    const hopAt = (address: string): string | undefined => this.names.hopAt(address);
    this.record = new CaseRecord({ bus: this.log.bus, clock, hopAt, place, push, scratch });
    this.names = new CaseNames(this.fakes, this.record);
    this.services = new CaseServices(this.fakes, this.record, functions);
    this.#script = parts.services?.(this.record) ?? this.services;
    this.files = new CaseFiles(scratch, directory);
    this.users = new CaseUsers(this.fakes, this.record, parts.recipientAnswer);
    this.mail = new CaseMail({
      ...{ fakes: this.fakes, record: this.record, clock: this.clock, random: this.#random, scratch },
    });
    this.#options = options;
    this.#storeAnswers = storeAnswers;
    this.ports = this.#asPorts(new CaseHops(this.fakes, this.names, this.record), parts);
  }

  /** The same numbers in every run. */
  readonly #random: RandomInteger = (limit) => {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed % limit;
  };

  /** The store of that name; `''`: that of option `store`. Each is its own. */
  store(name = ''): MemoryStore {
    let store = this.#stores.get(name);
    if (store === undefined) {
      store = new MemoryStore(this.clock, this.#options.values['store-max-value']);
      this.#stores.set(name, store);
    }
    return store;
  }

  close(): void {
    this.files.close();
    this.mail.close();
    if (!this.#isShared) for (const store of this.#stores.values()) void store.close();
  }

  #asPorts(hops: CaseHops, { commandEnd, randomSeed }: WorldParts): WorldPorts {
    const { clock, log } = this;
    const services = scriptedServices(() => this.#script);
    const resolver = new ZoneResolver(this.names);
    const dicts = { options: this.#options, clock, random: this.#random, log, resolver };
    return {
      clock,
      random: this.#random,
      ...{ resolver, services },
      newSocket: hops.newSocket,
      maildir: this.#maildir(),
      accounts: closedAccounts('a test has no accounts'),
      stores: {
        has: (name) => hasStore(this.#options, name),
        open: (name): OpenOutcome =>
          this.isStoreDown && name !== 'local'
            ? { kind: 'refused', problem: 't.store(t.timeout)' }
            : { kind: 'open', store: this.store(name) },
        ...(this.#storeAnswers && { recorded: this.#storeAnswers }),
        close: () => Promise.resolve(),
      },
      mailUsers: this.mail,
      dicts: new Dicts({
        ...dicts,
        refuse: { connecting: 'smtpe test connects to nobody', writing: 'smtpe test writes no dict' },
      }),
      authSources: [this.users.authSource],
      recipientSources: [this.users.recipientSource],
      system: {
        ...realSystem,
        disk: this.files.disk,
        randomSeed: () => randomSeed?.() ?? this.#random(2 ** 31),
        // That of the process is another in each run.
        processorSeconds: () => (clock.monotonic() - CASE_START) / 1000,
        processes: {
          start: (command, stdin, stdout) => {
            const end = commandEnd?.(command);
            if (end !== undefined) return recordedCommand(end, command, stdin, stdout);
            this.record.missing(`the command ${command}`, '');
            return { kind: 'failed', ...systemError('EAGAIN') };
          },
        },
      },
    };
  }

  /** Mail to a Maildir is kept as if a next hop had it. */
  #maildir(): Maildir {
    return {
      store: async (path, message) => {
        const pieces: Buffer[] = [];
        for await (const piece of message.read()) pieces.push(piece);
        this.record.forwarded.push({
          host: `maildir:${path}`,
          ...envelopeIn(pieces[0]),
          data: Buffer.concat(pieces),
        });
        const name = String(this.record.forwarded.length);
        return { kind: 'stored', name, uid: undefined, uidValidity: undefined };
      },
      look: () => Promise.resolve({ kind: 'there' }),
    };
  }
}

/** Who sent it and for whom, as the delivery has put it in front of the message, in a piece of its own. */
function envelopeIn(trace: Buffer | undefined): { sender: string; recipients: readonly string[] } {
  const lines = trace?.toString('latin1') ?? '';
  const recipients = [...lines.matchAll(/^Delivered-To: (.*)\r$/gm)].map(([, address = '']) => address);
  return { sender: /^Return-Path: <(.*)>\r$/m.exec(lines)?.[1] ?? '', recipients };
}
