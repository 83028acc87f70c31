"""Baselines without a network: exact laws against enumeration and another library."""

from itertools import product

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from priorvol import bits
from priorvol.comparison import compare
from priorvol.comparison.baselines import MOST_TESTS, baselines
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.table import FunctionTable
from priorvol.training_set import TrainingSet

QUICK = {"n_bootstrap": 0, "n_permutations": 0, "n_ceiling": 0}
TARGET = "01101000"
S = TrainingSet.of_function(TARGET, [1, 4, 5])


def found_for(target, training_set, inputs=None):
    m = len(target)
    test = np.arange(m) if training_set is None else training_set.held_out(m)
    word = bits.as_word(target, m)
    return {b.name: b for b in baselines(word, training_set, test, m=m, inputs=inputs)}


def law_of(functions, target, test):
    """Return the law of errors of equally likely functions."""
    wrong = [sum(f[i] != target[i] for i in test) for f in functions]
    return np.bincount(wrong, minlength=len(test) + 1) / len(wrong)


@pytest.mark.parametrize("target", [TARGET, "00000000", "11111111", "00110011"])
@pytest.mark.parametrize("indices", [[1, 4, 5], [0], [0, 1, 2, 3, 4, 5, 6]])
def test_laws_of_random_functions_are_those_of_all_functions(target, indices):
    training_set = TrainingSet.of_function(target, indices)
    test = training_set.held_out(8).tolist()
    every = ["".join(f) for f in product("01", repeat=8)]
    fit = [f for f in every if all(f[i] == target[i] for i in indices)]
    same = [f for f in every if f.count("1") == target.count("1")]
    found = found_for(target, training_set)
    for name, functions in (
        ("random, fit S", fit),
        ("random, target's T, fit S", sorted(set(fit) & set(same))),
        ("random, target's T", same),
    ):
        law = law_of(functions, target, test)
        assert np.allclose(found[name].p, law, atol=1e-12), name
        assert found[name].error == pytest.approx(law @ np.arange(len(law)) / len(test))


def test_majority_is_the_constant_of_the_labels_and_ties_are_even():
    found = found_for(TARGET, S)["majority class"]  # labels 1, 1, 0
    assert found.error == pytest.approx(4 / 5)
    assert found.p.tolist() == [0, 0, 0, 0, 1, 0]
    even = found_for(TARGET, TrainingSet.of_function(TARGET, [0, 1]))["majority class"]
    assert even.error == 0.5
    assert even.p.tolist() == [0, 0, 0.5, 0, 0.5, 0, 0]
    same = found_for("0011", TrainingSet([0, 2], [0, 1]))["majority class"]
    assert same.p.tolist() == [0, 1, 0]


def test_the_nearest_neighbour_by_hand():
    # 000 and 111 labelled 0 and 1: each input follows the nearer of them
    target = "00010111"
    training_set = TrainingSet([0, 7], [0, 1])
    found = found_for(target, training_set, boolean_cube(3))["nearest neighbour"]
    assert found.error == 0.0
    # with 100 labelled 1 as well: 001 and 010 stay with 000, 101 and 110 go with 100 and 111
    third = TrainingSet([0, 4, 7], [0, 1, 1])
    found = found_for("00011111", third, boolean_cube(3))["nearest neighbour"]
    assert found.error == 0.0


def test_ties_of_neighbours_are_averaged_by_all_choices():
    rng = np.random.default_rng(0)
    inputs = boolean_cube(4, "pm1")
    target = "".join(rng.choice(["0", "1"], 16))
    training_set = TrainingSet.of_function(target, [0, 3, 5, 6, 9, 15])
    test = training_set.held_out(16)
    choices = []
    for i in test:
        distance = (inputs.values[list(training_set.indices)] != inputs.values[i]).sum(axis=1)
        nearest = np.flatnonzero(distance == distance.min())
        wrong = [training_set.labels[j] != int(target[i]) for j in nearest]
        choices.append(wrong)
    law = np.zeros(len(test) + 1)
    for chosen in product(*choices):
        law[sum(chosen)] += 1 / np.prod([len(c) for c in choices])
    found = found_for(target, training_set, inputs)["nearest neighbour"]
    assert np.allclose(found.p, law)
    assert found.error == pytest.approx(law @ np.arange(len(law)) / len(test))


def test_neighbours_of_points_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(90, 5))
    labels = (points[:, 0] + 0.5 * points[:, 1] ** 2 > 0.3).astype(int)
    training_set = TrainingSet(np.arange(40), labels[:40])
    found = found_for("".join(map(str, labels)), training_set, array_inputs(points))
    other = KNeighborsClassifier(1).fit(points[:40], labels[:40])
    wanted = 1 - other.score(points[40:], labels[40:])
    assert found["nearest neighbour"].error == pytest.approx(wanted)


def test_without_a_training_set_only_what_sees_no_label():
    found = found_for("0110", None, boolean_cube(2))
    assert list(found) == ["random", "random, target's T"]
    same = [f for f in map("".join, product("01", repeat=4)) if f.count("1") == 2]
    assert np.allclose(found["random, target's T"].p, law_of(same, "0110", range(4)))


def test_many_test_inputs_have_a_mean_only():
    m = MOST_TESTS + 10
    target = np.arange(m) % 4 == 0
    word = bits.pack(target[None])[0]
    training_set = TrainingSet(np.arange(8), target[:8].astype(int))
    inputs = array_inputs(np.arange(float(m))[:, None])
    found = baselines(word, training_set, training_set.held_out(m), m=m, inputs=inputs)
    assert len(found) == 5
    assert all(each.p is None and 0 < each.error < 1 for each in found)
    assert all(np.isnan(each.quantile(0.5)) for each in found)


def test_compare_shows_them():
    table = FunctionTable.from_counts([TARGET, "11111111"], [30, 20])
    found = compare(table, table, target=TARGET, training_set=S, **QUICK)
    names = [each.name for each in found.errors.baselines]
    assert names[0] == "majority class"
    assert found.errors.majority == pytest.approx(4 / 5)
    text = str(found)
    assert all(name in text for name in names)
    record = found.to_json()["errors"]["baselines"]
    assert [each["name"] for each in record] == names
    assert len(record[0]["p"]) == 6
