"""Ensembles of finite networks, trained by the package, beside the band of infinite width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import checks
from priorvol.architecture import MAX_WIDTH
from priorvol.infinite.covariance import limit_layers, tangent_kernel
from priorvol.infinite.dynamics import train_prediction
from priorvol.infinite.empirical import networks, output_covariance
from priorvol.infinite.kernel_descent import KernelDescent, Response
from priorvol.infinite.prediction import GaussianPrediction, target_outputs
from priorvol.rng import check_seed, generator
from priorvol.task import Task, check_task
from priorvol.text import align
from priorvol.training.outputs import trained_outputs
from priorvol.training_set import TrainingSet

Array = npt.NDArray[np.float64]

EXAMPLES = 12
"""Single networks that are kept at each width."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shift:
    """How far a statistic of the outputs is from infinite width, at each width and input.

    Attributes
    ----------
    values, errors : (w, m) float64
        Finite less infinite width, and standard errors.
    squared, squared_error : (w,) float64
        Mean square over the inputs, without what noise adds to it, and so negative at times where
        it is nearly 0; its standard error, by the jackknife over networks.
    """

    values: Array = field(repr=False)
    errors: Array = field(repr=False)
    squared: Array
    squared_error: Array

    @property
    def distance(self) -> Array:
        """Root mean square over the inputs, (w,) float64; 0 where noise hides it."""
        return np.sqrt(np.maximum(self.squared, 0.0))

    @property
    def distance_error(self) -> Array:
        """Standard error of the distance, (w,) float64; infinite where noise hides it."""
        with np.errstate(divide="ignore"):
            return np.asarray(self.squared_error / (2.0 * self.distance), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingBand:
    """What `training_band` returns; ``print`` shows it as a table.

    Attributes
    ----------
    prediction : GaussianPrediction
        The law of the outputs at infinite width.
    widths : (w,) int64
    n_networks : int
        At each width.
    seed : int
    mean, standard_deviation : (w, m) float64
        Of the outputs of the ensemble of each width.
    examples : (w, k, m) float64
        Outputs of the first networks of each.
    mean_shift, deviation_shift : Shift
        How far the ensembles' mean and standard deviation are from those of infinite width; by
        differences from the infinite-width response to each network's own start (see
        `training_band`), which know it much better than ``mean`` and ``standard_deviation``.
    """

    prediction: GaussianPrediction
    widths: npt.NDArray[np.int64]
    n_networks: int
    seed: int
    mean: Array = field(repr=False)
    standard_deviation: Array = field(repr=False)
    examples: Array = field(repr=False)
    mean_shift: Shift = field(repr=False)
    deviation_shift: Shift = field(repr=False)

    @property
    def shifts(self) -> dict[str, Shift]:
        """The shifts of both statistics, by name."""
        return {"mean": self.mean_shift, "standard deviation": self.deviation_shift}

    def exponent(
        self, statistic: str = "mean", *, from_width: int = 1, correction: float | None = None
    ) -> tuple[float, float]:
        """Return the power of the width that a distance goes with, and its standard error.

        A straight line through ln distance against ln width, weighted by the errors. Smooth
        activations go to -1 in wide networks. For ReLU the mean goes to -1/2, since units switch
        sides in training (the kernel of one network then changes by O(width^(-1/2))).

        Parameters
        ----------
        statistic : "mean" or "standard deviation"
        from_width : int
            Narrower networks are left out.
        correction : float, optional
            Adds a term in width^(-correction) to the line: what the next order does to narrower
            networks, 1 for smooth activations and 1/2 for ReLU.

        Raises
        ------
        ValueError
            If there is no such statistic, too few widths are left (two; three with a correction),
            the correction is not above 0, or noise hides one of the distances.
        """
        shift = self.shifts[checks.choice("statistic", statistic, self.shifts)]
        used = self.widths >= checks.integer("from_width", from_width, low=1)
        x = np.log(self.widths[used])
        terms = [np.ones(len(x)), x]
        if correction is not None:
            power = checks.real("correction", correction, low=0.0, open_low=True)
            terms.append(np.exp(-power * x))
        if len(x) < len(terms):
            raise ValueError(
                f"{len(terms)} widths from {from_width} on are needed, got {self.widths.tolist()}"
            )
        squared, error = shift.squared[used], shift.squared_error[used]
        if (squared <= 2.0 * error).any():
            width = self.widths[used][squared <= 2.0 * error][0]
            raise ValueError(
                f"{self.n_networks:,} networks do not tell the {statistic} at width {width:,} "
                "from that of infinite width: train more, or leave out wide ones"
            )
        root_weight = 2.0 * squared / error  # over the errors of ln distance
        design = np.column_stack(terms) * root_weight[:, None]
        inverse = np.linalg.pinv(design)
        found = inverse @ (np.log(squared) / 2.0 * root_weight)
        return float(found[1]), float(np.linalg.norm(inverse[1]))

    def __str__(self) -> str:
        """Return a table with a line a width."""
        rows = [["width", "mean's distance", "standard deviation's"]]
        for i, width in enumerate(self.widths.tolist()):
            cells = []
            for shift in self.shifts.values():
                square, error = float(shift.squared[i]), float(shift.squared_error[i])
                shown = f"{shift.distance[i]:.2g} +- {shift.distance_error[i]:.1g}"
                most = math.sqrt(max(square, 0.0) + 2.0 * error)
                cells.append(shown if square > 2.0 * error else f"< {most:.2g}")
            rows.append([f"{width:,}", *cells])
        about = f"{self.n_networks:,} networks a width, against the band of infinite width"
        return "\n".join([str(self.prediction), about, *align(rows)])


def training_band(
    task: Task,
    training_set: TrainingSet,
    widths: Sequence[int],
    *,
    steps: int,
    learning_rate: float = 1.0,
    targets: float = 1.0,
    parametrization: str = "ntk",
    n_networks: int = 200,
    seed: int = 0,
    n_jobs: int = -1,
    progress: bool | None = None,
) -> TrainingBand:
    """Train finite networks and hold their outputs against those of infinite width.

    Full-batch gradient descent on half the mean squared error, from the prior
    (`priorvol.training.outputs.trained_outputs`), against
    `priorvol.infinite.dynamics.train_prediction` after as many steps (1806.07572; 1902.06720,
    section 3).

    Parameters
    ----------
    task : Task
        Of infinite width; every hidden layer is given each width in turn.
    training_set : TrainingSet
    widths : sequence of int
        Distinct; kept in rising order.
    steps, learning_rate, targets, parametrization
        As for `priorvol.infinite.dynamics.train_prediction`; in the standard parametrisation
        networks are trained at ``learning_rate`` / width.
    n_networks : int
        At each width, at least 3.
    seed : int
        Widths have streams of their own.
    n_jobs, progress
        As for `priorvol.train_ensemble`.

    Returns
    -------
    TrainingBand

    Raises
    ------
    ValueError
        As `priorvol.infinite.dynamics.train_prediction`, or if the task has no hidden layer, a
        number is out of range, or a network diverges.

    Notes
    -----
    Shifts come of differences from the infinite-width response to each network's own start, h' =
    R(h_0), which takes off the scatter of the start: E[h'] is the infinite network's mean exactly,
    and the variance of h' given a network's hidden layers is that of R under the covariance of its
    outputs given those.

    Examples
    --------
    >>> from priorvol import Architecture
    >>> task = Task(Architecture(2, (math.inf,), "erf"))
    >>> found = training_band(
    ...     task, TrainingSet([1, 2], [0, 1]), [4, 64], steps=50, n_networks=100, n_jobs=1
    ... )
    >>> bool(found.mean_shift.distance[1] < found.mean_shift.distance[0])
    True
    """
    limit_layers(check_task(task), "training_band")
    if not task.architecture.hidden:
        raise ValueError("training_band needs hidden layers, got a perceptron")
    if isinstance(widths, str) or not isinstance(widths, Sequence | np.ndarray) or len(widths) == 0:
        raise ValueError(f"widths must be a sequence of integers, got {widths!r}")
    chosen = sorted({checks.integer("width", width, low=1, high=MAX_WIDTH) for width in widths})
    count = checks.integer("n_networks", n_networks, low=3)
    check_seed(seed)
    how: dict[str, Any] = {"steps": steps, "learning_rate": learning_rate}
    prediction = train_prediction(
        task, training_set, targets=targets, parametrization=parametrization, **how
    )
    kernel = tangent_kernel(task, parametrization=parametrization)
    response = KernelDescent(kernel, np.array(training_set.indices)).descent(**how)
    found = []
    for width in chosen:
        finite = Task(
            replace(task.architecture, hidden=(width,) * len(task.architecture.hidden)),
            task.prior,
            task.inputs,
        )
        own = int(generator(seed, f"training band, width {width}").integers(2**63))
        points = ("epochs=0", f"epochs={prediction.steps}")
        trained = trained_outputs(
            finite,
            training_set,
            n_runs=count,
            stop=tuple(dict.fromkeys(points)),
            seed=own,
            n_jobs=n_jobs,
            progress=progress,
            loss="mse",
            targets=targets,
            learning_rate=learning_rate / (1 if parametrization == "ntk" else width),
            parametrization=parametrization,
            max_epochs=prediction.steps,
        )
        if trained.diverged.any():
            raise ValueError(
                f"{int(trained.diverged.sum()):,} of {count:,} networks of width {width:,} "
                f"diverged: learning_rate = {learning_rate} is too large for them"
            )
        start, end = (trained[point] for point in points)
        found.append(_Statistics(prediction, response, finite, own, start, end))
    return TrainingBand(
        prediction=prediction,
        widths=np.array(chosen, dtype=np.int64),
        n_networks=count,
        seed=seed,
        mean=np.array([each.mean for each in found]),
        standard_deviation=np.array([each.deviation for each in found]),
        examples=np.array([each.examples for each in found]),
        mean_shift=_shift([each.mean_shift() for each in found]),
        deviation_shift=_shift([each.deviation_shift() for each in found]),
    )


class _Statistics:
    """The outputs of one ensemble (n, m) beside infinite width."""

    def __init__(
        self,
        prediction: GaussianPrediction,
        response: Response,
        task: Task,
        seed: int,
        start: Array,
        end: Array,
    ) -> None:
        self.mean, self.deviation = end.mean(axis=0), end.std(axis=0, ddof=1)
        self.examples = end[:EXAMPLES]
        self._limit = prediction.standard_deviation
        goal = target_outputs(prediction.training_set, prediction.targets)
        linear = response.outputs(start.T, goal).T
        moved = response.outputs(np.eye(task.m), np.zeros(len(goal)))
        expected = [
            ((moved @ output_covariance(task, parameters)) * moved).sum(axis=1)
            for parameters in networks(task, len(end), seed)
        ]
        self._gaps = end - linear
        away, linear_away = end - prediction.mean, linear - prediction.mean
        self._squares = away**2 - linear_away**2 + np.array(expected)

    def mean_shift(self) -> tuple[Array, Array, float, float]:
        """Return the shift of the mean (m,), its errors, its mean square and the error of that."""
        everything, without = _means(self._gaps)
        return everything, *_jackknife(everything, without)

    def deviation_shift(self) -> tuple[Array, Array, float, float]:
        """Return the same of the standard deviation."""
        gap, gap_without = _means(self._gaps)
        square, square_without = _means(self._squares)

        def shift(gap: Array, square: Array) -> Array:
            return np.asarray(np.sqrt(np.maximum(square - gap**2, 0.0)) - self._limit)

        everything = shift(gap, square)
        return everything, *_jackknife(everything, shift(gap_without, square_without))


def _means(values: Array) -> tuple[Array, Array]:
    """Return the mean (m,) of the rows and, (n, m), those without each row in turn."""
    total = values.sum(axis=0)
    return total / len(values), (total - values) / (len(values) - 1)


def _jackknife(everything: Array, without: Array) -> tuple[Array, float, float]:
    """Return errors (m,), and the mean square over the entries without noise, with its error."""
    n = len(without)
    squares = np.square(without).mean(axis=1)
    square = n * float(np.square(everything).mean()) - (n - 1) * float(squares.mean())
    factor = math.sqrt((n - 1) ** 2 / n)
    return factor * without.std(axis=0, ddof=1), square, factor * float(squares.std(ddof=1))


def _shift(found: list[tuple[Array, Array, float, float]]) -> Shift:
    values, errors, squared, squared_error = (np.array(each) for each in zip(*found, strict=True))
    return Shift(values=values, errors=errors, squared=squared, squared_error=squared_error)
