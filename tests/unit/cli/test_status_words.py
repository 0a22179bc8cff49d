"""`essaim status` shows each service, its partitions and lag, and for each trouble what to do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from services.cli.auditing import PARTS
from services.cli.standing import Owner, Standing, Worker
from services.cli.status import HEARD
from services.cli.status_words import advice, lines, seconds, spans

HERE = "http://127.0.0.1:8002"
WELL = Standing(
    service="matcher",
    kafka="kafka:9092",
    relays=True,
    lag={"projects/0": 0, "projects/1": 0, "answers/0": 0},
    readiness={HERE: []},
    workers=[Worker(HERE, "2026-12-a", 1.0)],
    owners=[Owner(0, HERE, 7_200.0, 1.0), Owner(1, HERE, 7_200.0, 1.0)],
    audited_at=datetime.now(UTC) - timedelta(hours=3),
    audit_differences=0,
)


def test_where_all_is_well_nothing_is_to_be_done_and_owners_and_lag_are_shown() -> None:
    assert advice(WELL) == []
    shown = "\n".join(lines(replace(WELL, audited_at=datetime.now(UTC) - timedelta(hours=3))))
    assert f"0-1 : {HERE} depuis 2 h" in shown
    assert "aucun (projects, answers)" in shown
    assert "il y a 3 h : aucune différence" in shown
    assert "À FAIRE" not in shown


@pytest.mark.parametrize(
    ("changes", "trouble", "remedy"),
    [
        ({"readiness": {HERE: None}}, f"ne répond pas sur {HERE}", "démarrez-le"),
        ({"readiness": {HERE: ["PostgreSQL does not answer"]}}, "PostgreSQL ne lui répond pas", "n'est pas prêt"),
        ({"readiness": {HERE: ["the disk is full"]}}, "« the disk is full »", "n'est pas prêt"),
        ({"relays": False}, "aucun processus n'envoie", "démarrez-le"),
        ({"owners": [Owner(3, HERE, 9.0, float("inf"))]}, "partitions 3", "démarrez un matcher"),
        ({"owners": [Owner(3, HERE, 9.0, 61.0)]}, "il se tait", "démarrez un matcher"),
        ({"lag": None}, "Kafka ne répond pas sur kafka:9092", "démarrez-le"),
        ({"lag": {"projects/1": -4}}, "(projects 1) est au-delà de sa fin", "essaim restored matcher"),
        ({"lag": None, "is_foreign": True}, "pas le Kafka qui a été lu", "essaim restored matcher"),
        ({"lag": {"projects/1": 4}, "still": ["projects/1"]}, "n'avance pas (projects 1)", "son journal dit"),
        ({"outbox_events": 1, "outbox_refused": 1}, "que Kafka n'accepte", "message.max.bytes"),
        ({"outbox_events": 1, "outbox_oldest_seconds": 300.0}, "depuis 5 min", "/health/ready"),
        ({"dead_letters": {"projects": 2}}, "mis de côté", "essaim replay matcher"),
        ({"mails": {"frozen": 2, "oldest_seconds": 1e3, "notices": 0, "given_up": 0}}, "courriels", "partira seul"),
        ({"mails": {"frozen": 0, "oldest_seconds": 0.0, "notices": 0, "given_up": 1}}, "1\u00a0courriel", "journal"),
        ({"audit_differences": 2}, "dernier audit", "essaim audit matcher"),
    ],
)
def test_each_trouble_is_named_alone_with_its_remedy(changes: dict[str, Any], trouble: str, remedy: str) -> None:
    (said,) = advice(replace(WELL, **changes))
    assert trouble in said
    assert remedy in said


def test_a_service_that_is_away_is_said_once_whatever_follows_from_it() -> None:
    lost = [Owner(0, HERE, 9.0, float("inf"))]
    (said,) = advice(replace(WELL, readiness={HERE: None}, relays=False, owners=lost, still=["projects/0"]))
    assert "ne répond pas" in said


def test_a_service_that_holds_its_place_and_is_silent_may_be_frozen_or_elsewhere() -> None:
    silent = replace(WELL, service="console", workers=[], readiness={HERE: None})
    (said,) = advice(silent)
    assert "s'il est figé, tuez-le, puis démarrez-le" in said
    assert "CONSOLE_ADDRESS" not in said
    (said,) = advice(replace(silent, address_named=True))
    assert "s'il répond ailleurs, corrigez CONSOLE_ADDRESS" in said


def test_a_matcher_that_has_just_started_takes_up_its_partitions_and_nothing_is_to_be_done() -> None:
    lost = [Owner(0, HERE, 9.0, float("inf"))]
    young = replace(WELL, owners=lost, lag={"projects/1": 4}, still=["projects/1"], up_seconds={HERE: 12.0})
    assert advice(young) == []
    assert "prêt ; reprend ses partitions" in "\n".join(lines(young))
    assert len(advice(replace(young, up_seconds={HERE: 61.0}))) == 2


def test_a_log_that_was_replaced_is_said_first_and_nothing_contradicts_it() -> None:
    gone = replace(WELL, readiness={HERE: None}, relays=False, lag={"projects/1": -4})
    (said,) = advice(gone)
    assert "essaim restored matcher" in said
    assert "retard      inconnu" in "\n".join(lines(gone))


def test_what_follows_from_the_absence_of_kafka_is_not_said_beside_it() -> None:
    english = ["Kafka has not answered for 30 s", "partition 1: KafkaConnectionError; trying again"]
    (said,) = advice(replace(WELL, lag=None, relays=False, readiness={HERE: english}))
    assert said.startswith("Kafka ne répond pas sur kafka:9092")
    doubled = ["partition 1: no answer in time; trying again", "partition 2: no answer in time; trying again"]
    assert len(advice(replace(WELL, readiness={HERE: doubled}))) == 1


def test_an_audit_that_never_ran_or_long_ago_is_asked_for() -> None:
    assert "jamais : lancez « essaim audit matcher »" in "\n".join(lines(replace(WELL, audited_at=None)))
    old = replace(WELL, audited_at=datetime.now(UTC) - timedelta(days=9))
    assert "aucune différence ; lancez-le une fois par nuit" in "\n".join(lines(old))
    assert not advice(old)


def test_numbers_in_a_row_are_one_span() -> None:
    assert spans([6, 0, 2, 1, 3]) == "0-3, 6"


def test_a_lag_that_moves_is_shown_and_no_trouble() -> None:
    late = replace(WELL, lag={"projects/0": 3, "projects/1": 4, "answers/0": 0})
    assert advice(late) == []
    assert "retard      projects 7" in "\n".join(lines(late))


@pytest.mark.parametrize(("value", "said"), [(0.2, "0 s"), (59, "59 s"), (150, "2 min"), (7200, "2 h"), (2e5, "2 j")])
def test_a_time_is_said_in_its_largest_unit(value: float, said: str) -> None:
    assert seconds(value) == said


def test_the_topics_whose_lag_is_shown_are_those_that_each_service_handles() -> None:
    assert {service: set(topics) for service, topics in HEARD.items()} == {
        service: set(import_module(part).HANDLED) for service, part in PARTS.items()
    }
