"""Training sets: order, equality, refusals, and which functions fit them."""

import json
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from priorvol import bits
from priorvol.training_set import TrainingSet, check_training_set

RNG = np.random.default_rng(30)


def test_kept_in_order_of_index():
    first = TrainingSet([5, 2, 9], [1, 0, 1])
    assert first.indices == (2, 5, 9) and first.labels == (0, 1, 1) and len(first) == 3
    for same in (
        TrainingSet((9, 5, 2), "110"),
        TrainingSet(np.array([2, 5, 9]), np.array([False, True, True])),
        TrainingSet([2, 5, 9], [0.0, 1.0, 1.0]),
    ):
        assert same == first and hash(same) == hash(first)
    assert TrainingSet([2, 5, 9], "111") != first
    assert str(first) == "3 training inputs, 2 of them labelled 1"
    with pytest.raises(FrozenInstanceError):
        first.labels = (1, 1, 1)


@pytest.mark.parametrize(
    ("indices", "labels", "message"),
    [
        ([0, 1], [1], "2 indices and 1 labels"),
        ([0, 0], [1, 1], "distinct"),
        ([-1], [1], "got -1"),
        ([1 << 20], [1], "must lie in"),
        ([], [], "non-empty"),
        ([0.5], [1], "integers"),
        ([0], [2], "labels must be 0 or 1, got 2"),
        ([0], [np.nan], "labels must be 0 or 1, got nan"),
        ([0], [-1], "labels must be 0 or 1, got -1"),
        ([0], "2", "written in 0 and 1"),
        ([0], ["a"], "labels must be a list of 0 and 1"),
        ([0], [[1]], "labels must be a list of 0 and 1"),
    ],
)
def test_refusals(indices, labels, message):
    with pytest.raises(ValueError, match=message):
        TrainingSet(indices, labels)


def test_of_function():
    text = "".join(RNG.choice(["0", "1"], size=70))
    chosen = RNG.permutation(70)[:20]
    wanted = {int(i): int(text[i]) for i in chosen}
    words, m = bits.as_words(text)
    for function, size in ((text, None), (words, 70), (f"0x{int(text, 2):018x}", 70)):
        found = TrainingSet.of_function(function, chosen, m=size)
        assert dict(zip(found.indices, found.labels, strict=True)) == wanted
    assert m == 70
    with pytest.raises(ValueError, match="must lie in 0..3"):
        TrainingSet.of_function("0110", [4])
    with pytest.raises(ValueError, match="one function"):
        TrainingSet.of_function(["0110", "0111"], [0])


@pytest.mark.parametrize("m", [1, 8, 63, 64, 65, 130])
def test_fits_against_plain_comparison(m):
    values = RNG.integers(2, size=(200, m)).astype(bool)
    size = min(m, 3)
    indices = RNG.permutation(m)[:size]
    labels = RNG.integers(2, size=size)
    training_set = TrainingSet(indices, labels)
    wanted = (values[:, indices] == labels).all(axis=1)
    np.testing.assert_array_equal(training_set.fits(bits.pack(values), m=m), wanted)
    np.testing.assert_array_equal(training_set.fits(values), wanted)
    assert 0 < wanted.sum() < 200


def test_held_out_and_check():
    training_set = TrainingSet([1, 3], "01")
    assert training_set.held_out(5).tolist() == [0, 2, 4]
    assert training_set.check(4) is training_set
    assert TrainingSet([0], "1").held_out(1).tolist() == []
    for call in (
        lambda: training_set.check(3),
        lambda: training_set.held_out(3),
        lambda: training_set.fits("010"),
        lambda: check_training_set(training_set, 3),
    ):
        with pytest.raises(ValueError, match="index 3, but there are m = 3"):
            call()
    with pytest.raises(ValueError, match="must be a TrainingSet, got str"):
        check_training_set("01", 2)


def test_json():
    training_set = TrainingSet([7, 0, 3], "101")
    record = json.loads(json.dumps(training_set.to_json()))
    assert record == {"indices": [0, 3, 7], "labels": "011"}
    assert TrainingSet.from_json(record) == training_set
    for bad in (None, {"indices": [0]}, {"indices": [0], "labels": "1", "m": 3}):
        with pytest.raises(ValueError, match="training set"):
            TrainingSet.from_json(bad)
