"""Real data with labels: some images to train on, others to test on, as inputs and training set.

The inputs hold the training images first, then the test images; so functions are read off on both,
and those that fit the training images differ only on the test images.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks
from priorvol.inputs import Inputs
from priorvol.rng import generator
from priorvol.training_set import TrainingSet

_MNIST = ("x_train", "y_train", "x_test", "y_test")
_PLAIN = (("X", "y"), ("x", "y"))
_LARGEST_BYTE = 255.0

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelledData:
    """Labelled images, chosen from a data set.

    Made by `labelled_data`.

    Attributes
    ----------
    inputs : Inputs
        ``n_train`` training images, then ``n_test`` test images, flattened.
    training_set : TrainingSet
        The training images with their labels.
    target : (1, words) uint64 array
        The label of every image, as a function on the inputs.
    train, test : (n_train,), (n_test,) int64 arrays
        Which images of the data set they are; where it has a test part of its own, ``test`` counts
        in that.
    name : str
    positive : tuple of int
        The classes labelled 1; the others are 0.
    """

    inputs: Inputs
    training_set: TrainingSet
    target: bits.Words
    train: Indices
    test: Indices
    name: str
    positive: tuple[int, ...]

    @property
    def test_labels(self) -> npt.NDArray[np.bool_]:
        """Labels of the test images, (n_test,)."""
        return bits.unpack(self.target, self.inputs.m)[0, len(self.train) :]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict of which images were chosen, without their pixels."""
        return {
            "name": self.name,
            "positive": list(self.positive),
            "train": self.train.tolist(),
            "test": self.test.tolist(),
            "train_labelled_1": sum(self.training_set.labels),
            "test_labelled_1": int(self.test_labels.sum()),
        }

    def __str__(self) -> str:
        """Return one line for people."""
        classes = ", ".join(map(str, self.positive))
        n_train, n_test = len(self.train), len(self.test)
        return (
            f"{self.name}, classes {classes} labelled 1: {n_train:,} training images "
            f"({sum(self.training_set.labels):,} of them 1), {n_test:,} test images "
            f"({int(self.test_labels.sum()):,} of them 1)"
        )


def labelled_data(
    source: str | Path,
    *,
    n_train: int,
    n_test: int,
    seed: int = 0,
    positive: Iterable[int] | None = None,
) -> LabelledData:
    """Choose training and test images of a data set, at random without replacement.

    Parameters
    ----------
    source : "digits" or path
        scikit-learn's 8 x 8 handwritten digits, pixels scaled to [0, 1]; or an .npz file with
        arrays X and y, or with x_train, y_train, x_test and y_test, as MNIST is passed around:
        points a row (images of any shape are flattened) and whole numbers as labels. Pixels of
        unsigned bytes are divided by 255, other numbers are taken as they are.
    n_train, n_test : int
        Numbers of images. The test images do not depend on ``n_train``, and the training images of
        a smaller number are the first of those of a larger one.
    seed : int
        Of the choice, in [0, 2^64).
    positive : ints, optional
        Classes that are labelled 1; by default the odd ones.

    Raises
    ------
    ValueError
        If the file cannot be read, lacks an array, or holds arrays of the wrong shape or kind; if
        pixels are not finite, there are too few images, a class is not there, the training images
        have one label only, or two that are equal have different labels.

    Examples
    --------
    >>> data = labelled_data("digits", n_train=50, n_test=20)
    >>> print(data)  # doctest: +NORMALIZE_WHITESPACE
    digits, classes 1, 3, 5, 7, 9 labelled 1: 50 training images (25 of them 1),
    20 test images (12 of them 1)
    >>> data.inputs.m, bool(data.training_set.fits(data.target, m=70)[0])
    (70, True)
    """
    n_train = checks.integer("n_train", n_train, low=2)
    n_test = checks.integer("n_test", n_test, low=1)
    rng = generator(seed, "labelled data")
    if not isinstance(source, str | Path):
        raise ValueError(f"data must be digits or the path of an .npz file, got {source!r:.80}")
    name, parts = _digits() if str(source) == "digits" else _npz(Path(source))
    positive = _positive(positive, np.concatenate([labels for _, labels in parts]))
    if len(parts) == 1:
        ((points, labels),) = parts
        _check_number(name, len(labels), n_train + n_test, f"n_train + n_test = {n_train + n_test}")
        order = rng.permutation(len(labels))
        test, train = order[:n_test], order[n_test : n_test + n_train]
        chosen = points[np.concatenate([train, test])]
        classes = labels[np.concatenate([train, test])]
    else:
        (points, labels), (others, other_labels) = parts
        _check_number(f"x_train of {name}", len(labels), n_train, f"n_train = {n_train}")
        _check_number(f"x_test of {name}", len(other_labels), n_test, f"n_test = {n_test}")
        train = rng.permutation(len(labels))[:n_train]
        test = rng.permutation(len(other_labels))[:n_test]
        chosen = np.concatenate([points[train], others[test]])
        classes = np.concatenate([labels[train], other_labels[test]])
    ones = np.isin(classes, positive)
    values = _scaled(chosen)
    _check_finite(name, values, train, test)
    _check_training(values[:n_train], ones[:n_train], train)
    try:
        inputs = Inputs(values, name=f"{n_train} + {n_test} images of {name}")
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return LabelledData(
        inputs=inputs,
        training_set=TrainingSet(tuple(range(n_train)), tuple(ones[:n_train].astype(int).tolist())),
        target=bits.pack(ones[None]),
        train=train,
        test=test,
        name=name,
        positive=positive,
    )


