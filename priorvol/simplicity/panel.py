"""P(f) against many complexities at once, beside the same for null functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from priorvol import checks, complexity, nulls
from priorvol.bits import Words
from priorvol.rng import check_seed
from priorvol.table import FunctionTable

Array = npt.NDArray[np.float64]

PANEL = (
    "k_lz",
    "lz78_phrases",
    "entropy",
    "expression_length",
    "generalization_complexity",
    "average_sensitivity",
    "critical_sample_ratio",
    "spectral_norm",
    "anf_terms",
    "decision_tree_depth",
    "bdd_size",
    "circuit_size",
)
"""Measures that are shown unless others are asked for; those that the inputs do not allow drop out.
"""


@dataclass(frozen=True, kw_only=True)
class ComplexityPanel:
    """Functions with their P(f), their complexities, and those of null functions.

    Attributes
    ----------
    functions : (k, words) uint64 array
        Most frequent first.
    counts : (k,) int64 array
    p : (k,) float64 array
        counts / n_samples.
    observed, same_t, permuted : dict of name to (k,) float64 array
        Complexity of each function; of a random function with as many ones; and of the function
        under a random permutation of the n inputs. ``permuted`` is empty where the inputs are no
        Boolean cube.
    n_samples, m, min_count : int
    n_frequent : int
        Functions counted ``min_count`` times or more, of which these are a part.
    """

    functions: Words
    counts: npt.NDArray[np.int64]
    p: Array
    observed: dict[str, Array]
    same_t: dict[str, Array]
    permuted: dict[str, Array]
    n_samples: int
    m: int
    min_count: int
    n_frequent: int


def complexity_panel(
    table: FunctionTable,
    measures: str | Iterable[str] | None = None,
    *,
    min_count: int = 2,
    max_functions: int = 5000,
    radius: float | None = None,
    seed: int = 0,
    n_jobs: int = 1,
    progress: bool | None = None,
) -> ComplexityPanel:
    """Compute complexities of a table's functions and of null functions.

    Parameters
    ----------
    table : FunctionTable
    measures : str or several, optional
        By default those of `PANEL` that are defined on the inputs.
    min_count : int
        Functions counted less often are left out: their P(f) is hardly known.
    max_functions : int
        If more were counted so often, they are taken at ranks evenly spaced on a logarithmic scale.
    radius : float, optional
        Of a point's neighbourhood, for measures that need points (1 on the cube).
    seed : int
        Of the null functions.
    n_jobs : int
        Workers; -1 for one a core.
    progress : bool, optional
        Whether to show progress on standard error; by default where that is a terminal.

    Returns
    -------
    ComplexityPanel

    Raises
    ------
    ValueError
        If a measure is unknown or not defined on the inputs, an option is out of range, or no
        function was counted ``min_count`` times.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0000", "1111", "0110", "0010"], [8, 7, 2, 1])
    >>> panel = complexity_panel(table, ["k_lz", "entropy"])
    >>> panel.observed["entropy"]
    array([0., 0., 1.])
    """
    if not isinstance(table, FunctionTable):
        raise ValueError(f"table must be a FunctionTable, got {type(table).__name__}")
    max_functions = checks.integer("max_functions", max_functions, low=1)
    seed = check_seed(seed)
    names = measure_names(table, measures, radius)
    frequent = table.at_least(min_count)
    order = frequent.order()[_log_spaced(len(frequent), max_functions)]
    functions = np.ascontiguousarray(np.asarray(frequent.functions)[order])
    counts = np.asarray(frequent.counts)[order]
    kinds = {"observed": functions, "same_t": nulls.same_t(functions, m=table.m, seed=seed)}
    if table.task is None or table.task.inputs.encoding is not None:
        if table.m & (table.m - 1) == 0 and 1 < table.m <= 1 << nulls.LARGEST_N:
            kinds["permuted"] = nulls.permuted_inputs(functions, m=table.m, seed=seed)
    inputs = None if table.task is None else table.task.inputs
    columns = {
        kind: complexity.compute(
            words,
            names,
            m=table.m,
            inputs=inputs,
            radius=radius,
            n_jobs=n_jobs,
            progress=progress,
        )
        for kind, words in kinds.items()
    }
    return ComplexityPanel(
        functions=functions,
        counts=counts,
        p=counts / table.n_samples,
        observed=columns["observed"],
        same_t=columns["same_t"],
        permuted=columns.get("permuted", {}),
        n_samples=table.n_samples,
        m=table.m,
        min_count=min_count,
        n_frequent=len(frequent),
    )


def measure_names(
    table: FunctionTable, measures: str | Iterable[str] | None, radius: float | None
) -> tuple[str, ...]:
    """Return the measures asked for, "all" that can be computed of a table, or those of `PANEL`.

    Raises
    ------
    ValueError
        If a name is unknown, none is given, one cannot be computed of the table, or the radius is
        out of range.
    """
    if radius is not None:
        checks.real("radius", radius, low=0.0, open_low=True)
    possible = complexity.applicable(table, radius=radius)
    if measures is None:
        return tuple(name for name in PANEL if name in possible)
    if not isinstance(measures, Iterable):
        raise ValueError(f"measures must be one name or several, got {measures!r}")
    names = (measures,) if isinstance(measures, str) else tuple(measures)
    if not names:
        raise ValueError("measures must name at least one measure, got none")
    if names == ("all",):
        return possible
    for name in names:
        if complexity.measure(name).name not in possible:
            try:
                complexity.compute(table, name, radius=radius)
            except ValueError as error:  # an optional extra that is missing says so itself
                others = ", ".join(possible)
                raise ValueError(
                    f"{name} cannot be computed of this table: {error}; those that can: {others}"
                ) from None
    return names


def _log_spaced(k: int, most: int) -> npt.NDArray[np.int64]:
    """Return at most ``most`` of the ranks 0 ... k - 1, evenly spaced on a logarithmic scale."""
    if k <= most:
        return np.arange(k)
    wanted = most
    while True:
        ranks = np.unique(np.geomspace(1, k, wanted).round().astype(np.int64)) - 1
        if len(ranks) >= 0.95 * most or wanted > 100 * most:
            return ranks[:most] if len(ranks) > most else ranks
        wanted = int(wanted * most / len(ranks)) + 1
