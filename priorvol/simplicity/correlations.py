"""Correlation of log P(f) with complexity: selection, nulls, and what T alone explains."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks, complexity
from priorvol.bits import Words
from priorvol.nulls import LARGEST_N as LARGEST_PERMUTED
from priorvol.nulls import permuted_inputs, same_t
from priorvol.progress import progress_bar
from priorvol.rng import generator
from priorvol.simplicity.association import (
    FEWEST_UNITS,
    MOST_RESAMPLES,
    Association,
    associate,
    pearson_spearman,
)
from priorvol.simplicity.correlation_report import Correlations, MeasureCorrelation, Null, Threshold
from priorvol.simplicity.panel import measure_names
from priorvol.symmetry import LARGEST_N, canonical, table_symmetries
from priorvol.table import FunctionTable

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BASELINE = "majority_error"
"""Always a row: what a learner that knows the majority class only gets wrong."""

FEWEST = 50
"""Functions that a higher threshold must leave for it to be reported, in `FEWEST_UNITS` orbits."""


def correlate(
    table: FunctionTable,
    measures: str | Iterable[str] | None = None,
    *,
    min_count: int = 10,
    max_functions: int = 10_000,
    n_bootstrap: int = 1000,
    n_null: int = 20,
    level: float = 0.95,
    seed: int = 0,
    radius: float | None = None,
    n_jobs: int = 1,
    progress: bool | None = None,
) -> Correlations:
    """Correlate log P(f) with complexities over the functions that were sampled often enough.

    Parameters
    ----------
    table : FunctionTable
    measures : str or iterable of str, optional
        Names, or "all" that can be computed of the table; by default those of
        `priorvol.simplicity.panel.PANEL` that can. `BASELINE` is added.
    min_count : int
        Draws of the first half that a function needs to be selected.
    max_functions : int
        The most frequent of them are kept.
    n_bootstrap : int
        Resamples for the intervals.
    n_null : int
        Random functions drawn in the place of each, for each null model; 0 leaves the nulls out.
    level : float
        Of the intervals.
    seed : int
    radius : float, optional
        Of the neighbourhood of a point, for measures that need points (1 on the cube).
    n_jobs : int
        Workers that compute complexities; -1 for one a core. No number depends on it.
    progress : bool, optional
        Whether to show progress on standard error; by default where that is a terminal.

    Returns
    -------
    Correlations

    Raises
    ------
    ValueError
        If it is no table, a measure is unknown or cannot be computed of it, fewer than three
        functions are selected, or a number is out of range.

    Notes
    -----
    *Selection.* log P(f) is known of sampled functions only, and functions that are picked by the
    counts which then stand for P(f) regress to the mean. So each count c is split at random into
    a ~ Binomial(c, 1/2) and b = c - a. Functions are selected by a >= min_count, and log P is
    log((b + 1/2) / (n_b + 1)), n_b the draws of the second half: of independent draws, b knows
    nothing of the selection. Of grouped draws (``table.output_draws`` above 1) both halves hold
    draws of the same groups, which ties them a little: b of a selected function is then too
    large by some, more so where the inflation (`priorvol.intervals.inflation`) is large.

    *What no split repairs.* Functions below the threshold are absent. All numbers hold for the
    sampled region, not for all functions: a correlation over functions of high P(f) may be larger
    or smaller than that over more of them. `by_threshold` shows how it moves with the threshold.

    *Intervals* are percentile bootstraps that resample the orbits of functions under the task's
    symmetries (`priorvol.symmetry`): functions of one orbit have one P(f) and are no independent
    evidence. Above n = 7 and off the cube only ``complement`` is used, and without a task the
    unit is the function.

    *Given T* means: between residuals, T being a categorical factor
    (`priorvol.simplicity.association`). If that is 0 where the plain correlation is not, simplicity
    bias is entropy bias here.

    *Reliability* is the correlation of the two halves over the selected functions. The noise of b
    alone lets even a measure that is log P itself reach only about the square root of it
    (Spearman, Am. J. Psychol. 15 (1904) 72). It is no exact ceiling, for it has a bias of its
    own: the selection cuts off low a, which leaves out functions whose a fell short by chance and
    keeps those whose a was too large, and so understates the agreement near the threshold.

    *Cost.* Complexities are computed of the selected functions and of ``n_null`` random ones in
    place of each, and twice that for measures that permuted inputs change.

    Examples
    --------
    >>> table = FunctionTable.from_counts(
    ...     ["0000", "0001", "0010", "0111", "0110"], [4000, 900, 1100, 800, 100])
    >>> found = correlate(table, "k_lz", n_bootstrap=0, n_null=0)
    >>> found.n_functions, found.row("k_lz").association.spearman.value.__round__(3)
    (5, -0.527)
    """
    if not isinstance(table, FunctionTable):
        raise ValueError(f"table must be a FunctionTable, got {type(table).__name__}")
    min_count = checks.integer("min_count", min_count, low=1)
    max_functions = checks.integer("max_functions", max_functions, low=3)
    n_null = checks.integer("n_null", n_null, low=0)
    n_bootstrap = checks.integer("n_bootstrap", n_bootstrap, low=0, high=MOST_RESAMPLES)
    level = checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
    names = list(dict.fromkeys([*measure_names(table, measures, radius), BASELINE]))
    options: dict[str, Any] = {"n_bootstrap": n_bootstrap, "level": level, "seed": seed}
    words, a, b, draws = _halves(table, min_count, max_functions, seed)
    k = len(words)
    if k < 3:
        raise ValueError(
            f"correlations need at least 3 functions with min_count = {min_count} draws in the "
            f"first half, but {k} of the table's {len(table)} have them: lower it, or draw more"
        )
    log_p = np.log((b + 0.5) / (draws[1] + 1))
    t = bits.unpack(words, table.m).sum(axis=1)
    orbits, symmetries = _orbits(table, words)
    permuted = [n for n in names if "permutation" not in complexity.measure(n).symmetries]
    nulls = [(same_t, names)]
    if _on_cube(table):
        nulls.append((permuted_inputs, permuted))
    inputs = None if table.task is None else table.task.inputs

    def values(functions: Words, chosen: list[str]) -> dict[str, Array]:
        return complexity.compute(
            functions,
            chosen,
            m=table.m,
            inputs=inputs,
            radius=radius,
            n_jobs=n_jobs,
            progress=False,
        )

    with progress_bar(1 + n_null * len(nulls), "sets", delay=1.0, progress=progress) as bar:
        columns = values(words, names)
        bar.update(1)
        drawn = {}
        for null, chosen in nulls:
            pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in chosen}
            seeds = generator(seed, f"seeds of {null.__name__}").integers(1 << 63, size=n_null)
            for each in seeds.tolist() if chosen else []:
                others = values(null(words, m=table.m, seed=each), chosen)
                for name, column in others.items():
                    pairs[name].append(pearson_spearman(log_p, column))
                bar.update(1)
            drawn[null.__name__] = pairs

    def among(kept: npt.NDArray[np.bool_], threshold: int) -> Threshold:
        parts = {name: column[kept] for name, column in columns.items()}
        found = associate(log_p[kept], parts, strata=t[kept], units=orbits[kept], **options)
        size = int(kept.sum()), len(np.unique(orbits[kept]))
        return Threshold(
            min_count=threshold, n_functions=size[0], n_orbits=size[1], associations=found
        )

    by_threshold = [among(a >= min_count, min_count)]
    while (kept := a >= 10 * by_threshold[-1].min_count).sum() >= FEWEST:
        if len(np.unique(orbits[kept])) < FEWEST_UNITS:
            break
        by_threshold.append(among(kept, 10 * by_threshold[-1].min_count))
    first = {"first half": np.log(a + 0.5)}
    rows = []
    for name, association in by_threshold[0].associations.items():
        row = {null: _null(pairs.get(name), association, level) for null, pairs in drawn.items()}
        rows.append(MeasureCorrelation(measure=name, association=association, **row))
    return Correlations(
        rows=tuple(rows),
        by_threshold=tuple(by_threshold),
        reliability=associate(log_p, first, strata=t, units=orbits, **options)["first half"],
        n_functions=k,
        n_orbits=by_threshold[0].n_orbits,
        n_within_t=int((np.bincount(t)[t] > 1).sum()),
        n_listed=len(table),
        selected_share=float(b.sum() / draws[1]) if draws[1] else math.nan,
        min_count=min_count,
        smallest_count=int(a.min()),
        draws=draws,
        symmetries=symmetries,
        level=level,
        n_bootstrap=n_bootstrap,
        n_null=n_null,
        seed=seed,
    )


def _halves(
    table: FunctionTable, min_count: int, most: int, seed: int
) -> tuple[Words, Counts, Counts, tuple[int, int]]:
    """Split the counts; return the selected functions, both counts, and the draws of each half.

    A count below min_count cannot be selected, so such draws are split in one go.
    """
    rng = generator(seed, "halves of the counts")
    words = np.empty((0, table.n_words), dtype=np.uint64)
    a, b = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    left, n_first = table.n_samples, 0
    for part, counts in table.chunks():
        large = counts >= min_count
        first = rng.binomial(counts[large], 0.5)
        left -= int(counts[large].sum())
        n_first += int(first.sum())
        chosen = first >= min_count
        words = np.concatenate([words, part[large][chosen]])
        a = np.concatenate([a, first[chosen]])
        b = np.concatenate([b, counts[large][chosen] - first[chosen]])
        if len(a) > 2 * most:
            best = np.sort(np.argsort(-a, kind="stable")[:most])
            words, a, b = words[best], a[best], b[best]
    n_first += int(rng.binomial(left, 0.5))
    best = np.argsort(-a, kind="stable")[:most]  # ties stay in the order of the words
    return words[best], a[best], b[best], (n_first, table.n_samples - n_first)


def _on_cube(table: FunctionTable) -> bool:
    if table.task is not None:
        return table.task.inputs.encoding is not None
    n = table.m.bit_length() - 1
    return 1 <= n <= LARGEST_PERMUTED and table.m == 1 << n


def _orbits(table: FunctionTable, words: Words) -> tuple[Counts, tuple[str, ...]]:
    """Return the number of each function's orbit, and the symmetries used."""
    names = table_symmetries(table)
    if table.m > 1 << LARGEST_N:
        names = tuple(name for name in names if name == "complement")
    if not names:
        return np.arange(len(words)), names
    found = canonical(words, names, m=table.m)
    _, places = np.unique(found, axis=0, return_inverse=True)
    return places.reshape(-1), names


def _null(drawn: list[tuple[float, float]] | None, itself: Association, level: float) -> Null:
    """Sum up the draws of a null; None stands for one that cannot differ from the functions."""
    each = []
    for kind, own in enumerate((itself.pearson, itself.spearman)):
        if drawn is None:
            each.append(replace(own, low=own.value, high=own.value))
            continue
        values = [pair[kind] for pair in drawn]
        mean, low, high, reason = math.nan, math.nan, math.nan, "nothing was drawn"
        if values and not any(map(math.isnan, values)):
            low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2]).tolist()
            mean, reason = float(np.mean(values)), ""
        elif values:
            reason = "log P or the complexity of a draw does not vary"
        each.append(replace(own, value=mean, low=low, high=high, reason=reason))
    return Null(pearson=each[0], spearman=each[1], by_construction=drawn is None)
