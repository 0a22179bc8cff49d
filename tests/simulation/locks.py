"""Who waits for whom in PostgreSQL: whether all wait for processes at a step, or for one another."""

from collections.abc import Mapping


def wait_for_steps(blockers: Mapping[int, set[int]]) -> set[int]:
    """Of backends that were asked something, those that wait, maybe behind others, for one that was asked nothing.

    `blockers` names for each whom it waits for; whoever is not in it belongs to a process at a step.
    """
    found: set[int] = set()
    while more := {
        pid for pid, by in blockers.items() if pid not in found and ((by - blockers.keys()) or (by & found))
    }:
        found |= more
    return found


def circle(blockers: Mapping[int, set[int]]) -> list[int]:
    """Backends that wait for one another in a circle, where nothing else of those asked goes on; else nobody."""
    left = {pid: by for pid, by in blockers.items() if pid not in wait_for_steps(blockers)}
    if not left or not all(left.values()):
        return []
    path = [min(left)]
    while (following := min(left[path[-1]])) not in path:
        path.append(following)
    return sorted(path[path.index(following) :])
