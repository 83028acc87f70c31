"""Random streams: the only place that turns a seed into random numbers.

Every hidden draw has a stream of its own: xoshiro128++ from a state that the counter-based
generator Threefry-4x32-20 makes of the seed, the block and the index in the block, so any sample
can be replayed alone (`priorvol._kernels.streams`). Everything else that is random (null models,
bootstraps) uses a NumPy generator from `generator`.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from priorvol import checks

if TYPE_CHECKING:
    import numpy as np

BLOCK = 1 << 16
"""Hidden draws in one block; sample number g is index g % BLOCK of block g // BLOCK."""

STREAM_VERSION = 1
"""Changes whenever a kernel changes a draw; tables of different versions do not merge."""

MAX_SEED = (1 << 64) - 1

_PURPOSES = {
    "prior": 0x7072696F,
    "planes": 0x706C616E,
    "gaussian": 0x67617573,
    "posterior": 0x706F7374,
    "pilot": 0x70696C6F,
    "batches": 0x62617463,
    "langevin": 0x6C616E67,
}


def check_seed(seed: Any) -> int:
    """Return ``seed`` as an int in [0, 2^64), or raise ``ValueError``.

    Examples
    --------
    >>> check_seed(7)
    7
    """
    return checks.integer("seed", seed, low=0, high=MAX_SEED)


def stream_key(seed: int, output_draws: int, purpose: str = "prior") -> tuple[int, int, int, int]:
    """Return the generator's key, four 32-bit words: the seed, the output draws and the purpose.

    Purposes are ``"prior"``, ``"planes"`` (output draws in planes), ``"gaussian"``,
    ``"posterior"``, ``"pilot"``, ``"batches"`` (orders of training inputs) and ``"langevin"``
    (noise in training).

    Examples
    --------
    >>> stream_key(1 << 32, 50)[:3]
    (0, 1, 50)
    """
    return (seed & 0xFFFFFFFF, seed >> 32, output_draws, _PURPOSES[purpose])


def generator(seed: int, purpose: str) -> np.random.Generator:
    """Return a NumPy generator for one purpose; streams of different purposes are independent.

    Parameters
    ----------
    seed : int
        In [0, 2^64).
    purpose : str
        What the numbers are for, such as ``"bootstrap"``.

    Raises
    ------
    ValueError
        If the seed is out of range.

    Examples
    --------
    >>> generator(0, "bootstrap").integers(10, size=3).shape
    (3,)
    """
    import numpy as np

    key = zlib.crc32(purpose.encode("utf-8"))
    sequence = np.random.SeedSequence(check_seed(seed), spawn_key=(key,))
    return np.random.Generator(np.random.PCG64(sequence))
