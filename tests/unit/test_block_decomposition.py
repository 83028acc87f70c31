"""Block decomposition: pybdm word by word, its limits, and the missing extra."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from priorvol import bits, complexity
from priorvol.complexity import block_decomposition, registry

with warnings.catch_warnings():  # some versions of setuptools say that pkg_resources is deprecated
    warnings.simplefilter("ignore")
    import pybdm


def by_pybdm(array):
    recursive = pybdm.BDM(ndim=1, partition=pybdm.PartitionRecursive, min_length=1)
    return [recursive.bdm(row.astype(int)) for row in array]


def words_of(k, m, seed):
    """Uniform, sparse and periodic words, so that blocks recur."""
    rng = np.random.default_rng(seed)
    array = rng.random((k, m)) < 0.5
    array[k // 3 : 2 * k // 3] = rng.random((2 * k // 3 - k // 3, m)) < 0.04
    for row in range(2 * k // 3, k):
        array[row] = np.resize(array[row, : rng.integers(1, 25)], m)
    return array


@pytest.mark.parametrize("m", [*range(1, 14), 16, 24, 25, 32, 63, 64, 65, 72, 77, 128, 130, 256])
def test_every_word_has_the_value_of_pybdm(m):
    array = words_of(45, m, m)
    values = block_decomposition(array)
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, by_pybdm(array), rtol=1e-13)


def test_every_word_of_eight_characters_and_of_one():
    for m in (1, 8):
        every = np.arange(1 << m)[:, None] >> np.arange(m) & 1 == 1
        np.testing.assert_allclose(block_decomposition(every), by_pybdm(every), rtol=1e-15)


def test_every_block_of_twelve():
    every = np.arange(1 << 12)[:, None] >> np.arange(12) & 1 == 1
    np.testing.assert_allclose(block_decomposition(every), by_pybdm(every), rtol=1e-15)


def test_the_last_characters_count_as_they_do_not_in_pybdms_default():
    array = words_of(20, 128, 7)
    changed = array.copy()
    changed[:, 120:] = [False, True, True, False, True, False, False, True]
    default = pybdm.BDM(ndim=1)
    assert default.bdm(array[0].astype(int)) == default.bdm(changed[0].astype(int))
    assert (block_decomposition(array) != block_decomposition(changed)).any()


def test_one_more_of_a_block_costs_the_logarithm():
    once, twice, eight = (block_decomposition("001101110001" * times)[0] for times in (1, 2, 8))
    assert twice == pytest.approx(once + 1, abs=1e-12)
    assert eight == pytest.approx(once + 3, abs=1e-12)


@pytest.mark.parametrize("m", [5, 12, 16, 64, 120, 128])
def test_invariances_are_exact(m):
    array = words_of(300, m, 100 + m)
    values = block_decomposition(array)
    np.testing.assert_array_equal(block_decomposition(~array), values)
    reversed_values = block_decomposition(array[:, ::-1])
    if m % 12 == 0 or m < 12:
        np.testing.assert_array_equal(reversed_values, values)
    else:
        assert (reversed_values != values).any()


def test_rows_do_not_depend_on_each_other():
    words = bits.pack(words_of(60, 128, 3))
    together = block_decomposition(words, m=128)
    alone = [block_decomposition(word, m=128)[0] for word in words]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(
        complexity.compute(words, ["block_decomposition"], m=128)["block_decomposition"], together
    )
    assert block_decomposition(words[:0], m=128).shape == (0,)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="4 characters, but m = 8"):
        block_decomposition("0101", m=8)
    with pytest.raises(ValueError, match="need m"):
        block_decomposition(np.array([[3]], dtype=np.uint64))


def test_without_pybdm_the_extra_is_named(monkeypatch):
    code = (
        "import sys; sys.modules['pybdm'] = None\n"
        "from priorvol import complexity\n"
        "try: complexity.block_decomposition('0101')\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "priorvol[bdm]"' in done.stdout
    monkeypatch.setattr(registry.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "priorvol\[bdm\]"'):
        complexity.compute("0101", ["block_decomposition"])
    assert "block_decomposition" not in complexity.applicable("0101")


def test_importing_the_package_does_not_import_pybdm():
    code = "import sys, priorvol.complexity; print('pybdm' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_warnings_of_its_import_are_silenced_and_no_others(tmp_path):
    """A stand-in for pkg_resources warns as the real one does from setuptools 67.5 and 80.9."""
    (tmp_path / "pkg_resources.py").write_text(
        "import os, warnings\n"
        "warnings.warn('pkg_resources is deprecated as an API.', DeprecationWarning)\n"
        "warnings.warn('pkg_resources is deprecated as an API.', UserWarning)\n"
        "if 'OTHER' in os.environ: warnings.warn('something else', UserWarning)\n"
        "from importlib.resources import files\n"
        "def resource_stream(package, name): return (files(package) / name).open('rb')\n"
    )
    code = "from priorvol import complexity; print(complexity.block_decomposition('0101'))"
    command = [sys.executable, "-W", "error", "-c", code]
    for extra, works in ({}, True), ({"OTHER": "1"}, False):
        done = subprocess.run(
            command, env={"PYTHONPATH": str(tmp_path), **extra}, capture_output=True, text=True
        )
        assert (done.returncode == 0) is works, done.stderr
        assert ("something else" in done.stderr) is not works
