"""The signed addresses of one mail, all on the console."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.messages.letter import Item, Order
from shared.links import alerts_link, match_link, sign

ANSWER_LIFE = timedelta(days=60)
ALERTS_LIFE = timedelta(days=365)


@dataclass(frozen=True)
class Links:
    """Makes addresses that hold from `now` on; `base_url` is the console's."""

    base_url: str
    secret: str
    now: datetime

    def answer(self, person_id: str, item: Item, *, declines: bool = False) -> str:
        """The page of a match, for this person and side."""
        fields = {"person": person_id, "match": item.match.match_id, "side": item.side or "coordinator"}
        token = sign(self.secret, "match", fields, self.now + ANSWER_LIFE)
        return match_link(self.base_url, item.match.match_id, token, declines=declines)

    def alerts(self, person_id: str) -> str:
        """The preferences of this person."""
        return alerts_link(self.base_url, sign(self.secret, "alerts", {"person": person_id}, self.now + ALERTS_LIFE))

    def rest(self, order: Order) -> str:
        """Where all the matches of a mail are listed, for who has signed in."""
        return self.base_url.rstrip("/") + _list_path(order)


def _list_path(order: Order) -> str:
    first, *others = order.parties
    if not others:
        folder = {"project": "projets", "territory": "territoires"}.get(first.type, "offres")
        return f"/{folder}/{first.id}" + ("/suivi" if first.type == "territory" else "")
    types = {party.type for party in order.parties}
    if types == {"territory"}:
        return f"/territoires/{first.id}/suivi"
    return "/mes-projets" if types == {"project"} else "/mes-offres"