Part = tuple[npt.NDArray[Any], npt.NDArray[np.int64]]


def _digits() -> tuple[str, list[Part]]:
    from sklearn.datasets import load_digits

    data = load_digits()
    return "digits", [(data.data / 16.0, data.target.astype(np.int64))]


def _npz(path: Path) -> tuple[str, list[Part]]:
    """Return the points and the labels of a file, in one part, or in those to train and test on."""
    if path.suffix.lower() != ".npz":
        raise ValueError(f"data must be digits or an .npz file, got {str(path)!r}")
    try:
        with path.open("rb") as stream:  # np.load leaves a path open if the archive is damaged
            if not is_zipfile(stream):
                raise ValueError("it is no whole .npz archive")
            stream.seek(0)
            loaded: Any = np.load(stream, allow_pickle=False)
            names = list(loaded.files)
            layouts = [pair for pair in (*_PLAIN, _MNIST) if set(pair) <= set(names)]
            if not layouts:
                raise ValueError(f"X and y, or {', '.join(_MNIST)}, are wanted; it holds {names}")
            arrays = {key: _array(loaded, key) for key in layouts[0]}
    except OSError as error:
        raise ValueError(f"cannot read data from {path}: {error.strerror or error}") from None
    except (EOFError, ValueError, KeyError, zlib.error, BadZipFile) as error:
        raise ValueError(f"cannot read data from {path}: {error}") from None
    keys = layouts[0]
    parts = [
        _part(path, x, arrays[x], y, arrays[y]) for x, y in zip(keys[::2], keys[1::2], strict=True)
    ]
    widths = [points.shape[1] for points, _ in parts]
    if len(set(widths)) > 1:
        raise ValueError(f"{path}: points to train on have {widths[0]} numbers, others {widths[1]}")
    return path.name, parts


def _array(archive: Any, key: str) -> Any:
    try:
        return archive[key]
    except ValueError as error:
        if "Object arrays" in str(error):
            raise ValueError(f"{key} holds objects, as of unequal sizes, not numbers") from None
        raise


def _part(path: Path, x: str, points: Any, y: str, labels: Any) -> Part:
    """Return points and labels of the right shapes and kinds, or raise ``ValueError``."""
    if points.ndim < 2 or points.size == 0 or points.dtype.kind not in "buif":
        raise ValueError(
            f"{path}: {x} must hold numbers, a point a row, got {points.dtype} of shape "
            f"{points.shape}"
        )
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "buif":
        raise ValueError(
            f"{path}: {y} must hold a whole number for each point, got {labels.dtype} of shape "
            f"{labels.shape}"
        )
    if len(labels) != len(points):
        raise ValueError(
            f"{path}: {len(points):,} points in {x}, but {len(labels):,} labels in {y}"
        )
    if labels.dtype.kind in "uf" and labels.size and labels.max() >= 2.0**63:
        raise ValueError(f"{path}: labels in {y} must be below 2^63, got {labels.max()}")
    if labels.dtype.kind == "f":
        wrong = labels[~np.isfinite(labels) | (labels != np.floor(labels))]
        if wrong.size:
            raise ValueError(f"{path}: labels in {y} must be whole numbers, got {wrong[0]}")
    return points.reshape(len(points), -1), labels.astype(np.int64)


def _positive(wanted: Iterable[int] | None, labels: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """Return the classes that are labelled 1, or raise ``ValueError``."""
    known = np.unique(labels).tolist()
    if wanted is None:
        chosen = [label for label in known if label % 2 == 1]
    else:
        if isinstance(wanted, str) or not isinstance(wanted, Iterable):
            raise ValueError(f"positive must be classes such as (1, 3, 5), got {wanted!r}")
        chosen = sorted({checks.integer("positive", label) for label in wanted})
        stray = [label for label in chosen if label not in known]
        if stray:
            raise ValueError(f"positive names class {stray[0]}, but the classes are {known}")
    if not chosen or len(chosen) == len(known):
        raise ValueError(
            f"two classes are wanted, but of {known} {'none' if not chosen else 'all'} are "
            "labelled 1: say which with positive"
        )
    return tuple(chosen)


def _check_number(what: str, held: int, wanted: int, said: str) -> None:
    if wanted > held:
        raise ValueError(f"{what} holds {held:,} images, fewer than {said}")


def _scaled(points: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    values = points.astype(np.float64)
    return values / _LARGEST_BYTE if points.dtype == np.uint8 else values


def _check_finite(
    name: str, values: npt.NDArray[np.float64], train: Indices, test: Indices
) -> None:
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if wrong.size:
        place = int(wrong[0])
        part, image = (
            ("training", train[place]) if place < len(train) else ("test", test[place - len(train)])
        )
        value = values[place][~np.isfinite(values[place])][0]
        raise ValueError(f"{name}: inputs must be finite, got {value} in {part} image {image}")


def _check_training(
    values: npt.NDArray[np.float64], ones: npt.NDArray[np.bool_], train: Indices
) -> None:
    """Refuse training images of one class, and equal ones with different labels."""
    if ones.all() or not ones.any():
        raise ValueError(
            f"all {len(ones)} training images are labelled {int(ones[0])}: take more, or another "
            "seed"
        )
    _, first, which = np.unique(values, axis=0, return_index=True, return_inverse=True)
    differs = np.flatnonzero(ones != ones[first[which.reshape(-1)]])
    if differs.size:
        one = int(differs[0])
        other = int(first[which.reshape(-1)[one]])
        raise ValueError(
            f"training images {train[other]} and {train[one]} of the data are equal, but have "
            "different labels: no function fits both"
        )
