// Letters of an account listed by a script in the built program: a thread reads them, whose code has to be found there too, and nothing is lost of it.
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { LineClient } from '../fakes/line-client.ts';
import { ServiceUnderTrial } from '../fakes/service.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Of its own: other specs have the same ports elsewhere. */
const ADDRESS = '127.0.0.29';
const PORT = 2703;
const LETTERS = 600;

let service: ServiceUnderTrial | undefined;
afterEach(async () => {
  await service?.remove();
  service = undefined;
});

const script = `
Mailman.createDomain('a.test')
Mailman.saveAccount({ name = 'ann', domain = 'a.test', type = 'mbox', password = '', arguments = '' })
Rumble.createService(function(session)
  local account = Mailman.readAccount('a.test', 'ann')
  session:receive()
  local subjects = {}
  for _, letter in ipairs(Mailman.listHeaders(account.id)) do subjects[#subjects + 1] = letter.subject end
  session:send(table.concat(subjects, ' ') .. '\\r\\n')
end, ${PORT})
`;

it('each of them, also those whose header block is long', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-letters-'));
  await writeFile(join(directory, 'policy.lua'), '');
  await writeFile(join(directory, 'list.lua'), script);
  service = await ServiceUnderTrial.start(
    {
      options: [
        ...['load-script=list.lua', `rumble-service-address=${ADDRESS}`, 'workers=1'],
        ...['rumble-allow=control accounts mail', 'rumble-database=rumble.db', 'rumble-storage=mail'],
      ],
    },
    directory,
  );
  await service.ready(1);
  const box = join(directory, 'mail/a.test/ann/new');
  for (const part of ['tmp', 'cur', 'new']) await mkdir(join(box, '..', part), { recursive: true });
  for (let at = 0; at < LETTERS; at++)
    await writeFile(
      join(box, `${1_700_000_000 + at}.M1.mx`),
      `${'X: y\r\n'.repeat(at * 3)}Subject: ${at}\r\n\r\nbody`,
    );
  const client = await LineClient.connect(PORT, ADDRESS);
  const line = await client.ask('list');
  client.destroy();
  expect(line).toBe(Array.from({ length: LETTERS }, (_, at) => String(at)).join(' '));
  expect(service.program.stderr).not.toContain('letters of accounts are read more slowly');
});
