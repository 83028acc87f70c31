"""Draws of whole orbits, by listing the group; sums over groups against the groups themselves."""

import math

import numpy as np
import pytest
from drawn import tally
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol import Architecture, FunctionTable, Prior, Task, bits, boolean_cube, collect, symmetry
from priorvol import load_run as load
from priorvol._kernels.signature import signatures
from priorvol.complexity.chunks import as_seven
from priorvol.intervals import inflation
from priorvol.simplicity.pooling import pooled_counts
from priorvol.sources import PriorSampling

ALL = symmetry.SYMMETRIES
KINDS = [("permutation",), ("permutation", "complement"), ALL]


def signature(functions, n):
    words = bits.pack(np.atleast_2d(functions))
    out = np.empty(len(words), np.uint64)
    signatures(as_seven(words, n), out)
    return out


def moved(function, order, sign, negated):
    """Return f(p(x) + s) + c, by the points' coordinates."""
    n = len(order)
    cube = function.reshape((2,) * n)
    image = np.flip(cube.transpose(order), [axis for axis in range(n) if sign >> axis & 1])
    return image.reshape(-1) ^ negated


# The signature


@settings(deadline=None, max_examples=200)  # the first call may compile
@given(st.data())
def test_every_symmetry_leaves_the_signature_alone(data):
    n = data.draw(st.integers(1, 7))
    m = 1 << n
    number = data.draw(st.integers(0, (1 << m) - 1))
    function = np.array([number >> i & 1 for i in range(m)], dtype=bool)
    order = data.draw(st.permutations(range(n)))
    image = moved(function, order, data.draw(st.integers(0, m - 1)), data.draw(st.booleans()))
    assert signature(function, n) == signature(image, n)


@pytest.mark.parametrize("n", [2, 3])
def test_each_orbit_of_few_inputs_has_a_signature_of_its_own(n):
    every = np.arange(1 << (1 << n), dtype=np.uint64)[:, None]
    orbit = symmetry.canonical(every, ALL, m=1 << n)[:, 0]
    found = signature(bits.unpack(every, 1 << n), n)
    by_orbit = {key: set(found[orbit == key].tolist()) for key in orbit.tolist()}
    assert all(len(numbers) == 1 for numbers in by_orbit.values())
    assert len(by_orbit) == {2: 4, 3: 14}[n]
    assert len(set.union(*by_orbit.values())) == len(by_orbit) == {2: 4, 3: 14}[n]


def test_random_functions_of_seven_inputs_seldom_share_a_signature():
    functions = np.random.default_rng(1).random((20_000, 128)) < 0.5
    assert len(np.unique(signature(functions, 7))) > 19_900


# Counts


def random_table(n, k, seed):
    """Return a table of k functions and their images, many of them in few orbits."""
    rng = np.random.default_rng(seed)
    words = bits.pack(rng.random((k, 1 << n)) < rng.random((k, 1)))
    images = []
    for function in bits.unpack(words, 1 << n):
        for _ in range(6):
            sign = rng.integers(1 << n)
            images.append(moved(function, rng.permutation(n), sign, rng.random() < 0.5))
    counts = rng.integers(1, 1000, len(images))
    return FunctionTable.from_counts(bits.to_text(bits.pack(images), 1 << n), counts), words


@pytest.mark.parametrize("symmetries", [(), ("complement",), ("flips",), *KINDS], ids="-".join)
@pytest.mark.parametrize("n", [1, 3, 5, 6, 7])
def test_counts_are_sums_over_whole_orbits(n, symmetries):
    table, words = random_table(n, 1 if n == 7 else 12, n)
    asked = np.unique(symmetry.canonical(words, symmetries, m=1 << n), axis=0)
    counts, pairs, _ = pooled_counts(table, asked, symmetries)
    expected = []
    for word in asked:
        images = symmetry.orbit(word, symmetries, m=1 << n)
        if len(images) > 20_000:  # look the table's functions up instead
            held = {image.tobytes() for image in images}
            chosen = [f.tobytes() in held for f in np.ascontiguousarray(table.functions)]
            expected.append(int(table.counts[chosen].sum()))
        else:
            places = [table.index(image) for image in images]
            expected.append(sum(int(table.counts[i]) for i in places if i is not None))
    assert counts.tolist() == expected
    assert counts.dtype == np.int64 and not pairs.any()
    if symmetries == ALL:
        assert counts.sum() == table.n_samples  # the images of each are all found again


def test_a_table_read_in_parts(monkeypatch, tmp_path):
    task = Task(Architecture(5, (8,)), Prior(sigma_b=0.5))
    kept = collect(task, n_samples=30_000, seed=5, store=tmp_path / "run", n_jobs=1)
    table = load(tmp_path / "run")
    one = ("permutation", "complement")
    asked = np.unique(symmetry.canonical(kept, one), axis=0)
    whole = pooled_counts(kept, asked, one)[0]
    parts = type(table._rows).parts
    monkeypatch.setattr(type(table._rows), "parts", lambda self, size=None: parts(self, 100))
    assert len(list(table.row_parts())) > 5
    counts = pooled_counts(table, asked, one)[0]
    np.testing.assert_array_equal(counts, whole)
    assert counts.sum() == 30_000


def test_orbits_that_were_not_drawn_and_none_at_all():
    table = FunctionTable.from_counts(["0001", "0111"], [3, 4])
    asked = symmetry.canonical(["0110", "0001"], ALL)
    assert pooled_counts(table, asked, ALL)[0].tolist() == [0, 7]
    counts, pairs, _ = pooled_counts(table, asked[:0], ALL)
    assert (len(counts), len(pairs)) == (0, 0)


