"""`Tally`: when training runs reached their stopping points, and how many never did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.provenance import Provenance, Span

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PointTally:
    """What became of runs at one stopping point.

    Parameters
    ----------
    epochs : tuple of (int, int)
        Epochs at which it was reached, rising, each with the number of runs.
    not_reached : int
        Runs that were given up after the largest number of epochs, or diverged.
    diverged : int
        Those of ``not_reached`` with an output on the training set that was not finite.

    Examples
    --------
    >>> point = PointTally(((3, 1), (5, 2)), not_reached=1)
    >>> point.reached, point.n_runs, point.quantile(0.5)
    (3, 4, 5)
    """

    epochs: tuple[tuple[int, int], ...] = ()
    not_reached: int = 0
    diverged: int = 0

    def __post_init__(self) -> None:
        """Bring the fields to their canonical form."""
        pairs = sorted(
            (checks.integer("epoch", a, low=0), checks.integer("runs", b, low=1))
            for a, b in self.epochs
        )
        if len({epoch for epoch, _ in pairs}) != len(pairs):
            raise ValueError("an epoch is listed twice")
        object.__setattr__(self, "epochs", tuple(pairs))
        missed = checks.integer("not_reached", self.not_reached, low=0)
        checks.integer("diverged", self.diverged, low=0, high=missed)

    @property
    def reached(self) -> int:
        """Number of runs that reached it."""
        return sum(runs for _, runs in self.epochs)

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return self.reached + self.not_reached

    def quantile(self, share: float) -> int | None:
        """Return the epoch by which a share of the runs that reached it had; None if none did."""
        left = share * self.reached
        for epoch, runs in self.epochs:
            left -= runs
            if left <= 0:
                return epoch
        return None

    def __add__(self, other: PointTally) -> PointTally:
        """Return the tally of both sets of runs."""
        counts = Counter(dict(self.epochs))
        counts.update(dict(other.epochs))
        return PointTally(
            tuple(counts.items()),
            self.not_reached + other.not_reached,
            self.diverged + other.diverged,
        )


@dataclass(frozen=True)
class Tally:
    """Tallies of all stopping points over some runs.

    Parameters
    ----------
    points : dict of str to PointTally
    provenance : Provenance
        Which runs.
    """

    points: dict[str, PointTally]
    provenance: Provenance = field(default_factory=Provenance)

    @classmethod
    def of_runs(
        cls, names: tuple[str, ...], epochs: Numbers, diverged: npt.NDArray[np.bool_], span: Span
    ) -> Tally:
        """Return the tally of a span from epochs (runs, points), -1 where not reached."""
        points = {}
        for name, column in zip(names, epochs.T, strict=True):
            missed = column < 0
            values, runs = np.unique(column[~missed], return_counts=True)
            pairs = tuple(zip(values.tolist(), runs.tolist(), strict=True))
            points[name] = PointTally(pairs, int(missed.sum()), int((missed & diverged).sum()))
        return cls(points, Provenance((span,)))

    def __add__(self, other: Tally) -> Tally:
        """Return the tally of both sets of runs; raises ``ValueError`` if a run is in both."""
        provenance = self.provenance + other.provenance
        return Tally(
            {name: point + other.points[name] for name, point in self.points.items()}, provenance
        )

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "provenance": self.provenance.to_json(),
            "points": {
                name: {
                    "epochs": [list(pair) for pair in point.epochs],
                    "not_reached": point.not_reached,
                    "diverged": point.diverged,
                }
                for name, point in self.points.items()
            },
        }

    @classmethod
    def from_json(cls, record: Any) -> Tally:
        """Build from what `to_json` returned, or raise ``ValueError``."""
        if not isinstance(record, dict) or set(record) != {"provenance", "points"}:
            raise ValueError(f"a tally must hold provenance and points, got {record!r:.80}")
        if not isinstance(record["points"], dict):
            raise ValueError(f"points of a tally must be an object, got {record['points']!r:.80}")
        provenance = Provenance.from_json(record["provenance"])
        try:
            points = {
                str(name): checks.from_record(PointTally, point, "point of a tally")
                for name, point in record["points"].items()
            }
        except TypeError:
            raise ValueError("epochs of a tally must be pairs of an epoch and runs") from None
        runs = sum(span.size for span in provenance.spans)
        for name, tallied in points.items():
            if tallied.n_runs != runs:
                raise ValueError(f"{name} tallies {tallied.n_runs} runs, but there are {runs}")
        return cls(points, provenance)
