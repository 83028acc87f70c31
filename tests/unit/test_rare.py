"""Simple but rare functions: intervals where P(f) is known, every row recomputed, odd tables."""

import json
import math
from dataclasses import fields

import numpy as np
import pytest
from scipy.stats import binom

from priorvol import (
    Architecture,
    FunctionTable,
    Prior,
    Task,
    atlas,
    bits,
    boolean_cube,
    collect,
    complexity,
    symmetry,
)
from priorvol.simplicity import RareFunctions, simple_but_rare, simple_functions, upper_envelope

PER_ROW = [
    *("functions", "complexity", "t", "names", "counts", "orbit_sizes"),
    *("p", "low", "high", "gap"),
]


def drawn(n, samples, seed=0, *, encoding="01", hidden=(6,), sigma_b=0.5):
    task = Task(Architecture(n, hidden), Prior(sigma_b=sigma_b), boolean_cube(n, encoding))
    return collect(task, n_samples=samples, seed=seed, n_jobs=1, progress=False)


@pytest.fixture(scope="module")
def five():
    return simple_but_rare(drawn(5, 20_000), "bdd_size")


def assert_covered(inside, runs, level):
    """Fail if an interval holds the truth in fewer independent runs than its level allows."""
    assert len(inside) and runs > 1
    chances = binom.cdf(inside, runs, level)
    assert chances.min() > 1e-5 / len(inside), f"in {inside[chances.argmin()]} of {runs} runs"


# Coverage


def test_intervals_hold_the_known_probabilities_of_a_perceptron():
    """Perceptrons of two inputs without bias: P is 1/4, 1/8 four times, 1/4, and 0 elsewhere."""
    truth = dict.fromkeys(["0100", "0010", "0101", "0011"], 1 / 8)
    truth |= dict.fromkeys(["0000", "0111"], 1 / 4)
    task = Task(Architecture(2), Prior(sigma_b=0.0))
    runs, level = 300, 0.8
    inside = {}
    for counts in np.random.default_rng(2).multinomial(200, list(truth.values()), size=runs):
        table = FunctionTable(list(truth), counts, task=task)
        found = simple_but_rare(table, level=level)
        assert found.symmetries == ("permutation",)
        for text, low, high in zip(found.texts(), found.low, found.high, strict=True):
            key = min(bits.to_text(symmetry.orbit(text, found.symmetries), 4))
            inside.setdefault(key, 0)
            inside[key] += low <= truth.get(text, 0.0) <= high
    assert len(inside) == 12
    assert_covered(np.array(list(inside.values())), runs, level)
    assert inside["0001"] == runs  # never drawn, P = 0


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["01", "pm1"])
def test_intervals_hold_the_frequencies_of_a_larger_run(encoding):
    """Each orbit by itself over independent runs, those that were not drawn among them."""
    options = {"encoding": encoding, "hidden": (4,)}
    reference = simple_but_rare(drawn(3, 20_000_000, 1, **options), "sop_terms")
    p = dict(zip(reference.texts(), reference.p, strict=True))
    runs, level = 60, 0.9
    inside = dict.fromkeys(p, 0)
    unseen = 0
    for seed in range(2, 2 + runs):
        found = simple_but_rare(drawn(3, 2000, seed, **options), "sop_terms", level=level)
        unseen += (found.counts == 0).sum()
        for text, low, high in zip(found.texts(), found.low, found.high, strict=True):
            inside[text] += low <= p[text] <= high
    assert len(inside) == {"01": 40, "pm1": 14}[encoding]
    assert unseen > runs
    # the larger run has 10,000 times the draws: its error is a hundredth of an interval
    assert_covered(np.array(list(inside.values())), runs, level)


# Rows


@pytest.mark.parametrize(
    ("n", "encoding", "measure"),
    [(4, "01", "k_lz"), (3, "pm1", "lz76_words"), (5, "01", "average_sensitivity")],
)
def test_every_row_is_the_simplest_of_its_orbit(n, encoding, measure):
    table = drawn(n, 5000, encoding=encoding)
    found = simple_but_rare(table, measure)
    symmetries = symmetry.task_symmetries(table.task)
    listed = simple_functions(measure, n)
    every = symmetry.canonical(listed.functions, symmetries, m=1 << n)
    k = complexity.compute(listed.functions, measure, m=1 << n)[measure]
    best = {}
    for place, image in enumerate(every):
        key = (k[place], *listed.functions[place].tolist())
        best[image.tobytes()] = min(best.get(image.tobytes(), key), key)
    rows = zip(found.complexity, found.functions.tolist(), strict=True)
    assert sorted((c, *f) for c, f in rows) == sorted(best.values())
    assert (found.complete_up_to, found.families) == (listed.complete_up_to, listed.families)
    for i in range(0, len(found), 7):
        orbit = symmetry.orbit(found.functions[i], symmetries, m=1 << n)
        places = [table.index(word) for word in orbit]
        assert found.counts[i] == sum(int(table.counts[p]) for p in places if p is not None)
        assert found.orbit_sizes[i] == len(orbit)


