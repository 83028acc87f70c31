"""What to say of a table: its most frequent functions and what remains unseen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks, complexity
from priorvol._kernels.rows import ones
from priorvol.result import Estimate, RankTable
from priorvol.sources import source_to_json
from priorvol.table import FunctionTable
from priorvol.text import align, shorten

_LONGEST = 130
"""Characters of a function that are printed in full: m = 128 in bits, m = 512 in hexadecimal."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A table in short; print it or take its JSON.

    Attributes
    ----------
    ranks : RankTable
        The most frequent functions.
    measures : dict of str to (k,) float64 array
        Complexity of each listed function.
    t : (k,) int64 array
        Number of ones of each listed function.
    constant_mass, missing_mass : Estimate
        ``missing_mass`` is None where the table leaves out draws or lost its group sums.
    entropy, entropy_chao_shen : float
        Bits; the second is None where the missing mass is.
    n_functions, n_singletons, n_samples, output_draws : int
    inflation : float
        Largest variance of a listed function over that of independent draws.
    """

    task: dict[str, Any] | None
    title: str
    source: dict[str, Any]
    source_title: str
    ranks: RankTable
    measures: dict[str, npt.NDArray[np.float64]]
    t: npt.NDArray[np.int64]
    constant_mass: Estimate
    missing_mass: Estimate | None
    entropy: float
    entropy_chao_shen: float | None
    n_functions: int
    n_singletons: int
    n_samples: int
    n_unlisted: int
    output_draws: int
    base: int

    @property
    def inflation(self) -> float:
        """Largest inflation among the listed functions."""
        return float(self.ranks.inflation.max())

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        functions = []
        texts = self.ranks.texts(base=self.base)
        for i, text in enumerate(texts):
            record: dict[str, Any] = {
                "rank": i + 1,
                "function": text,
                "count": int(self.ranks.counts[i]),
                "p": float(self.ranks.p[i]),
                "low": float(self.ranks.low[i]),
                "high": float(self.ranks.high[i]),
                "t": int(self.t[i]),
            }
            record |= {name: float(values[i]) for name, values in self.measures.items()}
            if self.output_draws > 1:
                record["inflation"] = float(self.ranks.inflation[i])
            functions.append(record)
        return {
            "task": self.task,
            "source": self.source,
            "n_samples": self.n_samples,
            "n_unlisted": self.n_unlisted,
            "n_functions": self.n_functions,
            "n_singletons": self.n_singletons,
            "level": self.ranks.level,
            "interval": self.ranks.interval,
            "constant_mass": self.constant_mass.to_json(),
            "missing_mass": None if self.missing_mass is None else self.missing_mass.to_json(),
            "entropy_bits": self.entropy,
            "entropy_chao_shen_bits": self.entropy_chao_shen,
            "functions": functions,
        }

    def __str__(self) -> str:
        """Return the lines that ``priorvol show`` prints; long functions lose their middle."""
        lines = [self.title, f"{self.n_samples:,} {self.source_title}", ""]
        lines += align(self._cells(), left=(1, 4))
        level = f"{100 * self.ranks.level:g}%"
        lines += [
            "",
            f"intervals         pointwise {level}, {self.ranks.interval}"
            + (", clustered by group" if self.output_draws > 1 else ""),
            f"functions seen    {self.n_functions:,}",
            f"singletons        {self.n_singletons:,} (functions counted once)",
        ]
        if self.n_unlisted:
            lines.append(f"draws left out    {self.n_unlisted:,}")
        if self.output_draws > 1:
            effective = self.n_samples / self.inflation
            lines.append(
                f"inflation         up to {self.inflation:.4g} among the functions above: at least "
                f"{effective:,.0f} effective samples"
            )
        lines.append(f"constants' mass   {_estimate(self.constant_mass)}")
        if self.missing_mass is not None:
            lines.append(f"missing mass      {_estimate(self.missing_mass)}, Good-Turing")
        corrected = ""
        if self.entropy_chao_shen is not None:
            corrected = f", {self.entropy_chao_shen:.4f} bits Chao-Shen"
        lines.append(f"entropy of P(f)   {self.entropy:.4f} bits plug-in{corrected}")
        return "\n".join(lines)

    def _cells(self) -> list[list[str]]:
        level = f"{100 * self.ranks.level:g}% interval"
        heading = ["rank", "function", "count", "P", level, "T", *self.measures]
        if self.output_draws > 1:
            heading.append("inflation")
        rows = [heading]
        for i, text in enumerate(self.ranks.texts(base=self.base)):
            row = [
                f"{i + 1}",
                shorten(text, _LONGEST),
                f"{self.ranks.counts[i]:,}",
                f"{self.ranks.p[i]:.4g}",
                f"[{self.ranks.low[i]:.4g}, {self.ranks.high[i]:.4g}]",
                f"{self.t[i]}",
                *(f"{values[i]:g}" for values in self.measures.values()),
            ]
            if self.output_draws > 1:
                row.append(f"{self.ranks.inflation[i]:.3g}")
            rows.append(row)
        return rows


def summarise(
    table: FunctionTable,
    *,
    top: int = 10,
    measures: tuple[str, ...] = ("k_lz",),
    level: float = 0.95,
    interval: str = "clopper-pearson",
    base: int | None = None,
) -> Summary:
    """Return a table in short.

    Parameters
    ----------
    table : FunctionTable
    top : int
        How many functions to list.
    measures : tuple of str
        Complexity measures to list; see `priorvol.complexity.measures`.
    level : float
    interval : "clopper-pearson" or "wilson"
    base : 2 or 16, optional
        How functions are written; by default in bits up to m = 32 and hexadecimal above.

    Raises
    ------
    ValueError
        If an option is out of range or unknown.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0000", "0110"], [3, 1])
    >>> summarise(table).to_json()["functions"][0]["p"]
    0.75
    """
    if not isinstance(table, FunctionTable):
        raise ValueError(f"table must be a FunctionTable, got {type(table).__name__}")
    if base is None:
        base = 2 if table.m <= 32 else 16
    checks.integer("top", top, low=1)
    ranks = table.ranks(top, level=level, interval=interval)
    t = np.empty(len(ranks), dtype=np.int64)
    ones(ranks.functions, ranks.functions.shape[1], t)
    known = table.n_unlisted == 0 and (table.output_draws == 1 or table.group_pairs is not None)
    return Summary(
        task=None if table.task is None else table.task.to_json(),
        title=f"task unknown, m = {table.m}" if table.task is None else str(table.task),
        source=source_to_json(table.source),
        source_title=str(table.source),
        ranks=ranks,
        measures=complexity.compute(ranks.functions, measures, m=table.m) if measures else {},
        t=t,
        constant_mass=table.constant_mass(level=level, interval=interval),
        missing_mass=table.missing_mass(level=level) if known else None,
        entropy=table.entropy(),
        entropy_chao_shen=table.entropy(estimator="chao-shen") if known else None,
        n_functions=len(table),
        n_singletons=table.n_singletons,
        n_samples=table.n_samples,
        n_unlisted=table.n_unlisted,
        output_draws=table.output_draws,
        base=base,
    )


def _estimate(estimate: Estimate) -> str:
    low, high = estimate.interval
    return f"{estimate.p:.4g} [{low:.4g}, {high:.4g}]"
