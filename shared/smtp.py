"""The server that takes a service's mails, the address they come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

Tls = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server as settings say it."""

    host: str
    port: int
    sender: str
    tls: Tls = "none"
    username: str | None = None
    password: str | None = None

    @property
    def starttls(self) -> bool:
        """Whether the connection turns to TLS before it serves: a password never leaves this machine in clear."""
        return self.tls == "starttls" or (self.tls == "none" and bool(self.password) and not is_here(self.host))

    def doubts(self) -> Iterator[str]:
        """What an operator should be told at start: that mails bear a sender that nobody else can answer."""
        if is_here(self.sender.rpartition("@")[2]) and not is_here(self.host):
            yield (
                f"mails are sent as {self.sender}, which mail servers refuse or file as spam: "
                "set MAIL_FROM to an address of your domain"
            )


def is_here(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
