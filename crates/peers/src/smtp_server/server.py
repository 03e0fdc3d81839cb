"""A mail server that keeps each mail as a file of its folder. Arguments: port, folder, and for STARTTLS with sign-in
certificate, key, name and password.

The file `answer`, if it is there, tells what to say to a mail instead of taking it: an SMTP reply, or `vanish`, which takes
the mail and ends the connection without a word.
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        control = self.folder / "answer"
        answer = control.read_text().strip() if control.exists() else ""
        if answer and answer != "vanish":
            return answer
        self.count += 1
        recipients = "".join(f"X-Envelope-To: {to}\r\n" for to in envelope.rcpt_tos)
        part = self.folder / "part"
        part.write_bytes(recipients.encode() + envelope.content)
        part.rename(self.folder / f"{self.count:06}.eml")
        if answer == "vanish":
            server.transport.abort()
        return "250 taken"


async def main():
    port, folder, *tls = sys.argv[1:]
    keeper = Keeper(pathlib.Path(folder))
    options = {"enable_SMTPUTF8": True}
    if tls:
        certificate, key, name, password = tls
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        def authenticate(server, session, envelope, mechanism, data):
            good = (data.login, data.password) == (name.encode(), password.encode())
            return AuthResult(success=good, handled=False)

        options |= {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": authenticate,
        }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keeper, hostname="mail.test", loop=loop, **options), "127.0.0.1", int(port)
    )
    await server.serve_forever()


asyncio.run(main())
