"""Functions drawn at a given complexity: their law, against every function there is."""

import math
from functools import partial

import numpy as np
import pytest
from agreement import assert_within

from priorvol import FunctionTable, bits, boolean_cube, complexity, draw_targets
from priorvol.sweep import atlas_targets, given_targets, targets
from priorvol.sweep.words import FlatWalk, level_of, propose


def every_word(m):
    words = np.arange(1 << m, dtype=np.uint64)[:, None]
    return words, level_of(words, m)


# The chain


def test_moves_are_as_likely_as_their_inverses():
    m, number = 4, 60_000
    words, _ = every_word(m)
    counts = np.zeros((16, 16))
    rng = np.random.default_rng(0)
    for word in range(16):
        x = np.repeat(bits.unpack(words[word][None], m).astype(bool), number, axis=0)
        found = bits.pack(propose(x, rng))[:, 0].astype(np.int64)
        counts[word] = np.bincount(found, minlength=16)
    above = np.triu_indices(16, 1)
    there, back = counts[above], counts.T[above]
    held = there + back > 0
    assert_within(there[held] - back[held], 0.0, np.sqrt(there + back)[held])
    assert (np.linalg.matrix_power((counts > 0).astype(float), 16) > 0).all()  # irreducible


def test_chains_are_uniform_within_a_level():
    from scipy.stats import chi2

    m = 6
    words, levels = every_word(m)
    walk = FlatWalk(m, np.random.default_rng(1), n_chains=4000, n_steps=60)
    walk.walk(100)
    ends = np.bincount(bits.pack(walk._x)[:, 0].astype(np.int64), minlength=1 << m)
    statistic, freedom = 0.0, 0
    for level in np.unique(levels):
        seen = ends[levels == level]
        expected = seen.sum() / len(seen)
        assert expected >= 5
        statistic += float(((seen - expected) ** 2).sum() / expected)
        freedom += len(seen) - 1
    assert len(words) - len(np.unique(levels)) == freedom
    assert chi2.sf(statistic, freedom) > 1e-4  # chains are independent, given the weights


def test_the_number_of_words_at_each_level():
    m = 10
    _, levels = every_word(m)
    truth = np.log(np.bincount(levels)[np.unique(levels)])
    found = []
    for seed in range(8):
        walk = FlatWalk(m, np.random.default_rng(seed), n_chains=96, n_steps=80)
        walk.walk(120)
        assert np.isin(walk.seen, levels).all()
        found.append(walk.log_number[np.unique(levels)])
    error = np.std(found, axis=0, ddof=1) / math.sqrt(8)
    assert_within(np.mean(found, axis=0), truth, error)
    assert error.max() < 0.15


def test_drawn_words_are_of_their_level():
    walk = FlatWalk(32, np.random.default_rng(3), n_chains=128, n_steps=300)
    found = walk.draw([10, 13, 16], 20)
    for level, words in found.items():
        assert (level_of(words, 32) == level).all()
        assert len(np.unique(words, axis=0)) == len(words) == 20


# Targets


def test_all_functions_of_a_small_cube():
    words, levels = every_word(8)
    for k in (3.0, 9.0, 15.0):
        found = draw_targets(8, [k], per_level=10_000)
        wanted = set(bits.to_text(words[levels == k / 1.5], 8))
        assert {target.function for target in found} == wanted
        assert {target.k for target in found} == {k}
    some = [draw_targets(8, [12.0], per_level=1, seed=seed)[0].function for seed in range(400)]
    members = bits.to_text(words[levels == 8], 8)
    counts = np.array([some.count(text) for text in members])
    p = 1.0 / len(members)
    assert counts.sum() == 400
    assert_within(counts, 400 * p, np.sqrt(400 * p * (1 - p)))


