"""Prior draws that fit training sets: the posterior, one training set at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from priorvol import complexity
from priorvol.sweep.cells import DIGITS, Learned
from priorvol.table import FunctionTable
from priorvol.training_set import TrainingSet

Array = npt.NDArray[np.float64]

_ROWS = 1 << 15  # at a time


@dataclass(frozen=True, eq=False)
class FittingDraws:
    """Draws that fit at least one of several training sets.

    Attributes
    ----------
    k : (rows,) float64 array
        Complexities of the distinct functions among them.
    counts : (rows,) float64 array
    fits : (sets, rows) bool array
    group : int
        Draws of a group, which may all be equal.
    """

    k: Array
    counts: Array
    fits: npt.NDArray[np.bool_]
    group: int

    @classmethod
    def of(
        cls, table: FunctionTable, sets: Sequence[TrainingSet], measure: str
    ) -> FittingDraws | None:
        """Return those of a table; None if no draw fits one of the training sets.

        Examples
        --------
        >>> table = FunctionTable.from_counts(["0011", "0111", "1000"], [3, 1, 9])
        >>> found = FittingDraws.of(table, [TrainingSet([0], [0]), TrainingSet([1], [1])], "k_lz")
        >>> found.counts.tolist(), found.learned()[1].counts
        ([3.0, 1.0], (1,))
        """
        functions = np.ascontiguousarray(table.functions)
        fits = np.array([chosen.fits(functions, m=table.m) for chosen in sets])
        if not fits.any(axis=1).all():
            return None
        held = fits.any(axis=0)
        inputs = None if table.task is None else table.task.inputs
        words = functions[held]
        found = complexity.compute(words, measure, m=table.m, inputs=inputs, progress=False)
        counts = np.asarray(table.counts)[held].astype(np.float64)
        k = np.round(found[measure], DIGITS)
        return cls(k, counts, fits[:, held], table.output_draws)

    def learned(self) -> list[Learned]:
        """Return the complexities of those that fit each training set."""
        found = []
        for fits in self.fits:
            k, place = np.unique(self.k[fits], return_inverse=True)
            times = np.bincount(place, self.counts[fits], len(k)).astype(np.int64)
            found.append(
                Learned(
                    error=math.nan,
                    standard_error=math.nan,
                    n_draws=int(times.sum()),
                    k=tuple(k.tolist()),
                    counts=tuple(times.tolist()),
                )
            )
        return found

    def variances(self, k: Array, sets: npt.NDArray[np.int64]) -> tuple[Array, Array]:
        """Return the variances of P(K given S) averaged over some training sets.

        Parameters
        ----------
        k : (j,) float64 array
            Complexities, rising, that hold all of the draws'.
        sets : (s,) int64 array
            Training sets of the average.

        Returns
        -------
        variance : (j,) float64 array
            By the draws, by the delta method: a draw may fit several training sets.
        alone : (j,) float64 array
            What it would be if each training set had draws of its own.

        Examples
        --------
        Two training sets with the same draws are known no better than one.

        >>> table = FunctionTable.from_counts(["0011", "0000"], [30, 10])
        >>> S = TrainingSet([0], [0])
        >>> draws = FittingDraws.of(table, [S, S], "k_lz")
        >>> variance, alone = draws.variances(np.array([2.0, 6.0]), np.array([0, 1]))
        >>> np.allclose(variance, 0.75 * 0.25 / 40), np.allclose(alone, variance / 2)
        (True, True)
        """
        fits = self.fits[sets].astype(np.float64)
        number = fits @ self.counts
        place = np.searchsorted(k, self.k)
        weighted = fits * self.counts
        p = np.array([np.bincount(place, w, len(k)) for w in weighted]) / number[:, None]
        variance = np.zeros(len(k))
        for start in range(0, len(self.k), _ROWS):
            part = slice(start, start + _ROWS)
            pull = (fits[:, part] / number[:, None]).T  # of each draw on each set's shares
            change = -(pull @ p)
            change[np.arange(len(change)), place[part]] += pull.sum(axis=1)
            variance += self.counts[part] @ change**2
        alone = (p * (1.0 - p) / number[:, None]).sum(axis=0)
        scale = self.group / len(sets) ** 2
        return variance * scale, alone * scale
