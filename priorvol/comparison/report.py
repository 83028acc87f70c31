"""What `compare` returns, and how it prints."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from priorvol import bits
from priorvol.comparison.concordance import Concordance
from priorvol.comparison.distances import Bounds
from priorvol.comparison.equal_errors import EqualErrors
from priorvol.comparison.equality import Equality
from priorvol.comparison.errors import Errors
from priorvol.comparison.samples import Array
from priorvol.result import Estimate
from priorvol.rows import Counts, Words


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a comparison at the joined functions.

    Attributes
    ----------
    name, description, quantity : str
    n_samples, output_draws : int or None
        Draws, and draws in a group; None for estimates.
    inflation : float or None
        Variance of counts over that of independent draws, on average over draws of joined
        functions; None for estimates.
    counts : (k,) int64 array or None
    log_p, low, high : (k,) float64 arrays
        Nats, with pointwise intervals: log_p and low are -inf where nothing was counted, low and
        high nan where an estimate has no error.
    missing : Estimate or None
        Good-Turing mass of the functions never seen; None for estimates and where a table does not
        keep what it takes.
    """

    name: str
    description: str
    quantity: str
    n_samples: int | None
    output_draws: int | None
    inflation: float | None
    counts: Counts | None
    log_p: Array
    low: Array
    high: Array
    missing: Estimate | None

    @property
    def p(self) -> Array:
        """Probabilities, (k,)."""
        import numpy as np

        return np.exp(self.log_p)


@dataclass(frozen=True, kw_only=True)
class OneSided:
    """Functions that one table holds and the other does not.

    Attributes
    ----------
    n_functions : int
    mass : Estimate
        Their share of the draws of the table that holds them.
    functions : (j, words) uint64 array
        The ten most frequent, at most.
    counts : (j,) int64 array
    limit : float
        Upper limit on P of each on the other side.
    m : int
    """

    n_functions: int
    mass: Estimate
    functions: Words
    counts: Counts
    limit: float
    m: int

    def texts(self, *, base: int = 2) -> list[str]:
        """Return the functions as text."""
        return bits.to_text(self.functions, self.m, base=base)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Two samples held against each other as a whole.

    Attributes
    ----------
    draws : (int, int)
        Of each side, halves that choose and halves that are compared together.
    concordance : Concordance
    equal_errors : EqualErrors or None
        Agreement among functions of equal test error; None without a target.
    total_variation, jensen_shannon : Bounds or None
        The latter in nats, at most ln 2. None beside estimates.
    equality : Equality
    """

    draws: tuple[int, int]
    concordance: Concordance
    equal_errors: EqualErrors | None
    total_variation: Bounds | None
    jensen_shannon: Bounds | None
    equality: Equality


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two distributions over functions side by side; see `priorvol.comparison.compare`.

    Attributes
    ----------
    functions : (k, words) uint64 array
        Joined functions, the likeliest first, ``max_functions`` at most.
    m, n_listed : int
        Number of inputs, and of functions that either side holds.
    a, b : Side
        Probabilities with intervals from all draws, at the joined functions.
    only_a, only_b : OneSided or None
        Functions that one side holds only; None beside estimates.
    agreement : Agreement
        From independent halves.
    null_a, null_b : Agreement or None
        Split halves of one side; None for estimates, and for draws in groups unless several tables
        were given.
    errors : Errors or None
        Test errors; None without a target.
    n_shared : int
        Groups of draws (runs) that both sides made from the same random numbers.
    level : float
    min_count, seed : int
    nulls : bool
        Whether nulls were asked for.
    """

    functions: Words
    m: int
    n_listed: int
    a: Side
    b: Side
    only_a: OneSided | None
    only_b: OneSided | None
    agreement: Agreement
    null_a: Agreement | None
    null_b: Agreement | None
    errors: Errors | None
    n_shared: int
    level: float
    min_count: int
    seed: int
    nulls: bool = True

    @property
    def p_value(self) -> float:
        """Of the hypothesis that both sides are one distribution; nan where it is not tested."""
        return self.agreement.equality.p_value

    def __len__(self) -> int:
        """Return the number of joined functions."""
        return len(self.functions)

    def texts(self, *, base: int = 2) -> list[str]:
        """Return the joined functions as text."""
        return bits.to_text(self.functions, self.m, base=base)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; infinite and undefined numbers are None."""
        base = 2 if self.m <= 32 else 16
        rows: dict[str, Any] = {"function": self.texts(base=base)}
        for key, side in (("a", self.a), ("b", self.b)):
            columns: dict[str, Any] = {"log_p": side.log_p, "low": side.low, "high": side.high}
            if side.counts is not None:
                columns["count"] = side.counts
            rows |= {f"{name}_{key}": column.tolist() for name, column in columns.items()}
        record: dict[str, Any] = {
            "m": self.m,
            "n_listed": self.n_listed,
            "n_shared": self.n_shared,
            "level": self.level,
            "min_count": self.min_count,
            "seed": self.seed,
            "p_value": self.p_value,
        }
        for key, side, only in (("a", self.a, self.only_a), ("b", self.b, self.only_b)):
            record[key] = {
                "name": side.name,
                "description": side.description,
                "quantity": side.quantity,
                "n_samples": side.n_samples,
                "output_draws": side.output_draws,
                "inflation": side.inflation,
                "missing_mass": None if side.missing is None else side.missing.to_json(),
            }
            record[f"only_{key}"] = only and {
                "n_functions": only.n_functions,
                "mass": only.mass.to_json(),
                "functions": only.texts(base=base),
                "counts": only.counts.tolist(),
                "limit": only.limit,
            }
        for key in ("agreement", "null_a", "null_b"):
            found = getattr(self, key)
            record[key] = None if found is None else asdict(found)
        if self.errors is not None:
            errors = asdict(replace(self.errors, inputs=None))
            del errors["inputs"]
            errors["target"] = bits.to_text(self.errors.target[None], self.m, base=base)[0]
            rows["error"] = errors.pop("of_functions").tolist()
            for key in ("a", "b"):
                law = errors[key] or {}
                law |= {
                    name: law[name].tolist() for name in ("p", "p_low", "p_high") if name in law
                }
            for each in errors["baselines"]:
                each["p"] = None if each["p"] is None else each["p"].tolist()
            record["errors"] = errors
        names = list(rows)
        record["functions"] = [
            dict(zip(names, row, strict=True)) for row in zip(*rows.values(), strict=True)
        ]
        cleaned: dict[str, Any] = finite(record)
        return cleaned

    def __str__(self) -> str:
        """Return the whole comparison for people."""
        from priorvol.comparison.report_text import lines

        return "\n".join(lines(self))


def p_text(p: float) -> str:
    """Return a p-value as text; normal tails far out are not told apart.

    Examples
    --------
    >>> p_text(0.01234), p_text(0.0)
    ('0.0123', '<1e-99')
    """
    if math.isnan(p):
        return "-"
    return f"{p:.3g}" if p >= 1e-99 else "<1e-99"


def interval_text(found: tuple[float, float, float] | None, form: str) -> str:
    """Return a value with its interval in a format, or ``-``."""
    if found is None or math.isnan(found[0]):
        return "-"
    value, low, high = (format(number, form) for number in found)
    return f"{value} [{low}, {high}]"


def finite(value: Any) -> Any:
    """Return a record with None for numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
