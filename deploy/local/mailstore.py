"""Keeps the mails that the sink received: on disk, the latest thousand, readable by people and programs."""

import email
import email.policy
import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import getaddresses
from functools import cached_property
from pathlib import Path
from typing import Any

from shared.text.folding import fold

KEPT = 1000
_ID = re.compile(r"[0-9a-f]{1,20}")


@dataclass(frozen=True)
class Mail:
    """One received mail: its envelope and its parsed content."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    received_at: datetime
    size: int
    message: EmailMessage

    @property
    def subject(self) -> str:
        """The decoded subject, empty when there is none."""
        return str(self.message["Subject"] or "")

    @property
    def message_id(self) -> str:
        """Without its angle brackets."""
        return str(self.message["Message-ID"] or "").strip("<> ")

    def body(self, kind: str) -> str:
        """The `plain` or `html` part; empty when there is none, or none that can be read."""
        part = self.message.get_body((kind,))
        try:
            return str(part.get_content()) if part else ""
        except LookupError:  # an unknown character set
            return ""

    @cached_property
    def text(self) -> str:
        """What a search looks through, folded: subject, people, and the whole of the text."""
        people = (*self.recipients, str(self.message["From"] or ""), str(self.message["To"] or ""))
        return fold("\n".join((self.subject, *people, self.body("plain"))))

    def is_to(self, recipient: str) -> bool:
        """Whether this address got it; any did when none is given."""
        return not recipient or recipient.lower() in (each.lower() for each in self.recipients)

    def summary(self) -> dict[str, Any]:
        """The entry of a list, named as Mailpit's API names it."""
        return {
            "ID": self.id,
            "MessageID": self.message_id,
            "From": _people(self.message, "From", (self.sender,))[0],
            "To": _people(self.message, "To", self.recipients),
            "Subject": self.subject,
            "Created": self.received_at.isoformat(),
            "Size": self.size,
            "Snippet": " ".join(self.body("plain").split())[:200],
        }

    def details(self) -> dict[str, Any]:
        """The whole mail, named as Mailpit's API names it."""
        headers = {name: self.message.get_all(name) for name in self.message}
        return {**self.summary(), "Text": self.body("plain"), "HTML": self.body("html"), "Headers": headers}


class MailStore:
    """A folder of mails; one process writes it."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self._folder = folder
        self._kept = kept
        self._last = 0
        self._read: dict[str, Mail] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, sender: str, recipients: list[str], content: bytes) -> str:
        """Keep a mail, on disk once this returns, and let the oldest go; returns its id. Ids grow with time."""
        self._last = max(self._last + 1, time.time_ns())
        mail_id = f"{self._last:016x}"
        envelope = {"sender": sender, "recipients": recipients, "received_at": datetime.now(UTC).isoformat()}
        self._count(self.received + 1)
        # The envelope first: a mail is there once its content is.
        (self._folder / f"{mail_id}.json").write_text(json.dumps(envelope), encoding="utf-8")
        part = self._folder / f"{mail_id}.part"
        part.write_bytes(content)
        part.rename(self._folder / f"{mail_id}.eml")
        for old in self.ids()[self._kept :]:
            self._remove(old)
        return mail_id

    @property
    def received(self) -> int:
        """How many mails came since all were forgotten, those let go too."""
        kept = len(self.ids())
        path = self._folder / "received"
        return max(kept, int(path.read_text(encoding="utf-8"))) if path.exists() else kept

    def ids(self) -> list[str]:
        """The latest first."""
        return sorted((path.stem for path in self._folder.glob("*.eml")), reverse=True)

    def mail(self, mail_id: str) -> Mail | None:
        """The mail, or None when there is none of that id."""
        if mail_id in self._read:
            return self._read[mail_id]
        path = self._folder / f"{mail_id}.eml"
        if not _ID.fullmatch(mail_id) or not path.exists():
            return None
        content = path.read_bytes()
        envelope = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        message = email.message_from_bytes(content, policy=email.policy.default)
        received_at = datetime.fromisoformat(envelope["received_at"])
        mail = Mail(mail_id, envelope["sender"], tuple(envelope["recipients"]), received_at, len(content), message)
        self._read[mail_id] = mail
        return mail

    def mails(self, recipient: str = "", words: str = "") -> list[Mail]:
        """Those to this recipient, if any is named, that hold all these words, whatever accents; the latest first."""
        kept = (self.mail(mail_id) for mail_id in self.ids())
        wanted = fold(words).split()
        return [mail for mail in kept if mail and mail.is_to(recipient) and all(word in mail.text for word in wanted)]

    def recipients(self) -> list[str]:
        """Everybody who got one of them, by address."""
        return sorted({recipient for mail in self.mails() for recipient in mail.recipients})

    def clear(self) -> None:
        """Forget all of them."""
        for mail_id in self.ids():
            self._remove(mail_id)
        self._count(0)

    def _count(self, received: int) -> None:
        part = self._folder / "received.part"
        part.write_text(str(received), encoding="utf-8")
        part.rename(self._folder / "received")

    def _remove(self, mail_id: str) -> None:
        self._read.pop(mail_id, None)
        for suffix in (".eml", ".json"):
            (self._folder / f"{mail_id}{suffix}").unlink(missing_ok=True)


def _people(message: EmailMessage, header: str, otherwise: tuple[str, ...]) -> list[dict[str, str]]:
    found = getaddresses([str(value) for value in message.get_all(header, [])])
    return [{"Name": name, "Address": address} for name, address in found or [("", one) for one in otherwise]]
