"""aiosmtpd on a free port of loopback, which it prints; ends with its standard input. Takes everything; AUTH for alice with secret."""
import asyncio
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data.login == b"alice" and data.password == b"secret"
    return AuthResult(success=right, handled=False)


def session():
    return SMTP(Handler(), enable_SMTPUTF8=True, hostname="peer.example", auth_require_tls=False, authenticator=authenticate, timeout=60)


async def main():
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
