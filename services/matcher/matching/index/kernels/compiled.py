"""Compiles a function to run without Python's lock; what it reads of other modules is frozen at its first call."""

import hashlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import BuiltinFunctionType
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core.registry import cpu_target

Function = TypeVar("Function", bound=Callable[..., Any])

KERNELS: list[Any] = []
"""All that was made a kernel by the modules imported so far."""


def kernel(function: Function) -> Function:
    """The same function, compiled at its first call; kept nowhere, but by `keep_in`."""
    made = numba.njit(nogil=True, error_model="numpy")(function)
    KERNELS.append(made)
    return cast(Function, made)


def keep_in(folder: Path) -> None:
    """Load what `folder` has of kernels not called yet, and keep there what is compiled from now on.

    It must be writable, and hold nothing but what was kept under the same `fingerprint`.
    """
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]  # numba makes it when it reads its environment
    for made in KERNELS:
        made.enable_caching()


def keep_nowhere() -> None:
    """Undo `keep_in`."""
    for made in KERNELS:
        made._cache.disable()


def is_at_work() -> bool:
    """Whether something is compiled already."""
    return any(made.signatures for made in KERNELS)


def fingerprint() -> str:
    """What compiling depends on, as a name: the sources of kernels, the values they freeze, compiler and processor.

    numba itself looks at sources alone. Raises `TypeError` for a kernel that reads what this cannot see.
    """
    sources = sorted({__file__, *(inspect.getfile(made.py_func) for made in KERNELS)})
    frozen = sorted((made.py_func.__module__, made.py_func.__name__, _frozen_by(made.py_func)) for made in KERNELS)
    versions = (sys.version, np.__version__, numba.__version__)
    processor = cpu_target.target_context.codegen().magic_tuple()
    told = repr((frozen, versions, processor)).encode()
    return hashlib.sha256(b"\0".join([told, *(Path(source).read_bytes() for source in sources)])).hexdigest()[:32]


def _frozen_by(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """The values that a kernel reads of its module, by name."""
    found = []
    for name in sorted(set(function.__code__.co_names) & function.__globals__.keys()):
        value = function.__globals__[name]
        if isinstance(value, int | float | str):
            found.append((name, value))
        elif value not in KERNELS and value is not np and not isinstance(value, BuiltinFunctionType):
            raise TypeError(f"{function.__name__} reads {name}, which no fingerprint tells")
    return found
