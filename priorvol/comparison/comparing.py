"""`compare`: two tables, or a table and estimates, function by function and as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from priorvol.comparison.errors import compare_errors, error_count
from priorvol.comparison.estimates import compare_estimates, read_estimates
from priorvol.comparison.options import Options, check_same_inputs, find_training_set
from priorvol.comparison.parts import read_drawn
from priorvol.comparison.report import Comparison
from priorvol.comparison.sides import compare_tables
from priorvol.result import Estimate
from priorvol.table import FunctionTable
from priorvol.training_set import TrainingSet


def compare(
    table_a: FunctionTable | Sequence[FunctionTable],
    table_b: FunctionTable | Sequence[FunctionTable] | Mapping[Any, Estimate] | Iterable[Estimate],
    *,
    functions: Any = None,
    evidence: Estimate | None = None,
    training_set: TrainingSet | None = None,
    target: Any = None,
    names: tuple[str, str] = ("A", "B"),
    min_count: int = 10,
    max_functions: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
    n_permutations: int = 999,
    n_bootstrap: int = 1000,
    n_ceiling: int = 200,
    nulls: bool = True,
) -> Comparison:
    """Compare two distributions over functions, with honest errors.

    Parameters
    ----------
    table_a : FunctionTable or several
        Of the prior, a posterior, training runs or a Gaussian process. Several tables of one source
        (other spans, or runs of other seeds) are added up; where draws come in groups they also
        give the split-half null.
    table_b : FunctionTable or several, mapping of function to Estimate, or Estimates
        Estimates without their functions need ``functions``.
    functions : any form of functions, optional
        Those of the estimates, in their order.
    evidence : Estimate, optional
        P(S), which estimates of P(f) are divided by: P(f|S) = P(f) / P(S) where f fits S. Its own
        error moves all of them alike: it bears on no coefficient, and is in no interval but that of
        the mean log ratio.
    training_set : TrainingSet, optional
        Default: that of a table's source; a restricted table has none, since its inputs are others
        (of draws of a Gaussian process that is not known: give errors a whole table). Errors are
        counted on the other inputs.
    target : any form of one function, optional
        What errors are counted against; without it there are none.
    names : (str, str)
        What the sides are called.
    min_count : int
        Draws in the compared half, on the side with fewer, that a function should have if its
        share is what the first halves say; of the functions whose log P are compared.
    max_functions : int
        Most functions that are compared and listed, the likeliest first.
    level : float
        Of every interval.
    seed : int
    n_permutations, n_bootstrap, n_ceiling : int
        Of the test of equality, of intervals of coefficients, and pairs of perfect samplers.
    nulls : bool
        Whether to put the halves of either side through all of this as well.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If the functions are on different inputs, the tables are given different training sets,
        a table leaves out draws or has fewer than 20 independent ones, estimates do not go with
        their functions, or an option is out of range.

    Notes
    -----
    *Independent split.* A fair coin sends every draw to one of two halves. The first halves choose
    the functions and the partition; the second are compared. So nothing regresses to the mean. A
    function is chosen by the mean of its shares on both sides, never because the two agree, and
    may have no draw on one side (``n_unseen``).

    Estimates are compared with the second half of A on those of their functions that the first half
    chooses. That is fair where the functions were chosen without looking at A, or by
    `functions_to_estimate` with the same seed. Estimates of P = 0 have no log and are in no
    coefficient; the description of B says which share of A's draws they deny.

    *Groups.* Of draws in groups (``output_draws`` > 1, chains) both halves hold draws of the same
    groups, so the choice is not quite independent; errors are inflated by each function's clustered
    variance, or take the group as one draw.

    *Shared random numbers.* Both sides are taken as independent. Tables that have draws of one
    random stream in common are not: two stopping points of the same runs, or training runs and
    draws of the prior with one seed, of which run g starts from draw g (and so what rejection kept
    of them, with one output draw). ``n_shared`` says how many.

    *Split-half nulls* put the halves of A through all of this as if they were two tables, and so
    for B, where each has at least 20. The counts of one table of draws in groups cannot be split
    by groups after the fact, so such a table has no null; several that add up to it have, since
    those are independent of each other.

    Examples
    --------
    >>> a = FunctionTable.from_counts(["00", "01", "11"], [500, 300, 200])
    >>> b = FunctionTable.from_counts(["00", "01", "10"], [450, 350, 200])
    >>> found = compare(a, b, n_bootstrap=0)
    >>> found.p_value < 0.01, found.only_a.n_functions, found.only_b.texts()
    (True, 1, ['10'])
    """
    a = read_drawn("table_a", table_a)
    options = Options(
        min_count=min_count,
        max_functions=max_functions,
        n_permutations=n_permutations,
        n_bootstrap=n_bootstrap,
        n_ceiling=n_ceiling,
        level=level,
        seed=seed,
        nulls=nulls,
    )
    names = _check_names(names)
    b, tables = None, [a.table]
    if _is_drawn(table_b):
        if functions is not None or evidence is not None:
            raise ValueError("functions and evidence go with estimates, not with a second table")
        b = read_drawn("table_b", table_b)
        check_same_inputs(a.table, b.table)
        tables.append(b.table)
    given = find_training_set(tables, training_set)
    errors = None if target is None else error_count(target, given, a.table.m)
    if b is not None:
        found = compare_tables(a, b, names, options, errors)
    else:
        words, estimates = read_estimates(table_b, functions, evidence, a.table.m)
        found = compare_estimates(a, words, estimates, evidence, names, options, errors)
    if target is None:
        return found
    pair = a.table, None if b is None else b.table
    laws = compare_errors(pair, found.functions, target, given, options.level)
    return replace(found, errors=laws)


def _is_drawn(given: Any) -> bool:
    """Whether this is a table or a sequence of them, and not estimates."""
    if isinstance(given, Sequence) and not isinstance(given, str) and len(given):
        given = given[0]
    return isinstance(given, FunctionTable)


def _check_names(names: Any) -> tuple[str, str]:
    ok = isinstance(names, tuple | list) and len(names) == 2
    if not ok or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError(f"names must be two texts, got {names!r}")
    return names[0], names[1]
