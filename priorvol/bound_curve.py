"""PAC-Bayes bounds beside the error that they bound, over training sets of many sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol.pac_bayes import FORMS, pac_bayes_bound, sample_training_inputs
from priorvol.posterior_sampling import posterior
from priorvol.progress import progress_bar
from priorvol.rng import check_seed, generator
from priorvol.task import Task, check_task
from priorvol.text import align
from priorvol.training_set import TrainingSet

Array = npt.NDArray[np.float64]
Sizes = npt.NDArray[np.int64]

EVIDENCES = ("certified", "orthant", "ep")
"""What P(S) a bound is fed with: a lower limit, the estimate that it belongs to, or EP."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PACBayesCurve:
    """What `pac_bayes_curve` returns; ``print`` shows it as a table.

    Arrays have an entry a size, a corruption and a training set: shape (sizes, corruptions, sets).

    Attributes
    ----------
    task : Task
    target : str
        Uncorrupted, as ``0x`` text.
    sizes : (s,) int64
        Draws m of a training set, repeats included.
    corruptions : (c,) float64
    delta, delta_evidence : float
        Probability that a certified bound may fail, and the lower limit's share of it.
    form : str
        Of the bound, one of `priorvol.pac_bayes.FORMS`.
    n_samples : int
        Functions of each posterior, at least.
    seed : int
    distinct : int64
        Distinct inputs among the m.
    error : float64
        Mean error of the posterior's functions on all inputs, training inputs included, against the
        corrupted target that labelled S; nan where the posterior could not be drawn from.
    log_p, log_p_low, log_p_ep : float64
        ln P(S) in nats: by orthants, its lower limit, and by EP.
    """

    task: Task
    target: str = field(repr=False)
    sizes: Sizes
    corruptions: Array
    delta: float
    delta_evidence: float
    form: str
    n_samples: int
    seed: int
    distinct: Sizes = field(repr=False)
    error: Array = field(repr=False)
    log_p: Array = field(repr=False)
    log_p_low: Array = field(repr=False)
    log_p_ep: Array = field(repr=False)

    @property
    def n_sets(self) -> int:
        """Training sets of each size and corruption."""
        return int(self.error.shape[2])

    def epsilon(self, evidence: str = "certified", *, form: str | None = None) -> Array:
        """Return the bounds on the error.

        Parameters
        ----------
        evidence : str
            ``"certified"``: the lower limit of P(S), the formula at delta less that limit's share;
            ``"orthant"`` or ``"ep"``: the estimate as it is, the formula at delta.
        form : str, optional
            Default: the curve's.

        Raises
        ------
        ValueError
            If there is no such evidence or form.
        """
        checks.choice("evidence", evidence, EVIDENCES)
        form = checks.choice("form", self.form if form is None else form, FORMS)
        certified = evidence == "certified"
        delta = self.delta - self.delta_evidence if certified else self.delta
        values = {"certified": self.log_p_low, "orthant": self.log_p, "ep": self.log_p_ep}[evidence]
        sizes = np.broadcast_to(self.sizes[:, None, None], values.shape)
        bounds = [
            pac_bayes_bound(min(log_p, 0.0), m, delta=delta, form=form).epsilon
            for log_p, m in zip(values.ravel().tolist(), sizes.ravel().tolist(), strict=True)
        ]
        return np.array(bounds).reshape(values.shape)

    def failures(self, evidence: str = "certified", *, form: str | None = None) -> tuple[int, int]:
        """Return in how many training sets the error exceeds the bound, and of how many.

        Those whose posterior could not be drawn from are not among them.
        """
        measured = np.isfinite(self.error)
        above = self.error > self.epsilon(evidence, form=form)
        return int((above & measured).sum()), int(measured.sum())

    def over_sets(self, values: Array, *, level: float = 0.95) -> tuple[Array, Array, Array]:
        """Return the mean over training sets and the ends of its interval, each (s, c).

        Parameters
        ----------
        values : (s, c, sets) array
            Such as ``error`` or ``epsilon()``; nan is left out.
        level : float
            Of the interval, which is Student's t and holds the scatter between sets as well as that
            of the draws within.

        Raises
        ------
        ValueError
            If the shape or the level is wrong.
        """
        from scipy.special import stdtrit

        checks.real("level", level, low=0.0, high=1.0, open_low=True, open_high=True)
        array = np.asarray(values, dtype=np.float64)
        if array.shape != self.error.shape:
            raise ValueError(f"values must be of shape {self.error.shape}, got {array.shape}")
        held = np.isfinite(array)
        n = held.sum(axis=2).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):  # one set has no interval
            mean = np.where(held, array, 0.0).sum(axis=2) / n
            squares = np.where(held, array - mean[..., None], 0.0) ** 2
            error = np.sqrt(squares.sum(axis=2) / (n * (n - 1)))
            half = stdtrit(n - 1, 0.5 + level / 2) * error
        return mean, mean - half, mean + half

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; values that are not finite are None."""
        arrays = {"error": self.error, "log_p": self.log_p, "log_p_low": self.log_p_low}
        arrays["log_p_ep"] = self.log_p_ep
        arrays |= {f"epsilon_{name}": self.epsilon(name) for name in EVIDENCES}
        return {
            "task": self.task.to_json(),
            "target": self.target,
            "sizes": self.sizes.tolist(),
            "corruptions": self.corruptions.tolist(),
            "delta": self.delta,
            "delta_evidence": self.delta_evidence,
            "form": self.form,
            "n_samples": self.n_samples,
            "seed": self.seed,
            "distinct": self.distinct.tolist(),
            **{name: _finite(array.tolist()) for name, array in arrays.items()},
        }

    def __str__(self) -> str:
        """Return a table with a line a size and corruption."""
        heading = ["m", "distinct", "corrupted", "ln P(S)", "mean error", "", "bound", "by EP"]
        rows = [[*heading, "fails"]]
        error, low, high = self.over_sets(self.error)
        certified = self.epsilon()
        bound, ep = certified.mean(axis=2), self.epsilon("ep").mean(axis=2)
        for i, m in enumerate(self.sizes.tolist()):
            for j, corruption in enumerate(self.corruptions.tolist()):
                held = np.isfinite(self.error[i, j])
                above = int((self.error[i, j] > certified[i, j])[held].sum())
                rows.append(
                    [
                        f"{m:,}",
                        f"{self.distinct[i, j].mean():.1f}",
                        f"{100 * corruption:g}%",
                        f"{self.log_p[i, j].mean():.2f}",
                        f"{error[i, j]:.4f}",
                        f"[{low[i, j]:.4f}, {high[i, j]:.4f}]",
                        f"{bound[i, j]:.4f}",
                        f"{ep[i, j]:.4f}",
                        f"{above} of {int(held.sum())}",
                    ]
                )
        return "\n".join(
            [
                f"{self.task}: {self.n_sets:,} training sets each; {self.form} form, "
                f"delta = {self.delta:g}, of which {self.delta_evidence:g} for P(S)",
                *align(rows),
            ]
        )


def pac_bayes_curve(
    task: Task,
    target: Any,
    *,
    sizes: Sequence[int],
    corruptions: Sequence[float] = (0.0,),
    n_sets: int = 20,
    delta: float = 0.05,
    share: float = 0.1,
    form: str = "mcallester",
    n_samples: int = 500,
    relative_error: float = 0.02,
    seed: int = 0,
    progress: bool | None = None,
) -> PACBayesCurve:
    """Measure the posterior's mean error and its bounds over sizes and label corruption.

    Every training set has a target of its own, corrupted by `corrupt_target`, which labels the m
    inputs and is what errors are counted against; and inputs of its own, drawn with replacement
    from all inputs of the task.

    Parameters
    ----------
    task : Task
        Of infinite width, or a perceptron with Gaussian parameters. Its inputs, all equally likely,
        are the data distribution.
    target : any form of one function
        See `priorvol.bits.as_words`.
    sizes : sequence of int
        Draws m of a training set.
    corruptions : sequence of float
        Shares of the inputs whose label is replaced by a fair coin.
    n_sets : int
        Training sets of each size and corruption, at least 2.
    delta, share, form
        As `priorvol.pac_bayes.certified_bound`.
    n_samples : int
        Functions drawn from each posterior.
    relative_error : float
        Of each P(S), as in `priorvol.estimate`.
    seed : int
        Each training set has streams of its own: other sizes and corruptions do not change it.
    progress : bool, optional
        Progress bar on standard error; by default where that is a terminal.

    Raises
    ------
    ValueError
        If an argument is out of range, or the task's outputs are not Gaussian.

    Examples
    --------
    >>> import math
    >>> from priorvol import Architecture
    >>> task = Task(Architecture(3, (math.inf,)))
    >>> found = pac_bayes_curve(task, "00001111", sizes=[8], n_sets=5, n_samples=100)
    >>> found.failures()
    (0, 5)
    """
    from priorvol.infinite.covariance import output_law

    output_law(check_task(task))  # refuses outputs that are not Gaussian
    word = bits.as_word(target, task.m)
    labels = bits.unpack(word[None], task.m)[0]
    ms = [checks.integer("sizes", m, low=1, high=1 << 24) for m in _several("sizes", sizes)]
    shares = [
        checks.real("corruptions", c, low=0.0, high=1.0)
        for c in _several("corruptions", corruptions)
    ]
    n_sets = checks.integer("n_sets", n_sets, low=2)
    n_samples = checks.integer("n_samples", n_samples, low=1)
    delta = checks.real("delta", delta, low=0.0, high=0.5, open_low=True, open_high=True)
    share = checks.real("share", share, low=0.0, high=1.0, open_low=True, open_high=True)
    checks.choice("form", form, FORMS)
    check_seed(seed)
    cells = [(m, c, k) for m in ms for c in shares for k in range(n_sets)]
    found = []
    options = {"relative_error": relative_error, "level": 1 - 2 * share * delta}
    with progress_bar(len(cells), "training sets", delay=1.0, progress=progress) as bar:
        for m, corruption, number in cells:
            rng = generator(seed, f"PAC-Bayes, m = {m}, corruption {corruption!r}, set {number}")
            found.append(_measure(task, labels, m, corruption, rng, n_samples, options))
            bar.update(1)
    columns = np.array(found, dtype=np.float64).T.reshape(5, len(ms), len(shares), n_sets)
    return PACBayesCurve(
        task=task,
        target=bits.to_text(word[None], task.m, base=16)[0],
        sizes=np.array(ms, dtype=np.int64),
        corruptions=np.array(shares, dtype=np.float64),
        delta=delta,
        delta_evidence=share * delta,
        form=form,
        n_samples=n_samples,
        seed=seed,
        distinct=columns[0].astype(np.int64),
        error=columns[1],
        log_p=columns[2],
        log_p_low=columns[3],
        log_p_ep=columns[4],
    )


def corrupt_target(
    labels: npt.ArrayLike, share: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Return labels of which some, each with probability ``share``, are replaced by a fair coin.

    Corrupted once for all inputs, so that an input drawn twice has one label.

    Examples
    --------
    >>> corrupt_target([True, False, True], 0.0, np.random.default_rng(0)).tolist()
    [True, False, True]
    """
    array = np.asarray(labels, dtype=bool)
    chosen = rng.random(len(array)) < share
    return np.where(chosen, rng.random(len(array)) < 0.5, array)