def test_orbit_sizes_add_up_to_all_functions():
    """And their inverses to the number of orbits: OEIS A003180, A000612 and A000370."""
    every = np.arange(1 << 16, dtype=np.uint64)[:, None]
    for symmetries, orbits in zip(KINDS, (3984, 1992, 222), strict=True):
        sizes = symmetry.orbit_sizes(every, symmetries, m=16)
        np.testing.assert_allclose((1 / sizes).sum(), orbits)
        distinct = np.unique(symmetry.canonical(every, symmetries, m=16), axis=0)
        assert len(distinct) == orbits
        assert symmetry.orbit_sizes(distinct, symmetries, m=16).sum() == 1 << 16


@pytest.mark.parametrize("n", [6, 7])
def test_orbit_sizes_of_larger_cubes(n):
    """Uniformly random functions are fixed by nothing, literals and parities by nearly all."""
    m = 1 << n
    words = bits.pack(np.random.default_rng(n).random((5, m)) < 0.5)
    size = math.factorial(n)
    assert symmetry.orbit_sizes(words, ("permutation",), m=m).tolist() == [size] * 5
    size *= 2 * m
    assert symmetry.orbit_sizes(words, ALL, m=m).tolist() == [size] * 5
    texts = ["0" * (m // 2) + "1" * (m // 2), "".join("01"[i.bit_count() % 2] for i in range(m))]
    assert symmetry.orbit_sizes(texts, ALL).tolist() == [2 * n, 2]
    assert symmetry.orbit_sizes(texts, ("permutation",)).tolist() == [n, 1]
    assert symmetry.orbit_sizes(texts, ("complement",)).tolist() == [2, 2]


# Groups


def grouped_table(groups):
    counts, pairs = tally(groups)
    return FunctionTable(
        list(counts),
        list(counts.values()),
        source=PriorSampling(len(groups[0])),
        group_pairs=[pairs[text] for text in counts],
    )


@pytest.mark.parametrize("draws", [2, 5, 40])
@pytest.mark.parametrize("symmetries", KINDS, ids="-".join)
def test_group_sums_are_never_too_small(draws, symmetries):
    rng = np.random.default_rng(draws)
    texts = bits.to_text(np.arange(1 << 8, dtype=np.uint64)[:, None], 8)
    chances = rng.dirichlet(np.full(256, 0.02), size=60)  # each group has functions of its own
    groups = [list(rng.choice(texts, size=draws, p=p)) for p in chances]
    table = grouped_table(groups)
    every = symmetry.canonical(texts, symmetries)
    asked = np.unique(every, axis=0)
    counts, pairs, _ = pooled_counts(table, asked, symmetries)
    place = dict(zip(texts, np.searchsorted(asked[:, 0], every[:, 0]), strict=True))
    true_counts, true_pairs = tally([[place[text] for text in group] for group in groups])
    truth = np.array([true_pairs[i] for i in range(len(asked))])
    assert counts.tolist() == [true_counts[i] for i in range(len(asked))]
    assert (truth <= pairs).all() and (truth < pairs).any()
    seen = counts > 0
    effect = inflation(counts, pairs, n_groups=60, draws=draws)
    least = inflation(counts, truth, n_groups=60, draws=draws)
    assert (effect[seen] >= least[seen]).all()
    assert (effect <= draws * 60 / 59 + 1e-12).all()
    alone = symmetry.orbit_sizes(asked, symmetries, m=8) == 1
    np.testing.assert_array_equal(pairs[alone], truth[alone])


def test_lost_group_sums_stay_lost():
    table = FunctionTable(["00", "01"], [3, 5], source=PriorSampling(4))
    counts, pairs, _ = pooled_counts(table, np.array([[0], [2]], dtype=np.uint64), ())
    assert (counts.tolist(), pairs) == ([3, 5], None)


@pytest.mark.slow
def test_intervals_of_orbits_of_grouped_draws_are_wide_enough():
    """The spread of an orbit's count over runs is no larger than its group sums say."""
    task = Task(Architecture(3, (5,)), Prior(sigma_b=0.5), boolean_cube(3))
    one = symmetry.task_symmetries(task)
    asked = np.unique(
        symmetry.canonical(np.arange(256, dtype=np.uint64)[:, None], one, m=8), axis=0
    )
    runs, groups, draws = 200, 100, 20
    found = []
    for seed in range(runs):
        table = collect(
            task,
            n_samples=groups * draws,
            seed=seed,
            output_draws=draws,
            n_jobs=1,
            progress=False,
        )
        counts, pairs, _ = pooled_counts(table, asked, one)
        p = counts / (groups * draws)
        effect = inflation(counts, pairs, n_groups=groups, draws=draws)
        found.append((p, effect * p * (1 - p) / (groups * draws)))
    p, claimed = np.array(found).transpose(1, 0, 2)
    often = p.mean(axis=0) > 0.02
    variance = p.var(axis=0, ddof=1)[often]
    claimed = claimed.mean(axis=0)[often]
    # the variance of a variance of 200 numbers that are nearly normal
    slack = claimed * np.sqrt(2 / (runs - 1))
    assert often.sum() >= 5
    assert (variance <= claimed + 5 * slack).all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (FunctionTable.from_counts(["011"], [1]), "pooling needs functions on a whole Boolean"),
        (FunctionTable.from_counts(["01" * 128], [1]), "pooling is computed for n at most 7"),
    ],
)
def test_bad_tables(table, message):
    with pytest.raises(ValueError, match=message):
        pooled_counts(table, np.zeros((1, 1), np.uint64), ())


def test_symmetries_are_checked():
    table = FunctionTable.from_counts(["01"], [1])
    with pytest.raises(ValueError, match="symmetry must be one of 'permutation'"):
        pooled_counts(table, np.zeros((1, 1), np.uint64), ("rotation",))
