// Mail and push scripts in an engine of their own, without a server around them.
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { Dicts } from '../../src/compat/dovecot/dict/dicts.ts';
import { createMailEngine } from '../../src/compat/dovecot/push/engine.ts';
import { PushScripts } from '../../src/compat/dovecot/push/push-scripts.ts';
import type { Resolver } from '../../src/dns/resolver-api.ts';
import type { LuaEngine } from '../../src/lua/engine.ts';
import type { MailUsers } from '../../src/mailbox/port/mail-user.ts';
import type { MailboxEvent } from '../../src/mailbox/port/mailbox-event.ts';
import { realSystem } from '../../src/ops/system.ts';
import { createOptions, type GivenTexts } from '../../src/options/option-set.ts';
import type { Options } from '../../src/options/options.ts';
import { createServices } from '../../src/service/services.ts';
import { PasswordCheck } from '../../src/users/password/password-check.ts';
import { FakeMail } from './fake-mail.ts';
import { waitUntil } from './wait-until.ts';

const libLuaDirectory = join(import.meta.dirname, '../../lib-lua');

/** Knows no name. */
const resolver = {
  addresses: () => Promise.resolve([]),
  reverse: () => Promise.resolve(undefined),
} as unknown as Resolver;

export interface PushRig {
  readonly scripts: PushScripts;
  readonly log: RecordLog;
  readonly mail: FakeMail;
  readonly options: Options;
  readonly engine: () => LuaEngine | undefined;
  /** What a delivery answers. */
  deliver(user: string, message: string, about?: Delivered): Promise<'250' | '451'>;
  /** Something else that happens in somebody's mail. */
  happen(user: string, ...transactions: (readonly MailboxEvent[])[]): Promise<'250' | '451'>;
  /** Until scripts have been told everything. */
  told(): Promise<void>;
  /** Lines as `level: text`, from the last time on. */
  said(): readonly string[];
  close(): void;
}

export interface Delivered {
  /** The creation of INBOX is told of, too. */
  readonly isFirst?: boolean;
}

export type PushStarted = PushRig | { readonly problem: string };

const levels: Readonly<Record<string, string>> = { err: 'error' };

/** `sources`: scripts by path, as the options name them. */
export async function startPush(
  sources: Readonly<Record<string, string>>,
  given: GivenTexts,
  /** Instead of mail in memory. */
  users?: MailUsers,
): Promise<PushStarted> {
  const log = new RecordLog();
  const options = createOptions(given);
  const services = createServices({ clock: systemClock, resolver });
  const passwords = new PasswordCheck(systemClock);
  const dicts = new Dicts({ clock: systemClock, random: systemRandom, log, resolver, options });
  const mail = new FakeMail();
  let engine: LuaEngine | undefined;
  const scripts = new PushScripts({
    ...{ clock: systemClock, log, libLuaDirectory },
    users: (identity, parts) => (users ?? mail).user(identity, parts),
    createEngine: async (its) => {
      engine = await createMailEngine({
        ...{ clock: systemClock, random: systemRandom, log, hostName: 'mx.example.test', libLuaDirectory },
        ...{
          dicts,
          resolver,
          services,
          system: realSystem,
          passwords,
          options: its,
          onBroken: () => undefined,
        },
      });
      return engine;
    },
  });
  const texts = Object.entries(sources).map(([path, text]) => ({ path, text, files: [], missing: [] }));
  const prepared = await scripts.prepare(options, texts);
  const close = (): void => {
    scripts.close();
    passwords.close();
    void dicts.close();
    services.close();
  };
  if (prepared.kind === 'failed') {
    close();
    return { problem: prepared.message };
  }
  prepared.take();
  let seen = log.lines.length;
  const happen: PushRig['happen'] = async (user, ...transactions) => {
    const identity = { name: user, path: `/home/${user}` };
    const opened = await scripts.open(identity, {
      ...{ session: 'SESS1', log, signal: new AbortController().signal },
    });
    if (opened?.kind === 'refused') return '451';
    for (const events of transactions) opened?.listener.committed({ user, events });
    opened?.close();
    return '250';
  };
  return {
    ...{ scripts, log, mail, options, close, happen, engine: () => engine },
    deliver: async (user, message, { isFirst = false } = {}) => {
      const identity = { name: user, path: `/home/${user}` };
      const opened = await scripts.open(identity, {
        ...{ session: 'SESS1', log, signal: new AbortController().signal },
      });
      if (opened?.kind === 'refused') return '451';
      if (isFirst) {
        mail.box(identity.path, 'INBOX');
        opened?.listener.committed({ user, events: [{ name: 'mailbox_create', mailbox: 'INBOX' }] });
      }
      const about = mail.deliver(identity.path, Buffer.from(message, 'utf8'));
      const event = { name: 'message_new', mailbox: 'INBOX', flags: [], keywords: [], ...about } as const;
      opened?.listener.committed({ user, events: [event] });
      opened?.close();
      return '250';
    },
    told: () =>
      waitUntil(() => {
        if (scripts.pending > 0) throw new Error(`${scripts.pending} notifications are under way`);
      }),
    said: () => {
      const lines = log.lines
        .slice(seen)
        .map(({ level, message }) => `${levels[level] ?? level}: ${message}`);
      seen = log.lines.length;
      return lines;
    },
  };
}
