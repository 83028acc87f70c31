"""Gaussian laws of outputs: refusals, and the exact reduction of singular ones."""

import numpy as np
import pytest

from priorvol import bits
from priorvol.gaussian import SAME, GaussianLaw

RNG = np.random.default_rng(20)


def random_covariance(k, rank=None):
    root = RNG.normal(size=(k, rank or k))
    return root @ root.T


def embedded(core, mean, index, scale):
    """Return the law whose output i is ``scale[i]`` times output ``index[i]`` of a core law."""
    spread = np.zeros((len(index), len(core)))
    spread[np.arange(len(index)), index] = scale
    return GaussianLaw(spread @ core @ spread.T, spread @ mean)


def signs_by_sampling(law, n=4000):
    """Return which of the laws' outputs are above 0 in draws, by an eigendecomposition."""
    values, vectors = np.linalg.eigh(law.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return law.mean + RNG.normal(size=(n, law.m)) @ root.T


def test_law_holds_read_only_copies():
    covariance = np.eye(2)
    law = GaussianLaw(covariance)
    covariance[0, 0] = 5.0
    assert law.covariance[0, 0] == 1.0 and law.mean.tolist() == [0.0, 0.0] and law.m == 2
    for array in (law.covariance, law.mean):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


@pytest.mark.parametrize(
    ("covariance", "mean", "message"),
    [
        ([1.0, 2.0], None, "shape"),
        (np.zeros((2, 3)), None, "shape"),
        (np.zeros((0, 0)), None, "at least 1"),
        (np.eye(2), [1.0], r"mean must have shape \(2,\)"),
        (np.eye(2), [1.0, np.nan], "finite"),
        ([[np.inf, 0.0], [0.0, 1.0]], None, "finite"),
        ([[1.0, 0.5], [0.4, 1.0]], None, "symmetric"),
        ([[1.0, 0.0], [0.0, -0.1]], None, "negative variance"),
        ([[-1.0]], None, "negative variance"),
        ([[1.0, 1.1], [1.1, 1.0]], None, "beyond -1..1"),
        ([[0.0, 0.1], [0.1, 1.0]], None, "beyond -1..1"),
    ],
)
def test_refusals(covariance, mean, message):
    with pytest.raises(ValueError, match=message):
        GaussianLaw(covariance, np.zeros(0) if mean is None else mean)


def test_rounding_is_no_refusal():
    covariance = random_covariance(4)
    covariance[0, 1] *= 1 + 1e-14
    law = GaussianLaw(covariance)
    np.testing.assert_array_equal(law.covariance, law.covariance.T)


def test_restrict():
    covariance, mean = random_covariance(5), RNG.normal(size=5)
    law = GaussianLaw(covariance, mean).restrict([4, 1])
    np.testing.assert_array_equal(law.covariance, covariance[np.ix_([4, 1], [4, 1])])
    np.testing.assert_array_equal(law.mean, mean[[4, 1]])
    for bad in ([0, 0], [5], [-1]):
        with pytest.raises(ValueError, match="indices must"):
            GaussianLaw(covariance).restrict(bad)


def test_regular_law_is_kept_whole():
    law = GaussianLaw(random_covariance(6), RNG.normal(size=6))
    reduced = law.reduced
    assert reduced.k == 6 and reduced.kept.tolist() == list(range(6))
    assert reduced.index.tolist() == list(range(6)) and (reduced.sign == 1).all()
    np.testing.assert_array_equal(reduced.law.covariance, law.covariance)
    np.testing.assert_array_equal(reduced.law.mean, law.mean)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("size", [1e-60, 1.0, 1e60])
def test_multiples_of_an_output_follow_it(centred, size):
    core = size**2 * random_covariance(4)
    mean = np.zeros(4) if centred else size * RNG.normal(size=4)
    index = np.array([0, 1, 0, 2, 1, 3, 3, 0])
    scale = np.array([1.0, 1.0, -2.5, 1.0, 1e-9, -1.0, 4.0, 1e9])
    law = embedded(core, mean, index, scale)
    reduced = law.reduced
    assert reduced.kept.tolist() == [0, 1, 3, 5]
    assert reduced.index.tolist() == index.tolist()
    assert reduced.sign.tolist() == [1, 1, -1, 1, 1, 1, -1, 1]  # output 3 of the core is negated


def test_equal_correlation_but_other_mean_is_another_output():
    # h and h + 1 differ in sign where h is in (-1, 0)
    law = GaussianLaw(np.ones((2, 2)), [0.0, 1.0])
    assert law.reduced.k == 2
    law = GaussianLaw([[1.0, -1.0], [-1.0, 1.0]], [1.0, 1.0])
    assert law.reduced.k == 2
    law = GaussianLaw([[1.0, -2.0], [-2.0, 4.0]], [1.0, -2.0])
    assert law.reduced.k == 1 and law.reduced.sign.tolist() == [1, -1]


def test_fixed_outputs():
    covariance = np.zeros((4, 4))
    covariance[2, 2] = 1.0
    law = GaussianLaw(covariance, [0.0, 0.5, 0.0, -0.5])
    assert law.reduced.index.tolist() == [-1, -1, 0, -1]
    assert law.reduced.sign.tolist() == [-1, 1, 1, -1]  # h = 0 is not above 0
    signs, possible = law.reduced.orthants(["0100", "0110", "1100", "0000", "0101"])
    assert possible.tolist() == [True, True, False, False, False]
    assert signs[:2].tolist() == [[-1], [1]]


def test_all_outputs_fixed():
    reduced = GaussianLaw(np.zeros((2, 2)), [0.0, 1.0]).reduced
    assert reduced.law is None and reduced.k == 0
    signs, possible = reduced.orthants(["01", "00"])
    assert signs.shape == (2, 0) and possible.tolist() == [True, False]
    assert bits.unpack(reduced.functions(np.zeros((3, 0), dtype=bool)), 2).tolist() == [[0, 1]] * 3


@pytest.mark.parametrize("centred", [True, False])
def test_orthants_and_functions_against_draws(centred):
    core = random_covariance(3)
    mean = np.zeros(3) if centred else RNG.normal(size=3)
    law = embedded(core, mean, np.array([0, 1, 0, 2, 1]), np.array([1.0, 2.0, -1.0, 1.0, 3.0]))
    outputs = signs_by_sampling(law)
    above = outputs > 0
    clear = (np.abs(outputs) > 1e-6).all(axis=1)  # the test's own draws have rounding in them
    words = bits.pack(above[clear])
    signs, possible = law.reduced.orthants(words)
    assert possible.all()
    np.testing.assert_array_equal(signs > 0, above[clear][:, law.reduced.kept])
    np.testing.assert_array_equal(law.reduced.functions(signs > 0), words)
    # every function is possible or not: 2^3 of 2^5 are
    every = bits.pack((np.arange(32)[:, None] >> np.arange(5)) & 1 == 1)
    assert law.reduced.orthants(every)[1].sum() == 8


def test_law_of_lower_rank_without_multiples_is_kept():
    law = GaussianLaw(random_covariance(7, rank=3))
    assert law.reduced.k == 7


def test_nearly_equal_outputs_are_told_apart():
    # an angle of 1e-6 is resolved, one below rounding is not
    for angle, k in ((1e-6, 2), (1e-9, 1)):
        u = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
        assert GaussianLaw(u @ u.T).reduced.k == k


def test_functions_refuses_another_shape():
    reduced = GaussianLaw(np.eye(3)).reduced
    with pytest.raises(ValueError, match=r"positive must have shape \(n, 3\), got \(2, 2\)"):
        reduced.functions(np.zeros((2, 2), dtype=bool))


def test_outputs_close_together_are_not_one_output():
    """Inputs 1e-7 apart: their correlation is 1 to rounding, those with a third are not."""
    e = 1e-7
    factor = np.array([[1.0, 0.0], [np.cos(e), np.sin(e)], [1.0, 1.0]])
    covariance = factor @ factor.T
    rho = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert 1.0 - rho * rho <= SAME
    reduced = GaussianLaw(covariance).reduced
    assert reduced.k == 3
    assert reduced.orthants(["011", "101", "111"])[1].all()
    factor[1] = -2.0 * factor[0]
    assert GaussianLaw(factor @ factor.T).reduced.k == 2
