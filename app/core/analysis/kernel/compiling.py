"""Compile a function to machine code that lets other threads run and is kept on disk.

numba keeps one file's machine code until that file changes, and does not look at the files it calls into. So
a compiled function calls only compiled functions of its own file.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Machine code at the first call, kept beside the source, or in the user's cache where that is read-only."""
    return _njit(function)


def inlined(function: Function) -> Function:
    """Like `compiled`, and part of whatever calls it: for the innermost loops."""
    return _njit(function, forceinline=True)


def is_kept(function: Callable[..., Any]) -> bool:
    """Whether machine code for a compiled function is on disk or loaded, so that a call need not compile."""
    loaded = getattr(function, "signatures", None)
    if loaded is None or loaded:  # None where NUMBA_DISABLE_JIT left the function as Python
        return True
    kept = getattr(getattr(function, "_cache", None), "_cache_file", None)  # numba has no public way to ask
    return kept is not None and bool(kept._load_index())  # noqa: SLF001


def _njit(function: Function, *, forceinline: bool = False) -> Function:
    try:
        made = njit(cache=True, nogil=True, forceinline=forceinline)(function)
    except RuntimeError:  # nowhere to write: compile in each process rather than not at all
        made = njit(nogil=True, forceinline=forceinline)(function)
    return cast("Function", made)
