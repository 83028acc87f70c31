"""What `compare_settings` returns, and how it prints."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from priorvol import bits, checks
from priorvol.comparison.baselines import Baseline
from priorvol.comparison.errors import ErrorLaw
from priorvol.comparison.report import Agreement, finite
from priorvol.comparison.settings_text import lines, setting_text
from priorvol.result import Estimate
from priorvol.rows import Words

COLUMNS = (
    "label",
    "draws",
    "pearson",
    "slope",
    "spread",
    "ratio",
    "total_variation",
    "jensen_shannon",
    "p_value",
    "error",
    "target",
)
"""Columns that rows can be sorted by, beside the settings."""


@dataclass(frozen=True, kw_only=True)
class SettingRow:
    """One table against the reference.

    Attributes
    ----------
    label : str
    settings : dict of str to JSON values
        How it was made; see `priorvol.comparison.settings_of`.
    agreement : Agreement
        The reference as A, this table as B.
    n_shared : int
        Groups of draws that both made from the same random numbers.
    error : ErrorLaw or None
        None without a target.
    difference : (float, float, float)
        Mean test error less that of the reference, with its interval; nan without a target.
    target : Estimate or None
        P(target).
    """

    label: str
    settings: dict[str, Any]
    agreement: Agreement
    n_shared: int
    error: ErrorLaw | None
    difference: tuple[float, float, float]
    target: Estimate | None

    def value(self, column: str) -> Any:
        """Return what a row is sorted by: one of `COLUMNS`, or a setting (None if it has not it).

        Coefficients are those without counting noise, distances their lower limits.

        Raises
        ------
        ValueError
            If it is none of these.
        """
        if column in self.settings:
            return self.settings[column]
        found = self.agreement
        bounds = {"total_variation": found.total_variation, "jensen_shannon": found.jensen_shannon}
        values: dict[str, Any] = {
            "label": self.label,
            "draws": found.draws[1],
            "pearson": found.concordance.pearson_corrected.value,
            "slope": found.concordance.slope.value,
            "spread": found.concordance.log_ratio.sd,
            "ratio": found.concordance.log_ratio.mean,
            "p_value": found.equality.p_value,
            "error": math.nan if self.error is None else self.error.mean,
            "target": math.nan if self.target is None else self.target.p,
        }
        values |= {key: math.nan if b is None else b.low for key, b in bounds.items()}
        return values.get(column)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; infinite and undefined numbers are None."""
        return {
            "label": self.label,
            "settings": self.settings,
            "agreement": finite(asdict(self.agreement)),
            "n_shared": self.n_shared,
            "error": _law_json(self.error),
            "difference": finite(list(self.difference)),
            "target": None if self.target is None else self.target.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class SettingsComparison:
    """Second-order differences between one reference and many tables, a row a table.

    Attributes
    ----------
    name, description, quantity : str
        Of the reference.
    rows : tuple of SettingRow
    null : Agreement or None
        Halves of the reference; None where its draws come in groups.
    m : int
    target : words or None
    n_test : int or None
        Inputs that errors are counted on.
    baselines : tuple of Baseline
        Learners without a network; empty without a target.
    reference_error : ErrorLaw or None
    reference_target : Estimate or None
        P(target) under the reference.
    level : float
    min_count, seed : int
    """

    name: str
    description: str
    quantity: str
    rows: tuple[SettingRow, ...]
    null: Agreement | None
    m: int
    target: Words | None
    n_test: int | None
    baselines: tuple[Baseline, ...]
    reference_error: ErrorLaw | None
    reference_target: Estimate | None
    level: float
    min_count: int
    seed: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[SettingRow]:
        """Go through the rows."""
        return iter(self.rows)

    def __getitem__(self, label: str) -> SettingRow:
        """Return the row of a label; raises ``ValueError`` if there is none."""
        rows = {row.label: row for row in self.rows}
        return rows[checks.choice("label", label, rows)]

    @property
    def settings(self) -> tuple[str, ...]:
        """Every setting that a row has."""
        return tuple(dict.fromkeys(key for row in self.rows for key in row.settings))

    @property
    def varying(self) -> tuple[str, ...]:
        """The settings in which rows are not alike."""
        return tuple(key for key in self.settings if len(self._values(key)) > 1)

    def _values(self, key: str) -> dict[str, Any]:
        """Return the distinct values of a setting, by how they print."""
        return {setting_text(row.settings.get(key)): row.settings.get(key) for row in self.rows}

    def sorted_by(self, *columns: str, descending: bool = False) -> SettingsComparison:
        """Return the rows in another order.

        Parameters
        ----------
        *columns : str
            Settings, or some of `COLUMNS`; the first weighs most.
        descending : bool
            Rows without a value come last all the same.

        Raises
        ------
        ValueError
            If a column is unknown or none is given.
        """
        self._check_columns(columns)
        rows = list(self.rows)
        for column in reversed(columns):
            values = [row.value(column) for row in rows]
            known = [i for i, value in enumerate(values) if not _absent(value)]
            keys = {i: _order(values[i]) for i in known}
            known.sort(key=keys.__getitem__, reverse=descending)
            rest = [i for i, value in enumerate(values) if _absent(value)]
            rows = [rows[i] for i in known + rest]
        return replace(self, rows=tuple(rows))

    def grouped_by(self, column: str) -> dict[Any, SettingsComparison]:
        """Return the rows by their value of a setting, such as ``"optimizer"``.

        Raises
        ------
        ValueError
            If no row has the setting.
        """
        checks.choice("setting", column, self.settings)
        groups = {}
        for text, value in self._values(column).items():
            rows = [row for row in self.rows if setting_text(row.settings.get(column)) == text]
            groups[value] = replace(self, rows=tuple(rows))
        return groups

    def _check_columns(self, columns: tuple[str, ...]) -> None:
        if not columns:
            raise ValueError("the name of a column is wanted, got none")
        for column in columns:
            checks.choice("column", column, (*self.settings, *COLUMNS))

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; infinite and undefined numbers are None."""
        texts = None
        if self.target is not None:
            texts = bits.to_text(self.target[None], self.m, base=2 if self.m <= 32 else 16)[0]
        reference = self.reference_target
        return {
            "reference": {
                "name": self.name,
                "description": self.description,
                "quantity": self.quantity,
                "null": None if self.null is None else finite(asdict(self.null)),
                "error": _law_json(self.reference_error),
                "target": None if reference is None else reference.to_json(),
            },
            "m": self.m,
            "target": texts,
            "n_test": self.n_test,
            "baselines": [{"name": each.name, "error": each.error} for each in self.baselines],
            "level": self.level,
            "min_count": self.min_count,
            "seed": self.seed,
            "varying": list(self.varying),
            "rows": [row.to_json() for row in self.rows],
        }

    def __str__(self) -> str:
        """Return the whole table for people."""
        return "\n".join(lines(self))


def _law_json(law: ErrorLaw | None) -> dict[str, Any] | None:
    if law is None:
        return None
    names = ("mean", "low", "high", "standard_error")
    return {name: getattr(law, name) for name in names} | {"p": law.p.tolist()}


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _order(value: Any) -> tuple[bool, float, str]:
    """Return a key by which numbers come before texts."""
    number = isinstance(value, int | float)
    return (not number, float(value) if number else 0.0, "" if number else str(value))
