"""Takes every mail by SMTP on loopback, delivers none, and shows them on a page (`python -m deploy.local.mailsink`)."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.mailpage import build_app
from deploy.local.mailstore import MailStore

LARGEST_BYTES = 10_000_000


class _Keep:
    """Answers 250 only once the mail is on disk."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self._store.add(envelope.mail_from or "", list(envelope.rcpt_tos), content)
        return "250 2.0.0 Ok"


@asynccontextmanager
async def smtp_server(store: MailStore, port: int) -> AsyncIterator[int]:
    """An SMTP server on loopback that keeps what it takes in `store`; yields its port (0 asks for any free one)."""

    def protocol() -> SMTP:
        return SMTP(_Keep(store), hostname="localhost", data_size_limit=LARGEST_BYTES, enable_SMTPUTF8=True)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def serve(folder: Path, smtp_port: int, page_port: int, pages: str) -> None:
    """Take and show mails until this process is told to stop."""
    store = MailStore(folder)
    config = uvicorn.Config(
        build_app(store, pages), host="127.0.0.1", port=page_port, log_level="warning", access_log=False
    )
    async with smtp_server(store, smtp_port):
        await uvicorn.Server(config).serve()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--smtp-port", type=int, default=8026)
    parser.add_argument("--page-port", type=int, default=8025)
    parser.add_argument("--pages", default="", help="where the console answers, without a final slash")
    options = parser.parse_args()
    asyncio.run(serve(options.folder, options.smtp_port, options.page_port, options.pages))


if __name__ == "__main__":
    main()
