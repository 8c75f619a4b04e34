// What the command line asks for: a verb, wherever it stands, the policy, and options. The table of verbs is what help shows.
import { nearestName } from '../base/nearest-name.ts';
import { findOption } from '../options/option-set.ts';
import { type OptionSpec, optionTable } from '../options/option-table.ts';
import type { Options } from '../options/options.ts';

export interface VerbSpec {
  readonly usage: string;
  /** One line of the help. */
  readonly text: string;
  /** What `help VERB` says besides. */
  readonly more: string;
}

export const verbTable = {
  run: {
    usage: 'smtpe [run] [POLICY.lua ...] [OPTION ...]',
    text: 'run the server; the same without a verb',
    more: 'Runs in the foreground until SIGTERM or SIGINT (+daemon detaches). SIGHUP reloads the policy.',
  },
  init: {
    usage: 'smtpe init DIRECTORY [RECIPE]; smtpe init --list',
    text: 'begin a policy: a directory with policy, test, option file',
    more: 'Without a recipe relay-guard. What it makes passes smtpe check and smtpe test at once. Writes into a new or empty directory only. Exit code 64 otherwise.',
  },
  check: {
    usage: 'smtpe check [POLICY.lua ...] [OPTION ...] [+net] [--json]',
    text: 'read options and policy and say what is wrong',
    more:
      'Listens nowhere, asks nobody and starts no command; the file level of the policy and hook.init do run, and files that they write are written. ' +
      '+net: next hops, scanners, web servers, stores and name servers that options and policy name are asked whether they answer, 5 s each. ' +
      'Exit code 0 when no mistake was found, 64 for options, 70 for the policy, 71 for the system and the network.',
  },
  test: {
    usage:
      'smtpe test [PATH ...] [POLICY.lua] [-k NAME] [--tap | --json] [--junit=FILE] [--coverage] [OPTION ...]',
    text: 'run the cases of policies, files *_test.lua (doc/test.md)',
    more: 'Nobody outside is asked, and the clock is that of the test. Without a PATH it is the same as talk. Exit code 0 when all cases are well, 1 when one has failed, 64 for a wrong use.',
  },
  talk: {
    usage: 'smtpe talk [POLICY.lua ...] [OPTION ...]',
    text: 'one session on the terminal or from a pipe',
    more:
      'A line that is no SMTP command runs as Lua in the environment of the session, and an expression shows its value. +test is the same. ' +
      'A message that no next hop takes is not refused for that: it is said where it would go. Exit code 1 after a Lua error.',
  },
  store: {
    usage: 'smtpe store [OPTION ...] COMMAND [ARGUMENT ...]',
    text: 'what policies remember: list, get, set, delete, export ...',
    more:
      'list [PREFIX [N]]; get KEY; set KEY VALUE SECONDS; delete KEY; export [PREFIX]: JSON, an entry a line; import: such lines from stdin; backup DIRECTORY: the store on this disk. ' +
      'Beside a running server. An octet of a key that cannot be typed is written \\xHH. Exit code 0, 1 when there is no such key, 64 for a wrong use, 71 when the store cannot be used.',
  },
  accounts: {
    usage: 'smtpe accounts [OPTION ...] COMMAND [ARGUMENT ...]',
    text: 'domains and users of rumble-database: list, add, password ...',
    more:
      'list: the domains; list DOMAIN: its accounts; add DOMAIN; add USER@DOMAIN [TYPE [ARGUMENT ...]]: mbox, alias with its addresses, relay with its host; password USER@DOMAIN; delete DOMAIN or USER@DOMAIN: mail stays on the disk; ' +
      'export: JSON, a domain or an account a line, with what is kept of passwords; import: such lines from stdin. Passwords are read from the terminal or are the first line of stdin. ' +
      'Beside a running server. Exit code 0, 1 when there is no such one, or there is one already, 64 for a wrong use, 71 when the database cannot be used.',
  },
  users: {
    usage: 'smtpe users [OPTION ...]',
    text: 'the users that the scripts of auth-script list',
    more:
      'A name a line, sorted, from auth_userdb_iterate of every script, which has to have it; web servers are asked as in service. ' +
      'Exit code 0, 64 without an auth-script, 70 when a script fails.',
  },
  why: {
    usage:
      'smtpe why [from=ADDRESS] [to=ADDRESS] [id=ID] [message-id=ID] [client=ADDRESS|NETWORK] [since=TIME] [until=TIME] FILE ...',
    text: 'what happened to a mail, from the log files',
    more:
      'Reads text and JSON, rotated and compressed by gzip; - is stdin. Addresses may have *; TIME is 2h (ago), 12:30, 2026-11-29 or 2026-11-29T12:00. ' +
      'Exit code 0 when something was found, 1 when not, 64 for a wrong use, 71 when a file cannot be read.',
  },
  status: {
    usage: 'smtpe status [OPTION ...] [--json]',
    text: 'whether the server that runs is well, and what it does',
    more: 'Asks at admin-listen, by the options that the server has. Exit code 0 when it is well, ready for mail or not, else 71.',
  },
  sessions: {
    usage: 'smtpe sessions [OPTION ...] [ADDRESS|NETWORK] [STATE] [--json]; smtpe sessions close ID',
    text: 'who is connected, and what each waits for',
    more: 'Asks at admin-listen. STATE is opening, command, transaction, content, hook, next_hop or closing; close ends one with 421.',
  },
  trace: {
    usage:
      'smtpe trace [OPTION ...] [client=ADDRESS|NETWORK] [from=PATTERN] [to=PATTERN] [id=ID] [new] [one] [content] [--json]; smtpe trace FILE.eml|SESSION.txt [POLICY.lua ...] [client=ADDRESS] [host=NAME] [helo=NAME] [from=ADDRESS] [to=ADDRESS] [fakes=TEST.lua] [tls] [content] [--json]',
    text: 'what sessions do, step by step; or a message, without a server',
    more:
      'A FILE.rec of record-dir is shown. With another FILE, a message or what a client says in a session, the policy is played it in this process: nobody outside is asked, next hops take everything, and what is asked for and not said by fakes= ' +
      '(a test; the one beside the policy when there is one) is told at the end with the line that would say it. Exit code 0, 1 when there is such a thing or a hook has failed, 64 for what is no such file, 70 for the policy. Without a FILE it asks at admin-listen, until you stop it. from and to are addresses with * and ?, of one transaction; new: only sessions that begin from now on; one: the first that says something, ' +
      'to its end; content: the beginning of each message too. No password is shown.',
  },
  replay: {
    usage: 'smtpe replay PATH ... [POLICY.lua ...] [OPTION ...] [--missing] [--json]',
    text: 'what a policy would have answered in recorded sessions',
    more:
      'Plays the recordings of record-dir (files, or all FILE.rec below directories) in their order: names, services and next hops answer what they answered, clock and store go on from one to the next. ' +
      'Says how many sessions are answered otherwise, grouped; --missing: what the policy asked for and the recordings have not. Exit code 0 when nothing is different, 1 when something is or an answer is missing, 64 without recordings, 70 for the policy.',
  },
  top: {
    usage: 'smtpe top [OPTION ...] [once]',
    text: 'what the server does, each second anew',
    more:
      'Asks at admin-listen. Keys: up and down choose a session, enter follows it, k ends it with 421 after a question, / filters, q ends. ' +
      'With once, or without a terminal, it prints one picture.',
  },
  reload: {
    usage: 'smtpe reload [OPTION ...] [--json]',
    text: 'have the server read options and policy again',
    more: 'Orders it at admin-listen, and says what changed and what needs a restart. Exit code 70 when something is wrong: then all stays as it was.',
  },
  drain: {
    usage: 'smtpe drain [OPTION ...] [--json]',
    text: 'have the server take no new connections',
    more: 'Orders it at admin-listen: /readyz says no at once, connections get 421 after admin-drain-wait seconds; sessions go on.',
  },
  undrain: {
    usage: 'smtpe undrain [OPTION ...] [--json]',
    text: 'have it take them again',
    more: 'Orders it at admin-listen.',
  },
  sink: {
    usage:
      'smtpe sink [port=N] [address=IP] [dir=PATH] [keep=N] [size=N] [RULE ...]; smtpe sink --list [port=N | dir=PATH]',
    text: 'a next hop to try things out with; --list: what it took',
    more:
      'Listens on 127.0.0.1:2526, takes everything and keeps the newest 1000 messages in a directory of the temporary ones. A RULE is STAGE[:PATTERN]=REPLY[%N]: ' +
      "'rcpt:bad@*=550 5.1.1 no', mail:*@b.example=554, dot=451%10 (one of ten), data=drop%5 (hangs up); stages are banner, ehlo, mail, rcpt, data, dot; the first rule that fits counts. " +
      'Exit code of --list 1 when there is nothing.',
  },
  doc: {
    usage: 'smtpe doc NAME ...',
    text: 'what a function, module, hook, option, event, metric or verb is',
    more: 'From the tables that doc/reference is made of: header.find, dns.type, client.address, hook.rcpt, smtp-smart-host, link-refused. Exit code 64 when there is nothing of that name.',
  },
  explain: {
    usage: 'smtpe explain E017 | NAME | REPLY',
    text: 'what an error of smtpe means, by number, name or reply',
    more: 'The number stands in replies when smtp-error-url is set, the name in the log as cause=. Exit code 64 when smtpe has no such error.',
  },
  info: {
    usage: 'smtpe info [OPTION ...]',
    text: 'every option with its value and where it came from',
    more: 'Facts about this build come first.',
  },
  help: {
    usage: 'smtpe help [all | OPTION ... | VERB]',
    text: 'this text; all: every option; or one of them',
    more: 'help all is an option file with the values in effect.',
  },
  version: { usage: 'smtpe version', text: 'the version of program and API', more: 'Node.js too.' },
} as const satisfies Readonly<Record<string, VerbSpec>>;

