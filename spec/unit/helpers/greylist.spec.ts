// smtpe.greylist: who has to wait, and for how long. Each row of the table is a client that comes at certain seconds.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { HelperRig } from '../../fakes/helper-rig.ts';

const clock = new FakeClock();
let rig: HelperRig;
beforeAll(async () => {
  rig = await HelperRig.start({ clock });
});
afterAll(() => rig.close());

let network = 0;
let passed = 0;
/** Only the wall clock, which entries live by: days of timers would take minutes. */
function pass(seconds: number): void {
  passed += seconds * 1000;
  clock.setWall(passed);
}

/** One mail: how many seconds after the first, and what is other than in the first. */
interface Mail {
  readonly at: number;
  readonly ip?: string;
  readonly sender?: string;
  readonly recipient?: string;
  readonly more?: string;
}

async function check({ ip, sender, recipient, more }: Omit<Mail, 'at'>, net: string): Promise<string> {
  const values = await rig.run(
    `local greylist = require 'smtpe.greylist'\nlocal a, b, c = greylist.check{ ip = '${ip ?? `${net}.1`}', sender = '${sender ?? 'a@example.com'}', recipient = '${recipient ?? 'b@example.net'}'${more ?? ''} }\nreturn a, b, c`,
  );
  return values.filter((value) => value !== undefined).join(' ');
}

/** What becomes of mails, of a network of their own. */
async function story(mails: readonly Mail[]): Promise<readonly string[]> {
  const net = `10.0.${++network}`;
  const results: string[] = [];
  let now = 0;
  for (const mail of mails) {
    pass(mail.at - now);
    now = mail.at;
    results.push(
      await check(mail.ip === undefined ? mail : { ...mail, ip: mail.ip.replace('NET', net) }, net),
    );
  }
  return results;
}

const day = 86_400;

