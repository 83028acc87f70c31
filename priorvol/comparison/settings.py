"""`compare_settings`: many tables against one reference, a row a setting."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from priorvol import bits
from priorvol.comparison.agreement import agreement_of, shared_groups
from priorvol.comparison.baselines import Baseline, baselines
from priorvol.comparison.errors import (
    ErrorLaw,
    difference_of,
    error_count,
    error_law,
    inputs_of,
    read_target,
)
from priorvol.comparison.estimates import agreement_with, denied, read_estimates
from priorvol.comparison.options import Options, check_same_inputs, check_table, find_training_set
from priorvol.comparison.parts import ErrorCount, read_drawn
from priorvol.comparison.samples import joined
from priorvol.comparison.settings_report import SettingRow, SettingsComparison
from priorvol.result import Estimate
from priorvol.rows import Words
from priorvol.sources import GaussianProcess, PosteriorSampling, TrainingRuns
from priorvol.table import FunctionTable
from priorvol.training_set import TrainingSet


def compare_settings(
    reference: FunctionTable | Sequence[FunctionTable],
    tables: Mapping[str, Any],
    *,
    target: Any = None,
    training_set: TrainingSet | None = None,
    name: str = "reference",
    min_count: int = 10,
    max_functions: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
    n_permutations: int = 199,
    n_bootstrap: int = 200,
    n_ceiling: int = 100,
) -> SettingsComparison:
    """Compare many tables with one, by what is not alike in how they were made.

    Parameters
    ----------
    reference : FunctionTable or several
        Such as P_B(f|S). Several are added up, as in `priorvol.comparison.compare`.
    tables : mapping of str to FunctionTable or estimates
        What each is called, and its draws; or a mapping of functions to Estimates, or a pair of
        functions and their Estimates, of which there are no distances and no errors.
    target : any form of one function, optional
        What errors are counted against, and whose probability is shown.
    training_set : TrainingSet, optional
        Default: that of the sources. Errors are counted on the other inputs.
    name : str
        What the reference is called.
    min_count, max_functions, level, seed
        As in `priorvol.comparison.compare`.
    n_permutations, n_bootstrap, n_ceiling : int
        Of each test of equality, of the intervals of correlations and slopes, and pairs of perfect
        samplers. With 0 of each only what has closed forms is left: the spread of the log ratios,
        the bounds on distances, errors and the target's probability, all with intervals.

    Returns
    -------
    SettingsComparison

    Raises
    ------
    ValueError
        If there is no table, a name is no text, the functions are on different inputs, the tables
        are given different training sets, a table leaves out draws or has fewer than 20
        independent ones, or an option is out of range.

    Notes
    -----
    A row is what `priorvol.comparison.compare` says of the reference as A and the table as B.
    All rows share the reference, so their errors are not independent, and p-values are of each row
    alone: the smallest of r of them is to be held against the level over r.

    One core takes half a second a table of 10^5 draws and 3 x 10^4 functions, most of it for
    permutations, and 0.05 seconds with all three numbers 0.

    Examples
    --------
    >>> a = FunctionTable.from_counts(["00", "01", "11"], [500, 300, 200])
    >>> b = FunctionTable.from_counts(["00", "01", "11"], [450, 350, 200])
    >>> found = compare_settings(a, {"same": a, "other": b}, target="00")
    >>> [(row.label, row.target.p) for row in found.sorted_by("target")]
    [('other', 0.45), ('same', 0.5)]
    """
    options = Options(
        min_count=min_count,
        max_functions=max_functions,
        n_permutations=n_permutations,
        n_bootstrap=n_bootstrap,
        n_ceiling=n_ceiling,
        level=level,
        seed=seed,
    )
    drawn = read_drawn("reference", reference)
    reference = drawn.table
    _check_tables(reference, tables, name)
    drawn_tables = [table for table in tables.values() if isinstance(table, FunctionTable)]
    given = find_training_set([reference, *drawn_tables], training_set)
    errors = None if target is None else error_count(target, given, reference.m)
    law, probability = _against_target(reference, target, given, options.level)
    rows = [
        _drawn_row(label, reference, table, target, given, law, options)
        if isinstance(table, FunctionTable)
        else _estimates_row(label, reference, table, target, errors, options)
        for label, table in tables.items()
    ]
    word, n_test = None, None
    known: tuple[Baseline, ...] = ()
    if target is not None:
        word, test = read_target(target, given, reference.m)
        inputs = inputs_of([reference, *drawn_tables])
        known, n_test = baselines(word, given, test, m=reference.m, inputs=inputs), len(test)
    return SettingsComparison(
        name=name,
        description=f"{reference.n_samples:,} draws, {len(reference):,} functions; "
        f"{reference.source}",
        quantity=reference.source.quantity,
        rows=tuple(rows),
        null=drawn.null(options, " of A", errors),
        m=reference.m,
        target=word,
        n_test=n_test,
        baselines=known,
        reference_error=law,
        reference_target=probability,
        level=options.level,
        min_count=options.min_count,
        seed=options.seed,
    )


def settings_of(table: FunctionTable) -> dict[str, Any]:
    """Return how a table was made, as far as its task and its source say.

    Returns
    -------
    settings : dict of str to JSON values
        Network and prior; of training runs each field of their configuration and the stopping
        point; of other draws their method.

    Raises
    ------
    ValueError
        If it is no table.

    Examples
    --------
    >>> settings_of(FunctionTable.from_counts(["01"], [3]))
    {'source': 'imported'}
    """
    if not isinstance(table, FunctionTable):
        raise ValueError(f"table must be a FunctionTable, got {type(table).__name__}")
    found: dict[str, Any] = {"source": table.source.kind}
    if table.task is not None:
        found |= {"network": str(table.task.architecture), "prior": str(table.task.prior)}
    source = table.source
    if isinstance(source, TrainingRuns):
        settings = source.settings
        first = {
            "optimizer": settings.pop("optimizer"),
            "learning_rate": settings.pop("learning_rate", None),
            "batch_size": settings.pop("batch_size", "all"),
            "loss": settings.pop("loss", None),
            "stop": source.stopping_point,
        }
        found |= {key: value for key, value in (first | settings).items() if value is not None}
    elif isinstance(source, PosteriorSampling):
        found["method"] = source.method
    elif isinstance(source, GaussianProcess):
        found["law"] = source.description["name"]
    return found


def _check_tables(reference: FunctionTable, tables: Any, name: Any) -> None:
    if not isinstance(tables, Mapping) or not tables:
        raise ValueError(f"tables must be a mapping of names to tables, got {tables!r:.80}")
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"name must be a text, got {name!r:.80}")
    for label, table in tables.items():
        if not isinstance(label, str) or not label.strip():
            raise ValueError(f"names of tables must be texts, got {label!r:.80}")
        if isinstance(table, Mapping) or _is_pair(table):
            _read_pair(label, table, reference.m)
        else:
            check_same_inputs(reference, check_table(label, table))


def _is_pair(given: Any) -> bool:
    """Whether it is functions with their estimates."""
    is_two = isinstance(given, tuple) and len(given) == 2
    return is_two and not isinstance(given[1], FunctionTable)


def _read_pair(label: str, given: Any, m: int) -> tuple[Words, list[Estimate]]:
    functions, estimates = (None, given) if isinstance(given, Mapping) else given
    return read_estimates(estimates, functions, None, m, name=label)


def _drawn_row(
    label: str,
    reference: FunctionTable,
    table: FunctionTable,
    target: Any,
    training_set: TrainingSet | None,
    base: ErrorLaw | None,
    options: Options,
) -> SettingRow:
    words, a, b = joined(reference, table)
    wrong = None
    if target is not None:
        wrong = error_count(target, training_set, reference.m)(words)
    error, in_table = _against_target(table, target, training_set, options.level)
    return SettingRow(
        label=label,
        settings=settings_of(table),
        agreement=agreement_of(a, b, options, "", wrong),
        n_shared=shared_groups(reference, table),
        error=error,
        difference=difference_of(base, error, options.level),
        target=in_table,
    )


def _estimates_row(
    label: str,
    reference: FunctionTable,
    given: Any,
    target: Any,
    errors: ErrorCount | None,
    options: Options,
) -> SettingRow:
    words, estimates = _read_pair(label, given, reference.m)
    in_list = None
    if target is not None:
        here = (words == bits.as_word(target, reference.m)).all(axis=1)
        in_list = estimates[int(here.argmax())] if here.any() else None
    settings = {
        "source": "estimates",
        "quantity": ", ".join(sorted({each.quantity for each in estimates})),
    }
    missed = denied(reference, words, estimates)
    return SettingRow(
        label=label,
        settings=settings | ({"P = 0 for": missed} if missed else {}),
        agreement=agreement_with(reference, words, estimates, None, options, errors),
        n_shared=0,
        error=None,
        difference=(math.nan, math.nan, math.nan),
        target=in_list,
    )


def _against_target(
    table: FunctionTable, target: Any, training_set: TrainingSet | None, level: float
) -> tuple[ErrorLaw | None, Estimate | None]:
    """Return the test error of a table and P(target); None without a target."""
    if target is None:
        return None, None
    word, test = read_target(target, training_set, table.m)
    return error_law(table, word, test, level), table.probability(word, level=level)
