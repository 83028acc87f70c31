"""Whether the outputs of a network at different inputs are independent under the prior.

Wide and deep networks have nearly independent outputs exactly where the activation is nonlinear
with E[phi(z)] = 0 and pre-activations keep unit variance (2510.06527). On {-1, +1}^n an odd
activation without biases makes f(-x) = not f(x) at any depth, so that antipodal pairs are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks, rng
from priorvol.inputs import Inputs
from priorvol.table import FunctionTable

Array = npt.NDArray[np.float64]

MAX_M = 2048

_CHUNK = 1 << 16


@dataclass(frozen=True, eq=False, kw_only=True)
class PairwiseDependence:
    """Correlations of the outputs of networks at pairs of inputs, over draws from the prior.

    Attributes
    ----------
    mean_square : float
        Mean over pairs of the squared correlation of two output bits, less what n independent
        draws of independent bits would show: 0 in the mean where outputs are independent in pairs,
        1 where they are equal or opposite.
    standard_error : float
        Of ``mean_square``, by the jackknife over blocks of draws.
    floor : float
        What was taken off: 1 / (n_samples - 1), the mean square of correlations that are noise.
    correlations : (m, m) array
        Sample correlations (phi coefficients); nan where an output never changes.
    n_samples, n_pairs : int
        Draws, and pairs of inputs that were used.
    n_antipodal, n_constant : int
        Pairs left out because x' = -x, and because an output of theirs never changes.
    distances : (k,) int array
        Hamming distances of inputs, on a whole Boolean cube; else empty.
    by_distance, by_distance_error : (k,) arrays
        Mean correlation at each distance, and its standard error.
    """

    mean_square: float
    standard_error: float
    floor: float
    correlations: Array
    n_samples: int
    n_pairs: int
    n_antipodal: int
    n_constant: int
    distances: npt.NDArray[np.int64]
    by_distance: Array
    by_distance_error: Array

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict, without the matrix of correlations."""
        return {
            key: value.tolist() if isinstance(value, np.ndarray) else value
            for key, value in vars(self).items()
            if key != "correlations"
        }

    def __str__(self) -> str:
        """Return what there is to say in some lines."""
        left_out = [
            f"{number:,} {what}"
            for number, what in (
                (self.n_antipodal, "antipodal"),
                (self.n_constant, "with an output that never changes"),
            )
            if number
        ]
        without = f" (without {', '.join(left_out)})" if left_out else ""
        lines = [
            f"{self.n_pairs:,} pairs of inputs{without}, {self.n_samples:,} draws",
            f"mean squared correlation of outputs: {self.mean_square:.3g} "
            f"+- {self.standard_error:.2g} above the noise of {self.floor:.2g}",
        ]
        lines += [
            f"  at distance {d}: correlation {mean:.4f} +- {error:.4f}"
            for d, mean, error in zip(
                self.distances, self.by_distance, self.by_distance_error, strict=True
            )
        ]
        return "\n".join(lines)


def pairwise_dependence(
    table: FunctionTable, *, exclude_antipodal: bool = True, n_blocks: int = 20, seed: int = 0
) -> PairwiseDependence:
    """Measure how the outputs at pairs of inputs depend on one another.

    Parameters
    ----------
    table : FunctionTable
        Of independent draws, all of them listed.
    exclude_antipodal : bool
        Whether to leave out pairs with x' = -x; the table's task has to say what the inputs are.
    n_blocks : int
        Random blocks of draws for the jackknife.
    seed : int
        Of the blocks.

    Returns
    -------
    PairwiseDependence

    Raises
    ------
    ValueError
        If the draws come in groups or are not all listed, there are fewer draws than two a block,
        more than `MAX_M` inputs or no pair of them that changes, or the inputs are not known.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0011", "0101", "0110", "1111"], [25, 25, 25, 25])
    >>> found = pairwise_dependence(table, exclude_antipodal=False)
    >>> found.n_pairs, float(found.correlations[0, 1].round(3))
    (6, 0.333)
    """
    n_blocks = checks.integer("n_blocks", n_blocks, low=2, high=1000)
    _check(table, n_blocks)
    chosen = np.triu(np.ones((table.m, table.m), dtype=bool), 1)
    antipodal = np.zeros_like(chosen)
    if exclude_antipodal:
        if table.task is None:
            raise ValueError(
                "the table has no task, so that antipodal pairs are not known: "
                "exclude_antipodal=False keeps them"
            )
        antipodal = chosen & _antipodal(table.task.inputs)
    sizes, ones, pairs = _block_sums(table, n_blocks, seed)
    correlations = _correlations(sizes.sum(), ones.sum(axis=0), pairs.sum(axis=0))
    constant = chosen & ~antipodal & np.isnan(correlations)
    used = chosen & ~antipodal & ~constant
    if not used.any():
        raise ValueError("no pair of inputs is left: outputs never change or all are antipodal")
    distance = _distances(table)
    distances = np.unique(distance[used]) if distance is not None else np.zeros(0, dtype=np.int64)

    def summary(n: int, sums: Array, products: Array) -> Array:
        found = _correlations(n, sums, products)
        adjusted = ((n - 1) * found[used] ** 2 - 1.0) / (n - 2)
        means = [np.nanmean(adjusted)]
        means += [np.nanmean(found[used & (distance == d)]) for d in distances]
        return np.array(means)

    means = summary(int(sizes.sum()), ones.sum(axis=0), pairs.sum(axis=0))
    errors = _jackknife(summary, sizes, ones, pairs)
    correlations[np.arange(table.m), np.arange(table.m)] = 1.0
    return PairwiseDependence(
        mean_square=float(means[0]),
        standard_error=float(errors[0]),
        floor=1.0 / (table.n_samples - 1),
        correlations=correlations,
        n_samples=table.n_samples,
        n_pairs=int(used.sum()),
        n_antipodal=int(antipodal.sum()),
        n_constant=int(constant.sum()),
        distances=distances,
        by_distance=means[1:],
        by_distance_error=errors[1:],
    )


