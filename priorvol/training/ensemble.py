"""`TrainingEnsemble`: what many training runs ended on, by stopping point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from priorvol import checks
from priorvol.table import FunctionTable
from priorvol.task import Task
from priorvol.text import align
from priorvol.training.configuration import TrainingConfiguration
from priorvol.training.stopping import StoppingPoint
from priorvol.training.tally import Tally
from priorvol.training_set import TrainingSet


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingEnsemble:
    """Functions of training runs at each stopping point, and how many runs reached it.

    Made by `priorvol.train_ensemble` and `priorvol.training.load_ensemble`.

    Attributes
    ----------
    task : Task
    training_set : TrainingSet
    configuration : TrainingConfiguration
    seed : int
    tables : dict of str to FunctionTable
        A table a stopping point, each of all runs: one that did not reach it is counted with the
        function on which it ended.
    tally : Tally
        Epochs at which the stopping points were reached, and how many runs did not.
    """

    task: Task
    training_set: TrainingSet
    configuration: TrainingConfiguration
    seed: int
    tables: dict[str, FunctionTable]
    tally: Tally

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return next(iter(self.tables.values())).n_samples

    @property
    def table(self) -> FunctionTable:
        """The table of the first stopping point."""
        return next(iter(self.tables.values()))

    @property
    def folders(self) -> dict[str, str]:
        """Names of the run folders that a saved ensemble has, by stopping point."""
        return {name: StoppingPoint.parse(name).folder for name in self.tables}

    def __getitem__(self, point: Any) -> FunctionTable:
        """Return the table of a stopping point; raises ``ValueError`` if it is unknown."""
        return self.tables[checks.choice("stopping point", str(point), self.tables)]

    def not_reached(self, point: Any = None) -> int:
        """Return the number of runs that did not reach a stopping point, by default the first."""
        name = next(iter(self.tables)) if point is None else str(point)
        checks.choice("stopping point", name, self.tables)
        return self.tally.points[name].not_reached

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict without the tables' rows."""
        points = {}
        for name, table in self.tables.items():
            point = self.tally.points[name]
            points[name] = {
                "reached": point.reached,
                "not_reached": point.not_reached,
                "diverged": point.diverged,
                "n_functions": len(table),
                "epochs_median": point.quantile(0.5),
                "epochs_90%": point.quantile(0.9),
                "epochs_most": point.quantile(1.0),
            }
        return {
            "task_hash": self.task.content_hash,
            "training_set": self.training_set.to_json(),
            "configuration": self.configuration.to_json(),
            "seed": self.seed,
            "n_runs": self.n_runs,
            "points": points,
        }

    def __str__(self) -> str:
        """Return the lines that ``priorvol train`` prints."""
        cells = [
            ["stopping point", "reached", "not reached", "diverged", "functions", "median epoch"]
            + ["90%", "last"]
        ]
        for name, point in self.to_json()["points"].items():
            numbers = ["-" if number is None else f"{number:,}" for key, number in point.items()]
            cells.append([name, *numbers])
        lines = [str(self.task), f"{self.n_runs:,} runs of {self.configuration}; seed {self.seed}"]
        return "\n".join([*lines, str(self.training_set), *align(cells, left=(0,))])
