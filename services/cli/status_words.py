"""What `essaim status` says in French: where a service stands, line by line, and what to do about each trouble."""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from math import isinf

from services.cli.standing import Owner, Standing
from shared.words.french import count

OLD_EVENT_SECONDS = 120
OLD_MAIL_SECONDS = 900
SILENT_SECONDS = 60
"""From when on something is to be done; the alerts of `deploy/observability` say the same."""
_ELSEWHERE = "ce n'est pas le Kafka qui a été lu"
YOUNG_SECONDS = 60
"""For so long after its start a process takes up its partitions, and what nobody works on is no trouble."""
OLD_AUDIT_SECONDS = 3 * 86_400
MODEL_SHOWN = 12


def lines(standing: Standing, above: Collection[str] = ()) -> Iterator[str]:
    """The lines of one service; what to do is left out where it is said `above`."""
    yield standing.service
    for title, said in _said(standing):
        yield f"  {title:<12}{said}"
    for each in advice(standing):
        if each in above:
            continue
        yield f"  À FAIRE     {each}"


def _said(standing: Standing) -> Iterator[tuple[str, str]]:
    for address, problems in standing.readiness.items():
        words = "reprend ses partitions" if standing.service == "matcher" else "vient de démarrer"
        is_young = standing.up_seconds.get(address, YOUNG_SECONDS) < YOUNG_SECONDS
        yield "état", f"{address} : {state(problems)}" + (f" ; {words}" if is_young else "")
    yield "envois", "un processus envoie les événements" if standing.relays else "aucun processus"
    for worker in standing.workers:
        model, since = worker.model[:MODEL_SHOWN], seconds(worker.silent_seconds)
        yield "au travail", f"{worker.address}, modèle {model}, vu il y a {since}"
    for said in _owners(standing.owners):
        yield "partitions", said
    yield "retard", _lag(standing)
    yield "à envoyer", _outbox(standing)
    if standing.mails:
        yield "courriels", _mails(standing)
    letters = ", ".join(f"{topic} {number}" for topic, number in standing.dead_letters.items())
    yield "mis de côté", letters or "rien"
    yield "audit", _audit(standing)


def state(problems: list[str] | None) -> str:
    """How ready a process is."""
    if problems is None:
        return "ne répond pas"
    return "prêt" if not problems else "pas prêt"


def _owners(owners: Iterable[Owner]) -> Iterator[str]:
    """One line for each owner."""
    by_address = sorted(owners, key=lambda owner: (owner.address, owner.partition))
    for address, several in groupby(by_address, key=lambda owner: owner.address):
        some = list(several)
        numbers = spans(owner.partition for owner in some)
        youngest, oldest = min(o.held_seconds for o in some), max(o.held_seconds for o in some)
        since = seconds(oldest) if seconds(oldest) == seconds(youngest) else f"{seconds(youngest)} à {seconds(oldest)}"
        yield f"{numbers} : {address} depuis {since}"


def _lag(standing: Standing) -> str:
    if standing.lag is None or _is_replaced(standing):
        return "inconnu"
    topics: dict[str, int] = {}
    for place, behind in standing.lag.items():
        topic = place.partition("/")[0]
        topics[topic] = topics.get(topic, 0) + max(0, behind)
    late = ", ".join(f"{topic} {number}" for topic, number in topics.items() if number)
    return late or f"aucun ({', '.join(topics)})"


def _outbox(standing: Standing) -> str:
    if not standing.outbox_events:
        return "rien"
    return (
        f"{count(standing.outbox_events, 'événement')}, le plus ancien depuis {seconds(standing.outbox_oldest_seconds)}"
    )


def _mails(standing: Standing) -> str:
    mails = standing.mails
    told = f"{count(int(mails['frozen']), 'courriel')} à remettre"
    if mails["frozen"]:
        told += f", le plus ancien depuis {seconds(mails['oldest_seconds'])}"
    return f"{told} ; {count(int(mails['notices']), 'avis', 'avis')} sans destinataire connu"