def test_the_order_of_rows(five):
    # the bound is 1 up to T = 2, so that what was not drawn has one gap there
    steep = FunctionTable.from_counts(["00000111", "00001111"], [990, 10])
    steep = simple_but_rare(steep, "entropy")
    assert len(set(steep.complexity[steep.gap == steep.gap[0]])) == 3
    for found in (five, steep):
        unnamed = [not name for name in found.names]
        words = found.functions[:, 0].tolist()
        keys = list(zip(-found.gap, found.complexity, unnamed, words, strict=True))
        assert keys == sorted(keys)
        ties = (np.diff(found.gap) == 0) & (np.diff(found.complexity) == 0)
        assert ties.any()


@pytest.mark.parametrize("min_count", [1, 2, 20])
def test_the_bound_is_that_of_frequent_functions_and_at_most_one(min_count):
    table = drawn(4, 20_000)
    found = simple_but_rare(table, "entropy", min_count=min_count)
    frequent = np.asarray(table.counts) >= min_count
    k = complexity.entropy(table)[frequent]
    expected = upper_envelope(k, np.log(np.asarray(table.counts)[frequent] / 20_000))
    assert found.envelope == expected and found.min_count == min_count
    # P <= 1 whatever the line says
    steep = FunctionTable.from_counts(["0001", "0010", "0110"], [60, 50, 1])
    found = simple_but_rare(steep, "entropy", min_count=1)
    zero = found.complexity == 0
    assert found.envelope.log_p([0.0])[0] > 1
    np.testing.assert_allclose(found.gap[zero], -np.log2(found.high[zero]))


def test_flips_pool_a_point_wherever_it_is():
    task = Task(Architecture(3, (4,)), Prior(sigma_b=1.0), boolean_cube(3, "pm1"))
    texts = ["00000000", *(f"{1 << i:08b}" for i in range(8)), "11111110", "00010111"]
    table = FunctionTable.from_counts(texts, [100, *range(1, 9), 30, 5], task=task)
    found = simple_but_rare(table, "sop_literals")
    assert found.symmetries == ("permutation", "flips", "complement")
    assert len(found) == 14
    point = [i for i in range(len(found)) if found.t[i] in (1, 7)]
    assert len(point) == 1
    assert (found.counts[point[0]], found.orbit_sizes[point[0]]) == (36 + 30, 16)
    constant = np.flatnonzero(np.isin(found.t, [0, 8]))
    assert (found.counts[constant], found.orbit_sizes[constant]) == ([100], [2])


# Tables whose task is not known


@pytest.mark.parametrize("measure", ["bdd_size", "k_lz"])
@pytest.mark.parametrize("n", [3, 4])
def test_an_unknown_task_lists_every_function_by_itself(n, measure):
    rng = np.random.default_rng(n)
    words = np.unique(bits.pack(rng.random((40, 1 << n)) < 0.3), axis=0)
    counts = rng.integers(2, 1000, len(words))
    found = simple_but_rare(FunctionTable(words, counts, m=1 << n), measure)
    assert (found.symmetries, len(found)) == ((), 1 << (1 << n))
    assert set(found.orbit_sizes.tolist()) == {1}
    expected = dict(zip(words[:, 0].tolist(), counts.tolist(), strict=True))
    rows = zip(found.functions[:, 0].tolist(), found.counts.tolist(), strict=True)
    assert {word: count for word, count in rows if count} == expected
    k = complexity.compute(found.functions, measure, m=1 << n)[measure]
    np.testing.assert_array_equal(found.complexity, k)
    names = {name: text for text, name in zip(found.texts(), found.names, strict=True) if name}
    for entry in atlas.entries(n):
        if entry.name in names:
            assert names[entry.name] == entry.text  # itself, not with its inputs permuted
    assert {e.text for e in atlas.entries(n)} == set(names.values())


