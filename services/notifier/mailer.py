"""Hands mails to the mail server, and tells a refusal of one mail from a server that is away."""

import asyncio

import aiosmtplib

from shared.smtp import Smtp

CONNECT_SECONDS = 15.0
SEND_SECONDS = 45.0


class MailRefused(Exception):
    """The server will not take this one mail, now or ever; `code` is its answer."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code

    @property
    def permanent(self) -> bool:
        return self.code >= 500


class MailServerAway(Exception):
    """The server takes no mail at all now: nothing is wrong with this one."""


class MailCutOff(MailServerAway):
    """The server went away over this one mail: that may be the mail's doing, so that others had better go first."""


class Mailer:
    """Sends one mail at a time over a connection that is kept, and made again when it was lost."""

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp
        self._server: aiosmtplib.SMTP | None = None

    async def send(self, recipient: str, content: bytes) -> None:
        """Return once the server has taken the mail; raises `MailRefused`, `MailServerAway` or, of these, `MailCutOff`.

        After `MailCutOff` the mail may have been taken all the same, when the answer was lost.
        """
        away = MailServerAway
        try:
            async with asyncio.timeout(SEND_SECONDS):
                server = await self._connected()
                away = MailCutOff
                await server.sendmail(self._smtp.sender, [recipient], content)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _outcome(error.recipients[0].code) from None
        except aiosmtplib.SMTPDataError as error:
            raise _outcome(error.code) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            await self.close()
            raise away(f"the mail server takes no mail: {type(error).__name__}") from None

    async def close(self) -> None:
        """Let go of the connection; a later `send` makes another."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._server is not None:
            try:
                # Before a mail is begun, so that a connection lost meanwhile costs nothing.
                await self._server.noop()
                return self._server
            except (aiosmtplib.SMTPException, OSError):
                await self.close()
        server = aiosmtplib.SMTP(
            hostname=self._smtp.host,
            port=self._smtp.port,
            use_tls=self._smtp.tls == "tls",
            start_tls=self._smtp.starttls,
            username=self._smtp.username,
            password=self._smtp.password,
            timeout=CONNECT_SECONDS,
        )
        await server.connect()
        self._server = server
        return server


def _outcome(code: int) -> MailRefused | MailServerAway:
    # 421 closes the connection whatever the mail.
    return MailCutOff("the mail server closes: 421") if code == 421 else MailRefused(code)