def _audit(standing: Standing) -> str:
    if standing.audited_at is None:
        return f"jamais : lancez « essaim audit {standing.service} », une fois par nuit"
    age = (datetime.now(UTC) - standing.audited_at).total_seconds()
    number = standing.audit_differences or 0
    found = f"il y a {seconds(age)} : {count(number, 'différence') if number else 'aucune différence'}"
    return found + (" ; lancez-le une fois par nuit" if age > OLD_AUDIT_SECONDS else "")


def seconds(value: float) -> str:
    """A time in its largest unit: « 12 s », « 3 min », « 2 h », « 5 j »."""
    for unit, size in (("j", 86_400), ("h", 3_600), ("min", 60)):
        if value >= size:
            return f"{value / size:.0f} {unit}"
    return f"{value:.0f} s"


def advice(standing: Standing) -> list[str]:
    """What is wrong and what to do about it, a sentence each; empty where all is well."""
    found = [
        *_of_the_log(standing),
        *_of_answers(standing),
        *_of_processes(standing),
        *_of_reading(standing),
        *_of_sending(standing),
        *_of_the_rest(standing),
    ]
    return list(dict.fromkeys(found))


def no_kafka(standing: Standing) -> str | None:
    """What to do where Kafka does not answer: the same for every service."""
    if standing.lag is not None or standing.is_foreign:
        return None
    return f"Kafka ne répond pas sur {standing.kafka}, ou ses sujets manquent : démarrez-le ; tout reprend seul"


def _of_the_log(standing: Standing) -> Iterator[str]:
    if said := no_kafka(standing):
        yield said
    if _is_replaced(standing):
        where = f"la position lue ({_places(beyond)}) est au-delà de sa fin" if (beyond := _beyond(standing)) else ""
        yield (
            f"le journal a été remplacé ou restauré, {where or _ELSEWHERE} :"
            f" arrêtez {standing.service}, lancez « essaim restored {standing.service} », puis démarrez-le"
        )


def _is_replaced(standing: Standing) -> bool:
    return standing.is_foreign or bool(_beyond(standing))


def _beyond(standing: Standing) -> list[str]:
    return [place for place, behind in (standing.lag or {}).items() if behind < 0]


def _of_answers(standing: Standing) -> Iterator[str]:
    service = standing.service
    for address, problems in standing.readiness.items():
        if problems is None and standing.relays and not standing.workers:
            elsewhere = f" ; s'il répond ailleurs, corrigez {service.upper()}_ADDRESS" if standing.address_named else ""
            yield (
                f"{service} travaille, ou tout juste encore, mais ne répond pas sur {address} :"
                f" s'il est figé, tuez-le, puis démarrez-le{elsewhere}"
            )
        elif problems is None and not _is_replaced(standing):
            yield (
                f"{service} ne répond pas sur {address} : démarrez-le ; s'il existe encore mais est figé, tuez-le"
                " d'abord ; les dernières lignes de son journal disent pourquoi il s'est arrêté"
            )
        for problem in dict.fromkeys(map(_problem, problems or ())):
            if standing.lag is not None or problem not in _OF_KAFKA:
                yield f"{service} n'est pas prêt : {problem}"


def _of_processes(standing: Standing) -> Iterator[str]:
    if _is_away(standing) or _is_young(standing):
        return
    if not standing.relays and not (standing.lag is None or _is_replaced(standing)):
        yield (
            f"aucun processus n'envoie les événements de {standing.service} : démarrez-le ;"
            " s'il tourne, /health/ready dit ce qui l'en empêche"
        )
    lost = [owner for owner in standing.owners if owner.silent_seconds > SILENT_SECONDS]
    if lost:
        numbers = spans(owner.partition for owner in lost)
        gone = "son propriétaire est parti" if any(isinf(owner.silent_seconds) for owner in lost) else "il se tait"
        yield f"personne ne travaille sur les partitions {numbers} ({gone}) : démarrez un matcher"


