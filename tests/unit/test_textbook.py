"""The measures of named functions against textbook values."""

from itertools import product

import numpy as np
import pytest
import textbook_basic
import textbook_built

from priorvol import atlas, complexity

N = range(3, 8)
EVEN = (4, 6)
FAMILIES = (*textbook_basic.FAMILIES, *textbook_built.FAMILIES)


def textbook():
    """Return the values of each measure and n by name."""
    values = {}
    for family, n in product(FAMILIES, N):
        for name, row in family(n):
            for measure, value in row.items():
                known = values.setdefault((measure, n), {}).setdefault(name, value)
                assert known == pytest.approx(value), (name, n, measure)
    return values


VALUES = textbook()


@pytest.mark.parametrize(("measure", "n"), VALUES, ids=lambda value: str(value))
def test_textbook_values(measure, n):
    expected = VALUES[measure, n]
    texts = [atlas.function(name, n) for name in expected]
    found = complexity.compute(texts, measure)[measure].tolist()
    assert dict(zip(expected, found, strict=True)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_there_are_values_for_every_measure_of_the_literature():
    assert sum(map(len, VALUES.values())) > 2500
    without = {measure.name for measure in complexity.measures()} - {name for name, _ in VALUES}
    assert without == {"lz78_phrases", "block_decomposition"}


@pytest.mark.parametrize("n", EVEN)
@pytest.mark.parametrize(
    "name", ["inner_product", "pairs_sum", "rudin_shapiro", "all_pairs", "maiorana_mcfarland"]
)
def test_bent_functions_have_flat_spectra(name, n):
    spectrum = complexity.walsh_spectrum(atlas.function(name, n))
    np.testing.assert_allclose(np.abs(spectrum), np.full((1, 1 << n), 2 ** (-n / 2)), rtol=1e-12)


@pytest.mark.parametrize("n", N)
def test_parities_have_a_single_coefficient(n):
    for name in ("zero", "one", "last", "parity_2", "parity", "not_parity"):
        spectrum = complexity.walsh_spectrum(atlas.function(name, n))
        assert np.count_nonzero(spectrum) == 1 and np.abs(spectrum).max() == 1
