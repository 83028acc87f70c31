"""Errors of functions against a target, and their distribution under two samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits
from priorvol.comparison.baselines import Baseline, baselines
from priorvol.comparison.samples import Array
from priorvol.inputs import Inputs
from priorvol.intervals import clopper_pearson
from priorvol.rows import Counts, Words
from priorvol.table import FunctionTable
from priorvol.training_set import TrainingSet


@dataclass(frozen=True, kw_only=True)
class ErrorLaw:
    """Test errors of the functions of a table.

    Attributes
    ----------
    mean, low, high : float
        Mean test error with its interval: normal, or, where no draw differs from another, by how
        much unseen draws could move it.
    standard_error : float
    p, p_low, p_high : (n_test + 1,) float64 arrays
        Share of the draws with 0, 1, ... wrong test inputs, with pointwise intervals.
    """

    mean: float
    low: float
    high: float
    standard_error: float
    p: Array
    p_low: Array
    p_high: Array

    def __str__(self) -> str:
        """Return the mean with its interval."""
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Test errors under A and under B.

    Attributes
    ----------
    n_test : int
        Inputs that errors are counted on: those held out, or all without a training set.
    a, b : ErrorLaw or None
        None for estimates, which say nothing of most functions.
    difference, difference_low, difference_high : float
        Mean error of B less that of A, with its interval (`difference_of`); nan for estimates.
    baselines : tuple of Baseline
        Learners without a network: the majority class, the nearest neighbour where the task's
        inputs are known, random functions; see `priorvol.comparison.baselines`.
    of_functions : (k,) float64 array
        Error of each joined function.
    target : (words,) uint64 array
    inputs : Inputs or None
        The points, where a table knows them.
    """

    n_test: int
    a: ErrorLaw | None
    b: ErrorLaw | None
    difference: float
    difference_low: float
    difference_high: float
    baselines: tuple[Baseline, ...]
    of_functions: Array
    target: Words
    inputs: Inputs | None

    @property
    def majority(self) -> float | None:
        """Error of the majority class; None without a training set."""
        found = [each.error for each in self.baselines if each.name == "majority class"]
        return found[0] if found else None


def errors_of(words: Words, m: int, target: Words, test: npt.NDArray[np.int64]) -> Counts:
    """Return how many test inputs each function has wrong, (k,)."""
    wrong = np.empty(len(words), dtype=np.int64)
    kept = np.zeros((1, m), dtype=bool)
    kept[0, test] = True
    mask = bits.pack(kept)[0]
    step = 1 << 16
    for start in range(0, len(words), step):
        differs = (words[start : start + step] ^ target) & mask
        wrong[start : start + step] = np.bitwise_count(differs).sum(axis=1)
    return wrong


def error_count(target: Any, training_set: TrainingSet | None, m: int) -> Callable[[Words], Counts]:
    """Return what counts the wrong test inputs of functions; raises ``ValueError``."""
    word, test = read_target(target, training_set, m)
    return lambda words: errors_of(words, m, word, test)


def compare_errors(
    tables: tuple[FunctionTable, FunctionTable | None],
    words: Words,
    target: Any,
    training_set: TrainingSet | None,
    level: float,
) -> Errors:
    """Return the test errors of two tables (or one, beside estimates) and of joined functions."""
    m = tables[0].m
    word, test = read_target(target, training_set, m)
    laws = [None if table is None else error_law(table, word, test, level) for table in tables]
    a, b = laws
    inputs = inputs_of(tables)
    difference, low, high = difference_of(a, b, level)
    return Errors(
        n_test=len(test),
        a=a,
        b=b,
        difference=difference,
        difference_low=low,
        difference_high=high,
        baselines=baselines(word, training_set, test, m=m, inputs=inputs),
        of_functions=errors_of(words, m, word, test) / len(test),
        target=word,
        inputs=inputs,
    )


def difference_of(
    a: ErrorLaw | None, b: ErrorLaw | None, level: float
) -> tuple[float, float, float]:
    """Return the mean error of B less that of A and the ends of its interval; nan without either.

    The interval is normal. Of a side of which no draw differs from another it takes in how far
    unseen draws could move that side's mean.

    Examples
    --------
    >>> target, test = bits.as_word("0110", 4), np.arange(4)
    >>> laws = [error_law(FunctionTable.from_counts(["0111"], [n]), target, test, 0.95)
    ...         for n in (50, 100)]
    >>> [round(value, 3) for value in difference_of(*laws, 0.95)]
    [0.0, -0.06, 0.06]
    """
    from scipy.special import ndtri

    if a is None or b is None:
        return math.nan, math.nan, math.nan
    z = float(ndtri(0.5 + level / 2.0))
    halves = [
        z * law.standard_error or max(law.mean - law.low, law.high - law.mean) for law in (a, b)
    ]
    difference, half = b.mean - a.mean, math.hypot(*halves)
    return difference, difference - half, difference + half


def read_target(
    target: Any, training_set: TrainingSet | None, m: int
) -> tuple[Words, npt.NDArray[np.int64]]:
    """Return the target as words and the test inputs, or raise ``ValueError``."""
    word = bits.as_word(target, m)
    test = np.arange(m) if training_set is None else training_set.held_out(m)
    if training_set is not None and not training_set.fits(word[None], m=m)[0]:
        raise ValueError("target does not have the labels of the training set")
    if len(test) == 0:
        raise ValueError("the training set leaves no input to test on")
    return word, test


def error_law(
    table: FunctionTable, target: Words, test: npt.NDArray[np.int64], level: float
) -> ErrorLaw:
    """Return how the test error of a table's functions is distributed."""
    from scipy.special import ndtri

    counts = np.zeros(len(test) + 1, dtype=np.int64)
    for words, times in table.chunks():
        np.add.at(counts, errors_of(words, table.m, target, test), times)
    groups, found = table.n_groups, table.proportions(counts, level=level)
    p, error = found.p, np.arange(len(test) + 1) / len(test)
    mean = float(p @ error)
    variance = float(p @ (error - mean) ** 2)
    deviation = math.sqrt(variance / max(groups - 1, 1))  # a group is one draw at worst
    half = float(ndtri(0.5 + level / 2.0)) * deviation
    ends = max(mean - half, 0.0), min(mean + half, 1.0)
    if np.count_nonzero(counts) == 1:
        unseen = float(clopper_pearson(0, groups, level=level)[1])
        ends = mean - unseen * mean, mean + unseen * (1.0 - mean)
    return ErrorLaw(
        mean=mean,
        low=ends[0],
        high=ends[1],
        standard_error=deviation,
        p=p,
        p_low=found.low,
        p_high=found.high,
    )


def inputs_of(tables: Iterable[FunctionTable | None]) -> Inputs | None:
    """Return the points that functions are on, if a table knows."""
    tasks = [table.task for table in tables if table is not None]
    return next((task.inputs for task in tasks if task is not None), None)