_NO_KAFKA, _TRIES_AGAIN = "Kafka ne lui répond pas", "il n'a pas pu travailler, et réessaie"
_OF_KAFKA = (_NO_KAFKA, _TRIES_AGAIN)
"""What follows from Kafka's absence, which is said by itself."""
_PROBLEMS = (
    (r"PostgreSQL (does not answer|has not answered).*", "PostgreSQL ne lui répond pas"),
    (r"Kafka (or PostgreSQL )?(does not answer|has not answered).*", _NO_KAFKA),
    (r".*: \w*(Kafka|Broker|Coordinator|Connection)\w*(Error|NotAvailable)?; trying again", _TRIES_AGAIN),
    (r".*no answer in time; trying again", _TRIES_AGAIN),
    (r"starting|not started|the matcher is starting|.* is not open yet", "il démarre"),
)


def _problem(said: str) -> str:
    """What a service says is in the way, in French where it is a usual thing; else its own words."""
    return next((french for pattern, french in _PROBLEMS if re.fullmatch(pattern, said)), f"« {said} »")


def _of_reading(standing: Standing) -> Iterator[str]:
    if not standing.still or _is_away(standing) or _is_young(standing) or _is_replaced(standing):
        return
    is_ready = any(problems == [] for problems in standing.readiness.values())
    why = "son journal dit pourquoi" if is_ready else "/health/ready dit ce qui l'en empêche"
    yield f"la lecture de {standing.service} n'avance pas ({_places(standing.still)}) : {why}"


def _is_young(standing: Standing) -> bool:
    """Whether a process that answers has just started."""
    return any(each < YOUNG_SECONDS for each in standing.up_seconds.values())


def _is_away(standing: Standing) -> bool:
    """Whether no process of it answers or works: that says all of what follows from it."""
    answers = [problems for problems in standing.readiness.values() if problems is not None]
    return bool(standing.readiness) and not answers and not standing.relays


def _places(places: Iterable[str]) -> str:
    """« answers 2, 4 ; projects 0-3 » of places such as answers/2."""
    split = [place.partition("/")[::2] for place in places]
    topics = dict.fromkeys(topic for topic, _ in split)
    return " ; ".join(f"{topic} {spans(int(number) for of, number in split if of == topic)}" for topic in topics)


def spans(numbers: Iterable[int]) -> str:
    """« 0-3, 6 » of 0, 1, 2, 3, 6."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        first = found.pop()[0] if found and found[-1][1] == number - 1 else number
        found.append((first, number))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _of_sending(standing: Standing) -> Iterator[str]:
    if standing.outbox_refused:
        yield (
            f"{count(standing.outbox_refused, 'événement')} de plus que Kafka n'accepte : voyez refused_because dans"
            f" outbox, augmentez message.max.bytes, videz cette colonne, puis relancez {standing.service}"
        )
    if standing.outbox_oldest_seconds > OLD_EVENT_SECONDS:
        yield (
            f"un événement attend de partir depuis {seconds(standing.outbox_oldest_seconds)} :"
            " Kafka est absent, ou /health/ready dit ce qui arrête l'envoi"
        )


def _of_the_rest(standing: Standing) -> Iterator[str]:
    if standing.dead_letters:
        yield (
            "des messages illisibles sont mis de côté : voyez reason dans dead_letters ; la cause réparée, lancez"
            f" « essaim replay {standing.service} »"
        )
    if standing.mails.get("oldest_seconds", 0) > OLD_MAIL_SECONDS:
        yield "des courriels attendent : le serveur de courriel ne répond pas, ou refuse ; chacun partira seul"
    if given_up := int(standing.mails.get("given_up", 0)):
        yield f"{count(given_up, 'courriel refusé', 'courriels refusés')} en un jour : voyez « given up » au journal"
    if standing.audit_differences:
        yield f"le dernier audit a trouvé des différences : « essaim audit {standing.service} » dit que faire"
