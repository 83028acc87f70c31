"""One cell of a sweep: a task, a target and a training set, and what each learner makes of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks, complexity
from priorvol.comparison.errors import errors_of
from priorvol.provenance import Span
from priorvol.rng import generator
from priorvol.sweep.targets import Target
from priorvol.table import FunctionTable
from priorvol.task import Task
from priorvol.training.configuration import TrainingConfiguration
from priorvol.training.stopping import StoppingPoint
from priorvol.training_set import TrainingSet

Array = npt.NDArray[np.float64]

POSTERIORS = ("infinite", "rejection", "none")
"""How P_B is drawn from: at infinite width, by rejection at the task's own width, or not."""

DIGITS = 9
"""Decimals to which complexities are told apart."""


@dataclass(frozen=True, kw_only=True)
class SweepSettings:
    """What each cell is measured with.

    Attributes
    ----------
    train_size : int
    n_runs : int
        Networks trained; 0 for none.
    stop : StoppingPoint
    configuration : TrainingConfiguration
    posterior : str
        One of `POSTERIORS`.
    n_samples : int
        Functions drawn from the posterior at infinite width, proposals by rejection.
    output_draws : int
        Of rejection.
    measure : str
        Of complexity.
    seed : int
    """

    train_size: int
    n_runs: int
    stop: StoppingPoint
    configuration: TrainingConfiguration
    posterior: str
    n_samples: int
    output_draws: int
    measure: str
    seed: int

    @property
    def training(self) -> dict[str, Any]:
        """The configuration as the keyword arguments of `priorvol.train_ensemble`."""
        return dict(vars(self.configuration))

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return vars(self) | {
            "stop": str(self.stop),
            "configuration": self.configuration.to_json(),
        }

    @classmethod
    def from_json(cls, record: Any) -> SweepSettings:
        """Build from what `to_json` returned, or raise ``ValueError``."""
        found = checks.from_record(cls, record, "settings of a sweep")
        how = TrainingConfiguration.from_json(found.configuration)
        return replace(found, stop=StoppingPoint.parse(found.stop), configuration=how)


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What one learner made of one training set.

    Attributes
    ----------
    error : float
        Mean share of the held-out inputs that its functions have wrong; nan where there are none.
    standard_error : float
        Of that mean over the learner's draws alone; nan for a single one.
    n_draws : int
        Functions, each counted as often as it was learnt.
    missed : int
        Training runs that did not reach the stopping point. They are counted with the function
        on which they ended.
    k : tuple of float
        Complexities of the functions, rising.
    counts : tuple of int
        How many functions have each.
    refused : str
        Why nothing was drawn; empty where something was.
    """

    error: float
    standard_error: float
    n_draws: int
    missed: int = 0
    k: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    refused: str = ""

    @property
    def mean_k(self) -> float:
        """Mean complexity of the functions; nan where there are none."""
        if not self.counts:
            return math.nan
        return float(np.average(self.k, weights=self.counts))

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; nan is None."""
        record = vars(self) | {"k": list(self.k), "counts": list(self.counts)}
        for name in ("error", "standard_error"):
            record[name] = None if math.isnan(record[name]) else record[name]
        return record

    @classmethod
    def from_json(cls, record: Any) -> Learned:
        """Build from what `to_json` returned, or raise ``ValueError``."""
        if isinstance(record, dict):
            missing = {
                name: math.nan
                for name in ("error", "standard_error")
                if record.get(name, 0.0) is None
            }
            record = record | missing
        return checks.from_record(cls, record, "learner of a sweep")


@dataclass(frozen=True, kw_only=True)
class SweepCell:
    """What all learners made of one training set.

    Attributes
    ----------
    training_set : TrainingSet
    trained, posterior : Learned or None
        None where a learner was not asked for.
    """

    training_set: TrainingSet
    trained: Learned | None
    posterior: Learned | None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "training_set": self.training_set.to_json(),
            "trained": None if self.trained is None else self.trained.to_json(),
            "posterior": None if self.posterior is None else self.posterior.to_json(),
        }

    @classmethod
    def from_json(cls, record: Any) -> SweepCell:
        """Build from what `to_json` returned, or raise ``ValueError``."""
        found = checks.from_record(cls, record, "cell of a sweep")
        learners = {
            name: None if value is None else Learned.from_json(value)
            for name, value in (("trained", found.trained), ("posterior", found.posterior))
        }
        return cls(training_set=TrainingSet.from_json(found.training_set), **learners)


@dataclass(frozen=True)
class CellKey:
    """Which cell: a task, a target and the number of a training set."""

    task: Task
    target: Target
    number: int

    @cached_property
    def name(self) -> str:
        """Name of the cell, that of its file."""
        words = bits.as_words([self.target.function])[0]
        digest = bits.to_text(words, self.target.m, base=16)[0].removeprefix("0x")
        if len(digest) > 64:
            import hashlib

            digest = hashlib.sha256(digest.encode("ascii")).hexdigest()[:32]
        return f"{self.task.content_hash[:16]}-{digest}-{self.number}"