export type Verb = keyof typeof verbTable;

const adminVerbs = [
  'status',
  'sessions',
  'trace',
  'top',
  'reload',
  'drain',
  'undrain',
] as const satisfies readonly Verb[];
/** Those that ask a server that runs. */
export type AdminVerb = (typeof adminVerbs)[number];
export const isAdminVerb = (verb: Verb): verb is AdminVerb => adminVerbs.some((one) => one === verb);

export const verbs = Object.keys(verbTable) as readonly Verb[];

export interface CommandLine {
  /** `run` when none is given. */
  readonly verb: Verb;
  /** Was the verb a word of its own? Then printing something is no usage error. */
  readonly spelled: boolean;
  /** The option words, as option-word.ts reads them. */
  readonly words: readonly string[];
  /** What is behind `store`, `accounts`, `sessions`, `trace` or `why`. */
  readonly operands: readonly string[];
  /** `--json`, for the verbs that ask a server, and for check. */
  readonly json: boolean;
  /** `+net` of check. */
  readonly net: boolean;
  /** What `help` is asked about. */
  readonly topics: readonly string[];
  /** What can be said to be wrong without knowing options. */
  readonly problems: readonly string[];
}

/** Words that are always meant as a verb although they are none. */
const aliases: Readonly<Record<string, Verb>> = {
  '--help': 'help',
  '-h': 'help',
  '-?': 'help',
  '--version': 'version',
  '-V': 'version',
};

