"""What `priorvol.simplicity.correlations.correlate` finds: its numbers, and how they print."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from priorvol import checks
from priorvol.simplicity.association import Association, Coefficient
from priorvol.text import align


@dataclass(frozen=True, kw_only=True)
class Null:
    """Correlations of log P(f) with the complexity of a random function in f's place.

    Attributes
    ----------
    pearson, spearman : Coefficient
        Mean over draws, and the percentiles over draws (no confidence interval of the mean).
    by_construction : bool
        Whether the random function has the complexity of f always, so that nothing was drawn.
    """

    pearson: Coefficient
    spearman: Coefficient
    by_construction: bool = False


@dataclass(frozen=True, kw_only=True)
class MeasureCorrelation:
    """One measure's row.

    Attributes
    ----------
    measure : str
    association : Association
        With the complexity of the functions themselves.
    same_t : Null
        With that of uniformly random functions with as many ones: what entropy bias alone gives.
    permuted_inputs : Null or None
        With that of the functions under random permutations of the n coordinates; None where the
        inputs are no Boolean cube with n <= 16.
    """

    measure: str
    association: Association
    same_t: Null
    permuted_inputs: Null | None = None


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The correlations among the functions that a higher threshold selects.

    Attributes
    ----------
    min_count, n_functions, n_orbits : int
    associations : dict of measure to Association
    """

    min_count: int
    n_functions: int
    n_orbits: int
    associations: dict[str, Association]


@dataclass(frozen=True, kw_only=True)
class Correlations:
    """What `correlate` found; prints as a table.

    Attributes
    ----------
    rows : tuple of MeasureCorrelation
    by_threshold : tuple of Threshold
        Rising: min_count, 10 min_count, ... while 50 functions in 10 orbits remain; the first
        repeats ``rows``.
    reliability : Association
        Of log(a + 1/2) with log(b + 1/2), see `correlate`.
    n_functions, n_orbits : int
        Selected functions, and the orbits they lie in.
    n_within_t : int
        Those that share their T with another: what coefficients with T held fixed rest on.
    n_listed : int
        Functions in the table.
    selected_share : float
        Share of the second half's draws that the selected functions hold.
    min_count, smallest_count : int
        The threshold, and the smallest first-half count selected (larger where max_functions cut).
    draws : tuple of int
        Draws in the first and in the second half.
    symmetries : tuple of str
        Whose orbits are the resampling units; empty where the unit is the function.
    level, n_bootstrap, n_null, seed
        As given.
    """

    rows: tuple[MeasureCorrelation, ...]
    by_threshold: tuple[Threshold, ...]
    reliability: Association
    n_functions: int
    n_orbits: int
    n_within_t: int
    n_listed: int
    selected_share: float
    min_count: int
    smallest_count: int
    draws: tuple[int, int]
    symmetries: tuple[str, ...]
    level: float
    n_bootstrap: int
    n_null: int
    seed: int

    def row(self, measure: str) -> MeasureCorrelation:
        """Return the row of one measure; raises ``ValueError`` if there is none."""
        rows = {row.measure: row for row in self.rows}
        return rows[checks.choice("measure", measure, rows)]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; undefined numbers are None."""
        record: dict[str, Any] = _plain(asdict(self))
        return record

    def __str__(self) -> str:
        """Return the rows, the reliability and the thresholds as aligned text."""
        return _text(self)


def _plain(value: Any) -> Any:
    """Return nested dicts and lists with None for nan."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _text(found: Correlations) -> str:
    names = " and ".join(found.symmetries)
    orbits = f" in {found.n_orbits:,} orbits under {names}" if names else ""
    lines = [
        f"log P(f) against complexity over {found.n_functions:,} functions{orbits}",
        f"selected by {found.smallest_count:,} or more of {found.draws[0]:,} draws, P(f) from "
        f"{found.draws[1]:,} others, of which they hold {100 * found.selected_share:.3g}%",
        f"{100 * found.level:g}% intervals; {found.n_within_t:,} functions share their T",
        "",
    ]
    heading = ["measure", "r", "rho", "r given T", "rho given T", "rho, same T", "rho, permuted"]
    grid = [heading]
    for row in found.rows:
        each = row.association
        cells = [each.pearson, each.spearman, each.pearson_given_t, each.spearman_given_t]
        grid.append([row.measure, *map(str, cells), _cell(row.same_t), _cell(row.permuted_inputs)])
    each = found.reliability
    cells = [each.pearson, each.spearman, each.pearson_given_t, each.spearman_given_t]
    grid.append(["(two halves)", *map(str, cells), "", ""])
    lines += align(grid, left=range(len(heading)))
    if len(found.by_threshold) > 1:
        tops = [f"a >= {each.min_count:,}" for each in found.by_threshold]
        sizes = [f"{each.n_functions:,} functions" for each in found.by_threshold]
        under = [f"{each.n_orbits:,} orbits" for each in found.by_threshold]
        grid = [["rho", *tops], ["", *sizes], *([["", *under]] if names else [])]
        for kind, what in (("spearman", ""), ("spearman_given_t", " given T")):
            for row in found.rows:
                cells = [getattr(e.associations[row.measure], kind) for e in found.by_threshold]
                grid.append([row.measure + what, *map(str, cells)])
        lines += ["", *align(grid, left=range(len(grid[0])))]
    return "\n".join(lines)


def _cell(null: Null | None) -> str:
    if null is None:
        return "-"
    return "the same" if null.by_construction else str(null.spearman)
