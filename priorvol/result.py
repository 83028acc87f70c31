"""`Estimate`: one probability with its error. Every estimator returns it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """An estimated probability, in natural logs.

    A method that comes without an error, such as expectation propagation, has ``standard_error``,
    ``low`` and ``high`` all nan: nothing is claimed. What is known exactly has ``low`` and ``high``
    equal to ``log_p``.

    Parameters
    ----------
    log_p : float
        Natural log of the estimate (nats); ``-inf`` when nothing was counted.
    standard_error : float
        Standard error of ``log_p``; nan when nothing was counted, 0 where ``log_p`` is finite and
        exact.
    low, high : float
        Natural logs of the interval's ends.
    level : float
        Confidence level of the interval.
    method : str
        How it was estimated, such as ``"monte_carlo"``.
    quantity : str
        What it is an estimate of, such as ``"P(f)"``.
    n_samples, seconds, seed : optional
        The work behind it, where it applies.
    converged : bool
        Whether the method reached its own stopping rule.
    diagnostics : dict
        Numbers of the method's own.

    Raises
    ------
    ValueError
        If the interval does not hold ``log_p``, an error is given without an interval, or a value
        is out of range.

    Examples
    --------
    >>> import math
    >>> e = Estimate(log_p=math.log(0.25), standard_error=0.1, low=math.log(0.2),
    ...              high=math.log(0.3), level=0.95, method="monte_carlo", quantity="P(f)")
    >>> print(e)
    P(f) = 0.25 [0.2, 0.3] (95%, monte_carlo)
    """

    log_p: float
    standard_error: float
    low: float
    high: float
    level: float
    method: str
    quantity: str
    n_samples: int | None = None
    seconds: float | None = None
    seed: int | None = None
    converged: bool = True
    diagnostics: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the interval and the level."""
        checks.real("level", self.level, low=0.0, high=1.0, open_low=True, open_high=True)
        nothing_claimed = math.isnan(self.low) and math.isnan(self.high)
        if math.isnan(self.log_p) or not (nothing_claimed or self.low <= self.log_p <= self.high):
            raise ValueError(
                f"low <= log_p <= high is wanted, got {self.low}, {self.log_p}, {self.high}"
            )
        if nothing_claimed and not math.isnan(self.standard_error):
            raise ValueError(
                f"standard_error must be nan where low and high are, got {self.standard_error}"
            )
        if self.standard_error < 0:
            raise ValueError(f"standard_error must be at least 0, got {self.standard_error}")

    @property
    def has_error(self) -> bool:
        """Whether the method gives an error, and so an interval."""
        return not math.isnan(self.low)

    @property
    def is_exact(self) -> bool:
        """Whether the probability is known exactly."""
        return self.low == self.log_p == self.high

    @property
    def p(self) -> float:
        """The probability itself; 0.0 where it underflows."""
        return math.exp(self.log_p)

    @property
    def log10_p(self) -> float:
        """Base-10 logarithm of the probability."""
        return self.log_p / math.log(10.0)

    @property
    def interval(self) -> tuple[float, float]:
        """The interval's ends as probabilities; nan where the method gives none."""
        return math.exp(self.low), math.exp(self.high)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; infinite and undefined values are None."""
        record = asdict(self)
        for key in ("log_p", "standard_error", "low", "high"):
            if not math.isfinite(record[key]):
                record[key] = None
        for name, value in self.diagnostics.items():
            if isinstance(value, float) and not math.isfinite(value):
                record["diagnostics"][name] = None
        return record

    def __str__(self) -> str:
        """Return the probability with its interval."""
        value = f"{self.quantity} = {probability_text(self.log_p)}"
        if self.is_exact or not self.has_error:
            note = "exact" if self.is_exact else "no error given"
            return f"{value} ({note}, {self.method})"
        low, high = (probability_text(end) for end in (self.low, self.high))
        return f"{value} [{low}, {high}] ({100 * self.level:g}%, {self.method})"


def probability_text(log_p: float) -> str:
    """Print exp(log_p) in four digits, also below the smallest double.

    Examples
    --------
    >>> probability_text(-1000.0)
    '5.076e-435'
    """
    if log_p == -math.inf:
        return "0"
    if log_p > -600:
        return f"{math.exp(log_p):.4g}"
    exponent, fraction = divmod(log_p / math.log(10.0), 1.0)
    mantissa, shift = f"{10**fraction:.3e}".split("e")  # 9.9996 is rounded to 10.00
    return f"{mantissa}e{int(exponent) + int(shift)}"


@dataclass(frozen=True, kw_only=True)
class Richness:
    """A lower bound on N_O, the number of functions that can be drawn at all.

    Attributes
    ----------
    observed : int
        Functions seen.
    estimate : float
        The estimated lower bound.
    low, high : float
        Interval of the bound; ``high`` is no upper limit on N_O.
    level : float
    method : str
        "chao1" for independent draws, "chao2" with groups of draws as the units, "listed" where
        the bound is the number seen itself.

    Raises
    ------
    ValueError
        If observed <= low <= estimate <= high does not hold, or the level is out of range.

    Examples
    --------
    >>> print(Richness(observed=350, estimate=368.4, low=361, high=381, level=0.95, method="chao1"))
    at least 368 functions [361, 381], 350 seen (95%, chao1)
    """

    observed: int
    estimate: float
    low: float
    high: float
    level: float
    method: str

    def __post_init__(self) -> None:
        """Check the interval and the level."""
        checks.real("level", self.level, low=0.0, high=1.0, open_low=True, open_high=True)
        if not self.observed <= self.low <= self.estimate <= self.high:
            ends = f"{self.observed}, {self.low}, {self.estimate}, {self.high}"
            raise ValueError(f"observed <= low <= estimate <= high is wanted, got {ends}")

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; an infinite value is None."""
        values = asdict(self)
        return {key: None if value == math.inf else value for key, value in values.items()}

    def __str__(self) -> str:
        """Return the bound with its interval."""
        low, bound, high = (_number(value) for value in (self.low, self.estimate, self.high))
        level = f"{100 * self.level:g}%"
        seen = f"{self.observed:,} seen"
        return f"at least {bound} functions [{low}, {high}], {seen} ({level}, {self.method})"


