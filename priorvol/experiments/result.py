"""`Experiment`: what `experiment` returns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from priorvol import bits
from priorvol.comparison import Comparison, SettingsComparison
from priorvol.experiments.sampling import Samples
from priorvol.result import Estimate
from priorvol.table import FunctionTable
from priorvol.task import Task
from priorvol.training import TrainingEnsemble
from priorvol.training_set import TrainingSet


@dataclass(frozen=True, eq=False, kw_only=True)
class Experiment:
    """P_SGD(f|S) and P_B(f|S) of one training set, by every method, and how far they agree.

    Made by `priorvol.experiment`. Functions are those on all inputs of the task; since S is fitted,
    they differ on the test inputs only. A run that was given up, or that lost its fit after the
    first zero error, is a draw of a function that P_B does not hold.

    Attributes
    ----------
    about : str
        What the data are; may be empty.
    task : Task
    training_set : TrainingSet
    target : (words,) uint64 array
        What errors are counted against.
    seed : int
    ensembles : dict of str to TrainingEnsemble
        By setting.
    tables : dict of str to FunctionTable
        P_SGD, by setting and stopping point.
    samples : Samples
        P_B by sampling; ``samples.omitted`` says which methods were left out, and why.
    functions : (k, words) uint64 array
        Those estimated: the target, and the likeliest ones of every table by its first half.
    estimates : dict of str to list of Estimate
        P_B of each of the functions, by method, at infinite width.
    omitted : dict of str to str
        Estimation methods that were left out, and why.
    comparisons : dict of str to Comparison
        P_B of the reference (A) and P_SGD (B), by name of the table.
    settings : SettingsComparison or None
        The same, a row a table; None without a reference.
    widths : Comparison or None
        P_B at finite width (A) and at infinite width (B), where both were sampled.
    against_estimates : dict of (str, str) to Comparison
        By name of the table, or of the sampling method, and estimation method.
    level : float
        Of every interval.
    """

    about: str
    task: Task
    training_set: TrainingSet
    target: bits.Words
    seed: int
    ensembles: dict[str, TrainingEnsemble]
    tables: dict[str, FunctionTable]
    samples: Samples
    functions: bits.Words
    estimates: dict[str, list[Estimate]]
    omitted: dict[str, str]
    comparisons: dict[str, Comparison]
    settings: SettingsComparison | None
    widths: Comparison | None
    against_estimates: dict[tuple[str, str], Comparison]
    level: float

    @property
    def reference(self) -> str | None:
        """Which table of P_B training is held against: finite width where there is one."""
        return self.samples.reference

    @property
    def n_test(self) -> int:
        """Number of test inputs."""
        return self.task.m - len(self.training_set)

    def fitting(self, name: str) -> Estimate:
        """Return the share of a table's draws that fit the training set."""
        table = self.tables[name]
        fits = self.training_set.fits(table)
        counts = np.array([table.counts[fits].sum()])
        return table.proportions(counts, level=self.level).estimate(0, "P(fits S)")

    def p_values(self) -> dict[str, float]:
        """Return a p-value of equality with the reference for each table; nan where none is known.

        Of two tests, that of all functions (`priorvol.comparison.compare`) and that of the mean
        test errors, the smaller p-value, times the number of them (Bonferroni). Empty without a
        reference.
        """
        from scipy.special import ndtr, ndtri

        found = {}
        width = 2.0 * float(ndtri(0.5 + self.level / 2.0))
        for row in () if self.settings is None else self.settings:
            difference, low, high = row.difference
            values = [row.agreement.equality.p_value]
            if high > low:
                values.append(2.0 * float(ndtr(-abs(difference) * width / (high - low))))
            values = [value for value in values if not math.isnan(value)]
            found[row.label] = min(len(values) * min(values), 1.0) if values else math.nan
        return found

    def told_apart(self) -> dict[str, bool]:
        """Return which tables are told apart from the reference, all at the level together.

        Holm's step-down procedure on `p_values`: if some tables have the law of the reference, the
        chance to name any of these is at most 1 less the level. Tables without a p-value are left
        out.
        """
        p = {label: value for label, value in self.p_values().items() if not math.isnan(value)}
        apart = dict.fromkeys(p, False)
        for place, label in enumerate(sorted(p, key=lambda label: p[label])):
            if p[label] > (1.0 - self.level) / (len(p) - place):
                break
            apart[label] = True
        return apart

    def columns(self) -> dict[str, list[Any]]:
        """Return a table of the estimated functions: counts, shares, and log P by each method.

        Counts are those of all draws; ``log_p`` are nats, None where a function has P = 0.
        """
        test = self.training_set.held_out(self.task.m)
        word = bits.unpack(self.functions, self.task.m)
        wanted = bits.unpack(self.target[None], self.task.m)[0]
        found: dict[str, list[Any]] = {
            "function": bits.to_text(self.functions, self.task.m, base=16),
            "test_bits": bits.to_text(bits.pack(word[:, test]), len(test)),
            "wrong": (word[:, test] != wanted[test]).sum(axis=1).tolist(),
        }
        for name, table in {**self.samples.tables, **self.tables}.items():
            places = [table.index(each) for each in self.functions]
            counts = [0 if place is None else int(table.counts[place]) for place in places]
            found[f"count {name}"] = counts
            found[f"p {name}"] = [count / table.n_samples for count in counts]
        for method, estimates in self.estimates.items():
            found[f"log_p {method}"] = [_finite(each.log_p) for each in estimates]
            found[f"standard_error {method}"] = [_finite(each.standard_error) for each in estimates]
        return found

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict without the functions; see `columns` for those."""
        evidence = self.samples.evidence
        return {
            "about": self.about,
            "task": self.task.to_json(),
            "task_hash": self.task.content_hash,
            "training_set": self.training_set.to_json(),
            "target": bits.to_text(self.target[None], self.task.m, base=16)[0],
            "n_test": self.n_test,
            "seed": self.seed,
            "level": self.level,
            "training": {name: each.to_json() for name, each in self.ensembles.items()},
            "fitting": {name: self.fitting(name).to_json() for name in self.tables},
            "reference": self.reference,
            "sampling": {
                name: {
                    "source": str(table.source),
                    "n_samples": table.n_samples,
                    "n_functions": len(table),
                    "target": table.probability(self.target, level=self.level).to_json(),
                }
                for name, table in self.samples.tables.items()
            },
            "evidence": None if evidence is None else evidence.to_json(),
            "omitted": self.samples.omitted | self.omitted,
            "estimates_of_target": {
                name: _timeless(estimates[0]) for name, estimates in self.estimates.items()
            },
            "n_estimated": len(self.functions),
            "comparisons": _without_functions(self.comparisons),
            "settings": None if self.settings is None else self.settings.to_json(),
            "widths": None if self.widths is None else _short(self.widths),
            "against_estimates": _without_functions(
                {f"{table}, {method}": c for (table, method), c in self.against_estimates.items()}
            ),
            "p_values": {name: _finite(p) for name, p in self.p_values().items()},
            "told_apart": self.told_apart(),
        }

    def __str__(self) -> str:
        """Return the report."""
        from priorvol.experiments.report import report

        return report(self)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _timeless(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate without the seconds that it took, so that results can be repeated."""
    return {key: value for key, value in estimate.to_json().items() if key != "seconds"}


def _without_functions(comparisons: Mapping[str, Comparison]) -> dict[str, Any]:
    return {name: _short(each) for name, each in comparisons.items()}


def _short(comparison: Comparison) -> dict[str, Any]:
    record = comparison.to_json()
    del record["functions"]
    return record
