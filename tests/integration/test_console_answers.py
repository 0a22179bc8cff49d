"""Answers given on the pages and by the API: who may, what is said, once, and what can still be taken back."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from html import unescape
from uuid import UUID

import pytest
from fastapi import HTTPException

from services.console.pages.answering import give_answer, say_due
from services.console.store import people
from services.console.views.rights import Person
from services.console.views.speaking import AskedAnswer
from shared.events.people import AnswerGiven
from shared.links import sign
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import mail_delivered, match_changed
from tests.integration.console_stage import COMPANY, COORDINATOR, OWNER, SECRET, STRANGER, Stage, staged, token_of

MATCH = "prj-a~commitment~eng-a"
PAGE = f"/rapprochements/{MATCH}"


@pytest.fixture
async def stage(database: ServiceDsn) -> AsyncIterator[Stage]:
    async with staged(database("console")) as made:
        await made.hear(match_changed())
        yield made


CONCLUDED = {"reponse": "concluded", "qualite": "project", "montant": "20 000 €", "jours": ""}


def words(html: str) -> str:
    return unescape(html).replace("\u00a0", " ").replace("\u202f", " ")


async def said(stage: Stage) -> list[tuple[str, str]]:
    return [(event.side, event.answer) for event in await stage.said("answers") if isinstance(event, AnswerGiven)]


async def test_interest_is_said_at_once_with_the_projects_key(stage: Stage) -> None:
    async with stage.reader(OWNER) as reader:
        answer = await reader.send(PAGE, f"{PAGE}/reponses", reponse="interested", qualite="project", identifiant="a")
    assert answer.status_code == 303
    [event] = await stage.said("answers")
    assert isinstance(event, AnswerGiven)
    assert (event.key, event.match_id, event.side, event.answer) == ("prj-a", MATCH, "project", "interested")
    assert event.version == 1


async def test_form_sent_twice_answers_once(stage: Stage) -> None:
    async with stage.reader(OWNER) as reader:
        for _ in range(2):
            await reader.send(PAGE, f"{PAGE}/reponses", reponse="interested", qualite="project", identifiant="a")
    assert await said(stage) == [("project", "interested")]


async def test_answers_sent_at_once_are_judged_one_after_the_other(stage: Stage) -> None:
    async def waits(many: int) -> bool:
        found: bool = await stage.pool.fetchval(
            "select count(*) = $1 from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'",
            many,
        )
        return found

    async with stage.reader(OWNER) as reader, stage.pool.acquire() as connection:
        token = token_of((await reader.get(PAGE)).text)
        sent = []
        async with connection.transaction():
            # Nothing is kept before both were sent: neither sees the other unless it waits for it.
            await connection.execute("lock table answers in share mode")
            for number, answer in enumerate(("declined", "interested"), 1):
                form = {"jeton": token, "reponse": answer, "qualite": "project", "motif": "trop-loin"}
                sent.append(asyncio.create_task(reader.client.post(f"{PAGE}/reponses", data=form)))
                await eventually(partial(waits, number))
        statuses = [(await one).status_code for one in sent]
    assert statuses == [303, 409]
    assert await stage.pool.fetchval("select array_agg(answer) from answers") == ["declined"]
    assert await said(stage) == []


async def test_answer_to_a_match_that_moved_since_it_was_read_is_refused(stage: Stage) -> None:
    asked = AskedAnswer(answer="interested", answer_id=UUID(int=1))
    await stage.hear(match_changed(version=2, change="withdrawn", state="withdrawn"))
    with pytest.raises(HTTPException, match="answer-not-open"):
        await give_answer(stage.console, MATCH, "project", asked, person_id=None)
    await stage.erase("matches", MATCH, 3)
    with pytest.raises(HTTPException, match="match-gone") as gone:
        await give_answer(stage.console, MATCH, "project", asked, person_id=None)
    assert gone.value.status_code == 409
    assert await said(stage) == []


async def test_versions_of_a_project_follow_each_other_whoever_speaks(stage: Stage) -> None:
    for person, speaker in ((OWNER, "project"), (COMPANY, "offer")):
        async with stage.reader(person) as reader:
            await reader.send(PAGE, f"{PAGE}/reponses", reponse="interested", qualite=speaker, identifiant=speaker)
    assert [event.version for event in await stage.said("answers")] == [1, 2]


async def test_stranger_reads_and_answers_nothing(stage: Stage) -> None:
    async with stage.reader(STRANGER) as reader:
        assert (await reader.get(PAGE)).status_code == 403
        refused = await reader.send("/connexion/envoye", f"{PAGE}/reponses", reponse="interested", qualite="project")
    assert refused.status_code == 403
    assert await said(stage) == []


async def test_nobody_signed_in_is_led_to_the_sign_in_and_back(stage: Stage) -> None:
    async with stage.reader() as reader:
        answer = await reader.get(PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/connexion?suite=%2Frapprochements%2F{MATCH}"


async def test_speaker_is_never_another_than_oneself(stage: Stage) -> None:
    async with stage.reader(COMPANY) as reader:
        await reader.send(PAGE, f"{PAGE}/reponses", reponse="interested", qualite="project", identifiant="a")
    assert await said(stage) == [("offer", "interested")]


async def test_coordinator_introduces_a_mutual_match_only(stage: Stage) -> None:
    async with stage.reader(COORDINATOR) as reader:
        early = await reader.send(PAGE, f"{PAGE}/reponses", reponse="introduce", qualite="coordinator")
        await stage.hear(match_changed(version=2, change="mutual", state="mutual"))
        assert "Mettre en relation" in (await reader.get(PAGE)).text
        then = await reader.send(PAGE, f"{PAGE}/reponses", reponse="introduce", qualite="coordinator")
    assert (early.status_code, then.status_code) == (409, 303)
    assert await said(stage) == [("coordinator", "introduce")]


async def test_decline_waits_so_that_it_can_be_taken_back(stage: Stage) -> None:
    async with stage.reader(OWNER) as reader:
        await reader.send(PAGE, f"{PAGE}/reponses", reponse="declined", qualite="project", motif="trop-loin")
        assert "Annuler cette réponse" in (await reader.get(PAGE)).text
        assert await say_due(stage.console) == 0
        await reader.send(PAGE, f"{PAGE}/annuler", qualite="project")
        stage.later(seconds=61)
        assert await say_due(stage.console) == 0
        assert "Oui, ça nous intéresse" in (await reader.get(PAGE)).text
    assert await said(stage) == []


async def test_decline_is_said_once_its_time_has_come_with_its_reason(stage: Stage) -> None:
    async with stage.reader(OWNER) as reader:
        await reader.send(
            PAGE, f"{PAGE}/reponses", reponse="declined", qualite="project", motif="trop-loin", montrer="oui"
        )
        stage.later(seconds=61)
        assert await say_due(stage.console) == 1
        assert await say_due(stage.console) == 0
        late = await reader.send("/connexion/envoye", f"{PAGE}/annuler", qualite="project")
    assert late.headers["location"].endswith("merci=too-late#reponse")
    [event] = await stage.said("answers")
    assert isinstance(event, AnswerGiven)
    assert (event.answer, event.reason, event.show_reason) == ("declined", "trop-loin", True)


async def test_conclusion_without_amount_keeps_what_was_typed_and_says_what_to_do(stage: Stage) -> None:
    await stage.hear(match_changed(version=2, change="introduced", state="introduced"))
    async with stage.reader(OWNER) as reader:
        refused = await reader.send(
            PAGE, f"{PAGE}/reponses", reponse="concluded", qualite="project", montant="vingt mille", jours=""
        )
        said_back = await reader.send(PAGE, f"{PAGE}/reponses", **CONCLUDED)
        accepted = await reader.send(PAGE, f"{PAGE}/reponses", **CONCLUDED, confirme="oui")
    assert refused.status_code == 422
    assert 'value="vingt mille"' in refused.text
    assert "Écrivez un nombre entier, par exemple 20 000." in refused.text
    assert "Conclure pour 20 000 € : ce montant sera retiré de ce qui reste à l'offre" in words(said_back.text)
    assert "C'est plus que ce que le projet cherche encore : 12 000 €." in words(said_back.text)
    assert accepted.status_code == 303
    assert await said(stage) == []
    stage.later(seconds=61)
    assert await say_due(stage.console) == 1
    [event] = await stage.said("answers")
    assert isinstance(event, AnswerGiven)
    assert event.amount_eur == 20_000


async def test_conclusion_can_be_taken_back_like_a_decline(stage: Stage) -> None:
    await stage.hear(match_changed(version=2, change="introduced", state="introduced"))
    async with stage.reader(OWNER) as reader:
        await reader.send(PAGE, f"{PAGE}/reponses", **CONCLUDED, confirme="oui")
        held = words((await reader.get(PAGE)).text)
        await reader.send(PAGE, f"{PAGE}/annuler", qualite="project")
        stage.later(seconds=61)
        assert await say_due(stage.console) == 0
        assert "C'est conclu" in words((await reader.get(PAGE)).text)
    assert "Vous avez conclu pour 20 000 €." in held
    assert "Annuler cette réponse" in held
    assert await said(stage) == []


async def test_contacts_are_shown_after_the_introduction_only(stage: Stage) -> None:
    stage.elsewhere.contacts = [
        {"type": "project", "id": "prj-a", "person_id": "per-owner", "email": "lea@example.org", "name": "Léa Martin"}
    ]
    async with stage.reader(COMPANY) as reader:
        assert "lea@example.org" not in (await reader.get(PAGE)).text
        await stage.hear(match_changed(version=2, change="introduced", state="introduced"))
        assert "lea@example.org" in (await reader.get(PAGE)).text
        stage.elsewhere.is_away = True
        assert (await reader.get(PAGE)).status_code == 200


async def test_link_of_a_mail_opens_what_became_its_bearers_a_moment_ago(stage: Stage) -> None:
    link = sign(
        SECRET, "match", {"person": "per-owner", "match": MATCH, "side": "project"}, stage.now[0].replace(year=2027)
    )
    async with stage.pool.acquire() as connection:
        await people.upsert_person(connection, Person("per-owner", projects=frozenset({"prj-before"})))
    stage.elsewhere.know(Person("per-owner", projects=frozenset({"prj-before", "prj-a"})), "owner@example.org")
    async with stage.reader() as reader:
        assert (await reader.get(f"{PAGE}?lien={link}")).status_code == 200


async def test_link_of_a_mail_answers_for_its_bearer_and_for_that_match_alone(stage: Stage) -> None:
    link = sign(
        SECRET, "match", {"person": "per-company", "match": MATCH, "side": "offer"}, stage.now[0].replace(year=2027)
    )
    async with stage.reader() as reader:
        page = await reader.get(f"{PAGE}?lien={link}")
        assert page.status_code == 200
        answer = await reader.client.post(
            f"{PAGE}/reponses?lien={link}",
            data={"jeton": token_of(page.text), "reponse": "interested", "qualite": "offer", "identifiant": "a"},
        )
        assert answer.status_code == 303
        assert (await reader.get(f"/rapprochements/prj-b~commitment~eng-a?lien={link}")).status_code == 303
        assert (await reader.get("/mes-offres")).status_code == 303
    assert await said(stage) == [("offer", "interested")]


async def test_form_without_its_token_is_refused(stage: Stage) -> None:
    async with stage.reader(OWNER) as reader:
        page = await reader.get(PAGE)
        forged = await reader.client.post(f"{PAGE}/reponses", data={"reponse": "interested", "qualite": "project"})
        async with stage.reader(OWNER) as other:
            stolen = await other.client.post(
                f"{PAGE}/reponses",
                data={"jeton": token_of(page.text), "reponse": "interested", "qualite": "project"},
            )
    assert (forged.status_code, stolen.status_code) == (403, 403)
    assert await said(stage) == []


async def test_api_lists_what_one_may_see_and_answers_once_per_key(stage: Stage) -> None:
    await stage.hear(match_changed("prj-b", "eng-b"))
    async with stage.reader(COMPANY) as reader:
        listed = (await reader.get("/v1/matches")).json()
        assert [one["match_id"] for one in listed["items"]] == [MATCH]
        for _ in range(2):
            answer = await reader.client.post(
                f"/v1/matches/{MATCH}/answers", json={"answer": "interested"}, headers={"Idempotency-Key": "k1"}
            )
            assert answer.status_code == 202
        other = await reader.client.post("/v1/matches/prj-b~commitment~eng-b/answers", json={"answer": "interested"})
        form = await reader.client.post(f"/v1/matches/{MATCH}/answers", data={"answer": "later"})
    assert other.status_code == 403
    assert other.headers["content-type"] == "application/problem+json"
    assert form.status_code == 403
    assert await said(stage) == [("offer", "interested")]


async def test_api_without_session_is_a_problem_in_json(stage: Stage) -> None:
    async with stage.reader() as reader:
        answer = await reader.get("/v1/matches")
    assert answer.status_code == 401
    assert answer.json()["status"] == 401


async def test_page_shows_ones_own_answer_at_once_with_what_still_applies(stage: Stage) -> None:
    async with stage.reader(OWNER) as reader:
        await reader.send(PAGE, f"{PAGE}/reponses", reponse="interested", qualite="project", identifiant="a")
        page = unescape((await reader.get(f"{PAGE}?merci=interested")).text)
        again = await reader.send(PAGE, f"{PAGE}/reponses", reponse="interested", qualite="project", identifiant="b")
    assert 'value="interested"' not in page
    assert "Vous avez dit oui\u00a0: l'autre partie n'a pas encore répondu" in page
    assert "Intéressé</span>" in page
    assert "est prévenue" not in page
    assert again.status_code == 409
    assert await said(stage) == [("project", "interested")]
    async with stage.reader(COMPANY) as reader:
        assert "Oui, ça nous intéresse" in (await reader.get(PAGE)).text


async def test_coordinator_reads_the_contacts_of_both_parties_by_their_names(stage: Stage) -> None:
    stage.elsewhere.contacts = [
        {"type": "project", "id": "prj-a", "person_id": "per-owner", "email": "lea@example.org", "name": "Léa Martin"},
        {"type": "commitment", "id": "eng-a", "person_id": "per-company", "email": "rse@example.org", "name": None},
        {"type": "territory", "id": "nantes-metropole", "person_id": "per-c", "email": "co@example.org", "name": None},
    ]
    await stage.hear(match_changed(version=2, change="introduced", state="introduced"))
    async with stage.reader(COORDINATOR) as reader:
        page = unescape((await reader.get(PAGE)).text).replace("\u00a0", " ")
    assert "Coordonnées des deux parties" in page
    assert "Projet : Les Paniers de Rezé" in page
    assert "Offre : Entreprise engagée A" in page
    assert "co@example.org" not in page
    async with stage.reader(COMPANY) as reader:
        page = unescape((await reader.get(PAGE)).text).replace("\u00a0", " ")
    assert "Offre : Entreprise engagée A (vous)" in page


async def test_mails_of_a_match_say_to_whom_by_role_alone(stage: Stage) -> None:
    stage.elsewhere.contacts = [
        {"type": "project", "id": "prj-a", "person_id": "per-a", "email": "lea@example.org", "name": "Léa Martin"}
    ]
    await stage.hear(mail_delivered(), mail_delivered("mail-b"))
    async with stage.reader(COORDINATOR) as reader:
        page = unescape((await reader.get(PAGE)).text).replace("\u00a0", " ")
    assert page.count("Mail au porteur du projet : de nouveaux rapprochements") == 1
    assert "Léa" not in page


async def test_one_answer_stands_out_on_a_page(stage: Stage) -> None:
    await stage.hear(match_changed(version=2, change="introduced", state="introduced"))
    both = Person("per-both", projects=frozenset({"prj-a"}), territories=frozenset({"nantes-metropole"}))
    async with stage.reader(both) as reader:
        page = (await reader.get(PAGE)).text
    assert page.count('"button main"') == 1
    assert 'name="jours"' not in page
    assert "Valeur estimée de ce qui est donné ou prêté" in page
