"""The bytes of a mail: frozen once, sent as they are however often it takes."""

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from shared.words.french import one_line


class Headers(NamedTuple):
    """What a mail carries around its two parts; `message_id` has its angle brackets."""

    message_id: str
    sent_at: datetime
    sender: str
    from_address: str
    to_name: str | None
    to_address: str
    subject: str
    settings_url: str


def to_bytes(headers: Headers, text: str, html: str) -> bytes:
    """The whole message, lines ended by CRLF; the same arguments give the same bytes."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(headers.sender, addr_spec=headers.from_address)
    message["To"] = Address(one_line(headers.to_name or ""), addr_spec=headers.to_address)
    message["Subject"] = one_line(headers.subject)
    message["Date"] = format_datetime(headers.sent_at)
    message["Message-ID"] = headers.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "fr"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary("=_" + hashlib.sha256(headers.message_id.encode()).hexdigest()[:32])
    # Set through `EmailMessage`, an address too long for a line would be encoded, and no longer be one.
    return f"List-Unsubscribe: <{headers.settings_url}>\r\n".encode("ascii") + message.as_bytes()