def _check(table: FunctionTable, n_blocks: int) -> None:
    if not isinstance(table, FunctionTable):
        raise ValueError(f"table must be a FunctionTable, got {type(table).__name__}")
    if table.output_draws > 1:
        raise ValueError(
            "the draws must be independent, "
            f"but the table has {table.output_draws} output draws a group"
        )
    if table.n_unlisted:
        raise ValueError(f"the table leaves out {table.n_unlisted:,} draws of rare functions")
    if not 2 <= table.m <= MAX_M:
        raise ValueError(f"pairs of 2 to {MAX_M:,} inputs are compared, got m = {table.m}")
    if table.n_samples < 2 * n_blocks:
        raise ValueError(f"{n_blocks} blocks need {2 * n_blocks} draws, got {table.n_samples}")


def _antipodal(inputs: Inputs) -> npt.NDArray[np.bool_]:
    """Return which pairs of inputs are each other's negatives, (m, m)."""
    if inputs.encoding == "01":
        return np.zeros((inputs.m, inputs.m), dtype=bool)
    points = inputs.values
    codes = np.unique(np.concatenate([points, 0.0 - points]), axis=0, return_inverse=True)[1]
    here, there = np.split(codes.ravel(), 2)
    opposite: npt.NDArray[np.bool_] = here[:, None] == there
    return opposite


def _distances(table: FunctionTable) -> npt.NDArray[np.int64] | None:
    """Return Hamming distances of inputs, (m, m), on a Boolean cube; else None."""
    if table.task is None or table.task.inputs.encoding is None:
        return None
    distance = np.zeros((table.m, table.m), dtype=np.int64)
    for column in table.task.inputs.values.T:
        distance += column[:, None] != column
    return distance


def _block_sums(
    table: FunctionTable, n_blocks: int, seed: int
) -> tuple[npt.NDArray[np.int64], Array, Array]:
    """Put every draw into a random block; return sizes, sums of bits, and sums of products."""
    m = table.m
    draws = rng.generator(seed, "pairwise dependence")
    sizes = np.zeros(n_blocks, dtype=np.int64)
    ones, pairs = np.zeros((n_blocks, m)), np.zeros((n_blocks, m, m))
    for words, counts in table.chunks(_CHUNK):
        outputs = bits.unpack(words, m).astype(np.float64)
        shares = draws.multinomial(counts, np.full(n_blocks, 1.0 / n_blocks))
        for block in range(n_blocks):
            held = np.flatnonzero(shares[:, block])
            weights = shares[held, block].astype(np.float64)
            part = outputs[held]
            sizes[block] += int(shares[:, block].sum())
            ones[block] += weights @ part
            pairs[block] += part.T @ (weights[:, None] * part)
    return sizes, ones, pairs


def _correlations(n: int, ones: Array, pairs: Array) -> Array:
    """Return phi coefficients, nan where an output never changes."""
    mean = ones / n
    variance = mean * (1.0 - mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = (pairs / n - np.outer(mean, mean)) / np.sqrt(np.outer(variance, variance))
    never = variance == 0.0
    found[never], found[:, never] = math.nan, math.nan
    return found


def _jackknife(
    summary: Callable[[int, Array, Array], Array],
    sizes: npt.NDArray[np.int64],
    ones: Array,
    pairs: Array,
) -> Array:
    """Return standard errors of a summary by leaving out a block at a time."""
    total, all_ones, all_pairs = int(sizes.sum()), ones.sum(axis=0), pairs.sum(axis=0)
    left = [
        summary(total - int(size), all_ones - part, all_pairs - products)
        for size, part, products in zip(sizes, ones, pairs, strict=True)
    ]
    spread = np.var(np.array(left), axis=0) * (len(sizes) - 1)
    return np.asarray(np.sqrt(spread), dtype=np.float64)
