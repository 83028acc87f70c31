"""The tables that share one figure, and what the legend calls them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from priorvol.table import FunctionTable


def series(tables: Any, labels: Any = None) -> list[tuple[FunctionTable, str]]:
    """Return the tables with their labels.

    Parameters
    ----------
    tables : FunctionTable or iterable of them
    labels : str or iterable of str, optional
        One a table; by default the number of draws, after the table's place if there are several.

    Raises
    ------
    ValueError
        If there is no table, one is of another type, or the labels are not as many.

    Examples
    --------
    >>> series(FunctionTable.from_counts(["00", "01"], [2, 1]))[0][1]
    '3 draws'
    """
    chosen = [check_table(table) for table in _listed("tables", tables, FunctionTable)]
    if not chosen:
        raise ValueError("tables must hold at least one FunctionTable, got none")
    if labels is None:
        names = [_draws(table) for table in chosen]
        if len(chosen) > 1:
            names = [f"table {i}: {name}" for i, name in enumerate(names, start=1)]
    else:
        names = [str(label) for label in _listed("labels", labels, str)]
    if len(names) != len(chosen):
        raise ValueError(f"labels must be one a table: {len(chosen)} tables, got {names}")
    return list(zip(chosen, names, strict=True))


def check_table(table: Any) -> FunctionTable:
    """Return ``table``, or raise ``ValueError`` if it is not a `FunctionTable`."""
    if not isinstance(table, FunctionTable):
        raise ValueError(f"a FunctionTable is wanted, got {type(table).__name__}")
    return table


def grouping(table: FunctionTable) -> str:
    """Say how the draws are grouped; empty for independent draws.

    Examples
    --------
    >>> grouping(FunctionTable.from_counts(["00", "01"], [2, 1]))
    ''
    """
    if table.output_draws == 1:
        return ""
    return f"{table.output_draws} output draws a hidden draw"


def with_grouping(label: str, table: FunctionTable) -> str:
    """Return a label with a second line that says how the draws are grouped, if they are."""
    note = grouping(table)
    return f"{label}\n({note})" if note else label


def _draws(table: FunctionTable) -> str:
    return f"{table.n_samples:,} draw{'s' * (table.n_samples != 1)}"


def _listed(name: str, values: Any, single: type) -> list[Any]:
    if isinstance(values, single):
        return [values]
    if not isinstance(values, Iterable):
        raise ValueError(
            f"{name} must be a {single.__name__} or several, got {type(values).__name__}"
        )
    return list(values)
