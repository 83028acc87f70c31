"""Generators for one purpose each: reproducible, and unlike each other."""

import numpy as np
import pytest
from scipy.stats import kstest

from priorvol.rng import MAX_SEED, check_seed, generator


def test_the_same_seed_and_purpose_give_the_same_numbers():
    first = generator(5, "bootstrap").random(10)
    np.testing.assert_array_equal(generator(5, "bootstrap").random(10), first)
    assert (generator(6, "bootstrap").random(10) != first).all()
    assert (generator(5, "permutations").random(10) != first).all()


def test_seeds_of_64_bits_are_all_taken():
    assert check_seed(MAX_SEED) == 2**64 - 1
    low, high = generator(0, "x").random(), generator(MAX_SEED, "x").random()
    assert low != high != generator(2**32, "x").random()


def test_purposes_and_seeds_are_uncorrelated():
    columns = [generator(seed, name).random(5000) for seed in (0, 1) for name in ("a", "b", "ab")]
    for column in columns:
        assert kstest(column, "uniform").pvalue > 1e-4
    correlations = np.corrcoef(columns)[np.triu_indices(6, 1)]
    assert (abs(correlations) < 5 / np.sqrt(5000)).all()


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5, None, "0", True])
def test_bad_seeds(seed):
    with pytest.raises(ValueError, match="seed must be"):
        generator(seed, "bootstrap")
