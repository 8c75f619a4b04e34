// Who decides about RCPT behind hook.rcpt: the recipient sources, in order.
import { describe, expect, it } from 'vitest';
import type {
  RecipientAnswer,
  RecipientQuestion,
  RecipientSource,
} from '../../../../src/users/recipient-source.ts';
import type { FakeHook } from '../../../fakes/fake-policy.ts';
import { type RigClient, SmtpRig } from '../../../fakes/smtp-rig.ts';

type Look = RecipientAnswer | ((question: RecipientQuestion) => RecipientAnswer | Promise<RecipientAnswer>);

const known: RecipientAnswer = { kind: 'known' };
const unknown: RecipientAnswer = { kind: 'unknown' };
const foreign: RecipientAnswer = { kind: 'foreign' };
const down: RecipientAnswer = { kind: 'unavailable', cause: 'it is down' };
const relay: RecipientAnswer = { kind: 'refused', status: '5.7.1', text: 'no relay' };
const later = (answer: RecipientAnswer) => () => Promise.resolve(answer);

interface Asked {
  readonly rig: SmtpRig;
  readonly client: RigClient;
  readonly asked: string[];
}

async function session(looks: readonly Look[], rcpt?: FakeHook): Promise<Asked> {
  const asked: string[] = [];
  const recipientSources = looks.map(
    (look, at): RecipientSource => ({
      name: `source ${at}`,
      look: (question) => {
        asked.push(`${at} ${question.address} ${question.domain} ${question.user ?? '-'}`);
        return typeof look === 'function' ? look(question) : look;
      },
    }),
  );
  const forward = () => '250 2.0.0 taken';
  const rig = new SmtpRig({ hooks: { ...(rcpt && { rcpt }), forward }, deps: { recipientSources } });
  const client = await rig.greeted();
  await client.commands('EHLO c.example', 'MAIL FROM:<a@b.example>');
  return { rig, client, asked };
}

const RCPT = 'RCPT TO:<Bob@Example.COM>';
const OK = '250 2.1.0 recipient <Bob@example.com> OK\r\n';
const UNKNOWN = '550 5.1.1 recipient <Bob@Example.COM> unknown\r\n';
const LATER = '451 4.3.0 recipient <Bob@Example.COM> cannot be checked, try again later\r\n';