def test_targets_of_a_larger_cube(monkeypatch):
    shorter = partial(FlatWalk, n_chains=64, n_steps=200)
    monkeypatch.setattr(targets, "FlatWalk", shorter)
    task = boolean_cube(5)
    found = draw_targets(task, [5, 15, 33, 47], per_level=3, seed=2)
    assert found == draw_targets(32, [5, 15, 33, 47], per_level=3, seed=2)
    assert found != draw_targets(32, [5, 15, 33, 47], per_level=3, seed=3)
    k = complexity.k_lz([target.function for target in found])
    np.testing.assert_array_equal(k, [target.k for target in found])
    assert k.tolist() == [5.0] * 2 + [15.0] * 3 + [32.5] * 3 + [47.5] * 3
    assert len({target.name for target in found}) == 11
    assert all(target.origin == "uniform given K_LZ" for target in found)


def test_default_levels():
    found = draw_targets(16, per_level=1)
    levels = [target.k for target in found]
    assert 6 <= len(levels) <= 8 and levels[0] == 4.0 and levels == sorted(set(levels))
    mean = level_of(np.arange(1 << 16, dtype=np.uint64)[:, None], 16).mean() * 2.0
    assert abs(levels[-1] - mean) <= 2.0


def test_draws_of_a_prior():
    table = FunctionTable.from_counts(["00001111", "00110000", "01101001"], [5, 90, 5])
    k = complexity.k_lz(table).tolist()
    found = draw_targets(8, sorted(set(k)), per_level=5, prior=table)
    assert {t.function for t in found} == {"00001111", "00110000", "01101001"}
    assert {t.origin for t in found} == {"prior given K_LZ"}
    pair = FunctionTable.from_counts(["00000000", "11111111"], [90, 10])
    seeds = range(300)
    first = [draw_targets(8, [3], per_level=1, prior=pair, seed=s)[0].ones == 0 for s in seeds]
    assert_within(sum(first), 270, math.sqrt(300 * 0.9 * 0.1))


def test_atlas_and_given():
    every = atlas_targets(3)
    assert len({t.function for t in every}) == len(every) and every[0].name == "zero"
    assert atlas_targets(3, ["parity"])[0].k == 15.0
    (given,) = given_targets(np.array([[True, False, False, True]]), m=4, measure="entropy")
    assert (given.name, given.function, given.k, given.ones, given.m) == ("0x9", "1001", 1.0, 2, 4)
    assert given.to_json()["function"] == given.hexadecimal == "0x9"
    assert given_targets(every, m=8) == every


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_targets(3), "number of inputs must be at least 4"),
        (lambda: draw_targets(2048), "number of inputs"),
        (lambda: draw_targets("cube"), "number of inputs"),
        (lambda: draw_targets(16, []), "k must be a sequence"),
        (lambda: draw_targets(16, "20"), "k must be a sequence"),
        (lambda: draw_targets(16, 20.0), "k must be a sequence"),
        (lambda: draw_targets(16, [-1.0]), "k must be at least 0"),
        (lambda: draw_targets(16, [math.nan]), "k must be finite"),
        (lambda: draw_targets(16, [18, 18.4]), "same nearest complexity, 18 bits"),
        (lambda: draw_targets(16, per_level=0), "per_level"),
        (lambda: draw_targets(16, seed=-1), "seed"),
        (lambda: draw_targets(16, prior="table"), "prior must be a FunctionTable"),
        (
            lambda: draw_targets(16, prior=FunctionTable.from_counts(["01"], [1])),
            "prior has m = 2",
        ),
        (
            lambda: draw_targets(
                4, prior=FunctionTable.from_counts(["0011", "0111"], [5, 1]).at_least(2)
            ),
            "prior must list every draw, but 1 of 6",
        ),
        (lambda: atlas_targets(3, "parity"), "list of names"),
        (lambda: atlas_targets(3, ["paritty"]), "parity"),
        (lambda: atlas_targets(8), "n must be"),
        (lambda: given_targets(["0011", "001"], m=4), "4|m"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
