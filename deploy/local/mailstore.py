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
from pathlib import Path
from typing import Any

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
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, sender: str, recipients: list[str], content: bytes) -> str:
        """Keep a mail, on disk once this returns, and let the oldest go; returns its id. Ids grow with time."""
        self._last = max(self._last + 1, time.time_ns())
        mail_id = f"{self._last:016x}"
        envelope = {"sender": sender, "recipients": recipients, "received_at": datetime.now(UTC).isoformat()}
        # The envelope first: a mail is there once its content is.
        (self._folder / f"{mail_id}.json").write_text(json.dumps(envelope), encoding="utf-8")
        part = self._folder / f"{mail_id}.part"
        part.write_bytes(content)
        part.rename(self._folder / f"{mail_id}.eml")
        for old in self.ids()[self._kept :]:
            self._remove(old)
        return mail_id

    def ids(self) -> list[str]:
        """The latest first."""
        return sorted((path.stem for path in self._folder.glob("*.eml")), reverse=True)

    def mail(self, mail_id: str) -> Mail | None:
        """The mail, or None when there is none of that id."""
        path = self._folder / f"{mail_id}.eml"
        if not _ID.fullmatch(mail_id) or not path.exists():
            return None
        content = path.read_bytes()
        envelope = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        message = email.message_from_bytes(content, policy=email.policy.default)
        received_at = datetime.fromisoformat(envelope["received_at"])
        return Mail(mail_id, envelope["sender"], tuple(envelope["recipients"]), received_at, len(content), message)

    def mails(self, limit: int, start: int = 0) -> list[Mail]:
        """At most `limit` mails, the latest first, without the first `start`."""
        found = (self.mail(mail_id) for mail_id in self.ids()[start : start + limit])
        return [mail for mail in found if mail]

    def clear(self) -> None:
        """Forget all of them."""
        for mail_id in self.ids():
            self._remove(mail_id)

    def _remove(self, mail_id: str) -> None:
        for suffix in (".eml", ".json"):
            (self._folder / f"{mail_id}{suffix}").unlink(missing_ok=True)


def _people(message: EmailMessage, header: str, otherwise: tuple[str, ...]) -> list[dict[str, str]]:
    found = getaddresses([str(value) for value in message.get_all(header, [])])
    return [{"Name": name, "Address": address} for name, address in found or [("", one) for one in otherwise]]
