"""Orbits of functions and canonical representatives; the symmetries of a task's prior."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol import bits
from priorvol.architecture import Architecture, Prior
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.provenance import Span
from priorvol.sampler import sample_span
from priorvol.symmetry import SYMMETRIES, canonical, orbit, task_symmetries
from priorvol.table import FunctionTable
from priorvol.task import Task

P, F, C = SYMMETRIES
SUBSETS = [s for r in range(4) for s in itertools.combinations(SYMMETRIES, r)]


def all_functions(n):
    return np.arange(2 ** (2**n), dtype=np.uint64)[:, None]


def brute_images(text, symmetries):
    """Return the set of images of a 0/1 text by listing the group."""
    n = len(text).bit_length() - 1
    points = list(itertools.product((0, 1), repeat=n))
    values = dict(zip(points, text, strict=True))
    orders = itertools.permutations(range(n)) if P in symmetries else [tuple(range(n))]
    signs = points if F in symmetries else [(0,) * n]
    found = set()
    for order, sign in itertools.product(list(orders), signs):
        image = "".join(
            values[tuple(x[i] ^ s for i, s in zip(order, sign, strict=True))] for x in points
        )
        found.add(image)
    if C in symmetries:
        found |= {image.translate(str.maketrans("01", "10")) for image in found}
    return found


def smallest_text(images):
    """Return the text whose packed words come first: word 0 before word 1, high bits first."""
    return min(images, key=lambda t: [t[i : i + 64][::-1] for i in range(0, len(t), 64)])


@pytest.mark.parametrize("symmetries", SUBSETS, ids="-".join)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_small_function_against_the_listed_group(n, symmetries):
    words = all_functions(n)
    texts = bits.to_text(words, 2**n)
    expected = [smallest_text(brute_images(text, symmetries)) for text in texts]
    assert bits.to_text(canonical(words, symmetries, m=2**n), 2**n) == expected
    for text in texts:
        found = orbit(text, symmetries)
        assert sorted(bits.to_text(found, 2**n)) == sorted(brute_images(text, symmetries))
        assert (found[:-1, 0] < found[1:, 0]).all()


@pytest.mark.parametrize("symmetries", [(P,), (F, C), (P, F, C)], ids="-".join)
@pytest.mark.parametrize("n", [4, 5])
def test_random_functions_against_the_listed_group(n, symmetries):
    rng = np.random.default_rng(n)
    for row in rng.random((4, 2**n)) < rng.random((4, 1)):
        text = "".join("01"[int(bit)] for bit in row)
        images = brute_images(text, symmetries)
        found = bits.to_text(orbit(text, symmetries), 2**n)
        assert sorted(found) == sorted(images)
        assert bits.to_text(canonical(text, symmetries), 2**n) == [smallest_text(images)]


def burnside(n, flips, complement):
    """Count orbits by fixed points: a permutation of the points with c cycles fixes 2^c functions.

    With the complement it fixes 2^c where every cycle is even, and none elsewhere.
    """
    index = np.arange(2**n)
    total, size = 0, 0
    for order in itertools.permutations(range(n)):
        moved = sum(((index >> i) & 1) << j for i, j in enumerate(order))
        for sign in index if flips else [0]:
            lengths, seen = [], set()
            for start in range(2**n):
                length, point = 0, start
                while point not in seen:
                    seen.add(point)
                    length, point = length + 1, int(moved[point]) ^ int(sign)
                if length:
                    lengths.append(length)
            total += 2 ** len(lengths)
            if complement and all(length % 2 == 0 for length in lengths):
                total += 2 ** len(lengths)
            size += 2 if complement else 1
    assert total % size == 0
    return total // size


@pytest.mark.parametrize(
    ("symmetries", "known"),
    [
        ((P,), [4, 12, 80, 3984]),
        ((P, C), None),
        ((P, F), [3, 6, 22, 402]),
        ((P, F, C), [2, 4, 14, 222]),
    ],
    ids=str,
)
def test_numbers_of_orbits(symmetries, known):
    """P, NP and NPN classes (OEIS A003180, A000616, A000370), and Burnside's lemma."""
    for n in (1, 2, 3, 4):
        found = np.unique(canonical(all_functions(n), symmetries, m=2**n))
        assert len(found) == burnside(n, F in symmetries, C in symmetries)
        if known:
            assert len(found) == known[n - 1]


