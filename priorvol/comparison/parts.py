"""One side's draws as one table, and the halves by which it is held against itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from priorvol.comparison.agreement import agreement_of
from priorvol.comparison.options import FEWEST_DRAWS, Options, check_table
from priorvol.comparison.report import Agreement
from priorvol.comparison.samples import joined, whole
from priorvol.rng import generator
from priorvol.rows import Counts, Words
from priorvol.table import FunctionTable, add_all

ErrorCount = Callable[[Words], Counts]


@dataclass(frozen=True)
class Drawn:
    """A table, and two tables of the same draws that share no group, where they are known.

    Attributes
    ----------
    table : FunctionTable
    halves : (FunctionTable, FunctionTable) or None
        Of draws in groups: what the table was added up from, in two.
    """

    table: FunctionTable
    halves: tuple[FunctionTable, FunctionTable] | None = None

    def null(self, options: Options, which: str, errors: ErrorCount | None) -> Agreement | None:
        """Return what the halves say of each other; None where there are none, or none are asked.

        A fair coin sends each independent draw to a half. Of draws in groups it would send draws of
        one group to both, so there the halves are the tables that were added up. Each half needs
        as many draws as a table.
        """
        if not options.nulls:
            return None
        if self.table.output_draws == 1:
            sample = whole(self.table)
            halves = sample.halves(generator(options.seed, f"split-half null{which}"))
            if min(half.n for half in halves) < FEWEST_DRAWS:  # a half of it might be empty
                return None
            wrong = None if errors is None else errors(self.table.functions)
            return agreement_of(*halves, options, which, wrong)
        if self.halves is None:
            return None
        words, a, b = joined(*self.halves)
        return agreement_of(a, b, options, which, None if errors is None else errors(words))


def read_drawn(name: str, given: Any) -> Drawn:
    """Return the draws of a table, or of several of one source, or raise ``ValueError``.

    Examples
    --------
    >>> read_drawn("table_a", FunctionTable.from_counts(["01"], [30])).table
    <FunctionTable: 1 functions in 30 draws>
    """
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        return Drawn(check_table(name, given))
    parts = list(given)
    for part in parts:
        if not isinstance(part, FunctionTable):
            raise ValueError(f"{name} must hold FunctionTables, got {type(part).__name__}")
    if len(parts) == 1:
        return Drawn(check_table(name, parts[0]))
    try:
        table = check_table(name, add_all(parts))
    except ValueError as error:
        raise ValueError(f"{name} cannot be added up: {error}") from None
    if table.output_draws == 1:
        return Drawn(table)
    halves: tuple[list[FunctionTable], list[FunctionTable]] = ([], [])
    for part in sorted(parts, key=lambda part: part.n_samples, reverse=True):
        min(halves, key=lambda half: sum(each.n_samples for each in half)).append(part)
    first, second = (add_all(half) for half in halves)
    if min(first.n_groups, second.n_groups) < FEWEST_DRAWS:
        return Drawn(table)
    return Drawn(table, (first, second))
