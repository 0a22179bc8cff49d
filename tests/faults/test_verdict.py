"""The verdict can fail: fed one thing that is lost, or one that is doubled, it says which; it needs no servers.

What `make faults` prints as lost and doubled is worth what these checks find.
"""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from services.notifier.messages.notices import Telling
from shared.events.event import GENERATION_SPAN, Event
from shared.events.matches import HistoryEntry
from tests.factories import answer_given, mail_delivered, match_changed, project_published
from tests.faults import checks, mails
from tests.faults.load import Promises
from tests.faults.log import Log, Record
from tests.faults.mails import MailBooks
from tests.faults.people import Kept
from tests.faults.post import Mail

BEGAN = datetime(2026, 11, 2, 9, tzinfo=UTC)
MATCH = "prj-a~commitment~eng-a"
MAIL_ID = "<mail-a@essaim.example.org>"
PROJECT = ("projects", "prj-a")


def log_of(*events: Event) -> Log:
    """A log that holds these, one after the other."""
    log = Log()
    for offset, event in enumerate(events):
        log.add(Record(event.topic, 0, offset, event.key, event.version, event.to_bytes()))
    return log


def projects_at(*versions: int) -> Log:
    """A log in which one project was said at these versions."""
    return log_of(*(project_published(version=version) for version in versions))


def a_mail(message_id: str = MAIL_ID, digest: str = "d", recipient: str = "per-a@example.org") -> Mail:
    """A mail about the match, as it came."""
    message = EmailMessage()
    message.set_content(f"https://essaim.example/rapprochements/{MATCH}?lien=x\n")
    return Mail(recipient, message_id, digest, message)


def books(*message_ids: str, lives: int = 1) -> MailBooks:
    """The notifier's ledger: the match was suggested to one person in these mails, in so many lives."""
    tellings = {
        each: Telling(BEGAN + timedelta(days=min(number, lives - 1)), BEGAN) for number, each in enumerate(message_ids)
    }
    return MailBooks({("per-a", MATCH, "suggestions"): tellings}, dict.fromkeys(message_ids, "sent"), {})


def history(*steps: tuple[str, str | None]) -> Log:
    """A log that tells of one match with these changes, each by a side or by nobody."""
    entries = [
        HistoryEntry.model_validate({"at": BEGAN + timedelta(hours=hour), "change": change, "side": side})
        for hour, (change, side) in enumerate(steps)
    ]
    return log_of(match_changed(history=entries))


def test_a_promised_version_that_is_not_kept_is_lost() -> None:
    promises = [Promises(versions={PROJECT: 3})]
    assert not list(checks.promise_faults(promises, {PROJECT: (3, False)}))
    assert list(checks.promise_faults(promises, {PROJECT: (2, False)}))
    assert list(checks.promise_faults(promises, {}))


def test_what_was_to_be_erased_and_is_kept_is_found() -> None:
    promises = [Promises(erased={PROJECT})]
    assert not list(checks.promise_faults(promises, {PROJECT: (4, True)}))
    assert list(checks.promise_faults(promises, {PROJECT: (4, False)}))


@pytest.mark.parametrize(
    "versions", [(1, 2), (1, 3), (1, 3, 2), (2, 3), (1, 2, 3, 4), (1, 2, 3, GENERATION_SPAN + 2), ()]
)
def test_an_event_that_lacks_in_the_log_or_goes_back_is_found(versions: tuple[int, ...]) -> None:
    said = {PROJECT: (3, False)}
    assert not list(checks.log_faults("ingest", said, projects_at(1, 2, 3)))
    assert not list(checks.log_faults("ingest", said, projects_at(1, 1, 2, 2, 3))), "a repeat is no fault"
    assert list(checks.log_faults("ingest", said, projects_at(*versions)))


def test_a_service_that_was_restored_goes_on_in_another_generation() -> None:
    last = GENERATION_SPAN + 2
    assert not list(checks.log_faults("ingest", {PROJECT: (last, False)}, projects_at(1, 2, last - 1, last)))
    assert list(checks.log_faults("ingest", {PROJECT: (last, False)}, projects_at(1, 2, last)))