function verbOf(word: string): Verb | undefined {
  return verbs.find((verb) => verb === word) ?? (Object.hasOwn(aliases, word) ? aliases[word] : undefined);
}

/** `--name=value`, `--flag` and `--no-flag`, as other programs have them, in our form. */
function ownForm(word: string): string {
  const match = /^--([a-z_][\w.-]*)(=.*)?$/is.exec(word);
  const name = match?.[1];
  if (name === undefined) return word;
  if (match?.[2] !== undefined) return word.slice(2);
  const isFlag = (option: string): boolean => {
    const known = findOption(option.slice(option.indexOf('.') + 1));
    const spec: OptionSpec | undefined = known === undefined ? undefined : optionTable[known];
    return spec?.kind === 'flag' || spec?.kind === 'action';
  };
  if (isFlag(name)) return `+${name}`;
  return name.startsWith('no-') && isFlag(name.slice(3)) ? `-${name.slice(3)}` : word;
}

const isPolicy = (word: string): boolean => /^[^=+-][^=]*\.lua$/i.test(word) || /^[^=+-]\.lua$/i.test(word);
const isBare = (word: string): boolean => /^[a-z_][^=]*$/i.test(word);

/** What sessions to follow, or what to play. */
const isTraceWord = (word: string): boolean =>
  /^(?:client|from|to|id|host|helo|fakes)=/.test(word) ||
  (/^[^=+-][^=]*$/.test(word) && !isPolicy(word) && verbOf(word) === undefined);

