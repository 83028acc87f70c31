"""Simple but rare functions: orbits' counts by brute force, intervals, order, names, bad input."""

import json
import math

import numpy as np
import pytest
from scipy.stats import binomtest

from priorvol import (
    Architecture,
    FunctionTable,
    Prior,
    Task,
    array_inputs,
    atlas,
    bits,
    boolean_cube,
    collect,
    symmetry,
)
from priorvol._kernels.signature import signatures
from priorvol.complexity.chunks import as_seven
from priorvol.intervals import clopper_pearson
from priorvol.simplicity import simple_but_rare
from priorvol.simplicity.pooling import pooled_counts

ALL = ("permutation", "flips", "complement")
KINDS = [(), ("complement",), ("permutation",), ("permutation", "complement"), ALL]


def random_functions(k, n, seed):
    rng = np.random.default_rng(seed)
    return bits.pack(rng.random((k, 1 << n)) < rng.random((k, 1)))


def drawn(n=4, samples=20_000, seed=0, *, encoding="01", draws=1, hidden=(8,), sigma_b=1.0):
    task = Task(Architecture(n, hidden), Prior(sigma_b=sigma_b), boolean_cube(n, encoding))
    return collect(task, n_samples=samples, seed=seed, output_draws=draws, progress=False)


@pytest.mark.parametrize("n", [1, 3, 5, 7])
def test_the_signature_is_the_same_all_over_an_orbit(n):
    words = random_functions(20, n, n)
    for word in words:
        images = symmetry.orbit(word[None, :], ("permutation", "complement"), m=1 << n)
        images = images[:: max(1, len(images) // 200)]
        points = np.arange(1 << n) ^ (n * 5 % (1 << n))  # some inputs negated
        flipped = bits.pack(bits.unpack(images, 1 << n)[:, points])
        both = np.concatenate([images, flipped])
        out = np.empty(len(both), np.uint64)
        signatures(as_seven(both, n), out)
        assert len(np.unique(out)) == 1


def test_signatures_tell_orbits_of_four_inputs_apart_mostly():
    orbits = np.unique(
        symmetry.canonical(np.arange(1 << 16, dtype=np.uint64)[:, None], ALL, m=16), axis=0
    )
    out = np.empty(len(orbits), np.uint64)
    signatures(as_seven(orbits, 4), out)
    assert len(orbits) == 222
    assert len(np.unique(out)) > 150


@pytest.mark.parametrize("symmetries", KINDS)
@pytest.mark.parametrize("n", [2, 3, 4])
def test_pooled_counts_by_brute_force(n, symmetries):
    words = np.unique(random_functions(300, n, 7), axis=0)
    counts = np.random.default_rng(8).integers(1, 100, len(words))
    table = FunctionTable(words, counts, m=1 << n)
    asked = np.unique(symmetry.canonical(random_functions(40, n, 9), symmetries, m=1 << n), axis=0)
    pooled, pairs = pooled_counts(table, asked, symmetries)
    by_word = {word.tobytes(): count for word, count in zip(words, counts, strict=True)}
    for word, count in zip(asked, pooled, strict=True):
        images = symmetry.orbit(word[None, :], symmetries, m=1 << n)
        assert count == sum(by_word.get(image.tobytes(), 0) for image in images)
    assert not pairs.any()


def test_pooled_counts_of_seven_inputs():
    table = drawn(7, 20_000)
    one = ("permutation", "complement")
    word = bits.as_words(["0" * 127 + "1", "0" * 64 + "1" * 64, "0" * 128])[0]
    asked = symmetry.canonical(word, one, m=128)
    asked = asked[np.lexsort(asked.T[::-1])]
    pooled, _ = pooled_counts(table, asked, one)
    for image, count in zip(asked, pooled, strict=True):
        places = (table.index(f[None, :]) for f in symmetry.orbit(image[None, :], one, m=128))
        assert count == sum(int(table.counts[place]) for place in places if place is not None)
    assert pooled.max() > 0


def test_group_sums_of_orbits_are_bounded_from_above():
    """Groups of two draws: the truth is known from the single draws of the same hidden draws."""
    table = drawn(2, 4000, draws=50)
    one = ("permutation", "complement")
    every = np.arange(16, dtype=np.uint64)[:, None]
    asked = np.unique(symmetry.canonical(every, one, m=4), axis=0)
    pooled, pairs = pooled_counts(table, asked, one)
    own = table.group_pairs
    for image, count, pair in zip(asked, pooled, pairs, strict=True):
        places = [table.index(f[None, :]) for f in symmetry.orbit(image[None, :], one, m=4)]
        places = [place for place in places if place is not None]
        least = sum(int(own[place]) for place in places)  # no two functions in one group
        assert least <= pair <= count * min(count - 1, 49)
    constants = np.flatnonzero(~asked.any(axis=1))[0]
    squares = [
        own[table.index(text)] + table.counts[table.index(text)] for text in ("0000", "1111")
    ]
    assert pairs[constants] == min(
        math.ceil(np.sqrt(squares).sum() ** 2 - 1e-6) - pooled[constants], pooled[constants] * 49
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("symmetries", [*KINDS, ("flips",)])
def test_orbit_sizes_are_those_of_the_orbits(n, symmetries):
    words = random_functions(12, n, n)
    sizes = [len(symmetry.orbit(word[None, :], symmetries, m=1 << n)) for word in words]
    assert symmetry.orbit_sizes(words, symmetries, m=1 << n).tolist() == sizes


@pytest.mark.parametrize(("encoding", "measure"), [("01", "k_lz"), ("pm1", "bdd_size")])
def test_intervals_and_gaps(encoding, measure):
    table = drawn(encoding=encoding)
    found = simple_but_rare(table, measure, level=0.9)
    assert found.symmetries == symmetry.task_symmetries(table.task)
    assert (found.complete_up_to, found.level) == (math.inf, 0.9)
    low, high = clopper_pearson(found.counts, table.n_samples, level=0.9)
    np.testing.assert_allclose(found.low, low / found.orbit_sizes)
    np.testing.assert_allclose(found.high, high / found.orbit_sizes)
    np.testing.assert_allclose(found.p * found.orbit_sizes * table.n_samples, found.counts)
    bound = np.minimum(found.envelope.log_p(found.complexity), 0)
    np.testing.assert_allclose(found.gap, (bound - np.log(found.high)) / math.log(2))
    assert (np.diff(found.gap) <= 1e-12).all()
    assert found.counts.sum() == table.n_samples  # all 65,536 functions are in some orbit
    assert found.orbit_sizes.sum() == 1 << 16
    images = symmetry.canonical(found.functions, found.symmetries, m=16)
    assert len(np.unique(images, axis=0)) == len(found)
    np.testing.assert_array_equal(found.t, bits.unpack(found.functions, 16).sum(axis=1))


def test_names_are_known_up_to_symmetry():
    found = simple_but_rare(drawn(), "sop_terms")
    names = dict(zip(found.texts(base=2), found.names, strict=True))
    for text, name in names.items():
        orbit = bits.to_text(symmetry.orbit(text, found.symmetries), 16)
        known = [entry.name for entry in atlas.entries(4) if entry.text in orbit]
        assert name == (known[0] if known else "")
    named = found.named()
    assert all(named.names)
    assert len(named) == sum(map(bool, found.names))
    assert named.texts(3) == [t for t, n in names.items() if n][:3]


@pytest.mark.slow
def test_intervals_of_orbits_hold_the_frequencies_of_a_larger_run():
    truth = simple_but_rare(drawn(3, 40_000_000, seed=1, hidden=(6,)), "sop_terms")
    reference = dict(zip(truth.texts(), truth.p, strict=True))
    inside = total = 0
    for seed in range(2, 42):
        found = simple_but_rare(drawn(3, 20_000, seed=seed, hidden=(6,)), "sop_terms")
        for text, low, high, count in zip(
            found.texts(), found.low, found.high, found.counts, strict=True
        ):
            if count:
                total += 1
                inside += low <= reference[text] <= high
    # Clopper and Pearson's intervals hold the truth at least so often; the orbits of one run share
    # draws, hence the low threshold.
    assert binomtest(inside, total, 0.95, alternative="less").pvalue > 1e-4


def test_grouped_draws_have_wider_intervals():
    alone, grouped = (simple_but_rare(drawn(draws=draws), "bdd_size") for draws in (1, 50))
    zero = (alone.counts == 0).all(), (grouped.counts == 0).sum()
    assert zero[1] > 0
    unseen = grouped.high[grouped.counts == 0] * grouped.orbit_sizes[grouped.counts == 0]
    np.testing.assert_allclose(unseen, clopper_pearson(0, 400)[1])  # 20,000 draws, 400 groups


def test_a_task_that_is_not_known_has_no_orbits():
    words = ["0000", "1111", "0001", "0111"]
    found = simple_but_rare(FunctionTable.from_counts(words, [40, 40, 10, 10]), "k_lz")
    assert found.symmetries == ()
    assert set(found.orbit_sizes.tolist()) == {1}
    assert len(found) == 16
    assert found.names == ("",) * 16  # the atlas begins at three inputs


def test_records_and_lines():
    found = simple_but_rare(drawn(5), "circuit_size")
    record = json.loads(json.dumps(found.to_json(4), allow_nan=False))
    assert (len(record["functions"]), record["n_listed"]) == (4, len(found))
    assert record["functions"][0]["gap_bits"] == found.gap[0]
    assert record["complete_up_to"] == 3
    text = str(found).splitlines()
    assert "every function of circuit_size <= 3 is there" in text[-1]
    assert len(text) == 1 + 20 + 1 + 6
    assert found.texts(1)[0] in text[1]
    assert simple_but_rare(drawn(3), "k_lz").to_json(1)["complete_up_to"] == "inf"
    assert "not known to hold" in str(simple_but_rare(drawn(5), "lz78_phrases"))


def unlisted():
    return FunctionTable.from_counts(["0001", "0111"], [10, 10], n_samples=40)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simple_but_rare("table"), "table must be a FunctionTable, got str"),
        (lambda: simple_but_rare(drawn(), "k_lx"), "measure must be one of"),
        (lambda: simple_but_rare(drawn(), min_count=0), "min_count must be at least 1, got 0"),
        (lambda: simple_but_rare(drawn(), min_count=10**6), "no function of .* 1000000 times"),
        (lambda: simple_but_rare(drawn(), level=1.0), "level must be above 0.0 and below 1.0"),
        (lambda: simple_but_rare(drawn(), n_jobs=0), "n_jobs must be a number of workers"),
        (lambda: simple_but_rare(unlisted()), "every draw must be listed"),
        (lambda: simple_but_rare(drawn(8, 1000)), "n at most 7, got n = 8"),
        (
            lambda: simple_but_rare(FunctionTable.from_counts(["01", "10"], [5, 5])),
            "at least two distinct complexities",
        ),
        (
            lambda: simple_but_rare(
                collect(
                    Task(Architecture(1, (2,)), inputs=array_inputs([[0.0], [2.0], [3.0], [5.0]])),
                    n_samples=100,
                    progress=False,
                )
            ),
            "whole Boolean cube in its standard order",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
