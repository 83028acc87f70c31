"""`GaussianPrediction`: the law of the outputs of infinitely wide networks after training."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol.gaussian import GaussianLaw
from priorvol.result import Estimate
from priorvol.rng import check_seed
from priorvol.task import Task
from priorvol.training_set import TrainingSet

if TYPE_CHECKING:
    from priorvol.table import FunctionTable

Array = npt.NDArray[np.float64]

METHODS = ("ntk", "nngp")


@dataclass(frozen=True, eq=False, kw_only=True)
class GaussianPrediction:
    """Mean and covariance of the outputs on all inputs, and the functions that they give.

    Made by `priorvol.infinite.dynamics.train_prediction` and `nngp_regression`.

    Attributes
    ----------
    law : GaussianLaw
        Of the outputs on the m inputs; fixed outputs have variance exactly 0.
    task : Task
    training_set : TrainingSet
    method : "ntk" or "nngp"
        Networks trained by gradient descent, or the posterior of regression with the prior's own
        covariance.
    parametrization : str or None
        In which the networks are trained; None for ``"nngp"``, which trains nothing.
    time : float or None
        Of gradient flow; ``math.inf`` is the limit. None after steps of gradient descent.
    steps : int or None
        Of gradient descent.
    learning_rate : float or None
    targets : float
        Labels 0 and 1 ask for outputs ``-targets`` and ``targets``.
    noise : float
        Variance of the noise of ``"nngp"``.
    unfitted : tuple of int
        Training inputs that are not fitted however long the training: those whose tangent kernel
        is 0 (they never move), or whose targets the kernel cannot meet together, as two equal
        inputs with different labels; up to rounding.
    time_scales : (float, float) or None
        Shortest and longest time in which an error on the training inputs falls by a factor e,
        at the learning rate; None for ``"nngp"``, and where no training input moves.

    Examples
    --------
    >>> from priorvol import Architecture, Prior, Task
    >>> from priorvol.infinite.dynamics import train_prediction
    >>> task = Task(Architecture(3, (math.inf,)), Prior(sigma_b=0.5))
    >>> prediction = train_prediction(task, TrainingSet([0, 5, 6], [0, 1, 1]))
    >>> prediction.mean[[0, 5, 6]], prediction.expected_loss
    (array([-1.,  1.,  1.]), 0.0)
    """

    law: GaussianLaw
    task: Task
    training_set: TrainingSet
    method: str
    parametrization: str | None
    time: float | None
    steps: int | None
    learning_rate: float | None
    targets: float
    noise: float
    unfitted: tuple[int, ...]
    time_scales: tuple[float, float] | None

    def __post_init__(self) -> None:
        """Check that the parts fit."""
        checks.choice("method", self.method, METHODS)
        self.training_set.check(self.law.m)
        if self.law.m != self.task.m:
            raise ValueError(f"law has {self.law.m} outputs, but the task has {self.task.m} inputs")

    @property
    def mean(self) -> Array:
        """Mean of the outputs, (m,) float64."""
        return self.law.mean

    @property
    def covariance(self) -> Array:
        """Covariance of the outputs, (m, m) float64."""
        return self.law.covariance

    @property
    def standard_deviation(self) -> Array:
        """Standard deviation of each output, (m,) float64."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    @cached_property
    def expected_loss(self) -> float:
        """Expected training loss, (1/2) mean over training inputs of E[(h - y)^2]."""
        chosen = np.array(self.training_set.indices)
        wanted = target_outputs(self.training_set, self.targets)
        squares = (self.mean[chosen] - wanted) ** 2 + np.diag(self.covariance)[chosen]
        return float(np.mean(squares)) / 2

    @cached_property
    def ones(self) -> Array:
        """P(f(x) = 1) of each input, (m,) float64; 0 or 1 where the output is fixed."""
        from scipy.special import ndtr

        deviation = self.standard_deviation
        fixed = deviation == 0.0
        place = self.mean / np.where(fixed, 1.0, deviation)
        return np.where(fixed, self.mean > 0.0, ndtr(place)).astype(np.float64)

    def accuracy(self, function: Any, indices: npt.ArrayLike | None = None) -> float:
        """Return the expected fraction of inputs on which f agrees with a function.

        Exact: the mean of P(f(x) = function(x)), which needs no joint law.

        Parameters
        ----------
        function : any form of one function
            See `priorvol.bits.as_words`.
        indices : sequence of int, optional
            Which inputs; by default those that are not in the training set.

        Raises
        ------
        ValueError
            If it is not one function on m inputs, an index is repeated or out of range, or no
            input is left out of training and none is given.
        """
        from priorvol.inputs import check_indices

        wanted = bits.unpack(bits.as_word(function, self.law.m)[None], self.law.m)[0]
        if indices is None:
            indices = self.training_set.held_out(self.law.m)
        chosen = check_indices(indices, self.law.m)
        right = np.where(wanted, self.ones, 1.0 - self.ones)
        return float(np.mean(right[chosen]))

    def probability(
        self,
        function: Any,
        *,
        method: str = "orthant",
        seed: int = 0,
        level: float = 0.95,
        relative_error: float | None = None,
    ) -> Estimate:
        """Return the probability that training ends on a function, P(f|S).

        Parameters
        ----------
        function : any form of one function
            See `priorvol.bits.as_words`.
        method : str
            ``"orthant"`` (exact but for a stated error), ``"ep"``, ``"ep-probit"``, ``"laplace"``
            or ``"genz"``; see `priorvol.estimators.methods`.
        seed, level, relative_error
            As for `priorvol.estimate`.

        Returns
        -------
        Estimate
            A function that contradicts a fixed output, such as a training label that is met
            without error, has probability 0 exactly.

        Raises
        ------
        ValueError
            If it is not one function on m inputs, or an option is out of range.
        """
        word = bits.as_word(function, self.law.m)
        (found,) = self.probabilities(
            word[None],
            method=method,
            seed=seed,
            level=level,
            relative_error=relative_error,
            n_jobs=1,
            progress=False,
        )
        return found

    def probabilities(
        self,
        functions: Any,
        *,
        method: str = "orthant",
        seed: int = 0,
        level: float = 0.95,
        relative_error: float | None = None,
        n_jobs: int = -1,
        progress: bool | None = None,
    ) -> list[Estimate]:
        """Return the probability of each of some functions; the rest as `probability`.

        Parameters
        ----------
        functions : any form of functions on the task's inputs
            See `priorvol.bits.as_words`.
        method, seed, level, relative_error
            As for `probability`.
        n_jobs, progress
            As for `priorvol.estimate_batch`.
        """
        from priorvol.estimators.laws import Request, estimate_law
        from priorvol.estimators.registry import GAUSSIAN, methods
        from priorvol.estimators.registry import method as method_named

        words, _ = bits.as_words(functions, self.law.m)
        known = [each.name for each in methods() if each.tasks == GAUSSIAN]
        options = {} if relative_error is None else {"relative_error": relative_error}
        request = Request(
            method=method_named(checks.choice("method", method, known)),
            of="f",
            seed=check_seed(seed),
            level=checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True),
            n_jobs=checks.jobs(n_jobs),
            progress=progress,
            options=options,
        )
        found = estimate_law(self.law, words, request) if len(words) else []
        return [replace(e, quantity=e.quantity.replace("P(f)", self.quantity)) for e in found]

    @property
    def quantity(self) -> str:
        """What `probability` and `functions` are about."""
        return f"P_{self.method.upper()}(f|S)"

    def functions(
        self, n_samples: int, *, seed: int = 0, n_jobs: int = -1, progress: bool | None = None
    ) -> FunctionTable:
        """Return functions drawn from the prediction, as a table.

        Parameters
        ----------
        n_samples, seed, n_jobs, progress
            As for `priorvol.collect`.

        Returns
        -------
        FunctionTable
            Its source says what was trained and how; tables of one prediction add up.

        Raises
        ------
        ValueError
            If an argument is out of range.
        """
        from priorvol.gaussian_functions import law_table
        from priorvol.sources import GaussianProcess

        names = {"ntk": "trained at infinite width", "nngp": "NNGP regression"}
        record = {"name": names[self.method], "quantity": self.quantity} | self._conditions()
        return law_table(
            self.law,
            n_samples=n_samples,
            task=self.task,
            source=GaussianProcess(record),
            seed=seed,
            n_jobs=n_jobs,
            progress=progress,
        )

    def _conditions(self) -> dict[str, Any]:
        """Return all that fixes the law, beside the task."""
        record: dict[str, Any] = {"training_set": self.training_set.to_json()}
        if self.method == "ntk":
            record["parametrization"] = self.parametrization
            record["learning_rate"] = self.learning_rate
            if self.steps is None:
                record["time"] = "inf" if self.time == math.inf else self.time
            else:
                record["steps"] = self.steps
        else:
            record["noise"] = self.noise
        return record | {"targets": self.targets}

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; infinite time is ``"inf"``."""
        record = {"task": self.task.to_json(), "method": self.method} | self._conditions()
        return record | {
            "unfitted": list(self.unfitted),
            "time_scales": None if self.time_scales is None else list(self.time_scales),
            "expected_loss": self.expected_loss,
            "mean": self.mean.tolist(),
            "covariance": self.covariance.tolist(),
        }

    def __str__(self) -> str:
        """Return a few lines for people."""
        lines = [f"{self.task}", f"{self._how()}; targets -{self.targets:g}, +{self.targets:g}"]
        lines.append(f"{self.training_set}; expected loss {self.expected_loss:.4g}")
        if self.unfitted:
            shown = ", ".join(map(str, self.unfitted[:8]))
            more = ", ..." if len(self.unfitted) > 8 else ""
            lines.append(
                f"never fitted: {len(self.unfitted)} of the training inputs ({shown}{more})"
            )
        return "\n".join(lines)

    def _how(self) -> str:
        if self.method == "nngp":
            return f"NNGP regression, noise variance {self.noise:g}"
        where = f"learning rate {self.learning_rate:g}, {self.parametrization} parametrisation"
        if self.steps is not None:
            return f"{self.steps:,} steps of gradient descent, {where}"
        return f"gradient flow to t = {self.time:g}, {where}"


def target_outputs(training_set: TrainingSet, targets: Any = 1.0) -> Array:
    """Return the outputs (s,) that labels ask for: ``-targets`` for 0, ``targets`` for 1.

    Raises
    ------
    ValueError
        If ``targets`` is not a number above 0.

    Examples
    --------
    >>> target_outputs(TrainingSet([1, 3], [1, 0]), 0.5)
    array([ 0.5, -0.5])
    """
    size = checks.real("targets", targets, low=0.0, open_low=True)
    return np.where(np.array(training_set.labels) == 1, size, -size)
