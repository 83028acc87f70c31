"""`MethodErrors`: how far a method without an error is from one that has one, and where."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, complexity
from priorvol.estimators.dispatch import estimate_batch
from priorvol.estimators.registry import method as method_named
from priorvol.task import Task, check_task
from priorvol.text import align

Array = npt.NDArray[np.float64]

LN10 = math.log(10.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class MethodErrors:
    """A method's log10 P beside that of a reference, for many functions.

    Attributes
    ----------
    task : Task
    method, reference : str
        Names of methods.
    functions : (k, words) uint64
        Packed.
    kinds : (k,) array of str
        Which sample of functions each is of.
    log10_p : (k,) float64
        By the reference.
    standard_error : (k,) float64
        Of ``log10_p``.
    method_log10_p : (k,) float64
    converged : (k,) bool
        Of the method.

    Notes
    -----
    Functions that either gives probability 0 are left out; ``n_left_out`` says how many.
    """

    task: Task
    method: str
    reference: str
    functions: bits.Words
    kinds: npt.NDArray[np.str_]
    log10_p: Array
    standard_error: Array
    method_log10_p: Array
    converged: npt.NDArray[np.bool_]
    n_left_out: int = 0

    def __len__(self) -> int:
        """Return the number of functions."""
        return len(self.log10_p)

    @property
    def error(self) -> Array:
        """The method's log10 P less the reference's, (k,); its own error is the reference's."""
        return self.method_log10_p - self.log10_p

    def columns(self) -> dict[str, Array]:
        """Return what the error is held against: log10 P, K_LZ and T, each (k,)."""
        t = bits.unpack(self.functions, self.task.m).sum(axis=1)
        k_lz = complexity.compute(self.functions, "k_lz", m=self.task.m)["k_lz"]
        return {"log10_p": self.log10_p, "k_lz": k_lz, "t": t.astype(np.float64)}

    def lines(self) -> list[str]:
        """Return a table for people: quantiles of the error, all functions and each kind."""
        rows = [["functions", "number", "median", "5%", "95%", "worst", "at log10 P", "ref. error"]]
        for kind in ("all", *dict.fromkeys(self.kinds.tolist())):
            chosen = np.full(len(self), True) if kind == "all" else self.kinds == kind
            error = self.error[chosen]
            worst = int(np.abs(error).argmax())
            cells = [*np.quantile(error, (0.5, 0.05, 0.95)), error[worst]]
            rows.append(
                [
                    str(kind),
                    f"{len(error):,}",
                    *(f"{cell:+.4f}" for cell in cells),
                    f"{self.log10_p[chosen][worst]:.2f}",
                    f"{np.median(self.standard_error[chosen]):.4f}",
                ]
            )
        return align(rows, left=[0])


def method_errors(
    task: Task,
    functions: Mapping[str, Any],
    *,
    method: str = "ep",
    reference: str = "orthant",
    seed: int = 0,
    relative_error: float = 0.01,
    n_jobs: int = -1,
    progress: bool | None = None,
) -> MethodErrors:
    """Estimate functions by a method and by a reference that has an error.

    Parameters
    ----------
    task : Task
        Of infinite width, or a perceptron.
    functions : dict of kind to any form of functions on the task's inputs
        A function that is in several kinds is counted as one of the first.
    method, reference : str
        Names of methods (`priorvol.estimators.methods`).
    seed, relative_error
        Of the reference.
    n_jobs, progress
        As `priorvol.estimate`.

    Raises
    ------
    ValueError
        As `priorvol.estimate_batch`; if there are no functions, or the reference has no error or
        estimates another quantity than the method.

    Examples
    --------
    >>> from priorvol import Architecture
    >>> task = Task(Architecture(2, (math.inf,)))
    >>> found = method_errors(task, {"constants": ["0000", "1111"], "parity": ["0110"]}, n_jobs=1)
    >>> bool((abs(found.error) < 0.1).all()), len(found)
    (True, 3)
    """
    m = check_task(task).m
    chosen, base = method_named(method), method_named(reference)
    if not base.has_error or chosen.suffix != base.suffix:
        raise ValueError(
            f"reference must have an error and estimate {chosen.quantity('f')} as {method!r} does, "
            f"got {reference!r}"
        )
    words, kinds = _distinct(functions, m)
    settings: dict[str, Any] = {"n_jobs": n_jobs, "progress": progress, "seed": seed}
    tested = estimate_batch(task, words, method=method, **settings)
    if "relative_error" in base.options:
        settings["relative_error"] = relative_error
    known = estimate_batch(task, words, method=reference, **settings)
    log10_p = np.array([each.log10_p for each in known])
    method_log10_p = np.array([each.log10_p for each in tested])
    kept = np.isfinite(log10_p) & np.isfinite(method_log10_p)
    return MethodErrors(
        task=task,
        method=method,
        reference=reference,
        functions=words[kept],
        kinds=kinds[kept],
        log10_p=log10_p[kept],
        standard_error=np.array([each.standard_error for each in known])[kept] / LN10,
        method_log10_p=method_log10_p[kept],
        converged=np.array([each.converged for each in tested])[kept],
        n_left_out=int((~kept).sum()),
    )


def _distinct(functions: Mapping[str, Any], m: int) -> tuple[bits.Words, npt.NDArray[np.str_]]:
    """Return each function once with its first kind, in the order of the kinds."""
    if not functions:
        raise ValueError("functions of one kind at least are wanted, got none")
    blocks = [bits.as_words(of_kind, m)[0] for of_kind in functions.values()]
    words = np.concatenate(blocks)
    if not len(words):
        raise ValueError("one function at least is wanted, got none")
    kinds = np.repeat(list(functions), [len(block) for block in blocks])
    first = np.sort(np.unique(words, axis=0, return_index=True)[1])
    return words[first], kinds[first]