def test_an_unknown_task_on_five_inputs_lists_whole_families():
    dictators = ["".join("01"[i >> j & 1] for i in range(32)) for j in range(5)]
    table = FunctionTable.from_counts([*dictators[:2], "0" * 32], [20, 10, 50])
    found = simple_but_rare(table, "bdd_size")
    counts = dict(zip(found.texts(), found.counts.tolist(), strict=True))
    assert [counts[text] for text in dictators] == [20, 10, 0, 0, 0]
    one = np.flatnonzero(found.complexity == 1)
    assert len(one) == 10  # five inputs and their complements
    assert found.complete_up_to == 4


# Parts of the list


def assert_same_rows(found, other, places):
    assert len(found) == len(places)
    for name in PER_ROW:
        picked = [getattr(other, name)[i] for i in places]
        np.testing.assert_array_equal(np.array(getattr(found, name)), np.array(picked))
    for field in fields(RareFunctions):
        if field.name not in PER_ROW:
            assert getattr(found, field.name) == getattr(other, field.name)


def test_taking_rows(five):
    places = np.array([5, 0, 3])
    assert_same_rows(five.take(places), five, places.tolist())
    named = [i for i, name in enumerate(five.names) if name]
    assert 0 < len(named) < len(five)
    assert_same_rows(five.named(), five, named)


def test_taking_no_rows(five):
    none = five.take(np.array([], dtype=np.int64))
    assert (len(none), none.texts(), none.named().names) == (0, [], ())
    lines = none.lines()
    assert lines[0].split()[:2] == ["gap", "(bits)"] and lines[1] == ""
    assert none.to_json()["functions"] == []


def test_texts(five):
    assert five.texts(3) == bits.to_text(five.functions[:3], 32)
    assert five.texts(3, base=16) == bits.to_text(five.functions[:3], 32, base=16)
    assert len(five.texts()) == len(five)
    six = simple_but_rare(drawn(6, 3000), "entropy")
    assert all(text.startswith("0x") and len(text) == 18 for text in six.texts())


def test_lines(five):
    lines = five.lines(5)
    assert len(lines) == 1 + 5 + 1 + 6
    assert lines[0].split() == (
        "gap (bits) function bdd_size T orbit count P 95% interval name".split()
    )
    for i, line in enumerate(lines[1:6]):
        cells = line.split()
        assert cells[:3] == [f"{five.gap[i]:.2f}", five.texts()[i], f"{five.complexity[i]:g}"]
        assert cells[3:5] == [str(five.t[i]), f"{five.orbit_sizes[i]:,}"]
        assert cells[5] == f"{five.counts[i]:,}"
        assert f"{five.high[i]:.4g}]" in line
    assert str(five) == "\n".join(five.lines())
    assert five.lines(0)[1] == ""
    tail = "\n".join(lines[7:])
    assert str(five.envelope) in tail and "permutation, complement" in tail
    assert f"{len(five):,} orbits listed" in tail
    assert "every function there is" in str(simple_but_rare(drawn(3, 1000)))


def test_json(five):
    record = json.loads(json.dumps(five.to_json(), allow_nan=False))
    assert record["bound"] == {
        "slope": five.envelope.slope,
        "intercept": five.envelope.intercept,
    }
    assert (record["measure"], record["m"], record["n_samples"]) == ("bdd_size", 32, 20_000)
    assert (record["level"], record["min_count"], record["n_listed"]) == (0.95, 2, len(five))
    assert record["symmetries"] == list(five.symmetries)
    assert record["families"] == list(five.families)
    columns = {
        "function": five.texts(),
        "name": list(five.names),
        "complexity": five.complexity.tolist(),
        "t": five.t.tolist(),
        "orbit_size": five.orbit_sizes.tolist(),
        "count": five.counts.tolist(),
        "p": five.p.tolist(),
        "low": five.low.tolist(),
        "high": five.high.tolist(),
        "gap_bits": five.gap.tolist(),
    }
    for name, values in columns.items():
        assert [row[name] for row in record["functions"]] == values
    assert len(five.to_json(2)["functions"]) == 2


def test_the_worst_case_of_no_draws_is_bounded():
    """No draws of an orbit: P < 1 - (alpha / 2)^(1 / samples) for the orbit as a whole."""
    found = simple_but_rare(drawn(5, 3000), "circuit_size", level=0.99)
    unseen = found.counts == 0
    assert unseen.any() and (found.p[unseen] == 0).all() and (found.low[unseen] == 0).all()
    limit = -math.expm1(math.log(0.005) / 3000)
    np.testing.assert_allclose(found.high[unseen] * found.orbit_sizes[unseen], limit)
