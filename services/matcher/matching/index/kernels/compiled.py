"""Compiles a function to run without Python's lock; what it reads of other modules is frozen at its first call."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """The same function, compiled at its first call; not kept on disk, where a changed weight would not be seen."""
    return cast(Function, numba.njit(nogil=True, error_model="numpy")(function))