describe('RCPT with recipient sources', () => {
  const rows: readonly (readonly [string, readonly Look[], string, number])[] = [
    ['nobody knows the domain', [foreign, foreign], OK, 2],
    ['the first knows it', [known, unknown], OK, 1],
    ['the second knows it', [unknown, later(known)], OK, 2],
    ['the second knows it, the first is down', [down, known], OK, 2],
    ['nobody knows it', [later(unknown), unknown], UNKNOWN, 2],
    ['it is unknown to one, foreign to the other', [unknown, foreign], UNKNOWN, 2],
    ['one is down, to the other it is unknown', [unknown, down], LATER, 2],
    ['one is down, to the other it is foreign', [later(down), foreign], LATER, 2],
    ['the first refuses it', [relay, known], '550 5.7.1 no relay\r\n', 1],
    ['the second refuses it', [foreign, relay], '550 5.7.1 no relay\r\n', 2],
    [
      "a refusal is a stranger's text",
      [{ kind: 'refused', status: '5.2.2', text: `full\r\n250 ok\xff${'x'.repeat(600)}` }],
      `550 ${`5.2.2 full??250 ok?${'x'.repeat(600)}`.slice(0, 400)}\r\n`,
      1,
    ],
  ];
  it.each(rows)('when %s', async (_, looks, reply, count) => {
    const { client, asked } = await session(looks);
    expect(await client.command(RCPT)).toBe(reply);
    expect(asked).toEqual([...Array(count).keys()].map((at) => `${at} Bob@Example.COM example.com -`));
    // Only a recipient that counts lets DATA through.
    expect(await client.command('DATA')).toMatch(reply === OK ? /^354/ : /^554 5\.5\.0 no recipients/);
    if (reply === OK) expect(await client.command('Subject: x\r\n\r\nx\r\n.')).toMatch(/^250/);
    await client.quit();
  });

  it.each([
    ['a refusal of hook.rcpt ends it', '550 5.7.1 not him', '550 5.7.1 not him\r\n', []],
    ['so does a temporary one', '450 4.2.0 later', '450 4.2.0 later\r\n', []],
    ['a positive reply is the text only', '250 2.1.5 mine', UNKNOWN, ['0 Bob@Example.COM example.com -']],
  ])('%s', async (_, said, reply, looked) => {
    const { client, asked } = await session([unknown], () => said);
    expect(await client.command(RCPT)).toBe(reply);
    expect(asked).toEqual(looked);
    await client.quit();
  });

  it('has the text of hook.rcpt when nobody objects', async () => {
    const { client } = await session([known], () => '250 2.1.5 mine');
    expect(await client.command(RCPT)).toBe('250 2.1.5 mine\r\n');
    await client.quit();
  });

  it('drops with the reply of the source when hook.rcpt says so', async () => {
    const { client } = await session([unknown], () => [true, '250 2.1.5 mine']);
    client.send(`${RCPT}\r\n`);
    expect(await client.rest()).toBe(UNKNOWN);
    client.stream.end();
    await client.over;
  });

  it('asks about each recipient of its own, in order, and keeps what comes behind for its turn', async () => {
    const { client, asked } = await session([
      ({ address }) => Promise.resolve(address.startsWith('bad') ? unknown : known),
    ]);
    client.send('RCPT TO:<a@x.example>\r\nRCPT TO:<bad@x.example>\r\nRCPT TO:<c@x.example>\r\nDATA\r\n');
    const replies = [await client.reply(), await client.reply(), await client.reply(), await client.reply()];
    expect(replies.map((text) => text.slice(0, 3))).toEqual(['250', '550', '250', '354']);
    expect(asked.map((line) => line.split(' ')[1])).toEqual(['a@x.example', 'bad@x.example', 'c@x.example']);
    expect(await client.command('x\r\n.')).toMatch(/^250/);
    await client.quit();
  });

  it('is not asked when the recipient is malformed or one too many', async () => {
    const { client, asked } = await session([known]);
    await client.commands('RCPT TO:<a..b@x.example>', 'RCPT TO:<>', 'RCPT TO:<a@b> NOTIFY=NEVER');
    expect(asked).toEqual([]);
    await client.quit();
  });

  it('says in the log who could not be asked, and why', async () => {
    const { rig, client } = await session([down, known]);
    await client.command(RCPT);
    const line = rig.log.lines.find(({ message }) => message === 'recipient cannot be checked: it is down');
    expect(line).toMatchObject({
      level: 'warning',
      fields: { source: 'source 0', recipient: 'Bob@Example.COM' },
    });
    await client.quit();
  });

  it.each([
    ['the client is gone', (_rig: SmtpRig, client: RigClient) => client.reset()],
    ['the server is shut down', (rig: SmtpRig) => void rig.server.close(0)],
  ])('ends with nothing left when %s meanwhile', async (_, end) => {
    let signal: AbortSignal | undefined;
    const { rig, client } = await session([
      (question) =>
        new Promise((resolve) => {
          signal = question.signal;
          signal.addEventListener('abort', () => resolve({ kind: 'unavailable', cause: 'cancelled' }));
          setImmediate(() => end(rig, client));
        }),
    ]);
    client.send(`${RCPT}\r\n`);
    client.stream.on('end', () => client.stream.end());
    await client.over;
    expect(client.received).not.toMatch(/250|550|451/);
    expect(signal?.aborted).toBe(true);
    expect(rig.said.filter((text) => text.startsWith('recipient cannot'))).toEqual([]);
  });

  it('has its event for a recipient that was taken only', async () => {
    const { rig, client } = await session([({ address }) => (address.startsWith('bad') ? unknown : known)]);
    const told: unknown[] = [];
    rig.deps.log.bus.on('tx-rcpt', (fields) => told.push(fields));
    await client.commands('RCPT TO:<bad@x.example>', 'RCPT TO:<c@x.example>');
    expect(told).toEqual([expect.objectContaining({ recipient: 'c@x.example', recipients: 1 })]);
    await client.quit();
  });
});
