"""The decorators that hold the compiler's flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
import numba.extending

carray: Callable[..., Any] = numba.__dict__["carray"]
"""An array over memory that something else keeps; not reference-counted."""


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile in nopython mode: no GIL, cached on disk, IEEE arithmetic (never fastmath)."""
    return cast(
        Callable[..., Any], numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    )


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make an intrinsic from a function that returns (signature, code generator)."""
    return cast(Callable[..., Any], numba.extending.intrinsic(function))
