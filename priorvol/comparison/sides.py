"""Two tables side by side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from priorvol.comparison.agreement import agreement_of, shared_groups
from priorvol.comparison.options import Options
from priorvol.comparison.parts import Drawn, ErrorCount
from priorvol.comparison.report import Comparison, OneSided, Side
from priorvol.comparison.samples import Array, Sample, joined
from priorvol.intervals import clopper_pearson
from priorvol.rows import Words
from priorvol.table import FunctionTable

Places = npt.NDArray[np.int64]


def compare_tables(
    a_drawn: Drawn,
    b_drawn: Drawn,
    names: tuple[str, str],
    options: Options,
    errors: ErrorCount | None,
) -> Comparison:
    """Return the comparison of two tables on the same inputs."""
    table_a, table_b = a_drawn.table, b_drawn.table
    words, a, b = joined(table_a, table_b)
    agreement = agreement_of(a, b, options, "", None if errors is None else errors(words))
    order = likeliest_places(0.5 * (a.p + b.p), options.max_functions)
    sides = [
        side_of(table, sample, order, name, options.level)
        for table, sample, name in ((table_a, a, names[0]), (table_b, b, names[1]))
    ]
    return Comparison(
        functions=words[order],
        m=table_a.m,
        n_listed=len(words),
        a=sides[0],
        b=sides[1],
        only_a=_one_sided(table_a, a, b, words, options.level),
        only_b=_one_sided(table_b, b, a, words, options.level),
        agreement=agreement,
        null_a=a_drawn.null(options, " of A", errors),
        null_b=b_drawn.null(options, " of B", errors),
        errors=None,
        n_shared=shared_groups(table_a, table_b),
        level=options.level,
        min_count=options.min_count,
        seed=options.seed,
        nulls=options.nulls,
    )


def side_of(table: FunctionTable, sample: Sample, order: Places, name: str, level: float) -> Side:
    """Return one side at the functions in an order."""
    counts = sample.counts[order]
    pairs, sizes = (None if c is None else c[order] for c in (sample.pairs, sample.sizes))
    found = table.proportions(counts, pairs, sizes, level=level)
    missing = None
    if table.output_draws == 1 or table.group_pairs is not None:
        missing = table.missing_mass(level=level)
    with np.errstate(divide="ignore"):
        logs = [np.log(values) for values in (found.p, found.low, found.high)]
    return Side(
        name=name,
        description=f"{table.n_samples:,} draws, {len(table):,} functions; {table.source}",
        quantity=table.source.quantity,
        n_samples=table.n_samples,
        output_draws=table.output_draws,
        inflation=float(np.average(found.inflation, weights=counts)) if counts.any() else 1.0,
        counts=counts,
        log_p=logs[0],
        low=np.minimum(logs[1], logs[0]),
        high=np.maximum(logs[2], logs[0]),
        missing=missing,
    )


def _one_sided(
    table: FunctionTable, own: Sample, other: Sample, words: Words, level: float
) -> OneSided:
    """Return the functions of one table that the other has not.

    Which these are is fixed by the draws of the other, so their share is an ordinary proportion.
    """
    alone = np.flatnonzero((own.counts > 0) & (other.counts == 0))
    count = int(own.counts[alone].sum())
    share = table.proportions([count], level=level)
    first = alone[np.argsort(-own.counts[alone], kind="stable")[:10]]
    return OneSided(
        n_functions=len(alone),
        mass=share.estimate(0, "mass of functions that the other side has not"),
        functions=words[first],
        counts=own.counts[first],
        limit=float(clopper_pearson(0, other.n / other.group, level=level)[1]),
        m=table.m,
    )


def likeliest_places(values: Array, most: int) -> Places:
    """Return where the largest values are, the largest first, at most so many."""
    return np.argsort(-values, kind="stable")[:most]