/** `--json` and `+json`, `--net` and `+net`, where a verb has them. */
function switchOf(verb: Verb, word: string): 'json' | 'net' | undefined {
  const name = /^(?:\+|--)(json|net)$/.exec(word)?.[1];
  if (name === 'json' && (verb === 'check' || verb === 'replay' || isAdminVerb(verb))) return name;
  return name === 'net' && verb === 'check' ? name : undefined;
}

/** A policy without a name in front: it is script, or stands behind those that are named there. */
function takeScript(script: string, words: string[]): void {
  const at = words.findLastIndex((word) => /^script=./i.test(word));
  if (at < 0) words.push(`script=${script}`);
  else words[at] = `${words[at]} ${script}`;
}

/** Takes the words apart; the words of an option file are no part of it. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const words: string[] = [];
  const topics: string[] = [];
  const operands: string[] = [];
  const problems: string[] = [];
  let json = false;
  let net = false;
  let verb: Verb | undefined;
  for (const [index, word] of args.entries()) {
    if (word === '--') {
      words.push(...args.slice(index));
      break;
    }
    if (verb === 'why' && aliases[word] === undefined) {
      operands.push(word);
      continue;
    }
    const named = verbOf(word);
    if (verb === 'sink' || verb === 'init' || verb === 'explain' || (verb === 'doc' && !word.includes('='))) {
      operands.push(word);
      continue;
    }
    // Behind a command of the store or of accounts everything is its own, keys that look like options too.
    if ((verb === 'store' || verb === 'accounts') && (operands.length > 0 || isBare(word))) {
      operands.push(word);
      continue;
    }
    const switched = verb === undefined ? undefined : switchOf(verb, word);
    if (switched !== undefined) {
      if (switched === 'json') json = true;
      else net = true;
      continue;
    }
    if (verb === 'sessions' && /^[^=+-][^=]*$/.test(word) && !isPolicy(word)) {
      operands.push(word);
      continue;
    }
    if (verb === 'top' && /^(?:\+|--)?once$/.test(word)) {
      operands.push('once');
      continue;
    }
    if (verb === 'replay' && (word === '--missing' || (/^[^=+-][^=]*$/.test(word) && !isPolicy(word)))) {
      operands.push(word);
      continue;
    }
    // As other programs have it: --one, --client=192.0.2.1.
    const traced = word.replace(/^--(?=(?:new|one|content|tls)$|(?:client|from|to|id|host|helo|fakes)=)/, '');
    if (verb === 'trace' && isTraceWord(traced)) {
      operands.push(traced);
      continue;
    }
    if (verb === 'help' && isBare(word)) {
      topics.push(word);
    } else if (named !== undefined) {
      if (named === 'help' && verb !== undefined) topics.push(verb);
      else if (verb !== undefined && verb !== named) problems.push(`two verbs: ${verb} and ${named}`);
      verb = named === 'help' ? 'help' : (verb ?? named);
    } else if (isPolicy(word)) {
      takeScript(word, words);
    } else {
      words.push(ownForm(word));
    }
  }
  return { verb: verb ?? 'run', spelled: verb !== undefined, words, operands, json, net, topics, problems };
}

/** What `+help`, `+info`, `+version` and `+test` ask for, in the order in which the original looked at them. */
export function effectiveVerb(commandLine: CommandLine, options: Options): Verb {
  if (commandLine.spelled) return commandLine.verb;
  const { values } = options;
  if (values.version) return 'version';
  if (values.info) return 'info';
  if (values.help) return 'help';
  return values.test ? 'talk' : 'run';
}

/** What people type for what is done by a signal. */
const bySignal: Readonly<Record<string, string>> = {
  start: 'smtpe run starts the server (systemctl start smtpe where it is a service)',
  stop: 'to stop a running server: kill -TERM its pid (systemctl stop smtpe where it is a service)',
  restart:
    'to restart: systemctl restart smtpe where it is a service; else kill -TERM its pid and start it again',
};

/** A hint for words that look like a verb and are none; the general one otherwise. */
export function verbHint(words: readonly string[]): string {
  for (const word of words) {
    if (!/^[a-z]+$/i.test(word)) continue;
    const known = Object.hasOwn(bySignal, word.toLowerCase()) ? bySignal[word.toLowerCase()] : undefined;
    if (known !== undefined) return known;
    const near = nearestName(word, verbs);
    if (near !== undefined && near !== word) return `did you mean: smtpe ${near}?`;
  }
  return '"smtpe help" shows how it is used, "smtpe help all" all options';
}
