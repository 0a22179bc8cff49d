"""What a service holds once it is ready, Python's collector passes over; at what a batch makes it looks seldom.

It would walk through all that is held again and again, which stops the event loop, by half a second for three million
objects; and through what a batch of records makes a hundred times, which took as long as reading them.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS_BETWEEN_LOOKS = 10_000
"""So many more than went: what a batch made is mostly gone again by then, or there at one look or two."""
AS_STARTED = gc.get_threshold()


@contextmanager
def settled() -> Iterator[None]:
    """Meanwhile what is there now is not looked at; what takes its place later is, until the next start.

    Of several at once in a process, the first that ends has all looked at as before.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, *AS_STARTED[1:])
    try:
        yield
    finally:
        gc.set_threshold(*AS_STARTED)
        gc.unfreeze()


@contextmanager
def uncollected() -> Iterator[None]:
    """Meanwhile nothing is looked at: for what makes very many objects, for good or for a moment, and no cycles.

    Of several at once in a process, the first that ends has all looked at again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
