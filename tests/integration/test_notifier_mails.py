"""Each person is told each thing in exactly one Message-ID, whatever is delivered twice, killed, erased or away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.notifier.connectors.contacts import IngestAway
from services.notifier.mailer import Mailer, MailServerAway
from services.notifier.messages.schedule import CONTACT_AWAITED
from services.notifier.rounds.freezing import freeze
from services.notifier.rounds.sending import Sender
from services.notifier.store import mails
from shared.database import Pool
from shared.events.matches import MatchChanged
from shared.events.people import Erased
from shared.received import Received
from shared.smtp import Smtp
from tests.factories import erased, match_changed, preference_set
from tests.integration.notifier_stage import CUT, WINDOW, Stage, on_stage

DAY = timedelta(days=1)
INTERESTED: dict[str, Any] = {"state": "interested", "change": "interested", "entered": ()}


@pytest.fixture
async def stage(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    async with on_stage(database("notifier")) as ready:
        ready.ingest.knows("project", "prj-a", "per-p")
        ready.ingest.knows("commitment", "eng-a", "per-o")
        yield ready


def for_project(**changes: Any) -> MatchChanged:
    return match_changed(entered=("project",), **changes)


def several(count: int, **changes: Any) -> list[MatchChanged]:
    """Matches of one offer with as many projects, each a little less fitting."""
    made = [
        match_changed(f"prj-{n}", entered=("offer",), score=round(0.9 - n / 100, 2), **changes) for n in range(count)
    ]
    return [
        match.model_copy(update={"project": match.project.model_copy(update={"title": f"Projet numéro {n}"})})
        for n, match in enumerate(made)
    ]


async def test_both_sides_get_one_mail_each_and_it_is_said(stage: Stage) -> None:
    await stage.hear(match_changed())
    await stage.go()
    assert sorted(stage.sink.subjects) == [
        "L'engagement « Des quais vides la nuit » correspond à votre projet « Épicerie du port »",
        "Un projet à Rezé correspond à votre engagement « Des quais vides la nuit »",
    ]
    delivered = await stage.delivered()
    assert {event["person_id"] for event in delivered} == {"per-p", "per-o"}
    assert {event["message_id"] for event in delivered} == set(stage.sink.message_ids)
    assert {event["outcome"] for event in delivered} == {"sent"}
    assert delivered[0]["match_ids"] == ["prj-a~commitment~eng-a"]


async def test_a_second_delivery_tells_nothing_more(stage: Stage) -> None:
    for _ in range(2):
        await stage.hear(match_changed())
        await stage.hear(match_changed())
        await stage.go()
    assert len(stage.sink.mails) == 2


async def test_entering_again_is_not_told_again(stage: Stage) -> None:
    await stage.hear(for_project())
    await stage.go()
    await stage.hear(for_project(version=2, state="withdrawn", change="withdrawn"), for_project(version=3))
    await stage.go()
    assert len(stage.sink.mails) == 1


async def test_each_life_of_a_match_tells_its_interest(stage: Stage) -> None:
    first, second = stage.now, stage.now + DAY
    await stage.hear(match_changed(**INTERESTED, began_at=first, interested_sides=("project",)))
    await stage.go()
    withdrawn = match_changed(version=2, state="withdrawn", change="withdrawn", began_at=first, entered=())
    await stage.hear(withdrawn)
    for version in (3, 4):
        again = match_changed(version=version, **INTERESTED, began_at=second, interested_sides=("project",))
        await stage.hear(again)
        await stage.go()
    assert len(stage.sink.mails) == 2
    assert len(set(stage.sink.message_ids)) == 2


@pytest.mark.parametrize(("away", "mails"), [(29, 1), (31, 2)])
async def test_a_match_that_comes_back_is_suggested_again_only_after_a_month(
    stage: Stage, away: int, mails: int
) -> None:
    await stage.hear(for_project(began_at=stage.now))
    await stage.go()
    back = stage.now + away * DAY
    await stage.hear(for_project(version=2, state="withdrawn", change="withdrawn"))
    stage.now = back
    await stage.hear(for_project(version=3, began_at=back))
    await stage.go()
    await stage.hear(for_project(version=4, began_at=back))
    await stage.go()
    assert len(stage.sink.mails) == mails


async def test_an_older_version_is_ignored(stage: Stage) -> None:
    await stage.hear(for_project(version=2, state="withdrawn", change="withdrawn"))
    await stage.hear(for_project(version=1))
    await stage.go()
    assert stage.sink.mails == []


async def test_what_arises_within_the_window_goes_together(stage: Stage) -> None:
    matches = several(7)
    await stage.hear(*matches[:3])
    await stage.go(WINDOW / 2)
    assert stage.sink.mails == []
    await stage.hear(*matches[3:])
    await stage.go(WINDOW / 2)
    assert stage.sink.subjects == ["7 projets correspondent à votre engagement « Des quais vides la nuit »"]
    body = stage.sink.mails[0].get_body(("plain",))
    assert body is not None
    shown = [line for line in body.get_content().splitlines() if line.startswith("Projet numéro") and "," not in line]
    assert shown == [f"Projet numéro {n}" for n in range(5)]
    assert "Voir les 2 autres rapprochements" in body.get_content()
    assert len((await stage.delivered())[0]["match_ids"]) == 7
    await stage.go()
    assert len(stage.sink.mails) == 1


async def test_two_mails_of_suggestions_to_one_person_are_an_hour_apart(stage: Stage) -> None:
    stage.writer = replace(stage.writer, apart=timedelta(hours=1))
    matches = several(6)
    for match in matches[:5]:
        await stage.hear(match)
        await stage.go(timedelta(minutes=10))
    assert stage.sink.subjects == ["Un projet à Rezé correspond à votre engagement « Des quais vides la nuit »"]
    await stage.hear(match_changed(**INTERESTED, interested_sides=("offer",)))
    await stage.go(timedelta(minutes=5))
    assert [str(mail["To"]) for mail in stage.sink.mails[1:]] == ["Nom de per-p <per-p@example.org>"]
    await stage.hear(matches[5])
    await stage.go(timedelta(minutes=20))
    assert stage.sink.subjects[2:] == ["5 projets correspondent à votre engagement « Des quais vides la nuit »"]
    await stage.go(DAY)
    assert len(stage.sink.mails) == 3


async def test_someone_behind_two_offers_gets_one_mail(stage: Stage) -> None:
    stage.ingest.knows("commitment", "eng-b", "per-o")
    stage.ingest.knows("commitment", "eng-c", "per-o", "per-c")
    await stage.hear(*(match_changed("prj-a", offer, entered=("offer",)) for offer in ("eng-a", "eng-b", "eng-c")))
    await stage.go()
    assert sorted(str(mail["To"]) for mail in stage.sink.mails) == [
        "Nom de per-c <per-c@example.org>",
        "Nom de per-o <per-o@example.org>",
    ]


async def test_what_no_longer_stands_when_the_mail_is_made_is_left_out(stage: Stage) -> None:
    matches = several(2)
    await stage.hear(*matches)
    await stage.hear(matches[0].model_copy(update={"version": 2, "state": "withdrawn", "change": "withdrawn"}))
    await stage.go()
    assert stage.sink.subjects == ["Un projet à Rezé correspond à votre engagement « Des quais vides la nuit »"]
    assert (await stage.delivered())[0]["match_ids"] == ["prj-1~commitment~eng-a"]


async def test_a_frozen_mail_leaves_as_it_is_whatever_changes(stage: Stage) -> None:
    await stage.hear(for_project())
    await stage.sink.stop()
    with pytest.raises(MailServerAway):
        await stage.go()
    await stage.hear(for_project(version=2, state="withdrawn", change="withdrawn"))
    await stage.sink.start()
    await stage.send()
    assert len(stage.sink.mails) == 1


async def test_the_life_of_a_match_is_told_to_the_right_people(stage: Stage) -> None:
    stage.ingest.knows("territory", "nantes-metropole", "per-k")
    both = ("project", "offer")
    lives = [
        {**INTERESTED, "interested_sides": ("project",)},
        {"state": "mutual", "change": "mutual", "entered": (), "interested_sides": both},
        {"state": "introduced", "change": "introduced", "entered": (), "interested_sides": both},
    ]
    told = []
    for version, life in enumerate(lives, start=2):
        await stage.hear(match_changed(version=version, **life))
        await stage.go()
        told.append(sorted(event["person_id"] for event in await stage.delivered()))
        await stage.pool.execute("DELETE FROM outbox")
    assert told == [["per-o"], ["per-k"], ["per-o", "per-p"]]
    introduction = next(mail for mail in stage.sink.mails if "per-p@" in str(mail["To"]))
    body = introduction.get_body(("plain",))
    assert body is not None
    assert "Nom de per-o" in body.get_content()
    assert "per-o@example.org" in body.get_content()


async def test_an_individual_is_named_at_the_introduction_alone(stage: Stage) -> None:
    stage.ingest.owners["prj-a"] = "Camille Le Gall"
    for version, state in enumerate(("interested", "introduced"), start=1):
        match = match_changed(
            version=version, state=state, change=state, entered=(), interested_sides=("project",), score=0.8
        )
        facts = {"legal_form": "entreprise-individuelle", "owner_name": "Porteur individuel, Rezé"}
        await stage.hear(match.model_copy(update={"project": match.project.model_copy(update=facts)}))
        await stage.go()
    said = {str(mail["Subject"])[:6]: mail.as_string() for mail in stage.sink.mails if "per-o@" in str(mail["To"])}
    assert "Camille" not in said["Intérê"]
    assert "Camille" in said["Mise e"]


@pytest.mark.parametrize("frequency", ["daily", "weekly"])
async def test_who_wants_a_mail_a_day_or_a_week_gets_one(stage: Stage, frequency: str) -> None:
    await stage.hear(preference_set("per-o", frequency=frequency))
    await stage.hear(*several(3))
    await stage.go()
    assert stage.sink.mails == []
    await stage.go(8 * DAY)
    assert stage.sink.subjects == ["3 projets correspondent à votre engagement « Des quais vides la nuit »"]


async def test_who_wants_nothing_gets_nothing(stage: Stage) -> None:
    await stage.hear(preference_set("per-o", frequency="none"))
    await stage.hear(match_changed(entered=("offer",)))
    await stage.hear(match_changed(version=2, **INTERESTED, interested_sides=("project",)))
    await stage.go(8 * DAY)
    assert stage.sink.mails == []
    await stage.hear(match_changed(version=3, state="introduced", change="introduced", entered=()))
    await stage.go()
    assert [str(mail["To"]) for mail in stage.sink.mails] == ["Nom de per-p <per-p@example.org>"]


async def test_an_introduction_waits_for_no_morning(stage: Stage) -> None:
    await stage.hear(preference_set("per-o", frequency="weekly"))
    await stage.hear(match_changed(state="introduced", change="introduced", entered=()))
    await stage.go()
    assert len(stage.sink.mails) == 2


async def test_a_choice_moves_what_waits_already(stage: Stage) -> None:
    await stage.hear(preference_set("per-o", frequency="weekly"), match_changed(entered=("offer",)))
    await stage.go()
    assert stage.sink.mails == []
    await stage.hear(preference_set("per-o", version=2, frequency="immediate"))
    await stage.hear(preference_set("per-o", version=1, frequency="none"))
    await stage.go()
    assert len(stage.sink.mails) == 1


async def test_a_lower_band_than_chosen_is_not_told(stage: Stage) -> None:
    await stage.hear(preference_set("per-o", frequency="immediate", minimum="forte"))
    await stage.hear(*several(2)[:1], match_changed("prj-x", entered=("offer",), score=0.6))
    await stage.go()
    assert (await stage.delivered())[0]["match_ids"] == ["prj-0~commitment~eng-a"]
    assert await stage.rows("pending") == 0


async def test_without_a_contact_a_notice_waits_a_week_and_no_longer(stage: Stage) -> None:
    await stage.hear(match_changed("prj-late", entered=("project",)), match_changed("prj-never", entered=("project",)))
    await stage.go()
    await stage.go(DAY)
    assert await stage.rows("notices") == 2
    stage.ingest.knows("project", "prj-late", "per-late")
    await stage.go(DAY)
    assert [str(mail["To"]) for mail in stage.sink.mails] == ["Nom de per-late <per-late@example.org>"]
    await stage.go(CONTACT_AWAITED)
    assert await stage.rows("notices") == 0
    assert len(stage.sink.mails) == 1


async def test_while_ingest_is_away_mails_wait(stage: Stage) -> None:
    stage.ingest.away = True
    await stage.hear(for_project())
    with pytest.raises(IngestAway):
        await stage.go()
    stage.ingest.away = False
    await stage.go()
    assert len(stage.sink.mails) == 1


async def test_an_address_that_no_mail_reaches_holds_up_nobody(stage: Stage) -> None:
    stage.ingest.people["project", "prj-a"][0]["email"] = "no address\r\nBcc: x@example.org"
    await stage.hear(match_changed())
    await stage.go()
    assert [str(mail["To"]) for mail in stage.sink.mails] == ["Nom de per-o <per-o@example.org>"]


async def test_contacts_are_asked_once_a_minute(stage: Stage) -> None:
    await stage.hear(*several(3))
    await stage.assign()
    await stage.hear(*several(3, version=2))
    await stage.assign()
    assert stage.ingest.questions == 1
    stage.now += timedelta(minutes=2)
    await stage.hear(match_changed("prj-9", entered=("offer",)))
    await stage.assign()
    assert stage.ingest.questions == 2


async def test_a_person_who_no_longer_answers_for_a_party_is_not_told(stage: Stage) -> None:
    await stage.hear(for_project())
    await stage.assign()
    stage.ingest.knows("project", "prj-a", "per-new")
    await stage.go(timedelta(minutes=5))
    assert stage.sink.mails == []
    assert await stage.rows("pending") == 0


class Killed(BaseException):
    """The process ends here."""


class KilledAfterSending(Mailer):
    """Dies between the server's 250 and the commit."""

    async def send(self, recipient: str, content: bytes) -> None:
        await super().send(recipient, content)
        await self.close()
        raise Killed


