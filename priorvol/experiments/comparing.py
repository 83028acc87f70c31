"""The comparisons of an experiment: every table of P_SGD against every account of P_B."""

from __future__ import annotations

from typing import Any

from priorvol.comparison import compare, compare_settings
from priorvol.comparison.options import FEWEST_DRAWS, Options
from priorvol.experiments.result import Experiment
from priorvol.experiments.sampling import REJECTION, WIDE, Samples
from priorvol.result import Estimate
from priorvol.table import FunctionTable

TRAINED = "training"
"""What P_SGD is called in comparisons and figures."""


def compared(
    options: Options,
    samples: Samples,
    tables: dict[str, FunctionTable],
    estimates: dict[str, list[Estimate]],
    **rest: Any,
) -> Experiment:
    """Return the experiment with all its comparisons; ``rest`` are its other fields."""
    given: dict[str, Any] = {"target": rest["target"], "training_set": rest["training_set"]}
    numbers = {
        name: getattr(options, name)
        for name in ("min_count", "level", "seed", "n_permutations", "n_bootstrap", "n_ceiling")
    }
    reference, comparisons, settings = samples.reference, {}, None
    if reference is not None:
        table = samples.drawn(reference)
        for name, other in tables.items():
            comparisons[name] = compare(
                table, other, names=(reference, TRAINED), **given, **numbers
            )
        settings = compare_settings(table, tables, name=reference, **given, **numbers)
    widths = None
    if REJECTION in samples.tables and WIDE in samples.tables:
        finite, wide = samples.tables[REJECTION], samples.tables[WIDE]
        if min(finite.n_groups, wide.n_groups) >= FEWEST_DRAWS:
            own, limit = samples.drawn(REJECTION), samples.drawn(WIDE)
            widths = compare(own, limit, names=(REJECTION, WIDE), **given, **numbers)
    quick = numbers | {"n_permutations": 0}
    against = {
        (name, method): compare(
            table,
            found,
            functions=rest["functions"],
            names=(name if name in samples.tables else TRAINED, method),
            **quick,
        )
        for name, table in {**samples.tables, **tables}.items()
        if table.n_groups >= FEWEST_DRAWS
        for method, found in estimates.items()
    }
    return Experiment(
        samples=samples,
        tables=tables,
        estimates=estimates,
        comparisons=comparisons,
        settings=settings,
        widths=widths,
        against_estimates=against,
        **rest,
    )
