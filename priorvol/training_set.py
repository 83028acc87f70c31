"""`TrainingSet`: some inputs with their labels; the only way to say S."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol.inputs import MAX_POINTS, check_indices


@dataclass(frozen=True)
class TrainingSet:
    """Inputs of a task, by index, and the label of each.

    Kept in order of index, so that two sets with the same labelled inputs are equal.

    Parameters
    ----------
    indices : sequence of int
        Distinct, at least one.
    labels : sequence of 0, 1 or bool
        f(x) at each index; or 0/1 text.

    Raises
    ------
    ValueError
        If the lengths differ, an index is repeated or negative, or a label is not 0 or 1.

    Examples
    --------
    >>> TrainingSet([5, 2], [1, 0])
    TrainingSet(indices=(2, 5), labels=(0, 1))
    >>> TrainingSet.of_function("0110", [3, 1])
    TrainingSet(indices=(1, 3), labels=(1, 0))
    """

    indices: tuple[int, ...]
    labels: tuple[int, ...]

    def __post_init__(self) -> None:
        """Check both lists and sort them by index."""
        indices = check_indices(self.indices, MAX_POINTS)
        labels = _labels(self.labels)
        if len(labels) != len(indices):
            raise ValueError(
                f"a training set needs a label an index, got {len(indices)} indices and "
                f"{len(labels)} labels"
            )
        order = np.argsort(indices)
        object.__setattr__(self, "indices", tuple(indices[order].tolist()))
        object.__setattr__(self, "labels", tuple(labels[order].tolist()))

    @classmethod
    def of_function(
        cls, function: Any, indices: npt.ArrayLike, *, m: int | None = None
    ) -> TrainingSet:
        """Return the training set that labels some inputs as a function does.

        Parameters
        ----------
        function : any form of one function
            See `priorvol.bits.as_words`.
        indices : sequence of int
        m : int, optional
            Number of inputs, where ``function`` is ``0x`` text or packed words.

        Raises
        ------
        ValueError
            If it is not one function, or an index is repeated or out of range.
        """
        words, m = bits.as_words(function, m)
        word = bits.as_word(words, m)
        chosen = check_indices(indices, m)
        return cls(tuple(chosen.tolist()), tuple(bits.unpack(word[None], m)[0, chosen].tolist()))

    def __len__(self) -> int:
        """Return the number of labelled inputs."""
        return len(self.indices)

    def check(self, m: int) -> TrainingSet:
        """Return itself, or raise ``ValueError`` if an index lies beyond m inputs."""
        if self.indices[-1] >= m:
            raise ValueError(
                f"the training set has index {self.indices[-1]}, but there are m = {m} inputs"
            )
        return self

    def held_out(self, m: int) -> npt.NDArray[np.int64]:
        """Return the indices of the inputs that have no label, rising.

        Examples
        --------
        >>> TrainingSet([0, 2], [1, 1]).held_out(4)
        array([1, 3])
        """
        self.check(m)
        free = np.ones(m, dtype=bool)
        free[list(self.indices)] = False
        return np.flatnonzero(free)

    def fits(self, functions: Any, *, m: int | None = None) -> npt.NDArray[np.bool_]:
        """Return which functions have these labels, (k,) bool.

        Parameters
        ----------
        functions : any form of functions
            See `priorvol.bits.as_words`.
        m : int, optional
            Number of inputs, where ``functions`` are ``0x`` text or packed words.

        Raises
        ------
        ValueError
            If an index lies beyond m inputs.

        Examples
        --------
        >>> TrainingSet([0, 3], [1, 1]).fits(["1001", "1000"])
        array([ True, False])
        """
        words, m = bits.as_words(functions, m)
        self.check(m)
        held = np.zeros((2, m), dtype=bool)
        held[0, list(self.indices)] = True
        held[1, list(self.indices)] = np.array(self.labels, dtype=bool)
        mask, wanted = bits.pack(held)
        fit: npt.NDArray[np.bool_] = (words & mask == wanted).all(axis=1)
        return fit

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict: indices, and labels as 0/1 text."""
        return {"indices": list(self.indices), "labels": "".join(map(str, self.labels))}

    @classmethod
    def from_json(cls, record: Any) -> TrainingSet:
        """Build from what `to_json` returned, or raise ``ValueError``."""
        return checks.from_record(cls, record, "training set")

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{len(self)} training inputs, {sum(self.labels)} of them labelled 1"


def check_training_set(value: Any, m: int) -> TrainingSet:
    """Return a `TrainingSet` whose indices fit m inputs, or raise ``ValueError``."""
    if not isinstance(value, TrainingSet):
        raise ValueError(f"training_set must be a TrainingSet, got {type(value).__name__}")
    return value.check(m)


def _labels(labels: Any) -> npt.NDArray[np.int64]:
    if isinstance(labels, str):
        if set(labels) - {"0", "1"}:
            raise ValueError(f"labels must be written in 0 and 1, got {labels!r:.80}")
        labels = [int(label) for label in labels]
    array = np.asarray(labels)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ValueError(f"labels must be a list of 0 and 1, got {array.dtype} of {array.shape}")
    wrong = array[(array != 0) & (array != 1)]
    if wrong.size:
        raise ValueError(f"labels must be 0 or 1, got {wrong[0]}")
    return array.astype(np.int64)
