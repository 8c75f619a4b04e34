// What Rumble's functions tell of the server: a port, made of the parts of the process (app.ts).
import type { RecentLine } from '../../ops/recent-log.ts';
import type { Services } from './controlled.ts';

/** Of a process that serves nothing: for documents. */
export const nobodysServer: ServerView = {
  services: { find: () => undefined, order: async () => undefined },
  uptime: () => 0,
  hostName: '',
  smtpPort: () => undefined,
  scripts: () => [],
  recentLines: () => [],
};

export interface ServerView {
  readonly services: Services;
  /** Seconds since the start of the process. */
  readonly uptime: () => number;
  readonly hostName: string;
  /** Where SMTP is listened for; undefined: nowhere. */
  readonly smtpPort: () => number | undefined;
  /** Paths of the scripts that are served, as given. */
  readonly scripts: () => readonly string[];
  /** The newest first. */
  readonly recentLines: () => readonly RecentLine[];
}
