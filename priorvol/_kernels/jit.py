"""The decorators that hold the compiler's flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import llvmlite.binding
import numba
import numba.extending

carray: Callable[..., Any] = numba.__dict__["carray"]
"""An array over memory that something else keeps; not reference-counted."""


def _compiles_for(feature: str) -> bool:
    """Whether the code is compiled for a processor with a feature: this one or the one named."""
    name, features = (getattr(numba.config, f"CPU_{part}") for part in ("NAME", "FEATURES"))
    if features is None and name is None:
        return bool(llvmlite.binding.get_host_cpu_features().get(feature))
    return f"+{feature}" in (features or "").split(",")


HAS_512_BITS = _compiles_for("avx512f")
"""Whether registers hold sixteen floats."""


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile in nopython mode: no GIL, cached on disk, IEEE arithmetic (never fastmath)."""
    return cast(
        Callable[..., Any], numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    )


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile like `kernel`, but as a part of whatever calls it, which saves compiling it alone."""
    return cast(
        Callable[..., Any],
        numba.njit(nogil=True, cache=True, error_model="numpy", inline="always")(function),
    )


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make an intrinsic from a function that returns (signature, code generator)."""
    return cast(Callable[..., Any], numba.extending.intrinsic(function))