def training_set_of(target: Target, number: int, settings: SweepSettings) -> TrainingSet:
    """Return training set ``number`` of a target: inputs drawn without replacement.

    It depends on the seed, the target, the number and the size, and not on the task.

    Examples
    --------
    >>> from priorvol.training.configuration import configuration
    >>> settings = SweepSettings(
    ...     train_size=2, n_runs=0, stop=StoppingPoint(), configuration=configuration({}),
    ...     posterior="infinite", n_samples=1, output_draws=1, measure="k_lz", seed=0)
    >>> len(training_set_of(Target(name="and", function="0001", k=4.0), 0, settings))
    2
    """
    rng = _stream(target, number, settings)
    chosen = rng.permutation(target.m)[: settings.train_size]
    return TrainingSet.of_function(target.function, np.sort(chosen))


def measure_cell(key: CellKey, settings: SweepSettings) -> SweepCell:
    """Train, draw from the posterior, and return what came out of one cell."""
    chosen = training_set_of(key.target, key.number, settings)
    seeds = _stream(key.target, key.number, settings, "seeds").integers(1 << 63, size=2).tolist()
    trained = posterior = None
    if settings.n_runs:
        trained = _train(key, chosen, settings, seeds[0])
    if settings.posterior != "none":
        posterior = _draw(key, chosen, settings, seeds[1])
    return SweepCell(training_set=chosen, trained=trained, posterior=posterior)


def learned(
    table: FunctionTable, target: Target, training_set: TrainingSet, measure: str
) -> Learned:
    """Return errors on the held-out inputs and complexities of a table's functions.

    For draws that come in groups the group is the unit of the standard error.

    Examples
    --------
    >>> table = FunctionTable.from_counts(["0011", "0111"], [3, 1])
    >>> target = Target(name="x1", function="0011", k=6.0)
    >>> found = learned(table, target, TrainingSet([0, 3], [0, 1]), "k_lz")
    >>> found.error, found.k, found.counts
    (0.125, (5.0, 6.0), (1, 3))
    """
    test = training_set.held_out(target.m)
    word = bits.as_word(target.function, target.m)
    words, counts = np.ascontiguousarray(table.functions), np.asarray(table.counts)
    wrong = errors_of(words, target.m, word, test) / len(test)
    error = float(np.average(wrong, weights=counts))
    variance = float(np.average((wrong - error) ** 2, weights=counts))
    units = table.n_groups
    inputs = None if table.task is None else table.task.inputs
    k = complexity.compute(words, measure, m=target.m, inputs=inputs, progress=False)[measure]
    values, place = np.unique(np.round(k, DIGITS), return_inverse=True)
    each = np.zeros(len(values), dtype=np.int64)
    np.add.at(each, place, counts)
    return Learned(
        error=error,
        standard_error=math.sqrt(variance / (units - 1)) if units > 1 else math.nan,
        n_draws=table.n_samples,
        k=tuple(values.tolist()),
        counts=tuple(each.tolist()),
    )


def _train(key: CellKey, chosen: TrainingSet, settings: SweepSettings, seed: int) -> Learned:
    """Train as `priorvol.train_ensemble` does, in one go on one worker."""
    from priorvol.training.production import Work
    from priorvol.training.runs import trainer

    found = trainer(key.task, chosen, (settings.stop,), settings.training)
    outcome = Work(found, 1).train(Span(seed, 1, 0, settings.n_runs))
    (table,) = outcome.tables.values()
    missed = outcome.tally.points[str(settings.stop)].not_reached
    return replace(learned(table, key.target, chosen, settings.measure), missed=missed)


def _draw(key: CellKey, chosen: TrainingSet, settings: SweepSettings, seed: int) -> Learned:
    """Draw from the posterior; where that is refused, say why."""
    from priorvol.posterior_sampling import posterior

    options: dict[str, Any] = {"seed": seed, "n_jobs": 1, "progress": False}
    if settings.posterior == "infinite":
        task, options["n_samples"] = key.task.wide(), settings.n_samples
    else:
        task, options["n_proposals"] = key.task, settings.n_samples
        options["output_draws"] = settings.output_draws
    try:
        table = posterior(task, chosen, **options)
    except ValueError as error:  # P(S) is 0, or the training set is too hard to draw from
        return Learned(error=math.nan, standard_error=math.nan, n_draws=0, refused=str(error))
    return learned(table, key.target, chosen, settings.measure)


def _stream(
    target: Target, number: int, settings: SweepSettings, what: str = "training inputs"
) -> np.random.Generator:
    """Return the stream of one target's training set."""
    name = f"target sweep, {what} of {target.function}, set {number}"
    return generator(settings.seed, name)
