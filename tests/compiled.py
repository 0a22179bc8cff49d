"""The compiled indexes for tests: compiled once on a machine for the code as it is, then loaded."""

from functools import cache

from deploy.local.state import default_cache
from services.matcher.compiling import compile_engine
from services.matcher.matching.index import Indexes, fastest

KEPT = default_cache() / "compiled"
"""Where the demonstration keeps them, too."""


@cache
def compiled_indexes() -> Indexes:
    """Those that serve."""
    compile_engine(KEPT)
    return fastest()
