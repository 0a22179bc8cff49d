"""What happened to a match: one line per fact, newest first, with who was told, never by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.console.views.alerts import Delivery
from services.console.views.answers import GivenAnswer, Speaker
from shared.events.matches import HistoryEntry, MatchChanged
from shared.events.vocabulary import Side
from shared.words.french import capitalised, day_and_time, labelled
from shared.words.states import CHANGES, DECLINE_REASONS, history_words

SAME_TELLING = timedelta(hours=1)
"""Mails of one kind to one side within so long of each other tell one fact."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One dated step; `is_pause` where a pause ended the match.

    `can_be_taken_back` marks the reader's own answer that nobody was told of yet.
    """

    at: datetime
    at_words: str
    words: str
    icon: str
    can_be_taken_back: bool = False
    is_pause: bool = False


def history_lines(
    match: MatchChanged,
    deliveries: Sequence[Delivery],
    own: Sequence[GivenAnswer],
    *,
    reader: Side | None,
    roles: Mapping[str, Speaker],
) -> tuple[HistoryLine, ...]:
    """What happened, newest first: the match's own steps, its mails, and the reader's answers it does not tell yet.

    `roles` says which side each recipient of a mail is on, by their opaque id.
    """
    lines = step_lines(match.history, reader=reader)
    lines += _mail_lines(deliveries, roles, reader)
    lines += [_given_line(one) for one in own]
    return newest_first(lines)


def newest_first(lines: Sequence[HistoryLine]) -> tuple[HistoryLine, ...]:
    """By time; of two at once, the one that was given last comes first."""
    return tuple(sorted(reversed(lines), key=lambda line: line.at, reverse=True))


def step_lines(history: Sequence[HistoryEntry], *, reader: Side | None) -> list[HistoryLine]:
    """The steps of a match, oldest first; a row of the same step is told once, with its last time."""
    lines: list[HistoryLine] = []
    for entry in history:
        words, is_pause = history_words(entry, reader=reader), "suspendu" in entry.refusals
        line = HistoryLine(entry.at, day_and_time(entry.at), words, entry.change, is_pause=is_pause)
        if lines and lines[-1].words == line.words:
            lines.pop()
        lines.append(line)
    return lines


def _mail_lines(deliveries: Sequence[Delivery], roles: Mapping[str, Speaker], reader: Side | None) -> list[HistoryLine]:
    """One line for the mails that told one thing to one side; `deliveries` are oldest first."""
    last_of, lines = dict[str, datetime](), list[HistoryLine]()
    for mail in deliveries:
        words = labelled(_mail_to(roles.get(mail.person_id), reader), mail.words.lower())
        if words not in last_of or mail.at - last_of[words] > SAME_TELLING:
            lines.append(HistoryLine(mail.at, day_and_time(mail.at), words, "mail"))
        last_of[words] = mail.at
    return lines


def _mail_to(role: Speaker | None, reader: Side | None) -> str:
    if role is not None and role == reader:
        return "Mail qui vous a été envoyé"
    whom = {"project": "au porteur du projet", "offer": "à l'auteur de l'offre", "coordinator": "à la coordination"}
    return f"Mail {whom[role]}" if role else "Mail"


def _given_line(one: GivenAnswer) -> HistoryLine:
    words = {"later": "Remis à plus tard", "introduce": "Mise en relation demandée"}
    said = words.get(one.answer) or capitalised(CHANGES.get(one.answer, one.answer))  # type: ignore[call-overload]  # an answer is a change
    because = f", motif\u00a0: {DECLINE_REASONS[one.reason]}" if one.reason in DECLINE_REASONS else ""
    state = "pas encore transmis, vous pouvez annuler" if one.is_held else "enregistré à l'instant"
    return HistoryLine(
        one.given_at,
        day_and_time(one.given_at),
        f"{said}, vous{because}\u00a0: {state}",
        one.answer if one.is_held else "sent",
        can_be_taken_back=one.is_held,
    )
