// Scanners that answer before they were given the whole message: what is bad in a part is bad, what is good in a part says nothing.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ScriptedServer, startScripted } from '../../../src/bench/ports/scripted-server.ts';
import { type MessageSession, messageSession } from '../../fakes/message-session.ts';
import { type Rig, serviceRig } from '../../fakes/service-rig.ts';

/** More than all buffers between the two hold. */
const MESSAGE = Buffer.from(`A: b\r\n\r\n${'line of text\r\n'.repeat(2_000_000)}`);

let message: MessageSession;
let rig: Rig;
let server: ScriptedServer | undefined;
beforeEach(async () => {
  message = await messageSession(MESSAGE);
  rig = serviceRig({ message });
});
afterEach(async () => {
  rig.close();
  await server?.quiet();
  await server?.close();
  await message.dispose();
});

/** Reads the beginning only, answers, and leaves the rest where it is. */
async function hasty(reply: string): Promise<string> {
  server = await startScripted(async (connection) => {
    await connection.until((received) => received.length > 1000);
    connection.socket.pause();
    await connection.send(reply);
    await connection.hold;
    connection.socket.resume();
  });
  return `localhost:${server.port}`;
}

const EARLY = 'answered before it had the whole message';

describe('clamd', () => {
  it.each([
    ['stream: OK\n', { is_infected: undefined, error: `clamd ${EARLY}` }],
    ['stream: OK\0', { is_infected: undefined, error: `clamd ${EARLY}` }],
    ['stream: Eicar FOUND\n', { is_infected: true, signature: 'Eicar', error: undefined }],
    [
      'INSTREAM size limit exceeded. ERROR\n',
      { is_infected: undefined, error: 'clamd said: INSTREAM size limit exceeded. ERROR' },
    ],
  ])('%j', async (reply, expected) => {
    await rig.call('clamd', message.spool.path, await hasty(reply));
    const result = (await rig.wait()).clamd;
    for (const [name, value] of Object.entries(expected)) expect(result?.[name], name).toBe(value);
  });
});

describe('spamd', () => {
  const head = 'SPAMD/1.1 0 EX_OK\r\n';
  it.each([
    ['CHECK', `${head}Spam: False ; 0.1 / 5.0\r\n\r\n`, { is_spam: undefined, error: `spamd ${EARLY}` }],
    [
      'CHECK',
      `${head}Spam: True ; 9.1 / 5.0\r\n\r\n`,
      { is_spam: true, score: 9.1, error: `spamd ${EARLY}` },
    ],
    [
      'SYMBOLS',
      `${head}Content-length: 1\r\nSpam: False ; 0.1 / 5.0\r\n\r\nX`,
      { is_spam: undefined, error: `spamd ${EARLY}` },
    ],
    [
      'CHECK',
      'SPAMD/1.1 69 EX_UNAVAILABLE\r\n\r\n',
      { is_spam: undefined, error: 'spamd said: SPAMD/1.1 69 EX_UNAVAILABLE' },
    ],
  ])('%s %j', async (method, reply, expected) => {
    await rig.call('spamd', message.spool.path, await hasty(reply), method);
    const result = (await rig.wait()).spamd;
    for (const [name, value] of Object.entries(expected)) expect(result?.[name], name).toBe(value);
  });
});
