"""`TargetSweep`: what a sweep measured, averaged over training sets and targets, and printed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks, complexity
from priorvol.comparison.baselines import baselines
from priorvol.rng import generator
from priorvol.simplicity.association import FEWEST_UNITS
from priorvol.sweep.averages import mean_interval
from priorvol.sweep.cells import Learned, SweepCell, SweepSettings
from priorvol.sweep.targets import Target
from priorvol.task import Task
from priorvol.text import align, shorten

Array = npt.NDArray[np.float64]

LEARNERS = ("trained", "posterior")

BASELINES = ("majority class", "nearest neighbour", "random, target's T")
"""Learners without a network; see `priorvol.comparison.baselines`."""

UNBIASED = 0.5
"""Mean error of the unbiased learner on inputs held out: exactly a half, whatever the target."""


@dataclass(frozen=True, kw_only=True)
class ErrorCurve:
    """Error against the complexity of the target.

    Attributes
    ----------
    k : (j,) float64 array
        Complexities of the targets, rising.
    n_targets : (j,) int64 array
        Targets at each.
    mean : (tasks, j) float64 array
        Mean over the targets of their means over training sets.
    low, high : (tasks, j) float64 arrays
        Ends of Student's interval: over targets where there are two or more at this complexity,
        which takes in how targets of one complexity differ, else over training sets.
    """

    k: Array
    n_targets: npt.NDArray[np.int64]
    mean: Array
    low: Array
    high: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class TargetSweep:
    """What `priorvol.target_sweep` returns; ``print`` shows it as a table.

    Attributes
    ----------
    tasks : tuple of Task
    labels : tuple of str
        What the tasks are called.
    targets : tuple of Target
    n_sets : int
        Training sets of each target.
    settings : SweepSettings
    cells : tuple of SweepCell
        A cell a task, target and training set, the last running fastest.
    """

    tasks: tuple[Task, ...]
    labels: tuple[str, ...]
    targets: tuple[Target, ...]
    n_sets: int
    settings: SweepSettings
    cells: tuple[SweepCell, ...] = field(repr=False)

    @property
    def k(self) -> Array:
        """Complexities of the targets, (targets,)."""
        return np.array([target.k for target in self.targets])

    @property
    def learners(self) -> tuple[str, ...]:
        """Those of `LEARNERS` that were measured."""
        return tuple(name for name in LEARNERS if getattr(self.cells[0], name) is not None)

    def cell(self, task: int, target: int, number: int) -> SweepCell:
        """Return one cell."""
        return self.cells[(task * len(self.targets) + target) * self.n_sets + number]

    def learned(self, learner: str) -> list[Learned]:
        """Return what one learner made of each cell, in the order of the cells.

        Raises
        ------
        ValueError
            If it was not measured.
        """
        checks.choice("learner", learner, self.learners)
        return [getattr(cell, learner) for cell in self.cells]

    def errors(self, learner: str) -> Array:
        """Return the mean error on the inputs held out, (tasks, targets, sets).

        nan where nothing could be drawn.

        Parameters
        ----------
        learner : str
            One of those measured, or of `BASELINES`, which are the same for all tasks.

        Raises
        ------
        ValueError
            If there is no such learner.
        """
        checks.choice("learner", learner, (*self.learners, *BASELINES))
        if learner in BASELINES:
            shape = (len(self.tasks), len(self.targets), self.n_sets)
            return np.array(np.broadcast_to(self._baselines[learner], shape))
        return self._array([found.error for found in self.learned(learner)])

    def mean_k(self, learner: str) -> Array:
        """Return the mean complexity of what was learnt, (tasks, targets, sets)."""
        return self._array([found.mean_k for found in self.learned(learner)])

    def missed(self) -> npt.NDArray[np.int64]:
        """Return how many training runs did not reach the stopping point, (tasks, targets, sets).

        They are counted with the function on which they ended.
        """
        missed = self._array([float(found.missed) for found in self.learned("trained")])
        return missed.astype(np.int64)

    def refused(self) -> npt.NDArray[np.bool_]:
        """Return where the posterior could not be drawn from, (tasks, targets, sets).

        Means leave those training sets out, which are the hardest.
        """
        return np.asarray(np.isnan(self.errors("posterior")))

    def by_target(self, learner: str, *, level: float = 0.95) -> tuple[Array, Array, Array]:
        """Return the mean error over training sets and the ends of its interval, (tasks, targets).

        The interval is Student's over training sets, and takes in how the learner's draws scatter.
        """
        checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
        return mean_interval(self.errors(learner), level=level)

    def by_complexity(self, learner: str, *, level: float = 0.95) -> ErrorCurve:
        """Return the mean error at each complexity of the target.

        Raises
        ------
        ValueError
            If the learner was not measured, or the level is out of range.
        """
        mean, low, high = self.by_target(learner, level=level)
        values, place = np.unique(self.k, return_inverse=True)
        shape = (len(self.tasks), len(values))
        found = np.full((3, *shape), np.nan)
        for j in range(len(values)):
            inside = np.flatnonzero(place == j)
            if len(inside) == 1:
                found[:, :, j] = mean[:, inside[0]], low[:, inside[0]], high[:, inside[0]]
            else:
                found[:, :, j] = mean_interval(mean[:, inside], level=level)
        return ErrorCurve(
            k=values,
            n_targets=np.bincount(place, minlength=len(values)).astype(np.int64),
            mean=found[0],
            low=found[1],
            high=found[2],
        )

    def trend(
        self, learner: str, *, level: float = 0.95, n_bootstrap: int = 1000
    ) -> tuple[Array, Array, Array]:
        """Return Spearman's correlation of error with complexity over targets, and its interval.

        Parameters
        ----------
        learner : str
        level : float
        n_bootstrap : int
            Resamples of the targets, by percentiles.

        Returns
        -------
        rho, low, high : (tasks,) float64 arrays
            nan where fewer than three targets have an error. Of fewer than
            `priorvol.simplicity.association.FEWEST_UNITS` (10) there is no interval: resampling
            says next to nothing of them.
        """
        from scipy.stats import rankdata

        checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
        n_bootstrap = checks.integer("n_bootstrap", n_bootstrap, low=1, high=1 << 20)
        means, rng = self.by_target(learner)[0], generator(self.settings.seed, "sweep trend")
        found = np.full((3, len(self.tasks)), np.nan)
        for i, errors in enumerate(means):
            held = np.flatnonzero(np.isfinite(errors))
            if len(held) < 3:
                continue
            pairs = np.array([self.k[held], errors[held]])
            drawn = rng.integers(len(held), size=(n_bootstrap, len(held)))
            ranks = rankdata(pairs[:, drawn], axis=-1)
            resampled = _pearson(ranks[0], ranks[1])
            kept = resampled[np.isfinite(resampled)]
            whole = rankdata(pairs, axis=-1)
            found[0, i] = _pearson(whole[:1], whole[1:])[0]
            if len(kept) and len(held) >= FEWEST_UNITS:
                found[1:, i] = np.quantile(kept, [0.5 - level / 2.0, 0.5 + level / 2.0])
        return found[0], found[1], found[2]

    def rows(self) -> list[dict[str, Any]]:
        """Return a flat record a cell, for a table of text such as CSV."""
        rows = []
        for place, cell in enumerate(self.cells):
            i, j = divmod(place // self.n_sets, len(self.targets))
            target = self.targets[j]
            row: dict[str, Any] = {
                "task": self.labels[i],
                "task_hash": self.tasks[i].content_hash,
                "target": target.name,
                "function": target.hexadecimal,
                "k": target.k,
                "ones": target.ones,
                "set": place % self.n_sets,
                "labels_1": sum(cell.training_set.labels),
            }
            for name in self.learners:
                found: Learned = getattr(cell, name)
                row |= {
                    f"{name}_error": found.error,
                    f"{name}_standard_error": found.standard_error,
                    f"{name}_mean_k": found.mean_k,
                    f"{name}_draws": found.n_draws,
                }
            if cell.trained is not None:
                row["missed"] = cell.trained.missed
            row["unbiased_error"] = UNBIASED
            for name in BASELINES:
                row[f"{name} error"] = float(self._baselines[name][j, place % self.n_sets])
            rows.append(row)
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; values that are not finite are None."""
        curves = {}
        for name in (*self.learners, *BASELINES):
            curve = self.by_complexity(name)
            curves[name] = {key: _finite(value.tolist()) for key, value in vars(curve).items()}
        return {
            "settings": self.settings.to_json(),
            "n_sets": self.n_sets,
            "tasks": [
                {"label": label, "task": task.to_json(), "task_hash": task.content_hash}
                for label, task in zip(self.labels, self.tasks, strict=True)
            ],
            "targets": [target.to_json() for target in self.targets],
            "unbiased_error": UNBIASED,
            "by_complexity": curves,
            "cells": [{key: _finite(value) for key, value in row.items()} for row in self.rows()],
        }

    def __str__(self) -> str:
        """Return a table with a line a task and complexity of the target."""
        curves = {name: self.by_complexity(name) for name in self.learners}
        heads = {"trained": "trained networks", "posterior": "posterior"}
        cells = [["task", "K", "targets", "T"]]
        for name in self.learners:
            cells[0] += [heads[name], "", "learnt K"]
        some = curves[self.learners[0]]
        for i, label in enumerate(self.labels):
            for j, k in enumerate(some.k.tolist()):
                inside = np.flatnonzero(self.k == k)
                ones = [self.targets[place].ones for place in inside]
                span = f"{min(ones)}" if len(set(ones)) == 1 else f"{min(ones)}-{max(ones)}"
                row = [label if j == 0 else "", f"{k:g}", f"{some.n_targets[j]}", span]
                for name, curve in curves.items():
                    learnt = self.mean_k(name)[i, inside]
                    row += [
                        _number(curve.mean[i, j]),
                        f"[{_number(curve.low[i, j])}, {_number(curve.high[i, j])}]",
                        _mean(learnt, ".1f"),
                    ]
                cells.append(row)
        lines = [*self._heading(), *align(cells, left=(0,)), *self._baseline_lines()]
        return "\n".join([*lines, *self._notes()])

    def _baseline_lines(self) -> list[str]:
        """Return a table of the errors that take no network."""
        cells = [["without a network", *(f"{k:g}" for k in np.unique(self.k))]]
        for name in BASELINES:
            cells.append([name, *map(_number, self.by_complexity(name).mean[0].tolist())])
        cells.append(["unbiased", *[_number(UNBIASED)] * (len(cells[0]) - 1)])
        return align(cells, left=(0,))

    def _heading(self) -> list[str]:
        used = self.settings
        parts = []
        if used.n_runs:
            parts.append(f"{used.n_runs:,} runs of {used.configuration} until {used.stop}")
        if used.posterior == "infinite":
            parts.append(f"{used.n_samples:,} functions of P_B at infinite width")
        elif used.posterior == "rejection":
            parts.append(f"{used.n_samples:,} networks proposed to P_B at this width")
        task = self.tasks[0]
        others = len(self.tasks) - 1
        rest = f"and {others} other task{'s' * (others > 1)}" if others else ""
        return [
            f"{task} {rest}".rstrip(),
            f"mean errors on {task.m - used.train_size} of {task.m} inputs held out, of "
            f"{self.n_sets:,} training sets a target; on each",
            ", ".join(parts),
        ]

    def _notes(self) -> list[str]:
        found = complexity.measure(self.settings.measure)
        unit = f", {found.unit}" if found.unit else ""
        notes = [
            f"K: {found.name}{unit}; learnt K: its mean; T: ones of the targets; 95% intervals "
            "over targets of one K, or training sets of one target"
        ]
        if "trained" in self.learners and (missed := int(self.missed().sum())):
            runs = len(self.cells) * self.settings.n_runs
            notes.append(
                f"{missed:,} of {runs:,} training runs did not reach {self.settings.stop}; they "
                "count with the function on which they ended"
            )
        if "posterior" in self.learners and self.refused().any():
            reasons = [found.refused for found in self.learned("posterior") if found.refused]
            notes.append(
                f"the posterior could not be drawn from in {len(reasons):,} of {len(self.cells):,} "
                f"cells, which its means leave out: {shorten(reasons[0], 200)}"
            )
        return notes

    @cached_property
    def _baselines(self) -> dict[str, Array]:
        """Errors of the baselines, (targets, sets) each; neighbours by the first task's inputs."""
        inputs = self.tasks[0].inputs
        found = {name: np.empty((len(self.targets), self.n_sets)) for name in BASELINES}
        for j, target in enumerate(self.targets):
            word = bits.as_word(target.function, target.m)
            for number in range(self.n_sets):
                chosen = self.cell(0, j, number).training_set
                test = chosen.held_out(target.m)
                for each in baselines(word, chosen, test, m=target.m, inputs=inputs):
                    if each.name in found:
                        found[each.name][j, number] = each.error
        return found

    def _array(self, values: list[float]) -> Array:
        shape = (len(self.tasks), len(self.targets), self.n_sets)
        return np.array(values, dtype=np.float64).reshape(shape)


def _pearson(a: Array, b: Array) -> Array:
    """Return the correlation coefficient of each pair of rows; nan where one is constant."""
    a = a - a.mean(axis=-1, keepdims=True)
    b = b - b.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        found = (a * b).sum(axis=-1) / np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    return np.asarray(found)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _mean(values: Array, shown: str) -> str:
    held = values[np.isfinite(values)]
    return format(float(held.mean()), shown) if len(held) else "-"


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
