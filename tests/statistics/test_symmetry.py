"""Symmetries of P(f): negation, permuted inputs and flipped signs; what b = 0 and odd phi force."""

import itertools
import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.stats import chi2, chisquare

from priorvol import bits
from priorvol.architecture import Architecture, Prior
from priorvol.inputs import boolean_cube
from priorvol.provenance import Span
from priorvol.sampler import sample_span
from priorvol.task import Task

P_THRESHOLD = 1e-5  # some fifty p-values are computed

LAWS = ["gaussian", "uniform"]


def make_task(n, hidden, *, activation="relu", encoding="01", shift=0.0, **prior):
    architecture = Architecture(n, hidden, activation=activation, shift=shift)
    return Task(architecture, Prior(**prior), boolean_cube(n, encoding))


def draw(task, n_samples, *, seed=1):
    return sample_span(task, Span(seed, 1, 0, n_samples))


def counts_of(table):
    """Return counts by function, a bytes object a function."""
    functions = bits.unpack(table.functions, table.m)
    return dict(zip(map(bytes, functions), table.counts.tolist(), strict=True))


def as_array(function):
    return np.frombuffer(function, dtype=bool)


def assert_pairs_alike(counts, partner):
    """Test P(f) = P(partner(f)): within a pair, the split of its draws is a fair coin's.

    Pairs are chosen by their sums, which say nothing on the split.
    """
    statistic, pairs = 0.0, 0
    for function, count in counts.items():
        image = bytes(partner(as_array(function)))
        other = counts.get(image, 0)
        if image == function or count + other < 10 or (other and image < function):
            continue
        statistic += (count - other) ** 2 / (count + other)
        pairs += 1
    assert pairs >= 10
    assert chi2.sf(statistic, pairs) > P_THRESHOLD


NEGATION = [
    make_task(7, (40, 40), sigma_b=0.1),
    make_task(7, (40, 40), sigma_b=1.0, distribution="uniform", encoding="pm1"),
    make_task(4, (10,), activation="tanh", sigma_b=(0.0, 0.3)),
    make_task(4, (10, 10), activation="sigmoid", sigma_b=0.5, bias_scaling="fan_in"),
    make_task(5, (6,), activation="sign", sigma_b=1.0, weight_scaling="none"),
    make_task(4, (20,), activation="gelu", sigma_b=0.5, shift="zero-mean"),
    make_task(4, (), sigma_b=0.5),
]


@pytest.mark.parametrize("task", NEGATION, ids=str)
def test_a_function_is_as_frequent_as_its_negation(task):
    table = draw(task, 120_000)
    assert_pairs_alike(counts_of(table), np.logical_not)
    t = table.t_counts
    low, high = t[: task.m // 2], t[: task.m // 2 : -1]
    wanted = low + high >= 10
    error = np.sqrt((low + high)[wanted])
    assert_within((low - high)[wanted], 0, error)


@pytest.mark.parametrize(
    "task",
    [
        make_task(7, (40, 40), sigma_b=0.0),
        make_task(7, (40,), sigma_b=0.0, distribution="uniform"),
        make_task(4, (25, 25), activation="tanh", sigma_b=0.0),
        make_task(4, (25, 25), activation="leaky_relu", sigma_b=0.0),
    ],
    ids=str,
)
def test_without_bias_the_zero_input_is_tied(task):
    """So f(0) = 0, and negation complements the other inputs (all units dead: 2^-25 at most)."""
    table = draw(task, 120_000)
    counts = counts_of(table)
    assert not any(function[0] for function in counts)
    assert table.t_counts[task.m] == 0
    others = np.arange(task.m) > 0
    assert_pairs_alike(counts, lambda f: f ^ others)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("hidden", [(1,), (2,), (3, 2), (2, 2, 2)])
def test_dead_networks_are_the_constant_zero(hidden, law):
    """One input in {0, 1}, ReLU, b = 0: f(1) = 1 half of the time, where not all units are dead.

    Of the k units of a layer each is dead with probability 1/2, once the layer below is not.
    """
    alive = 1.0
    for width in hidden:
        alive *= 1 - 2.0**-width
    n_samples = 300_000
    table = draw(make_task(1, hidden, sigma_b=0.0, distribution=law), n_samples)
    p = table.counts[bits.unpack(table.functions, 2)[:, 1]].sum() / n_samples
    assert_within(p, alive / 2, math.sqrt(alive / 2 * (1 - alive / 2) / n_samples))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("n", "hidden", "activation"),
    [
        (3, (1,), "tanh"),
        (3, (1, 1, 1), "erf"),
        (7, (1,), "leaky_relu"),
        (5, (6, 4), "linear"),
        (7, (40, 40), "linear"),
    ],
)
def test_networks_that_are_perceptrons(n, hidden, activation, law):
    """T is uniform on 0 .. 2^n - 1 for every linear network, and for chains of monotone units.

    Their output has the sign of w . x or -w . x, where the law of w is symmetric under a sign flip
    of each coordinate (1909.11522, theorem 4.1, asks for no more).
    """
    task = make_task(n, hidden, activation=activation, sigma_b=0.0, distribution=law)
    table = draw(task, 100_000)
    assert table.t_counts[2**n] == 0
    assert chisquare(table.t_counts[: 2**n]).pvalue > P_THRESHOLD


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("n", "hidden"), [(2, (2,)), (3, (3,)), (5, (20, 20)), (7, (40, 40)), (4, (5, 5, 5))]
)
def test_relu_networks_are_biased_to_zero(n, hidden, law):
    """P(T = 0) >= 2^-n without bias (1909.11522), here by more than five standard errors."""
    n_samples = 40_000
    table = draw(make_task(n, hidden, sigma_b=0.0, distribution=law), n_samples)
    p = table.t_counts[0] / n_samples
    assert p - 5 * math.sqrt(p * (1 - p) / n_samples) > 2.0**-n