async def test_killed_between_the_answer_and_the_commit_it_sends_the_same_again(stage: Stage) -> None:
    await stage.hear(for_project())
    await stage.assign()
    stage.now += WINDOW
    await stage.freeze()
    smtp = Smtp(stage.sink.host, stage.sink.port, "essaim@essaim.example")
    with pytest.raises(Killed):
        await Sender(stage.pool, KilledAfterSending(smtp)).send_next(stage.now)
    assert await stage.delivered() == []
    await stage.send()
    await stage.go()
    first, second = stage.sink.mails
    assert first.as_bytes() == second.as_bytes()
    assert len(await stage.delivered()) == 1


async def lose_the_database_after_the_answer(stage: Stage) -> None:
    """The mail server takes one mail, and the connection that would note it is gone."""
    await stage.hear(for_project())
    await stage.assign()
    stage.now += WINDOW
    await stage.freeze()
    send = stage.mailer.send

    async def send_then_lose(recipient: str, content: bytes) -> None:
        await send(recipient, content)
        stage.mailer.send = send  # type: ignore[method-assign] # the next one goes as usual
        async with stage.pool.acquire() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE state = 'idle in transaction' AND datname = current_database()"
            )

    stage.mailer.send = send_then_lose  # type: ignore[method-assign] # the edge of the system
    with pytest.raises((OSError, Exception), match="connection"):
        await stage.send()


