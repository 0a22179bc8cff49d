"""What the notifier measures beside what every service does: mails that have not left, and what they wait for."""

from prometheus_client import Metric

from services.notifier.store import mails
from services.notifier.store.mails import Undelivered
from shared.database import Connection
from shared.measures import gauge


async def of_mails(connection: Connection) -> list[Metric]:
    """The measures of what is to be told and was not yet."""
    return of_undelivered(await mails.undelivered(connection))


def of_undelivered(found: Undelivered) -> list[Metric]:
    """The measures of these."""
    return [
        gauge("mails_frozen", "Mails written that the mail server has not taken yet.", [((), found.frozen)]),
        gauge("mail_oldest_seconds", "Age of the oldest of them.", [((), found.oldest_seconds)]),
        gauge("notices_waiting", "Notices that wait for somebody's contact.", [((), found.notices)]),
        gauge("mails_given_up", "Mails that the server refused for good, in the last day.", [((), found.given_up)]),
    ]
