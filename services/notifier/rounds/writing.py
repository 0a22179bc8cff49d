"""Writes mails: names, addresses of pages, the sender, the window that groups."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.messages.compose import compose
from services.notifier.messages.letter import Order
from services.notifier.messages.links import Links
from services.notifier.messages.mime import Headers, to_bytes
from services.notifier.messages.render import as_html, as_text
from shared.words.names import Names


@dataclass(frozen=True)
class MailWriter:
    """Makes the bytes of mails.

    `window` is how long a first notice waits for others, `apart` the least time between two mails of suggestions to one
    person: whoever changes a deposit ten times in an hour causes one mail, not ten.
    """

    names: Names
    public_url: str
    link_secret: str
    mail_from: str
    window: timedelta
    apart: timedelta

    def message_id(self, mail_id: str) -> str:
        """The Message-ID of a mail, with its angle brackets."""
        return f"<{mail_id}@{self.mail_from.rpartition('@')[2]}>"

    def write(self, order: Order, mail_id: str, now: datetime) -> bytes:
        """The whole message of `order`."""
        letter = compose(order, self.names, Links(self.public_url, self.link_secret, now))
        headers = Headers(
            message_id=self.message_id(mail_id),
            sent_at=now,
            sender=letter.sender,
            from_address=self.mail_from,
            to_name=order.recipient.name,
            to_address=order.recipient.email,
            subject=letter.subject,
            settings_url=letter.settings.url,
        )
        return to_bytes(headers, as_text(letter), as_html(letter))