def _measure(
    task: Task,
    labels: npt.NDArray[np.bool_],
    m: int,
    corruption: float,
    rng: np.random.Generator,
    n_samples: int,
    options: dict[str, Any],
) -> tuple[float, ...]:
    """Return distinct inputs, mean error, ln P(S), its lower limit and EP's, for one set."""
    from priorvol.estimators import estimate

    seeds = rng.integers(1 << 63, size=3).tolist()
    corrupted = corrupt_target(labels, corruption, rng)
    indices = np.unique(sample_training_inputs(task.m, m, seed=seeds[0]))
    chosen = TrainingSet(tuple(indices.tolist()), tuple(corrupted[indices].tolist()))
    evidence = estimate(task, chosen, seed=seeds[1], n_jobs=1, progress=False, **options)
    ep = estimate(task, chosen, method="ep", n_jobs=1, progress=False)
    error = _mean_error(task, chosen, corrupted, n_samples, seeds[2])
    return len(indices), error, evidence.log_p, evidence.low, ep.log_p


def _mean_error(
    task: Task,
    chosen: TrainingSet,
    target: npt.NDArray[np.bool_],
    n_samples: int,
    seed: int,
) -> float:
    """Return the mean error of functions drawn from the posterior; nan where that is refused."""
    try:
        table = posterior(task, chosen, n_samples=n_samples, seed=seed, n_jobs=1, progress=False)
    except ValueError:  # P(S) is 0, or the training set is too hard to draw from
        return math.nan
    wrong = (bits.unpack(table.functions, task.m) != target).mean(axis=1)
    return float(np.average(wrong, weights=table.counts))


def _several(name: str, values: Any) -> list[Any]:
    if isinstance(values, str) or not np.iterable(values) or not len(list(values)):
        raise ValueError(f"{name} must be a sequence of numbers, got {values!r:.80}")
    kept = list(values)
    if len(set(kept)) != len(kept):
        raise ValueError(f"{name} must be distinct, got {kept}")
    return kept


def _finite(values: Any) -> Any:
    if isinstance(values, list):
        return [_finite(value) for value in values]
    return values if math.isfinite(values) else None