describe('greylist.check', () => {
  it.each<[string, readonly Mail[], readonly string[]]>([
    ['a first mail waits', [{ at: 0 }], ['wait 300']],
    ['at 299 s it is early', [{ at: 0 }, { at: 299 }], ['wait 300', 'early 1']],
    ['at 300 s it passes', [{ at: 0 }, { at: 300 }], ['wait 300', 'pass']],
    ['at 301 s it passes', [{ at: 0 }, { at: 301 }], ['wait 300', 'pass']],
    [
      'an early one does not begin anew',
      [{ at: 0 }, { at: 100 }, { at: 200 }, { at: 300 }],
      ['wait 300', 'early 200', 'early 100', 'pass'],
    ],
    ['at the end of the window it passes', [{ at: 0 }, { at: day - 1 }], ['wait 300', 'pass']],
    ['after the window it begins anew', [{ at: 0 }, { at: day }], ['wait 300', 'wait 300']],
    [
      'who has passed passes for 36 days',
      [{ at: 0 }, { at: 300 }, { at: 35 * day }, { at: 36 * day + 300 }],
      ['wait 300', 'pass', 'pass', 'wait 300'],
    ],
    [
      'another recipient waits by himself',
      [{ at: 0 }, { at: 300, recipient: 'c@example.net' }, { at: 300 }],
      ['wait 300', 'wait 300', 'pass'],
    ],
    [
      'case does not count',
      [{ at: 0 }, { at: 300, sender: 'A@Example.COM', recipient: 'B@example.NET' }],
      ['wait 300', 'pass'],
    ],
    ['the same /24 is the same client', [{ at: 0 }, { at: 300, ip: 'NET.99' }], ['wait 300', 'pass']],
    ['another /24 is not', [{ at: 0 }, { at: 300, ip: '172.16.9.1' }], ['wait 300', 'wait 300']],
    [
      'the same /64 is the same client, another is not',
      [
        { at: 0, ip: '2001:db8:1:1::1' },
        { at: 300, ip: '2001:db8:1:1:2:3:4:5' },
        { at: 300, ip: '2001:db8:1:2::1' },
      ],
      ['wait 300', 'pass', 'wait 300'],
    ],
    [
      'VERP is folded',
      [
        { at: 0, sender: 'bounce-123456-77=you=example.net@lists.example' },
        { at: 300, sender: 'bounce-987654-77=me=example.org@lists.example' },
      ],
      ['wait 300', 'pass'],
    ],
    [
      'tags are folded',
      [
        { at: 0, sender: 'joe+shop@example.com' },
        { at: 300, sender: 'joe+news@example.com' },
      ],
      ['wait 300', 'pass'],
    ],
    [
      'SRS is folded',
      [
        { at: 0, sender: 'SRS0=HHH=T1=orig.example=joe@fwd.example' },
        { at: 300, sender: 'SRS0=XXX=T2=other.example=al@fwd.example' },
      ],
      ['wait 300', 'pass'],
    ],
    [
      'two digits are not',
      [
        { at: 0, sender: 'joe12@example.com' },
        { at: 300, sender: 'joe34@example.com' },
      ],
      ['wait 300', 'wait 300'],
    ],
    [
      'the null sender is one',
      [
        { at: 0, sender: '' },
        { at: 300, sender: '<>' },
      ],
      ['wait 300', 'pass'],
    ],
    [
      'times of its own',
      [
        { at: 0, more: ', delay = 10, window = 60' },
        { at: 9, more: ', delay = 10, window = 60' },
        { at: 10, more: ', delay = 10' },
      ],
      ['wait 10', 'early 1', 'pass'],
    ],
    [
      'a window that has been made shorter meanwhile',
      [{ at: 0 }, { at: 200, more: ', window = 600' }, { at: 300, more: ', window = 600' }],
      ['wait 300', 'early 100', 'pass'],
    ],
    [
      'a delay of more than a day, with time to come back',
      [
        { at: 0, more: ', delay = 100000' },
        { at: 99_999, more: ', delay = 100000' },
        { at: 100_010, more: ', delay = 100000' },
      ],
      ['wait 100000', 'early 1', 'pass'],
    ],
    [
      'five passes make the network white, for everybody in it',
      [
        { at: 0 },
        ...[300, 301, 302, 303, 304].map((at) => ({ at })),
        { at: 305 },
        { at: 305, ip: 'NET.77', sender: 'new@example.org', recipient: 'x@example.net' },
      ],
      ['wait 300', 'pass', 'pass', 'pass', 'pass', 'pass', 'white', 'white'],
    ],
    ['text that is no address', [{ at: 0, ip: 'unknown', sender: 'x'.repeat(900) }], ['wait 300']],
  ])('%s', async (_, mails, results) => {
    expect(await story(mails)).toEqual(results);
  });

  it('asks the store once for somebody known, and twice for somebody new', async () => {
    const net = `10.1.${++network}`;
    const count = async (): Promise<number> => {
      const before = rig.calls;
      await check({ more: ', white_after = 1' }, net);
      return rig.calls - before;
    };
    expect(await count()).toBe(2);
    pass(300);
    await count();
    expect(Math.min(await count(), await count(), await count())).toBe(1);
  });

  it('when the store has failed', async () => {
    rig.isDown = true;
    const net = `10.2.${++network}`;
    expect(await check({}, net)).toBe('pass down');
    expect(await check({ more: ", on_failure = 'open'" }, net)).toBe('pass down');
    expect(await check({ more: ", on_failure = 'closed'" }, net)).toBe('wait 300 down');
    expect(await check({ more: ", on_failure = 'local'" }, net)).toBe('wait 300 down');
    pass(300);
    expect(await check({ more: ", on_failure = 'local'" }, net)).toBe('pass down');
    rig.isDown = false;
  });

  it('takes whole seconds that were divided: in Lua 5.4 they are floats', async () => {
    const net = `10.3.${++network}`;
    const more = ', delay = 600 / 2, window = 86400 / 1, pass = 2 ^ 20, v4 = 48 / 2';
    expect(await check({ more }, net)).toBe('wait 300');
    pass(300);
    expect(await check({ more }, net)).toBe('pass');
  });

  it.each([
    ["greylist.check{ ip = 'x', sender = '' }", "greylist.check: the field 'recipient' is missing"],
    [
      "greylist.check{ ip = 'x', sender = '', recipent = '' }",
      "there is no field 'recipent'; did you mean 'recipient'?",
    ],
    ...[
      ['delay = 0', 'whole seconds, 1 to 31536000, expected as delay, got 0'],
      ["delay = '300'", "whole seconds, 1 to 31536000, expected as delay, got '300'"],
      ['delay = 0/0', 'whole seconds, 1 to 31536000, expected as delay'],
      ['delay = math.huge', 'whole seconds, 1 to 31536000, expected as delay'],
      ['delay = true', 'whole seconds, 1 to 31536000, expected as delay, got boolean'],
      ['delay = -1', 'whole seconds, 1 to 31536000, expected as delay, got -1'],
      ['delay = 31536000', 'window has to be more than delay (31536000 s)'],
      ['window = 300', 'window has to be more than delay (300 s), which leaves time to come back; got 300'],
      ['delay = 600, window = 10', 'window has to be more than delay (600 s)'],
      ['v4 = 24.5', 'greylist.check: whole number from 0 to 32 (bits) expected as v4, got 24.5'],
      ['v4 = 33', 'whole number from 0 to 32 (bits) expected as v4, got 33'],
      ["v4 = '24'", "whole number from 0 to 32 (bits) expected as v4, got '24'"],
      ['v6 = 129', 'whole number from 0 to 128 (bits) expected as v6, got 129'],
      ['v6 = -64', 'whole number from 0 to 128 (bits) expected as v6, got -64'],
      ['white_after = 0.5', 'whole number from 1 to 1000000000 expected as white_after, got 0.5'],
      ['pass = 1e9', 'whole seconds, 1 to 31536000, expected as pass'],
    ].map(([more = '', message = '']) => [
      `greylist.check{ ip = '192.0.2.1', sender = '', recipient = 'a@b', ${more} }`,
      message,
    ]),
    [
      "greylist.check{ ip = 'x', sender = 5, recipient = '' }",
      'greylist.check: string expected as sender, got 5',
    ],
    [
      "greylist.check{ ip = 'x', sender = '', recipient = 5 }",
      'greylist.check: string expected as recipient, got 5',
    ],
    ["greylist.check{ ip = 'x', recipient = '' }", "greylist.check: the field 'sender' is missing"],
    ["greylist.check{ ip = 1, sender = '', recipient = '' }", 'greylist.check: string expected as ip, got 1'],
    [
      "greylist.check{ ip = 'x', sender = '', recipient = '', delay = 1.5 }",
      'whole seconds, 1 to 31536000, expected as delay, got 1.5',
    ],
    ['greylist.result.passed', "there is no greylist.result 'passed'; did you mean 'pass'?"],
  ])('%s', async (code, message) => {
    await expect(rig.run(`local greylist = require 'smtpe.greylist'\nlocal a = ${code}`)).rejects.toThrow(
      message,
    );
  });
});
