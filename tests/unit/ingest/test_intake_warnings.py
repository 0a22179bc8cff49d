"""What is accepted with a warning, and how facts stand in sentences."""

from datetime import date

import pytest

from services.ingest.intake.outcome import Accepted, Fault
from services.ingest.intake.warnings import warnings
from services.ingest.intake.wording import say
from shared.events.shapes import Project
from tests.factories import a_commitment, a_fund, a_project

DAY = date(2026, 12, 1)


@pytest.mark.parametrize(("on", "codes"), [(date(2026, 11, 30), ["echeance-passee"]), (DAY, []), (None, [])])
def test_deadline_before_today_is_warned_of(on: date | None, codes: list[str]) -> None:
    found = warnings(Accepted("project", "prj-1", a_project(deadline=on)), DAY)
    assert [one.code for one in found] == codes


def test_closing_day_of_both_kinds_of_offers_is_warned_of() -> None:
    for entity_type, entity in (
        ("commitment", a_commitment(closes_on="2026-11-30")),
        ("fund", a_fund(closes_on="2026-11-30")),
    ):
        [found] = warnings(Accepted(entity_type, "one", entity), DAY)  # type: ignore[arg-type]
        assert (found.field, found.code) == ("closes_on", "cloture-passee")


def test_what_is_not_active_is_not_warned_of() -> None:
    entity: Project = a_project(deadline=date(2020, 1, 1), status="retire")
    assert warnings(Accepted("project", "prj-1", entity), DAY) == ()


def test_facts_are_written_as_people_write_them() -> None:
    over = Fault("committed_eur", "depasse-le-total", {"value": 9000, "other": "total_eur", "total": 2000})
    assert say(over).message == "Ce montant (9\u202f000\u00a0€) dépasse «\u00a0total_eur\u00a0» (2\u202f000\u00a0€)."
    assert say(over, "en").message == "This amount (€9,000) exceeds “total_eur” (€2,000)."
    days = Fault("committed_days", "depasse-le-total", {"value": 9, "other": "days", "total": 2})
    assert "(9\u00a0jours)" in say(days).message
    past = Fault("deadline", "echeance-passee", {"value": date(2020, 6, 30)})
    assert "30\u00a0juin 2020" in say(past).message
    assert "2020-06-30" in say(past, "en").message