def test_an_answer_may_lack_where_its_project_was_erased_and_nowhere_else() -> None:
    said, log = {("answers", PROJECT[1]): (1, False)}, projects_at(1)
    assert list(checks.log_faults("console", said, log))
    log.add(Record("projects", 0, 1, PROJECT[1], 2, None))
    assert not list(checks.log_faults("console", said, log))


def test_an_event_that_nobody_said_is_found() -> None:
    assert list(checks.log_faults("ingest", {}, projects_at(1)))


def test_an_event_that_a_service_did_not_hear_is_lost() -> None:
    said = {PROJECT: (2, False)}
    assert not list(checks.hearing_faults("matcher", said, {PROJECT: (2, False)}, ["projects"]))
    assert list(checks.hearing_faults("matcher", said, {PROJECT: (1, False)}, ["projects"]))
    assert list(checks.hearing_faults("matcher", said, {}, ["projects"]))


def test_an_answer_that_was_taken_and_never_said_is_lost() -> None:
    kept = {Kept(MATCH, "project", "interested")}
    assert not list(checks.answer_faults(kept, set(), log_of(answer_given("interested", "project"))))
    assert list(checks.answer_faults(kept, set(), log_of(answer_given("interested", "offer"))))
    assert not list(checks.answer_faults(kept, {PROJECT}, Log())), "erased with its project"


def test_a_step_that_a_match_tells_twice_is_doubled() -> None:
    entry = HistoryEntry(at=BEGAN, change="proposed")
    assert not list(checks.life_faults(log_of(match_changed(history=[entry]))))
    assert list(checks.life_faults(log_of(match_changed(history=[entry, entry]))))


@pytest.mark.parametrize("answer", ["interested", "introduced", "concluded"])
def test_an_answer_that_counts_twice_in_one_life_is_doubled(answer: str) -> None:
    once = (("proposed", None), (answer, "project"), ("withdrawn", None))
    assert not list(checks.life_faults(history(*once, *once)))
    assert list(checks.life_faults(history(("proposed", None), (answer, "project"), (answer, "project"))))


@pytest.mark.parametrize("other", [a_mail(digest="e"), a_mail(recipient="per-b@example.org")])
def test_a_mail_that_came_again_otherwise_is_doubled(other: Mail) -> None:
    assert not list(mails.copy_faults([a_mail(), a_mail()], 1))
    assert list(mails.copy_faults([a_mail(), other], 5))


def test_a_mail_that_came_more_often_than_faults_explain_is_doubled() -> None:
    assert list(mails.copy_faults([a_mail()] * 3, 1))


def test_a_thing_that_is_told_in_two_mails_of_one_life_is_doubled() -> None:
    again = mail_delivered("mail-b").model_copy(update={"message_id": "<mail-b@essaim.example.org>"})
    log, both = log_of(mail_delivered(), again), (MAIL_ID, again.message_id)
    came = [a_mail(), a_mail(again.message_id)]
    assert not list(mails.telling_faults(came, log, books(*both, lives=2))), "once in each life"
    assert list(mails.telling_faults(came, log, books(*both))), "by what was said"
    lone = log_of(mail_delivered())
    assert not list(mails.telling_faults(came[:1], lone, books(MAIL_ID)))


def test_a_mail_that_was_sent_and_never_came_is_lost() -> None:
    log = log_of(mail_delivered())
    assert not list(mails.arrival_faults([a_mail()], books(MAIL_ID), log))
    assert list(mails.arrival_faults([], books(MAIL_ID), log))
    assert list(mails.arrival_faults([a_mail(), a_mail("<nobody@essaim.example.org>")], books(MAIL_ID), log))


def test_what_was_said_and_is_not_in_the_ledger_is_found() -> None:
    log = log_of(match_changed(), mail_delivered())
    assert not list(mails.ledger_faults(books(MAIL_ID), log))
    lost: Any = MailBooks({}, {MAIL_ID: "sent"}, {})
    assert list(mails.ledger_faults(lost, log))


def test_who_was_never_told_of_what_stands_is_found() -> None:
    log, today = log_of(match_changed(began_at=BEGAN)), BEGAN.date()
    answered_for = {("commitment", "eng-a"): {"per-a"}}
    assert not list(mails.untold(log, answered_for, books(MAIL_ID), today))
    assert list(mails.untold(log, answered_for, MailBooks({}, {}, {}), today))
