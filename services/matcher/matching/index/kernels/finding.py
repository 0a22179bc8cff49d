"""What a query finds: candidates with bounds, then exact scores, the best in the order of ties."""

from typing import Any, NamedTuple

from services.matcher.matching.index.kernels.compiled import kernel
from services.matcher.matching.index.kernels.texts import text_share
from services.matcher.matching.index.records import SEVERAL


class Filed(NamedTuple):
    """The records of postings and their briefs, where each place begins, the chains of what is not sorted in yet."""

    records: Any
    briefs: Any
    starts: Any
    heads: Any
    later: Any


class Asked(NamedTuple):
    """What is the same for a whole query: the day, who asks, who does not count, the challenges named, its text.

    `declined` has rows, `left_out` is told by row, or empty; `terms` and `squares` are the text as `spread` lays it
    out.
    """

    day: int
    organisation: int
    siren: int
    declined: Any
    left_out: Any
    sets: Any
    set_starts: Any
    terms: Any
    squares: Any
    norm: int
    most_text: int


class Held(NamedTuple):
    """What is kept of each row: its detail, the terms of all texts, the letters of all ids."""

    details: Any
    texts: Any
    letters: Any


class Found(NamedTuple):
    """Room for what is found.

    `counts`: how many candidates, how many at the top, how many wanted there, how many said; the last one means
    nothing: it takes up what is read ahead, so that what is soon needed comes from memory all at once. Each of
    `candidates` has a row, what it earns without text, what it earns at most, and flags; in the end those that reach
    the floor of their row stand first, with their score in the place of the second. `top` has scores and rows, best
    first. `seen` is 0 but for rows of several places while they are said. `floors` has, by row, the score from which
    the row itself wants to hear, or no rows.
    """

    counts: Any
    candidates: Any
    top: Any
    seen: Any
    floors: Any


CANDIDATES, TOP, WANTED, SAID, AHEAD = range(5)
ROW, KNOWN, BOUND, FLAGS = range(4)


@kernel
def is_barred(details: Any, row: int, organisation: int, siren: int, declined: Any, left_out: Any) -> bool:
    """Whether both sides are one organisation, one of them declined the other, or the row does not count."""
    if len(left_out) and left_out[row]:
        return True
    if siren >= 0 and details[row]["siren"] >= 0:
        same = siren == details[row]["siren"]
    else:
        same = organisation == details[row]["organisation"]
    if not same:
        for each in declined:
            if each == row:
                return True
    return bool(same)


@kernel
def note(counts: Any, candidates: Any, top: Any, record: Any, known: int, bound: int) -> int:
    """Keep a candidate; returns the score below which the top does not want any.

    What a candidate earns without text counts for the top at once.
    """
    at, row, flags = counts[CANDIDATES], record["row"], record["flags"]
    candidates[at, ROW], candidates[at, KNOWN], candidates[at, BOUND], candidates[at, FLAGS] = row, known, bound, flags
    counts[CANDIDATES] = at + 1
    place = place_of(counts, top, row, flags, known)
    if place >= 0:
        while place > 0 and top[place - 1, 0] < known:
            top[place, 0], top[place, 1] = top[place - 1, 0], top[place - 1, 1]
            place -= 1
        top[place, 0], top[place, 1] = known, row
    return least_at_top(counts, top)


@kernel
def place_of(counts: Any, top: Any, row: int, flags: int, score: int) -> int:
    """The place at the top that a row may fill, from which it rises: its own, a free one, the last; -1 for none."""
    count, wanted = counts[TOP], counts[WANTED]
    if flags & SEVERAL:
        for place in range(count):
            if top[place, 1] == row:
                return place if score > top[place, 0] else -1
    if count < wanted:
        counts[TOP] = count + 1
        return int(count)
    return int(wanted) - 1 if score >= top[wanted - 1, 0] else -1


@kernel
def least_at_top(counts: Any, top: Any) -> int:
    """The score of the last at the top, once it is full."""
    return top[counts[WANTED] - 1, 0] if counts[TOP] == counts[WANTED] else 0


@kernel
def decide(found: Any, held: Any, asked: Any) -> None:
    """Make of the candidates the exact top, and at the head of `candidates` all that reach their row's floor."""
    counts, candidates, top, seen, floors = found.counts, found.candidates, found.top, found.seen, found.floors
    details, texts, terms, norm = held.details, held.texts, asked.terms, asked.norm
    least = wanted = least_at_top(counts, top)
    read_texts_ahead(counts, candidates, details, texts, wanted)
    counts[TOP] = 0
    for at in range(counts[CANDIDATES]):
        row, bound = candidates[at, ROW], candidates[at, BOUND]
        floor = floors[row] if len(floors) else 1 << 30
        if bound < min(wanted, floor):
            continue
        score, flags = candidates[at, KNOWN] + text_share(details[row], texts, terms, norm), candidates[at, FLAGS]
        if score >= wanted:
            rise(counts, top, held, row, flags, score)
            wanted = max(least, least_at_top(counts, top))
        if score >= floor:
            say(counts, candidates, seen, row, flags, score)
    for at in range(counts[SAID]):
        seen[candidates[at, ROW]] = 0


@kernel
def read_texts_ahead(counts: Any, candidates: Any, details: Any, texts: Any, wanted: int) -> None:
    """Read both ends of the texts that are to be compared for the top."""
    for at in range(counts[CANDIDATES]):
        detail = details[candidates[at, ROW]]
        if candidates[at, BOUND] >= wanted and detail["terms"] > 0:
            counts[AHEAD] += texts[detail["text"]] + texts[detail["text"] + detail["terms"] - 1]


@kernel
def rise(counts: Any, top: Any, held: Any, row: int, flags: int, score: int) -> None:
    """Let a row take its place at the top, if it has one; equal scores in the order of ids."""
    last = counts[WANTED] - 1
    is_full = counts[TOP] > last
    place = place_of(counts, top, row, flags, score)
    is_tied = place == last and is_full and top[last, 1] != row and score == top[last, 0]
    if place < 0 or (is_tied and not is_before(held, row, top[last, 1])):
        return
    while place > 0 and (
        top[place - 1, 0] < score or (top[place - 1, 0] == score and is_before(held, row, top[place - 1, 1]))
    ):
        top[place, 0], top[place, 1] = top[place - 1, 0], top[place - 1, 1]
        place -= 1
    top[place, 0], top[place, 1] = score, row


@kernel
def is_before(held: Any, one: int, other: int) -> bool:
    """Whether the id of a row is before that of another, by its letters, then by type."""
    a, b = held.details[one], held.details[other]
    for place in range(min(a["letters"], b["letters"])):
        left, right = held.letters[a["id"] + place], held.letters[b["id"] + place]
        if left != right:
            return bool(left < right)
    if a["letters"] != b["letters"]:
        return bool(a["letters"] < b["letters"])
    return bool(a["type"] < b["type"])


@kernel
def say(counts: Any, candidates: Any, seen: Any, row: int, flags: int, score: int) -> None:
    """Put a row among those that reach their floor; again, with the better score only."""
    at = counts[SAID]
    if flags & SEVERAL:
        if seen[row]:
            place = seen[row] - 1
            candidates[place, KNOWN] = max(candidates[place, KNOWN], score)
            return
        seen[row] = at + 1
    candidates[at, ROW], candidates[at, KNOWN] = row, score
    counts[SAID] = at + 1
