"""In whose name a fund is shown: only who is trusted describes one that nobody is named beside."""

from typing import Any

import pytest

from services.ingest.intake.depositing import SOMEBODY, described, operator_key, operator_overreach
from services.ingest.intake.outcome import Accepted
from services.ingest.intake.rights import Submitter
from tests.factories import a_fund, a_project

PERSON, PARTNER = Submitter(person_id="per-a"), Submitter("org-a")
TRUSTED = [Submitter(operator=True), Submitter("connector-ademe", feed=True)]


def accepted(**changes: Any) -> Accepted:
    return Accepted("fund", "fds-a", a_fund(**changes))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Banque des Territoires", "BANQUE  DES TERRITOIRES"),
        ("Région Île-de-France", "region ile de france"),
        ("L’Ademe", "l'ademe."),
        ("Bpifrance", "Bpi\u200bfrance"),
    ],
)
def test_spellings_of_one_name_are_one_name(one: str, other: str) -> None:
    assert operator_key(one) == operator_key(other)


@pytest.mark.parametrize("who", [PERSON, PARTNER])
def test_the_name_of_another_is_refused_with_the_field(who: Submitter) -> None:
    [fault] = operator_overreach(who, accepted(operator="BANQUE solidaire"), {operator_key("Banque solidaire")})
    assert (fault.field, fault.code) == ("operator", "nom-d-un-autre-organisme")
    assert not operator_overreach(who, accepted(), {operator_key("Banque")})


@pytest.mark.parametrize("who", TRUSTED)
def test_who_is_trusted_names_any_operator_and_is_not_named(who: Submitter) -> None:
    assert not operator_overreach(who, accepted(), {operator_key("Banque solidaire")})
    kept = described(PERSON, accepted(), None, None).content
    assert "deposited_by" not in described(who, accepted(), kept, "Essaim").content


def test_who_describes_a_fund_is_named() -> None:
    assert described(PARTNER, accepted(), None, "Les Paniers").content["deposited_by"] == "Les Paniers"
    assert described(PERSON, accepted(), None, None).content["deposited_by"] == SOMEBODY


def test_what_was_checked_stays_so_until_somebody_else_changes_it() -> None:
    checked = accepted().content
    assert "deposited_by" not in described(PARTNER, accepted(), checked, "Les Paniers").content
    changed = described(PARTNER, accepted(apply_url="https://example.net"), checked, "Les Paniers")
    assert changed.content["deposited_by"] == "Les Paniers"


def test_naming_twice_names_the_same() -> None:
    once = described(PARTNER, accepted(), None, "Les Paniers")
    assert described(PARTNER, once, None, "Les Paniers") == once
    assert described(PARTNER, once, once.content, "Les Paniers") == once


def test_nobody_is_named_beside_a_project() -> None:
    project = Accepted("project", "prj-a", a_project())
    assert described(PERSON, project, None, None) == project
