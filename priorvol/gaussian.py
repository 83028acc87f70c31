"""`GaussianLaw`: the outputs of a network on the inputs as a multivariate normal.

At infinite width the outputs h are Gaussian, and a function is an orthant: f(x) = 1 where h(x) > 0.
Covariances are singular in earnest here (at sigma_b = 0 the zero input has no variance; an input
may be there twice; odd activations make h(-x) = -h(x)). `GaussianLaw.reduced` takes such outputs
out exactly; nothing is ever added to a diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol.inputs import check_indices

Array = npt.NDArray[np.float64]

SAME = 64 * np.finfo(np.float64).eps
"""Outputs whose squared correlation is 1 up to this may be one output, up to a factor..."""

ALIKE = 1e-12
"""...and are it where their correlations with every other output agree up to this.

Outputs at an angle a differ by a^2 in their own correlation but by a in those with others, so that
what is taken for one output differs in sign with a probability below about 1e-12.
"""

_SKEW = 1e-10  # relative asymmetry, negative eigenvalues and the like that rounding may leave


@dataclass(frozen=True, eq=False)
class GaussianLaw:
    """The law N(mean, covariance) of the outputs h on m inputs.

    Parameters
    ----------
    covariance : (m, m) array
        Symmetric and positive semidefinite, up to rounding; it may be singular.
    mean : (m,) array, optional
        Default 0.

    Raises
    ------
    ValueError
        If a shape is wrong, a value is not finite, the covariance is not symmetric, or a
        variance is negative or a correlation beyond -1..1.

    Examples
    --------
    >>> law = GaussianLaw([[1.0, 0.5], [0.5, 1.0]])
    >>> law.m, law.reduced.law.m
    (2, 2)
    """

    covariance: Array
    mean: Array = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        """Check both arrays and make them read-only."""
        covariance = np.array(self.covariance, dtype=np.float64)
        if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
            raise ValueError(f"covariance must have shape (m, m), got {covariance.shape}")
        m = len(covariance)
        mean = np.array(self.mean, dtype=np.float64)
        if mean.shape == (0,):
            mean = np.zeros(m)
        if m == 0 or mean.shape != (m,):
            raise ValueError(f"mean must have shape ({m},) and m be at least 1, got {mean.shape}")
        if not (np.isfinite(covariance).all() and np.isfinite(mean).all()):
            raise ValueError("mean and covariance must be finite")
        variances = np.diag(covariance)
        largest = variances.max()
        if variances.min() < -_SKEW * max(largest, 0.0):
            raise ValueError(f"covariance has a negative variance, {variances.min():.6g}")
        if np.abs(covariance - covariance.T).max() > _SKEW * largest:
            raise ValueError("covariance must be symmetric")
        covariance = (covariance + covariance.T) / 2
        roots = np.sqrt(np.maximum(variances, 0.0))
        beyond = np.abs(covariance) - np.outer(roots, roots)
        if beyond.max() > _SKEW * largest:
            raise ValueError("covariance has correlations beyond -1..1")
        for name, array in (("covariance", covariance), ("mean", mean)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def m(self) -> int:
        """Number of outputs, one an input."""
        return len(self.mean)

    def restrict(self, indices: npt.ArrayLike) -> GaussianLaw:
        """Return the law of the outputs at some inputs.

        Raises
        ------
        ValueError
            If an index is repeated or out of range.
        """
        kept = check_indices(indices, self.m)
        return GaussianLaw(self.covariance[np.ix_(kept, kept)], self.mean[kept])

    @cached_property
    def reduced(self) -> ReducedLaw:
        """The outputs that are neither fixed nor multiples of another, and how the rest follow."""
        roots = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        index = np.full(self.m, -1, dtype=np.int64)
        sign = np.where(self.mean > 0, 1, -1).astype(np.int8)
        free = roots > 1e-150  # a square below the smallest double is 0
        kept: list[int] = []
        for i in np.flatnonzero(free).tolist():
            first = np.array(kept, dtype=np.int64)
            rho = self.covariance[i, first] / (roots[i] * roots[first])
            place = self.mean[i] / roots[i] - np.sign(rho) * self.mean[first] / roots[first]
            scale = 1.0 + abs(self.mean[i] / roots[i])
            same = (1.0 - rho * rho <= SAME) & (np.abs(place) <= np.sqrt(SAME) * scale)
            for candidate in np.flatnonzero(same).tolist():
                turn = 1 if rho[candidate] > 0 else -1
                j = kept[candidate]
                rows = self.covariance[[i, j]][:, free] / roots[[i, j]][:, None] / roots[free]
                if np.abs(rows[0] - turn * rows[1]).max() <= ALIKE:
                    index[i], sign[i] = candidate, turn
                    break
            if index[i] < 0:
                index[i], sign[i] = len(kept), 1
                kept.append(i)
        chosen = np.array(kept, dtype=np.int64)
        law = self.restrict(chosen) if kept else None
        return ReducedLaw(law, chosen, index, sign)


@dataclass(frozen=True, eq=False)
class ReducedLaw:
    """A Gaussian law without its fixed and repeated outputs.

    Attributes
    ----------
    law : GaussianLaw or None
        Of the k outputs kept; None if every output is fixed. It may still be singular (more
        outputs than dimensions), but no two of its outputs are multiples of one another.
    kept : (k,) int64
        Their places among the m outputs.
    index : (m,) int64
        Output i has the sign of ``sign[i]`` times output ``index[i]`` of ``law``; -1 where output
        i has no variance.
    sign : (m,) int8
        +1 or -1. Of a fixed output, whether it is above 0 (an output that is 0 is not).
    """

    law: GaussianLaw | None
    kept: npt.NDArray[np.int64]
    index: npt.NDArray[np.int64]
    sign: npt.NDArray[np.int8]

    @property
    def k(self) -> int:
        """Number of outputs kept."""
        return len(self.kept)

    def orthants(self, functions: Any) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
        """Return the signs of the kept outputs that functions ask for.

        Parameters
        ----------
        functions : any form of functions on the m inputs
            See `priorvol.bits.as_words`.

        Returns
        -------
        signs : (n, k) int8
            +1 or -1.
        possible : (n,) bool
            False where a function contradicts a fixed output, or asks two outputs that are
            multiples of one another for signs that do not go together: its probability is 0.

        Examples
        --------
        >>> GaussianLaw([[0.0, 0.0], [0.0, 1.0]]).reduced.orthants(["01", "11"])
        (array([[1],
               [1]], dtype=int8), array([ True, False]))
        """
        m = len(self.index)
        words, _ = bits.as_words(functions, m)
        asked = np.where(bits.unpack(words, m), 1, -1).astype(np.int8)
        signs = asked[:, self.kept]
        follow = np.where(self.index >= 0, signs[:, self.index] if self.k else 1, 1) * self.sign
        possible: npt.NDArray[np.bool_] = (asked == follow).all(axis=1)
        return signs, possible

    def functions(self, positive: npt.ArrayLike) -> bits.Words:
        """Return the functions of draws of the kept outputs.

        Parameters
        ----------
        positive : (n, k) bool
            Whether each kept output is above 0.

        Returns
        -------
        (n, ceil(m / 64)) uint64
            Packed functions on the m inputs.
        """
        above = np.asarray(positive, dtype=bool)
        if above.ndim != 2 or above.shape[1] != self.k:
            raise ValueError(f"positive must have shape (n, {self.k}), got {above.shape}")
        held = np.repeat((self.sign > 0)[None], len(above), axis=0)
        moving = self.index >= 0
        held[:, moving] = above[:, self.index[moving]] == (self.sign[moving] > 0)
        return bits.pack(held)