@pytest.mark.parametrize("symmetries", [(P,), (P, C), (P, F, C)], ids="-".join)
def test_orbits_partition_all_functions_of_four_inputs(symmetries):
    words = all_functions(4)
    representatives, sizes = np.unique(canonical(words, symmetries, m=16), return_counts=True)
    chosen = np.random.default_rng(4).choice(len(representatives), 60, replace=False)
    for i in chosen.tolist():
        found = orbit(representatives[i : i + 1], symmetries, m=16)
        assert len(found) == sizes[i]
        assert found[0, 0] == representatives[i]
        assert (canonical(found, symmetries, m=16) == representatives[i]).all()


def moved(words, n, rng, symmetries):
    """Apply a random element of the group to each function, point by point."""
    table = bits.unpack(words, 2**n)
    index = np.arange(2**n)
    for row in table:
        order = rng.permutation(n) if P in symmetries else np.arange(n)
        source = sum(((index >> i) & 1) << int(j) for i, j in enumerate(order))
        sign = int(rng.integers(2**n)) if F in symmetries else 0
        row[:] = row[source ^ sign] ^ (C in symmetries and bool(rng.integers(2)))
    return bits.pack(table)


@pytest.mark.parametrize("symmetries", SUBSETS, ids="-".join)
@pytest.mark.parametrize("n", [3, 5, 6, 7])
def test_canonical_is_the_same_all_over_an_orbit(n, symmetries):
    rng = np.random.default_rng(7)
    k = 20 if n == 7 and {P, F} <= set(symmetries) else 300
    density = rng.random((k, 1)) ** 2
    words = bits.pack(rng.random((k, 2**n)) < density)
    found = canonical(words, symmetries, m=2**n)
    images = moved(words, n, rng, symmetries)
    np.testing.assert_array_equal(found, canonical(images, symmetries, m=2**n))
    np.testing.assert_array_equal(found, canonical(found, symmetries, m=2**n))


@pytest.mark.parametrize(("n", "symmetries", "size"), [(6, (P, F, C), 92160), (7, (P,), 5040)])
def test_a_random_function_has_as_many_images_as_the_group_elements(n, symmetries, size):
    rng = np.random.default_rng(n)
    word = bits.pack(rng.random((1, 2**n)) < 0.5)
    found = orbit(word, symmetries, m=2**n)
    assert len(found) == size
    keys = list(map(tuple, found.tolist()))
    assert keys == sorted(set(keys))
    np.testing.assert_array_equal(found[:1], canonical(word, symmetries, m=2**n))


@pytest.mark.parametrize("t", [0, 1, 2, 7])
def test_orbits_of_inputs_of_one_weight(t):
    """The indicator of one point of Hamming weight t has n over t images under permutation."""
    word = bits.pack([[int(i == 2**t - 1) for i in range(128)]])
    assert len(orbit(word, [P], m=128)) == math.comb(7, t)
    assert len(orbit(word, [P, C], m=128)) == 2 * math.comb(7, t)
    assert len(orbit(word, [P, F], m=128)) == 128


def test_complement_alone_takes_functions_on_any_inputs():
    texts = ["0" * 70 + "1", "1" * 70 + "0"]
    found = canonical(texts, [C])
    assert (found[0] == found[1]).all()
    assert sorted(bits.to_text(orbit(texts[0], [C]), 71)) == sorted(texts)
    assert bits.to_text(canonical("1" * 71, [C]), 71) == ["0" * 71]


@settings(max_examples=30, deadline=None)  # the first call may compile
@given(st.lists(st.text("01", min_size=8, max_size=8), min_size=1, max_size=20))
def test_no_symmetry_changes_nothing(texts):
    assert bits.to_text(canonical(texts, []), 8) == texts
    assert bits.to_text(orbit(texts[0], []), 8) == [texts[0]]


def test_tables_are_read_in_storage_order():
    table = FunctionTable.from_counts(["0010", "0100", "1101"], [1, 2, 3])
    np.testing.assert_array_equal(
        canonical(table, [P]), canonical(table.functions, [P], m=4), strict=True
    )


@pytest.mark.parametrize("call", [orbit, canonical])
def test_bad_input(call):
    with pytest.raises(ValueError, match="symmetry must be one of.*'reversal'"):
        call("0110", ["reversal"])
    with pytest.raises(ValueError, match="symmetries must be several of"):
        call("0110", "flips")
    with pytest.raises(ValueError, match="symmetries must be several of"):
        call("0110", None)
    with pytest.raises(ValueError, match="m = 2\\^n"):
        call("011", [P])
    with pytest.raises(ValueError, match="n at most 7, got n = 8"):
        call("01" * 128, [F])
    with pytest.raises(ValueError, match="m"):
        call("0x6", [P])


def test_an_orbit_is_of_one_function():
    with pytest.raises(ValueError, match="one function is wanted, got 2"):
        orbit(["0110", "1001"], [P])


