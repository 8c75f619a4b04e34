// What is known of the targets of smtp-smart-host without asking them: their names, in what order they are tried, what they have offered, and whether they answer
// for each recipient.
import { type HostHealth, healthKey } from '../net/host-health.ts';
import type { Target } from '../net-address/host-list.ts';
import { isBinaryMime } from '../smtp/protocol/binary-mime.ts';
import type { ExtensionName } from '../smtp/protocol/extension-table.ts';
import type { MailParameters } from '../smtp/protocol/parameters.ts';
import { isPerRecipient } from './mailbox-path.ts';
import type { NextHopOffers } from './port/next-hop-offers.ts';
import { ACCOUNTS_HOST } from './to-accounts.ts';
import { hostOfMaildir } from './to-maildir.ts';

export function isSame(a: readonly Target[], b: readonly Target[]): boolean {
  return a === b || (a.length === b.length && a.every(({ text }, i) => text === b[i]?.text));
}

/**
 * In the order to try them. With SMTPUTF8 those first that may take it: another could refuse some recipients only. So with BINARYMIME: the
 * others are asked in vain. `attemptMs`: how long each may take to accept a connection.
 */
export function ordered(
  targets: readonly Target[],
  parameters: MailParameters | undefined,
  { health, offers }: { readonly health: HostHealth; readonly offers: NextHopOffers },
  attemptMs: number,
): readonly Target[] {
  const list = inOrder(targets, health, attemptMs);
  const utf8 = parameters?.SMTPUTF8 === true;
  const binary = isBinaryMime(parameters);
  if (!utf8 && !binary) return list;
  const lacksOne = (target: Target, name: ExtensionName): boolean => offersOf(target, name, offers) === false;
  const lacks = (target: Target): boolean =>
    (utf8 && lacksOne(target, 'SMTPUTF8')) || (binary && lacksOne(target, 'BINARYMIME'));
  return [...list.filter((target) => !lacks(target)), ...list.filter(lacks)];
}

/**
 * Next hops that could not be reached lately behind the others, but never behind a directory, where their mail would lie unnoticed because
 * they were away for a moment.
 */
function inOrder(targets: readonly Target[], health: HostHealth, attemptMs: number): readonly Target[] {
  const order = (run: readonly Target[]): readonly Target[] => health.order(run, keyOf, attemptMs);
  const runs: Target[][] = [[]];
  for (const target of targets) {
    runs.at(-1)?.push(target);
    if (target.kind === 'maildir') runs.push([]);
  }
  return runs.length === 1
    ? order(targets)
    : runs.flatMap((run) =>
        run.at(-1)?.kind === 'maildir' ? [...order(run.slice(0, -1)), ...run.slice(-1)] : order(run),
      );
}

/** As outcomes name it. */
export function hostOf(target: Target): string {
  switch (target.kind) {
    case 'maildir':
      return hostOfMaildir(target.path);
    case 'accounts':
      return ACCOUNTS_HOST;
    case 'smtp':
    case 'invalid':
      return target.text;
  }
}

export const isAccounts = ({ kind }: Target): boolean => kind === 'accounts';
export const hasAccounts = (targets: readonly Target[]): boolean => targets.some(isAccounts);
export const besides = (targets: readonly Target[]): readonly Target[] =>
  targets.filter((target) => !isAccounts(target));

/** Recipient by recipient, when others have the message already. */
export function answersEach(target: Target, namesThem: boolean): boolean {
  switch (target.kind) {
    case 'smtp':
      return target.protocol === 'lmtp';
    case 'maildir':
      return namesThem || isPerRecipient(target.path);
    case 'accounts':
      return true;
    case 'invalid':
      return false;
  }
}

/** undefined: nobody knows. */
export function offersOf(target: Target, name: ExtensionName, offers: NextHopOffers): boolean | undefined {
  switch (target.kind) {
    case 'smtp':
      return offers.of(target)?.has(name);
    case 'maildir':
    case 'accounts':
      return name === 'SMTPUTF8';
    case 'invalid':
      return undefined;
  }
}

/** What the mailer remembers a next hop by. A directory is never avoided. */
function keyOf(target: Target): string | undefined {
  return target.kind === 'smtp' ? healthKey(target.host, target.port) : undefined;
}
