"""Draws of two guides at once, EP's and the tilted prior's, weighted under their mixture."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol.estimators.rounding import ENTRY
from priorvol.estimators.tilting import Guides

Array = npt.NDArray[np.float64]

REPLICATES = 32
"""Independent shifts of the lattice in a round."""

SHARES = ((1, 1), (3, 1), (7, 1))
"""Blocks of draws by EP's guide and by the tilt that a mixture may be made of."""


class MixtureSampler:
    """Draws of the two guides of an orthant, weighted under their mixture.

    Parameters
    ----------
    found : Guides
    """

    def __init__(self, found: Guides) -> None:
        self.guides = found
        self.dimensions = 2 * len(found.scale)
        self.floor = ENTRY * found.sensitivity
        self.log_bound = 0.0 if math.isnan(found.psi) else found.psi
        self.parts = SHARES[0]
        self.diagnostics: dict[str, Any] = {
            "ep_log_z": found.ep_log_z,
            "ep_iterations": found.ep_iterations,
            "ep_change": found.ep_change,
            "rank": len(found.scale),
            "least_pivot": found.least_pivot,
        }

    @property
    def block(self) -> int:
        """Draws come in multiples of this."""
        from priorvol._kernels.orthants import LANES

        return LANES * sum(self.parts)

    def log_weights(self, number: int, shift: Array) -> Array:
        """Return log weights of ``number`` draws on one shifted lattice."""
        return self._draw(number, shift)[0]

    def plan(self, shifts: Array, relative_error: float, max_samples: int) -> float:
        """Choose the share of the guides by a pilot run, and return how many draws it needs.

        Draws are few, so the mixture of equal shares is run once and weighed for each share: with
        q the density drawn from and q' another, E_q'[w'^2] = E_q[w w'].
        """
        runs = [self._draw(self.block, shift) for shift in shifts]
        logs, ratios = (np.concatenate(parts) for parts in zip(*runs, strict=True))
        top = logs.max()
        weights = np.exp(logs - top) if np.isfinite(top) else np.ones_like(logs)
        own = self.parts[0] / sum(self.parts)
        capped = np.exp(np.minimum(ratios, 300.0))
        mixture = own * capped + (1.0 - own)
        best = math.inf
        for parts in SHARES:
            share = parts[0] / sum(parts)
            squares = weights * weights * mixture / (share * capped + (1.0 - share))
            uneven = float(squares.mean() / weights.mean() ** 2) - 1.0
            least = REPLICATES * len(weights) // len(shifts) * sum(parts) / sum(SHARES[0])
            if least > max_samples:
                continue
            need = max(uneven, 0.0) / relative_error**2
            if max(need, least) < best:
                best, wanted, chosen = max(need, least), need, parts
        self.parts = chosen
        self.diagnostics["ep_share"] = chosen[0] / sum(chosen)
        self.diagnostics["log_weight_bound"] = self.log_bound + math.log(sum(chosen) / chosen[1])
        return wanted

    def _draw(self, number: int, shift: Array) -> tuple[Array, Array]:
        from priorvol._kernels.orthants import mix

        k, times = len(self.guides.scale), number // self.block
        logs, ratios = np.empty(times * self.block), np.empty(times * self.block)
        mix(
            self.guides.sites,
            self.guides.tilt,
            self.parts[0] / sum(self.parts),
            lattice_generator(k),
            shift.reshape(2, k),
            np.zeros(2, dtype=np.int64),
            np.array([times * part for part in self.parts]),
            logs,
            ratios,
            np.empty((0, k)),
        )
        return logs, ratios


def lattice_generator(k: int) -> Array:
    """Return the generator of a lattice in k dimensions: square roots of primes (Richtmyer 1951).

    Examples
    --------
    >>> lattice_generator(3).round(4)
    array([0.4142, 0.7321, 0.2361])
    """
    limit = max(32, int(k * (math.log(k + 2) + math.log(math.log(k + 4)) + 2)))
    sieve = np.ones(limit + 1, dtype=bool)
    sieve[:2] = False
    for i in range(2, math.isqrt(limit) + 1):
        if sieve[i]:
            sieve[i * i :: i] = False
    primes = np.flatnonzero(sieve)[:k]
    return np.sqrt(primes.astype(np.float64)) % 1.0