async def test_a_database_lost_after_the_answer_costs_no_second_mail(stage: Stage) -> None:
    await lose_the_database_after_the_answer(stage)
    await stage.send()
    assert len(stage.sink.mails) == 1
    assert len(await stage.delivered()) == 1


async def test_nor_does_it_where_another_process_holds_the_mail_meanwhile(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be claimed is still known to have been taken by the server."""
    await lose_the_database_after_the_answer(stage)
    begin_next = mails.begin_next
    async with stage.pool.acquire() as other:
        held = other.transaction()

        async def begin_too_late(pool: Pool, now: datetime) -> str | None:
            mail_id = await begin_next(pool, now)
            monkeypatch.undo()
            await held.start()
            assert await mails.claim(other, mail_id or "", seconds=60)
            return mail_id

        monkeypatch.setattr(mails, "begin_next", begin_too_late)
        assert await stage.sender.send_next(stage.now)
        await held.rollback()
    await stage.send()
    assert len(stage.sink.mails) == 1
    assert len(await stage.delivered()) == 1


async def test_a_mail_server_that_comes_back_gets_all_that_waited(stage: Stage) -> None:
    await stage.hear(match_changed())
    await stage.sink.stop()
    with pytest.raises(MailServerAway):
        await stage.go()
    assert await stage.pool.fetchval("SELECT sum(failures) FROM mails") == 0
    await stage.sink.start()
    await stage.send()
    assert len(stage.sink.mails) == 2
    assert len(set(stage.sink.message_ids)) == 2


async def test_a_refused_mail_is_tried_later_and_given_up_in_the_end(stage: Stage) -> None:
    stage.sink.answers["per-o@example.org"] = ["550 no such user"] * 10
    await stage.hear(match_changed())
    await stage.go()
    assert [str(mail["To"]) for mail in stage.sink.mails] == ["Nom de per-p <per-p@example.org>"]
    await stage.send()
    assert len(stage.sink.answers["per-o@example.org"]) == 9
    for _ in range(10):
        stage.now += DAY
        await stage.send()
    assert len(stage.sink.answers["per-o@example.org"]) == 5
    outcomes = {event["person_id"]: event["outcome"] for event in await stage.delivered()}
    assert outcomes == {"per-p": "sent", "per-o": "given-up"}
    assert await stage.pool.fetchval("SELECT count(*) FROM mails WHERE content IS NOT NULL") == 0


@pytest.mark.parametrize("answer", [CUT, "421 too many mails", "sender"])
async def test_a_mail_over_which_the_server_goes_away_lets_the_others_go_first(stage: Stage, answer: str) -> None:
    await stage.hear(match_changed())
    await stage.assign()
    stage.now += WINDOW
    await stage.freeze()
    first = await stage.pool.fetchval("SELECT person_id FROM mails ORDER BY next_attempt_at, mail_id")
    if answer == "sender":
        stage.sink.senders = ["452 no room for it"]
    else:
        stage.sink.answers[f"{first}@example.org"] = [answer]
    with pytest.raises(MailServerAway):
        await stage.send()
    await stage.send()
    assert len(stage.sink.mails) == 1
    assert first not in str(stage.sink.mails[0]["To"])
    stage.now += WINDOW
    await stage.send()
    assert len(set(stage.sink.message_ids)) == 2
    assert await stage.pool.fetchval("SELECT sum(failures) FROM mails") == 0


async def test_a_mail_refused_for_now_leaves_later_with_the_same_message_id(stage: Stage) -> None:
    stage.sink.answers["per-p@example.org"] = ["451 greylisted"]
    await stage.hear(for_project())
    await stage.go()
    frozen = await stage.pool.fetchval("SELECT message_id FROM mails")
    stage.now += timedelta(minutes=2)
    await stage.send()
    assert stage.sink.message_ids == [frozen]


async def test_two_processes_freeze_and_send_each_mail_once(stage: Stage) -> None:
    for n in range(12):
        stage.ingest.knows("project", f"prj-{n}", f"per-{n}")
    await stage.hear(*(match_changed(f"prj-{n}", entered=("project",)) for n in range(12)))
    await stage.assign()
    stage.now += WINDOW
    ids = iter(f"mail-{n}" for n in range(100))

    async def work() -> None:
        mailer = Mailer(Smtp(stage.sink.host, stage.sink.port, "essaim@essaim.example"))
        sender = Sender(stage.pool, mailer)
        while await freeze(stage.pool, stage.contacts, stage.writer, stage.now, lambda: next(ids)):
            pass
        while await sender.send_next(stage.now):
            pass
        await mailer.close()

    await asyncio.gather(work(), work(), work())
    assert len(stage.sink.mails) == 12
    assert len(set(stage.sink.message_ids)) == 12
    assert len(await stage.delivered()) == 12


def person_erased(person_id: str) -> Erased:
    """The erasure of someone."""
    changes = {"subject": "person", "subject_id": person_id, "entities": ()}
    return erased().model_copy(update=changes)


async def marked(stage: Stage, marker: str) -> list[str]:
    """The tables where a marker is left, but for the ids that were erased and versions."""
    found = []
    for row in await stage.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'notifier'"):
        table = row["tablename"]
        text = f"SELECT count(*) FROM {table} WHERE position($1 IN {table}::text) > 0"
        hexed = f"SELECT count(*) FROM {table} WHERE position($1 IN {table}::text) > 0"
        count = await stage.pool.fetchval(text, marker) + await stage.pool.fetchval(hexed, marker.encode().hex())
        if count:
            found.append(table)
    return sorted(found)


async def test_an_erased_person_is_purged_and_told_nothing_more(stage: Stage) -> None:
    await stage.hear(match_changed("prj-b", entered=("offer",)))
    await stage.go()
    stage.ingest.knows("project", "prj-a", "per-p")
    await stage.hear(match_changed(state="introduced", change="introduced", entered=()))
    await stage.assign()
    stage.now += WINDOW
    await stage.freeze()
    assert await stage.rows("mails") == 3
    await stage.hear(match_changed("prj-c", entered=("offer",)), person_erased("per-o"))
    assert await marked(stage, "per-o") == ["erased"]
    await stage.go()
    assert [str(mail["To"]) for mail in stage.sink.mails[1:]] == ["Nom de per-p <per-p@example.org>"]
    assert "per-o@" not in stage.sink.mails[1].as_string()
    assert await marked(stage, "per-o") == ["erased"]


async def test_an_erased_project_is_told_no_more_and_the_rest_is(stage: Stage) -> None:
    await stage.hear(*several(3))
    await stage.assign()
    stage.now += WINDOW
    await stage.freeze()
    await stage.hear(erased("project", "prj-1"))
    assert await marked(stage, "Projet numéro 1") == []
    await stage.hear(match_changed("prj-1", version=9, entered=("offer",)))
    await stage.go()
    assert stage.sink.subjects == ["2 projets correspondent à votre engagement « Des quais vides la nuit »"]
    assert "Projet numéro 1" not in stage.sink.mails[0].as_string()
    assert await stage.rows("ledger") == 2


async def test_a_match_that_is_gone_is_not_told(stage: Stage) -> None:
    await stage.hear(for_project())
    await stage.take(Received("matches", 0, 1, "prj-a~commitment~eng-a", 2, None, 0))
    await stage.hear(for_project())
    await stage.go()
    assert stage.sink.mails == []
    assert await stage.pool.fetchval("SELECT body FROM matches") is None


async def test_what_has_left_is_not_kept(stage: Stage) -> None:
    await stage.hear(match_changed())
    await stage.go()
    assert await marked(stage, "Épicerie du port") == []
    assert await marked(stage, "per-p@example.org") == []
    assert await stage.rows("ledger") == 2
