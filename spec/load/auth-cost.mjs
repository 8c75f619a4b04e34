// What AUTH costs that a script answers without asking anybody: sessions with AUTH PLAIN beside sessions with NOOP, in turn, in one process of the built
// program. Usage: node spec/load/auth-cost.mjs [ROUNDS [SESSIONS]]; the difference is to be 200 us at most.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compare, dial, numbers, spent, start, within } from './paired.mjs';

const [rounds, sessions] = numbers(40, 50);
const script = `
local stored = { bob = 'secret' }
function auth_passdb_lookup(req)
  local password = stored[req.username]
  if not password then return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, '' end
  return dovecot.auth.PASSDB_RESULT_OK, { password = password }
end
`;
const verify = `
function auth_password_verify(req, password)
  if req.user == 'bob' and password == 'secret' then return dovecot.auth.PASSDB_RESULT_OK, '' end
  return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, ''
end
`;
const AUTH = `AUTH PLAIN ${Buffer.from('\0bob\0secret').toString('base64')}\r\n`;

const round = ({ command, port, reply }) =>
  spent(sessions, async () => {
    for (let n = 0; n < sessions; n++) {
      const client = await dial(port);
      await client.ask('EHLO c.example\r\n');
      const said = await client.ask(command);
      if (!said.startsWith(reply)) throw new Error(said);
      await client.ask('QUIT\r\n');
      client.end();
    }
  });

await within(async (directory) => {
  const servers = [];
  for (const [name, text] of [
    ['look-up', script],
    ['verify', verify],
  ]) {
    const path = join(directory, `${name}.lua`);
    await writeFile(path, text);
    servers.push(await start(directory, name, { options: { 'auth-script': path } }));
  }
  const [{ port }] = servers;
  const ways = [
    { name: 'NOOP', port, command: 'NOOP\r\n', reply: '250' },
    ...servers.map((one) => ({ name: `AUTH by ${one.name}`, port: one.port, command: AUTH, reply: '235' })),
  ];
  await compare(ways, rounds, round);
  for (const server of servers) await server.close();
});
