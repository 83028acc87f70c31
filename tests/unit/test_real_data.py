"""Labelled images: what is chosen, how files are read, and every refusal."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from priorvol import bits
from priorvol.real_data import labelled_data

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, size=(40, 3, 2)).astype(np.uint8)
CLASSES = np.arange(40) % 5


@pytest.fixture
def npz(tmp_path):
    """Return a function that writes an archive and returns its path."""

    def write(**arrays):
        path = tmp_path / "data.npz"
        np.savez_compressed(path, **arrays)
        return path

    return write


def test_digits_are_scikit_learns():
    data = labelled_data("digits", n_train=60, n_test=20, seed=3)
    digits = load_digits()
    chosen = np.concatenate([data.train, data.test])
    assert len(np.unique(chosen)) == 80
    np.testing.assert_array_equal(data.inputs.values, digits.data[chosen] / 16)
    labels = digits.target[chosen] % 2
    np.testing.assert_array_equal(bits.unpack(data.target, 80)[0], labels)
    assert data.training_set.indices == tuple(range(60))
    assert data.training_set.labels == tuple(labels[:60])
    np.testing.assert_array_equal(data.test_labels, labels[60:])
    record = data.to_json()
    assert record["train"] == data.train.tolist() and record["test"] == data.test.tolist()
    assert record["test_labelled_1"] == labels[60:].sum()
    assert f"({labels[60:].sum()} of them 1)" in str(data)


def test_the_test_images_stay_and_training_sets_are_nested():
    small = labelled_data("digits", n_train=20, n_test=10, seed=1)
    large = labelled_data("digits", n_train=50, n_test=10, seed=1)
    assert small.test.tolist() == large.test.tolist()
    assert small.train.tolist() == large.train[:20].tolist()
    other = labelled_data("digits", n_train=20, n_test=10, seed=2)
    assert small.test.tolist() != other.test.tolist()


@pytest.mark.parametrize("keys", [("X", "y"), ("x", "y")])
def test_bytes_are_scaled_and_images_flattened(npz, keys):
    path = npz(**{keys[0]: IMAGES, keys[1]: CLASSES[:, None].astype(float)})
    data = labelled_data(path, n_train=12, n_test=5, positive=(0, 4))
    chosen = np.concatenate([data.train, data.test])
    np.testing.assert_array_equal(data.inputs.values, IMAGES[chosen].reshape(17, 6) / 255)
    wanted = np.isin(CLASSES[chosen], (0, 4))
    np.testing.assert_array_equal(bits.unpack(data.target, 17)[0], wanted)
    assert data.positive == (0, 4)


def test_other_numbers_are_taken_as_they_are(npz):
    values = RNG.normal(size=(40, 4))
    data = labelled_data(npz(X=values, y=CLASSES), n_train=12, n_test=5)
    np.testing.assert_array_equal(data.inputs.values[:12], values[data.train])
    assert data.positive == (1, 3)


def test_mnist_keeps_its_two_parts(npz):
    others, labels = IMAGES[::-1], CLASSES[::-1]
    path = npz(x_train=IMAGES, y_train=CLASSES, x_test=others, y_test=labels)
    data = labelled_data(path, n_train=30, n_test=40)
    np.testing.assert_array_equal(data.inputs.values[:30], IMAGES[data.train].reshape(30, 6) / 255)
    np.testing.assert_array_equal(data.inputs.values[30:], others[data.test].reshape(40, 6) / 255)
    np.testing.assert_array_equal(data.test_labels, labels[data.test] % 2)
    assert sorted(data.test.tolist()) == list(range(40))


PLAIN = {"X": IMAGES, "y": CLASSES}
BAD_ARRAYS = {
    "no labels": ({"X": IMAGES}, {}, "X and y, or x_train, .* are wanted; it holds"),
    "half of mnist": ({"x_train": IMAGES, "y_train": CLASSES}, {}, "are wanted; it holds"),
    "lengths": ({"X": IMAGES, "y": CLASSES[:-1]}, {}, "40 points in X, but 39 labels in y"),
    "flat": ({"X": IMAGES[:, 0, 0], "y": CLASSES}, {}, r"got uint8 of shape \(40,\)"),
    "empty": ({"X": IMAGES[:0], "y": CLASSES[:0]}, {}, "a point a row, got uint8 of shape"),
    "text": ({"X": IMAGES.astype(str), "y": CLASSES}, {}, "must hold numbers"),
    "one hot": ({"X": IMAGES, "y": np.eye(40)}, {}, r"a whole number for each point, got float64"),
    "fractions": ({"X": IMAGES, "y": CLASSES + 0.5}, {}, "must be whole numbers, got 0.5"),
    "nan label": (
        {"X": IMAGES, "y": np.where(CLASSES, 1.0, np.nan)},
        {},
        "must be whole numbers, got nan",
    ),
    "nan pixel": (
        {"X": np.where(np.arange(40)[:, None] == 7, np.nan, np.ones((40, 3))), "y": CLASSES},
        {"n_train": 35},
        "inputs must be finite, got nan in (training|test) image 7",
    ),
    "large label": (
        {"X": IMAGES, "y": CLASSES.astype(np.uint64) + np.uint64(2**63)},
        {},
        r"labels in y must be below 2\^63, got 922337203685477581[0-9]",
    ),
    "large float label": (
        {"X": IMAGES, "y": CLASSES * 1e19},
        {},
        r"labels in y must be below 2\^63, got 4e\+19",
    ),
    "unequal sizes": (
        {"X": np.array([IMAGES[0], IMAGES[0, 0]] * 20, dtype=object), "y": CLASSES},
        {},
        "X holds objects, as of unequal sizes, not numbers",
    ),
    "widths": (
        {"x_train": IMAGES, "y_train": CLASSES, "x_test": IMAGES[:, :1], "y_test": CLASSES},
        {},
        "points to train on have 6 numbers, others 2",
    ),
    "one class": ({"X": IMAGES, "y": CLASSES * 0 + 1}, {}, r"of \[1\] all are labelled 1"),
    "all even": ({"X": IMAGES, "y": CLASSES * 2}, {}, "none are labelled 1: say which"),
    "too few": (PLAIN, {"n_train": 36}, "holds 40 images, fewer than n_train [+] n_test = 41"),
    "no such class": (PLAIN, {"positive": (1, 7)}, r"class 7, but the classes are \[0, "),
    "positive": (PLAIN, {"positive": "1"}, "positive must be classes such as"),
    "fraction": (PLAIN, {"positive": (1.5,)}, "positive must be an integer, got 1.5"),
    "n_train": (PLAIN, {"n_train": 1}, "n_train must be at least 2, got 1"),
    "n_test": (PLAIN, {"n_test": 0}, "n_test must be at least 1, got 0"),
    "seed": (PLAIN, {"seed": -1}, "seed must be at least 0"),
    "chance": (
        {"X": IMAGES, "y": (np.arange(40) == 0).astype(int)},
        {"n_train": 3},
        "all 3 training images are labelled 0",
    ),
    "contradiction": (
        {"X": IMAGES * 0, "y": CLASSES},
        {},
        "are equal, but have different labels: no function fits both",
    ),
    "few to test": (
        {"x_train": IMAGES, "y_train": CLASSES, "x_test": IMAGES[:3], "y_test": CLASSES[:3]},
        {},
        "x_test of data.npz holds 3 images, fewer than n_test = 5",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arrays", "options", "message"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_bad_data(npz, arrays, options, message):
    with pytest.raises(ValueError, match=message):
        labelled_data(npz(**arrays), **{"n_train": 12, "n_test": 5} | options)


def test_damaged_files(npz, tmp_path):
    path = npz(**PLAIN)
    whole = path.read_bytes()
    (tmp_path / "pickled.npz").write_bytes(whole)
    np.savez(tmp_path / "pickled.npz", X=np.array([{}] * 40, dtype=object), y=CLASSES)
    np.save(tmp_path / "array.npy", IMAGES)
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    middle = len(whole) // 3
    for name, content in (
        ("cut.npz", whole[: len(whole) // 2]),
        ("flipped.npz", whole[:middle] + b"\xff" * 40 + whole[middle + 40 :]),
        ("empty.npz", b""),
        ("text.npz", b"no archive"),
    ):
        (tmp_path / name).write_bytes(content)
    for name in ("cut", "flipped", "empty", "text", "pickled", "array", "missing"):
        with pytest.raises(ValueError, match=f"cannot read data from .*{name}.npz"):
            labelled_data(tmp_path / f"{name}.npz", n_train=12, n_test=5)
    with pytest.raises(ValueError, match="text.npz: it is no whole .npz archive"):
        labelled_data(tmp_path / "text.npz", n_train=12, n_test=5)
    with pytest.raises(ValueError, match="missing.npz: No such file or directory"):
        labelled_data(tmp_path / "missing.npz", n_train=12, n_test=5)
    with pytest.raises(ValueError, match="data must be digits or an .npz file, got 'digit'"):
        labelled_data("digit", n_train=12, n_test=5)
    with pytest.raises(ValueError, match="data must be digits or the path of an .npz file, got 3"):
        labelled_data(3, n_train=12, n_test=5)
