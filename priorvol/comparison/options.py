"""Options of a comparison, and the checks of what is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from priorvol import checks
from priorvol.rng import check_seed
from priorvol.simplicity.association import MOST_RESAMPLES
from priorvol.sources import GaussianProcess, PosteriorSampling, TrainingRuns
from priorvol.table import FunctionTable
from priorvol.training_set import TrainingSet, check_training_set

FEWEST_DRAWS = 20
"""Draws that a table needs to be compared: its halves are halved again."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of `priorvol.comparison.compare`, checked.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> Options(min_count=10.0).min_count
    10
    """

    min_count: int = 10
    max_functions: int = 10_000
    n_permutations: int = 999
    n_bootstrap: int = 1000
    n_ceiling: int = 200
    level: float = 0.95
    seed: int = 0
    nulls: bool = True

    def __post_init__(self) -> None:
        """Check every field."""
        settled = {
            "min_count": checks.integer("min_count", self.min_count, low=1),
            "max_functions": checks.integer("max_functions", self.max_functions, low=3),
            "n_permutations": checks.integer(
                "n_permutations", self.n_permutations, low=0, high=10**7
            ),
            "n_bootstrap": checks.integer(
                "n_bootstrap", self.n_bootstrap, low=0, high=MOST_RESAMPLES
            ),
            "n_ceiling": checks.integer("n_ceiling", self.n_ceiling, low=0, high=MOST_RESAMPLES),
            "level": checks.real(
                "level", self.level, low=0.0, high=1.0, open_low=True, open_high=True
            ),
            "seed": check_seed(self.seed),
        }
        if not isinstance(self.nulls, bool):
            raise ValueError(f"nulls must be True or False, got {self.nulls!r:.80}")
        for name, value in settled.items():
            object.__setattr__(self, name, value)


def check_table(name: str, table: Any) -> FunctionTable:
    """Return a table that can be compared, or raise ``ValueError``."""
    if not isinstance(table, FunctionTable):
        raise ValueError(f"{name} must be a FunctionTable, got {type(table).__name__}")
    if table.n_unlisted:
        raise ValueError(
            f"{name} leaves out {table.n_unlisted:,} of {table.n_samples:,} draws; a comparison "
            "needs every draw listed"
        )
    if table.n_groups < FEWEST_DRAWS:
        raise ValueError(
            f"{name} needs at least {FEWEST_DRAWS} independent draws, got {table.n_groups}"
        )
    return table


def check_same_inputs(a: FunctionTable, b: FunctionTable) -> None:
    """Raise ``ValueError`` if two tables have functions on different inputs."""
    if a.m != b.m:
        raise ValueError(f"tables have functions on m = {a.m} and m = {b.m} inputs")
    if a.task is not None and b.task is not None and a.task.inputs != b.task.inputs:
        raise ValueError(f"tables are on different inputs: {a.task.inputs} and {b.task.inputs}")


def find_training_set(
    tables: Sequence[FunctionTable], given: TrainingSet | None
) -> TrainingSet | None:
    """Return the training set that is given or that sources have; raise ``ValueError`` at two."""
    m = tables[0].m
    sets = [each for table in tables if (each := _source_set(table)) is not None]
    found = [each for each in sets if each.indices[-1] < m]  # a Gaussian law does not say its task
    if any(each != found[0] for each in found):
        raise ValueError("the tables are given different training sets")
    if given is not None:
        check_training_set(given, m)
        if found and found[0] != given:
            raise ValueError("training_set is not the one that the tables are given")
        return given
    return found[0] if found else None


def _source_set(table: FunctionTable) -> TrainingSet | None:
    source = table.source
    if isinstance(source, PosteriorSampling | TrainingRuns):
        if table.task is not None and source.task_hash not in ("", table.task.content_hash):
            return None  # its indices are those of other inputs: the table is restricted
        return source.training_set
    if isinstance(source, GaussianProcess) and "training_set" in source.description:
        return TrainingSet.from_json(source.description["training_set"])
    return None