def _number(value: float) -> str:
    """Print a number of functions: in three digits where it is small, else whole if not huge."""
    if value < 100:
        return f"{value:.3g}"
    return f"{value:,.0f}" if value < 1e9 else f"{value:.4g}"


@dataclass(frozen=True, kw_only=True)
class Proportions:
    """Counted events with their proportions and pointwise intervals.

    Attributes
    ----------
    counts : (k,) int64 array
    p, low, high : (k,) float64 arrays
        Proportion and interval ends, one event at a time (pointwise, not simultaneous).
    inflation : (k,) float64 array
        Variance over that of independent draws; 1 everywhere when draws are independent.
    n_samples : int
    level : float
    interval : str
    """

    counts: npt.NDArray[np.int64]
    p: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    inflation: npt.NDArray[np.float64]
    n_samples: int
    level: float
    interval: str

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.counts)

    def estimate(self, event: int, quantity: str, *, seed: int | None = None) -> Estimate:
        """Return one event's proportion as an `Estimate` (by the delta method in log_p)."""
        p, effect = float(self.p[event]), float(self.inflation[event])
        error = math.sqrt((1 - p) * effect / (p * self.n_samples)) if p > 0 else math.nan
        ends = (float(self.low[event]), p, float(self.high[event]))
        low, log_p, high = (math.log(end) if end > 0 else -math.inf for end in ends)
        return Estimate(
            log_p=log_p,
            standard_error=error,
            low=min(low, log_p),
            high=max(high, log_p),
            level=self.level,
            method="monte_carlo",
            quantity=quantity,
            n_samples=self.n_samples,
            seed=seed,
            diagnostics={
                "count": int(self.counts[event]),
                "inflation": effect,
                "effective_samples": self.n_samples / effect,
            },
        )


@dataclass(frozen=True, kw_only=True)
class RankTable(Proportions):
    """The most frequent functions, in order of rank.

    Attributes
    ----------
    functions : (k, words) uint64 array
        Row r is the function of rank r + 1; ties are ordered by function word.
    m : int
        Number of inputs.
    """

    functions: npt.NDArray[np.uint64]
    m: int

    @property
    def rank(self) -> npt.NDArray[np.int64]:
        """Ranks 1 to k."""
        return np.arange(1, len(self) + 1)

    def texts(self, *, base: int = 2) -> list[str]:
        """Return the functions as 0/1 strings, or as ``0x`` with ``base=16``."""
        return bits.to_text(self.functions, self.m, base=base)
