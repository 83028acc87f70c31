"""A table beside estimates of some functions' probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from priorvol import bits, checks
from priorvol.comparison.agreement import likeliest, redraw_of, within_errors
from priorvol.comparison.concordance import LogPoints, concordance
from priorvol.comparison.equality import Equality
from priorvol.comparison.options import Options
from priorvol.comparison.parts import Drawn, ErrorCount
from priorvol.comparison.report import Agreement, Comparison, Side
from priorvol.comparison.samples import Array, Mask, Sample, at_words, whole
from priorvol.comparison.sides import likeliest_places, side_of
from priorvol.result import Estimate
from priorvol.rng import generator
from priorvol.rows import Words
from priorvol.table import FunctionTable


def functions_to_estimate(
    table: FunctionTable, *, min_count: int = 10, max_functions: int = 10_000, seed: int = 0
) -> Words:
    """Return the functions that `compare` with estimates would choose by the first half of a table.

    Estimate these, and `compare` with the same ``seed`` and ``min_count`` holds the estimates
    against draws that had no part in the choice.

    Raises
    ------
    ValueError
        If it is no table, or a number is out of range.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["00", "01", "11"], [500, 300, 2])
    >>> bits.to_text(functions_to_estimate(table), 2)
    ['00', '01']
    """
    if not isinstance(table, FunctionTable):
        raise ValueError(f"table must be a FunctionTable, got {type(table).__name__}")
    min_count = checks.integer("min_count", min_count, low=1)
    most = checks.integer("max_functions", max_functions, low=1)
    chosen, _ = _first_half(table, table.functions, min_count, most, seed)
    return np.ascontiguousarray(table.functions[chosen])


def _first_half(
    table: FunctionTable, words: Words, min_count: int, most: int, seed: int
) -> tuple[Mask, Sample]:
    """Return which functions the first half chooses, and the second half at all of ``words``."""
    first, second = whole(table).halves(generator(seed, "halves of A"))
    places = [table.index(word) for word in words]
    known = np.array([place is not None for place in places], dtype=bool)
    own = np.array([place or 0 for place in places], dtype=np.int64)
    expected = np.where(known, (first.p * second.n / second.effects)[own], 0.0)
    counts = np.where(known, second.counts[own], 0)
    effects = np.where(known, second.effects[own], float(second.group))
    return likeliest(expected, min_count, most), Sample(counts, effects, second.n, second.group)


def read_estimates(
    given: Any, functions: Any, evidence: Any, m: int, *, name: str = "table_b"
) -> tuple[Words, list[Estimate]]:
    """Return functions and their estimates, or raise ``ValueError``."""
    if not isinstance(given, Iterable):
        raise ValueError(f"{name} must be a FunctionTable or estimates, got {type(given).__name__}")
    if isinstance(given, Mapping):
        if functions is not None:
            raise ValueError("functions are the keys of the mapping: leave them out")
        functions, given = list(given), list(given.values())
    elif functions is None:
        raise ValueError("a list of estimates needs the functions that they are of")
    estimates = list(given)
    wanted = [*estimates, *([] if evidence is None else [evidence])]
    wrong = [each for each in wanted if not isinstance(each, Estimate)]
    if wrong:
        raise ValueError(f"an Estimate is wanted, got {type(wrong[0]).__name__}")
    words, found = bits.as_words(functions, m)
    if found != m or len(words) != len(estimates) or len(words) == 0:
        raise ValueError(
            f"{len(estimates)} estimates and {len(words)} functions of {found} bits do not go "
            f"with a table on m = {m} inputs, one estimate a function"
        )
    if len(np.unique(words, axis=0)) < len(words):
        raise ValueError("a function has two estimates")
    if evidence is not None and not math.isfinite(evidence.log_p):
        raise ValueError(f"evidence must have a finite log_p, got {evidence.log_p}")
    return words, estimates


def agreement_with(
    table: FunctionTable,
    words: Words,
    estimates: list[Estimate],
    evidence: Estimate | None,
    options: Options,
    errors: ErrorCount | None,
) -> Agreement:
    """Return the agreement of a table, as A, with estimates of some functions, as B."""
    log_p, _, _ = _values(estimates, evidence)
    own, shared = _noise(estimates, evidence)
    chosen, half = _first_half(table, words, options.min_count, options.max_functions, options.seed)
    chosen &= np.isfinite(log_p) & np.isfinite(own)
    x, y, spread = half.take(chosen), log_p[chosen], np.sqrt(own[chosen])

    def redraw(truth: Array, rng: np.random.Generator) -> Array:
        drawn: Array = truth + spread * rng.standard_normal(len(truth))
        return drawn

    points = LogPoints(*x.log_p(), y, spread**2, redraw_of(x), redraw, shared)
    wrong = None if errors is None else errors(words)
    return Agreement(
        draws=(table.n_samples, 0),
        equal_errors=within_errors(points, wrong, chosen, options, ""),
        concordance=concordance(
            points,
            generator(options.seed, "coefficients"),
            n_unseen=(int((x.counts == 0).sum()), 0),
            mass=(float(x.p.sum()), math.nan),
            n_bootstrap=options.n_bootstrap,
            n_ceiling=options.n_ceiling,
            level=options.level,
            seed=options.seed,
        ),
        total_variation=None,
        jensen_shannon=None,
        equality=Equality(
            p_value=math.nan,
            statistic=math.nan,
            method="not made: estimates say nothing of the other functions",
        ),
    )


def _values(estimates: list[Estimate], evidence: Estimate | None) -> tuple[Array, Array, Array]:
    """Return log P and the interval's ends, over the evidence if there is one."""
    over = 0.0 if evidence is None else evidence.log_p
    log_p, low, high = (
        np.array([getattr(each, name) for each in estimates]) - over
        for name in ("log_p", "low", "high")
    )
    return log_p, low, high


