// Thousands of random and mutated dialogues, in random pieces, under a policy that suspends: only well-formed replies come back, every session
// ends with its client, every message answered 250 arrived, and nothing is left. SMTPE_FUZZ sets the number, SMTPE_FUZZ_SEED the seed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { Seeded } from '../fakes/seeded.ts';
import { type Holdings, WholeServer } from '../fakes/whole-server.ts';

const COUNT = Number(process.env.SMTPE_FUZZ ?? 2000);
const SEED = Number(process.env.SMTPE_FUZZ_SEED ?? 20_260);
const AT_ONCE = 40;

/** Suspends in some hooks (a yield at top level gives others a turn), touches what a message has, refuses now and then. */
const policy = `
local n = 0
for name in ('accept helo ehlo mail rcpt data header eoh dot forward rset noop help quit xclient unknown out_seq reset error close'):gmatch('[%a_]+') do
  hook[name] = function(a)
    n = n + 1
    if n % 3 == 0 then coroutine.yield() end
    if name == 'dot' then
      local parts, uris = #mime.parts, #uri.found
      header.add('X-Parts: ' .. parts .. ' ' .. uris)
    elseif name == 'rcpt' and a:find('refused') then return '550 5.1.1 ' .. a
    elseif name == 'helo' and #a > 100 then error(a)
    end
  end
end
function hook.auth(line) if #line % 2 == 0 then return '235 2.7.0 ok' end end
`;

const PIECES = [
  ...[
    'EHLO a.example\r\n',
    'HELO b.example\r\n',
    'HELO\r\n',
    'ehlo [1.2.3.4]\r\n',
    'NOOP\r\n',
    'RSET\r\n',
    'HELP\r\n',
  ],
  ...[
    'MAIL FROM:<a@b.example>\r\n',
    'MAIL FROM:<> SIZE=10 BODY=8BITMIME\r\n',
    'mail from: a@b\r\n',
    'MAIL FROM:<@x,@y:a@b>\r\n',
  ],
  ...[
    'RCPT TO:<c@d.example>\r\n',
    'RCPT TO:<refused@d.example>\r\n',
    'RCPT TO:c\r\n',
    'RCPT TO:<"a b"@d> X=Y\r\n',
    'RCPT TO:<>\r\n',
  ],
  ...[
    'DATA\r\n',
    'Subject: x\r\n',
    '\r\n',
    'text\r\n',
    '.\r\n',
    '..\r\n',
    '\n.\n',
    '\r.\r',
    '\r\n.\r\n',
    '.\r\n.\r\n',
  ],
  ...[
    'AUTH PLAIN AGEAYg==\r\n',
    'AUTH LOGIN\r\n',
    'AUTH PLAIN\r\n',
    'AGEAYg==\r\n',
    '*\r\n',
    '=\r\n',
    'AUTH X\r\n',
  ],
  ...[
    'XCLIENT NAME=a.example ADDR=10.0.0.1\r\n',
    'XCLIENT ADDR=IPv6:::1 PORT=[UNAVAILABLE]\r\n',
    'XCLIENT NAME=a+0Db\r\n',
  ],
  ...['VERB\r\n', 'VERB +smtp -smtp\r\n', 'VRFY a\r\n', 'WHAT EVER\r\n', 'QUIT\r\n'],
  ...[
    'Content-Type: multipart/mixed; boundary=b\r\n',
    '--b\r\n',
    '--b--\r\n',
    'http://a.example/%41\r\n',
    ' folded\r\n',
  ],
  ...['\0', '\r', '\n', '\xff\xfe', 'x'.repeat(600), `${'y'.repeat(70)}\r\n`.repeat(60)],
];
/** Whole dialogues to mutate. */
const DIALOGUES = [
  'EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: x\r\n\r\ntext\r\n.\r\nQUIT\r\n',
  'HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@f.example>\r\nDATA\r\n..\r\n\r\n.\r\nMAIL FROM:<g@h>\r\nRSET\r\nQUIT\r\n',
  'EHLO a\r\nAUTH LOGIN\r\nYQ==\r\nYg==\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx http://c.example/\r\n--b--\r\n.\r\n',
  'XCLIENT NAME=n.example ADDR=10.1.1.1 LOGIN=me\r\nEHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n.\r\nNOOP\r\n',
];

