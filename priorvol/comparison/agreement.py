"""Two samples held against each other as a whole, by halves that choose and halves that compare."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorvol.comparison.concordance import LogPoints, concordance
from priorvol.comparison.distances import distances
from priorvol.comparison.equal_errors import EqualErrors, equal_errors
from priorvol.comparison.equality import equality
from priorvol.comparison.options import Options
from priorvol.comparison.report import Agreement
from priorvol.comparison.samples import Array, Mask, Sample
from priorvol.rng import generator
from priorvol.rows import Counts
from priorvol.table import FunctionTable


def agreement_of(
    a: Sample, b: Sample, options: Options, which: str, errors: Counts | None
) -> Agreement:
    """Split both, choose by the first halves and compare the second.

    Parameters
    ----------
    a, b : Sample
        Counts of the same functions.
    options : Options
    which : str
        Keeps the random numbers of one agreement apart from those of others.
    errors : (k,) int64 array or None
        Test errors of the functions.
    """
    a1, a2 = a.halves(generator(options.seed, f"halves of A{which}"))
    b1, b2 = b.halves(generator(options.seed, f"halves of B{which}"))
    share = 0.5 * (a1.p + b1.p)
    expected = share * np.minimum(a2.n / a2.effects, b2.n / b2.effects)
    chosen = likeliest(expected, options.min_count, options.max_functions)
    x, y = a2.take(chosen), b2.take(chosen)
    points = LogPoints(*x.log_p(), *y.log_p(), redraw_of(x), redraw_of(y))
    total_variation, jensen_shannon = distances((a1, b1), (a2, b2), options.level)
    return Agreement(
        draws=(a.n, b.n),
        concordance=concordance(
            points,
            generator(options.seed, f"coefficients{which}"),
            n_unseen=(int((x.counts == 0).sum()), int((y.counts == 0).sum())),
            mass=(float(x.p.sum()), float(y.p.sum())),
            n_bootstrap=options.n_bootstrap,
            n_ceiling=options.n_ceiling,
            level=options.level,
            seed=options.seed,
        ),
        equal_errors=within_errors(points, errors, chosen, options, which),
        total_variation=total_variation,
        jensen_shannon=jensen_shannon,
        equality=equality(
            a, b, generator(options.seed, f"permutations{which}"), options.n_permutations
        ),
    )


def within_errors(
    points: LogPoints, errors: Counts | None, chosen: Mask, options: Options, which: str
) -> EqualErrors | None:
    """Return the agreement among chosen functions of equal error, if errors are known."""
    if errors is None or len(points.x) < 3:
        return None
    return equal_errors(
        points,
        errors[chosen],
        generator(options.seed, f"equal errors{which}"),
        n_bootstrap=options.n_bootstrap,
        level=options.level,
    )


def redraw_of(sample: Sample) -> Any:
    """Return what draws the log P of a perfect sampler with as many draws."""

    def redraw(truth: Array, rng: np.random.Generator) -> Array:
        n = np.maximum(np.floor(sample.n / sample.effects), 1.0).astype(np.int64)
        counts = rng.binomial(n, np.minimum(np.exp(truth), 1.0))
        log_p: Array = np.log((counts + 0.5) / (n + 1.0))
        return log_p

    return redraw


def shared_groups(a: FunctionTable, b: FunctionTable) -> int:
    """Return how many groups of draws come from the same random streams.

    Draws of the prior, those of them that rejection keeps and the networks that training starts
    from are of the same streams.

    Examples
    --------
    >>> from priorvol import Architecture, Task, TrainingSet, collect, posterior
    >>> task = Task(Architecture(3, (8,)))
    >>> table = collect(task, n_samples=200, n_jobs=1)
    >>> shared_groups(table, posterior(task, TrainingSet([0], [1]), n_proposals=300, n_jobs=1))
    200
    """
    if a.source.purpose != b.source.purpose:
        return 0
    return sum(
        max(min(s.stop, t.stop) - max(s.start, t.start), 0)
        for s in a.provenance.spans
        for t in b.provenance.spans
        if s.stream == t.stream
    )


def likeliest(expected: Array, least: float, most: int) -> Mask:
    """Return which values are at least ``least``, the ``most`` largest of them."""
    order = np.argsort(-expected, kind="stable")[:most]
    chosen = np.zeros(len(expected), dtype=bool)
    chosen[order] = expected[order] >= least
    return chosen