def test_a_table_on_other_points_is_no_cube():
    task = Task(Architecture(1), inputs=array_inputs([[1.0], [2.0]]))
    table = FunctionTable.from_counts(["01", "11"], [1, 1], task=task)
    with pytest.raises(ValueError, match="whole Boolean cube"):
        canonical(table, [P])


def make(hidden=(), n=3, *, encoding="01", activation="relu", shift=0.0, **prior):
    architecture = Architecture(n, hidden, activation=activation, shift=shift)
    return Task(architecture, Prior(**prior), boolean_cube(n, encoding))


TASKS = [
    # a bias in the last layer is enough, whatever is below
    (make((10,), sigma_b=0.1), (P, C)),
    (make((10,), sigma_b=(0.0, 0.1)), (P, C)),
    (make((10,), sigma_b=0.1, encoding="pm1"), (P, F, C)),
    (make((), sigma_b=0.1), (P, C)),
    # none at all: the zero input is tied
    (make((), sigma_b=0.0), (P,)),
    (make((10,), sigma_b=0.0), (P,)),
    (make((10,), sigma_b=0.0, activation="tanh"), (P,)),
    (make((10,), sigma_b=0.0, activation="sign"), (P, C)),
    (make((10,), sigma_b=0.0, activation="sign", shift=1.0), (P,)),
    (make((10,), sigma_b=0.0, activation="leaky_relu", shift=0.2), (P, C)),
    # without a zero input
    (make((), sigma_b=0.0, encoding="pm1"), (P, F, C)),
    (make((10,), sigma_b=0.0, encoding="pm1"), (P, F)),
    (make((10,), sigma_b=0.0, encoding="pm1", activation="tanh"), (P, F, C)),
    (make((10, 10), sigma_b=0.0, encoding="pm1", activation="erf"), (P, F, C)),
    (make((10,), sigma_w=60.0, sigma_b=0.0, encoding="pm1", activation="tanh", shift=1.0), (P, F)),
    (make((10,), sigma_b=0.0, encoding="pm1", shift="zero-mean"), (P, F, C)),
    (make((10,), sigma_b=0.0, encoding="pm1", shift=0.5), (P, F, C)),
    # biases below the last layer
    (make((10,), sigma_b=(0.3, 0.0)), (P,)),
    (make((10,), sigma_b=(0.3, 0.0), activation="tanh"), (P, C)),
    (make((10, 10), sigma_b=(0.0, 0.3, 0.0), activation="linear"), (P, C)),
    (make((10, 10), sigma_b=(0.3, 0.0, 0.0), activation="sin"), (P, C)),
    # no ReLU layer of infinitely many units is dead
    (make((math.inf,), sigma_b=0.0), (P,)),
    (make((math.inf,), sigma_b=0.0, encoding="pm1"), (P, F, C)),
    (make((math.inf,), sigma_b=(0.3, 0.0)), (P, C)),
]


@pytest.mark.parametrize(("task", "expected"), TASKS, ids=str)
def test_symmetries_of_a_task(task, expected):
    assert task_symmetries(task) == expected


FINITE = [pair for pair in TASKS if not pair[0].architecture.is_infinite]


@pytest.mark.parametrize(("task", "expected"), FINITE, ids=str)
def test_complement_is_offered_only_where_counts_agree(task, expected):
    """Two input points and few units, where ties are frequent: P(f) against P(not f)."""
    net = task.architecture
    small = Architecture(1, (2,) * len(net.hidden), activation=net.activation, shift=net.shift)
    task = Task(small, task.prior, boolean_cube(1, task.inputs.encoding))
    table = sample_span(task, Span(1, 1, 0, 40_000))
    counts = dict(zip(table.functions[:, 0].tolist(), table.counts.tolist(), strict=True))
    pairs = [(counts.get(word, 0), counts.get(3 - word, 0)) for word in (0, 1)]
    worst = max(abs(a - b) / math.sqrt(max(a + b, 1)) for a, b in pairs)
    assert (worst < 5) == (C in expected)


def test_points_that_are_no_cube_have_no_input_symmetry():
    points = array_inputs([[0.5, 1.0], [2.0, -1.0]])
    assert task_symmetries(Task(Architecture(2), Prior(), points)) == (C,)
    assert task_symmetries(Task(Architecture(2), Prior(sigma_b=0.0), points)) == (C,)
    with_zero = array_inputs([[0.0, 0.0], [2.0, -1.0]])
    assert task_symmetries(Task(Architecture(2), Prior(sigma_b=0.0), with_zero)) == ()


def test_symmetries_are_of_tasks():
    with pytest.raises(ValueError, match="task must be a Task, got str"):
        task_symmetries("task")