def input_maps(n, flips):
    """Return the index maps of the input symmetries: where input i of f goes."""
    index = np.arange(2**n)
    cube = boolean_cube(n).values.astype(np.int64)
    powers = 1 << np.arange(n - 1, -1, -1)
    permuted = [cube[:, list(p)] @ powers for p in itertools.permutations(range(n))]
    masks = index if flips else [0]
    return [m ^ mask for m in permuted for mask in masks]


def orbits(functions, maps, most):
    """Return up to ``most`` orbits of more than one function."""
    found, seen = [], set()
    for function in functions:
        if function in seen:
            continue
        orbit = {bytes(as_array(function)[m]) for m in maps}
        seen |= orbit
        if len(orbit) > 1:
            found.append(sorted(orbit))
        if len(found) == most:
            break
    return found


INPUT_SYMMETRY = [
    (make_task(4, (10,), sigma_b=0.3), False),
    (make_task(4, (6, 6), activation="tanh", distribution="uniform"), False),
    (make_task(5, (12,), sigma_b=0.0), False),
    (make_task(7, (40, 40), sigma_b=0.1), False),
    (make_task(4, (10,), activation="softplus", encoding="pm1"), False),
    (make_task(3, (8,), sigma_b=0.3, encoding="pm1"), True),
    (make_task(4, (8, 4), activation="erf", sigma_b=0.5, encoding="pm1"), True),
    (make_task(5, (20,), sigma_b=0.0, distribution="uniform", encoding="pm1"), True),
    (make_task(3, (6,), activation="sin", sigma_w=3.0, encoding="pm1"), True),
    (make_task(4, (), encoding="pm1", distribution="uniform"), True),
]


def p_value_of_orbits(task, flips):
    """Pick orbits on one seed and count on another: each is uniform given its total."""
    first = counts_of(draw(task, 50_000, seed=2))
    counts = counts_of(draw(task, 200_000, seed=3))
    frequent = sorted(first, key=first.get, reverse=True)[:2000]
    statistic, freedom = 0.0, 0
    for orbit in orbits(frequent, input_maps(task.inputs.n, flips), 40):
        found = np.array([counts.get(function, 0) for function in orbit])
        mean = found.mean()
        if mean >= 5:
            statistic += ((found - mean) ** 2).sum() / mean
            freedom += len(orbit) - 1
    assert freedom >= 10
    return chi2.sf(statistic, freedom)


@pytest.mark.parametrize(("task", "flips"), INPUT_SYMMETRY, ids=str)
def test_functions_of_an_orbit_are_equally_frequent(task, flips):
    assert p_value_of_orbits(task, flips) > P_THRESHOLD


def test_flipping_an_input_of_the_01_cube_is_no_symmetry():
    assert p_value_of_orbits(make_task(4, (10,), sigma_b=0.3), True) < P_THRESHOLD


@pytest.mark.parametrize("activation", ["tanh", "erf", "sin", "linear"])
@pytest.mark.parametrize(("n", "hidden"), [(7, (40, 40)), (3, (5,)), (5, (3, 4, 5)), (8, (17,))])
@pytest.mark.parametrize("law", LAWS)
def test_odd_networks_on_the_signed_cube_are_odd(n, hidden, activation, law):
    """f(-x) = not f(x), bit for bit; -x is the input read backwards in the cube's order.

    Only where float32 sums cancel to 0 exactly are both bits 0, about once in 10^7 pairs.
    """
    task = make_task(
        n, hidden, activation=activation, sigma_b=0.0, distribution=law, encoding="pm1"
    )
    table = draw(task, 10_000)
    functions = bits.unpack(table.functions, task.m)
    assert not (functions & functions[:, ::-1]).any()
    tied = (~functions & ~functions[:, ::-1]).sum(axis=1) / 2
    assert tied @ table.counts <= 3


@pytest.mark.parametrize("n", [3, 7])
def test_sign_networks_on_the_signed_cube_are_odd(n):
    """As above, but for a unit tied at 0, where sign(0) = -1: odd in all but a few networks."""
    task = make_task(n, (15,), activation="sign", sigma_b=0.0, encoding="pm1")
    table = draw(task, 10_000)
    functions = bits.unpack(table.functions, task.m)
    even = (functions == functions[:, ::-1]).any(axis=1)
    assert table.counts[even].sum() <= 10


def test_a_network_that_is_not_odd_is_not_odd():
    task = make_task(3, (5,), activation="relu", sigma_b=0.0, encoding="pm1")
    functions = bits.unpack(draw(task, 1000).functions, 8)
    assert (functions == functions[:, ::-1]).any(axis=1).mean() > 0.5
