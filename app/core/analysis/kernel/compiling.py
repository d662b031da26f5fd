"""Compile a function to machine code that lets other threads run and is kept on disk.

numba keeps one file's machine code until that file changes, and does not look at the files it calls into. So
a compiled function calls only compiled functions of its own file.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

compiled: Callable[[Function], Function] = njit(cache=True, nogil=True)
inlined: Callable[[Function], Function] = njit(cache=True, nogil=True, forceinline=True)