def _noise(estimates: list[Estimate], evidence: Estimate | None) -> tuple[Array, float]:
    """Return the variance of each log P of its own, and that of what moves all of them alike.

    Estimates of a posterior may say in ``diagnostics["training_set_error"]`` how much of their
    standard error is that of one P(S).
    """
    own = np.array([each.standard_error**2 if each.has_error else 0.0 for each in estimates])
    common = [each.diagnostics.get("training_set_error", 0.0) for each in estimates]
    shared = min((error**2 for error in common if math.isfinite(error)), default=0.0)
    own = np.maximum(own - shared, 0.0)
    if evidence is not None and evidence.has_error and math.isfinite(evidence.standard_error):
        shared += evidence.standard_error**2
    return own, shared


def denied(table: FunctionTable, words: Words, estimates: list[Estimate]) -> str:
    """Say what a table drew of functions that estimates give P = 0; empty where it drew none.

    These have no log P, so no coefficient knows of them.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["00", "01"], [5, 3])
    >>> never = Estimate(log_p=-math.inf, standard_error=math.nan, low=-math.inf, high=-math.inf,
    ...                  level=0.95, method="exact", quantity="P(f)")
    >>> denied(table, table.functions[:1], [never])
    '1 function with 5 of 8 draws'
    """
    none = np.array([each.log_p == -math.inf for each in estimates], dtype=bool)
    counts = at_words(table, words[none]).counts
    number, draws = int((counts > 0).sum()), int(counts.sum())
    if number == 0:
        return ""
    return f"{number:,} function{'s' * (number > 1)} with {draws:,} of {table.n_samples:,} draws"


def compare_estimates(
    drawn: Drawn,
    words: Words,
    estimates: list[Estimate],
    evidence: Estimate | None,
    names: tuple[str, str],
    options: Options,
    errors: ErrorCount | None,
) -> Comparison:
    """Return the comparison of a table with estimates of some functions."""
    table = drawn.table
    log_p, low, high = _values(estimates, evidence)
    order = likeliest_places(log_p, options.max_functions)
    methods = ", ".join(sorted({each.method for each in estimates}))
    silent = sum(not each.has_error for each in estimates)
    said = f"; {silent:,} have no error of their own, and are taken as exact" if silent else ""
    missed = denied(table, words, estimates)
    said += f"; P = 0 for {missed}, which no coefficient knows of" if missed else ""
    over = "" if evidence is None else f", over {evidence}"
    quantities = sorted({each.quantity for each in estimates})
    quantity = quantities[0] if len(quantities) == 1 else "P(f)"
    return Comparison(
        functions=words[order],
        m=table.m,
        n_listed=len(words),
        a=side_of(table, at_words(table, words), order, names[0], options.level),
        b=Side(
            name=names[1],
            description=f"{len(estimates):,} estimates by {methods}{over}{said}",
            quantity=quantity if evidence is None else "P(f|S)",
            n_samples=None,
            output_draws=None,
            inflation=None,
            counts=None,
            log_p=log_p[order],
            low=low[order],
            high=high[order],
            missing=None,
        ),
        only_a=None,
        only_b=None,
        agreement=agreement_with(table, words, estimates, evidence, options, errors),
        null_a=drawn.null(options, " of A", errors),
        null_b=None,
        errors=None,
        n_shared=0,
        level=options.level,
        min_count=options.min_count,
        seed=options.seed,
        nulls=options.nulls,
    )