function randomInput(random: Seeded): Buffer {
  switch (random.below(4)) {
    case 0:
      return random.bytes(1 + random.below(400));
    case 1: {
      const pieces = Array.from({ length: 1 + random.below(25) }, () => random.pick(PIECES));
      return Buffer.from(pieces.join(''), 'latin1');
    }
    default:
      return mutated(Buffer.from(random.pick(DIALOGUES), 'latin1'), random);
  }
}

/** A dialogue with some of its bytes changed, doubled, moved, taken out, or pieces put in. */
function mutated(dialogue: Buffer, random: Seeded): Buffer {
  let bytes = dialogue;
  for (let n = random.below(6); n > 0; n--) {
    const at = random.below(bytes.length);
    const to = Math.min(bytes.length, at + random.below(40));
    const [head, cut, tail] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    const parts: readonly (readonly Buffer[])[] = [
      [head, random.bytes(1), bytes.subarray(at + 1)],
      [head, cut, cut, tail],
      [head, tail],
      [head, Buffer.from(random.pick(PIECES), 'latin1'), cut, tail],
      [head, Buffer.from(cut).reverse(), tail],
      [
        head,
        Buffer.from(cut.toString('latin1').replace(/\r\n/g, random.pick(['\n', '\r', '\n\r', ''])), 'latin1'),
        tail,
      ],
    ];
    bytes = Buffer.concat([...random.pick(parts)]);
    if (bytes.length === 0) return dialogue;
  }
  return bytes;
}

const REPLIES = /^(?:(?:\d{3}-[^\0-\x08\x0a-\x1f\x7f]*\r\n)*\d{3}(?: [^\0-\x08\x0a-\x1f\x7f]*)?\r\n)*$/;

describe(`${COUNT} random dialogues`, () => {
  let hop: NextHop;
  let server: WholeServer;
  let before: Holdings;

  beforeAll(async () => {
    hop = await NextHop.start();
    server = await WholeServer.start({
      policy,
      options: {
        'smtp-smart-host': hop.target,
        'smtp-xclient-hosts': '192.0.2.0/24',
        'smtp-max-size': '20000',
        'limit-header-bytes': '2000',
        'limit-commands': '60',
        'limit-recipients': '5',
        'spool-memory': '300',
        verbose: '-warn',
      },
    });
    await session(new Seeded(1));
    hop.hangUp();
    before = await server.settled();
  });
  afterAll(async () => {
    await server.stop();
    await hop.close();
  });

  /** Sends one input in pieces and ends in some way; everything that came back. */
  async function session(random: Seeded): Promise<string> {
    const client = server.inMemory();
    const input = randomInput(random);
    const pieces = random.oneIn(3) ? [input] : random.cut(input, 1 + random.below(60));
    if (random.oneIn(2)) await client.reply();
    for (const piece of pieces) {
      if (client.ended) break;
      client.send(piece);
      if (random.oneIn(4)) await new Promise((resolve) => setImmediate(resolve));
    }
    client.stream.end();
    await client.over;
    return client.received;
  }

  it('bring back replies and nothing else, and leave nothing', { timeout: 300_000 }, async () => {
    const bad: string[] = [];
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < COUNT) {
        const seed = SEED + next++;
        const received = await session(new Seeded(seed));
        const longest = Math.max(...received.split('\n').map((line) => line.length + 1));
        if (!REPLIES.test(received) || longest > 512) bad.push(`seed ${seed}: ${JSON.stringify(received)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    expect(bad.slice(0, 3)).toEqual([]);
    expect(
      server.said(/internal error"?,|^(emerg|crit|alert)/).filter((line) => line.startsWith('err internal')),
    ).toEqual([]);
    // All kinds of ends were met: the inputs are not all refused at the first line.
    const accepted = server.said(/^info mail .*"result":"accepted"(?!.*"unheard")/);
    expect(accepted.length).toBeGreaterThan(COUNT / 50);
    const contents = hop.connections.flatMap((connection) => connection.contents);
    // A client that has gone at the last moment may have its message forwarded nevertheless.
    const unheard = server.said(/^notice client gone before the reply at dot /);
    expect(contents.length - accepted.length).toBeGreaterThanOrEqual(0);
    expect(contents.length - accepted.length).toBeLessThanOrEqual(unheard.length);
    for (const content of contents) expect(content.toString('latin1')).not.toMatch(/(^|[^\r])\n|\r(?!\n)/);
    hop.hangUp();
    expect(await server.backTo(before)).toEqual(before);
  });
});
