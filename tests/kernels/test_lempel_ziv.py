"""Lempel-Ziv 1976 words: the kernel against a plain reference, antropy and published words."""

import os
import subprocess
import sys

import antropy
import numpy as np
import pytest

from priorvol import bits
from priorvol._kernels import lempel_ziv


def words_of_history(text):
    """Cut off, again and again, the shortest piece that does not occur starting earlier."""
    pieces = []
    start = 0
    while start < len(text):
        length = 1
        while start + length <= len(text):
            piece = text[start : start + length]
            if piece not in text[: start + length - 1]:
                break
            length += 1
        pieces.append(text[start : start + length])
        start += length
    return pieces


def random_bits(k, m, seed):
    """Half uniform; half with few ones, in runs or periodic, so that long copies occur."""
    rng = np.random.default_rng(seed)
    array = rng.random((k, m)) < 0.5
    for row in range(k // 2):
        kind = row % 3
        if kind == 0:
            array[row] = rng.random(m) < rng.random() * 0.2
        elif kind == 1:
            array[row] = np.cumsum(rng.random(m) < 0.1) % 2 == 1
        else:
            period = rng.integers(1, m + 1)
            array[row] = np.resize(array[row, :period], m) ^ (rng.random(m) < 0.02)
    return array


def assert_counts(array, reference):
    m = array.shape[1]
    forward, backward = lempel_ziv.count_words(bits.pack(array), m)
    texts = bits.to_text(bits.pack(array), m)
    assert forward.dtype == backward.dtype == np.int64
    np.testing.assert_array_equal(forward, [reference(text) for text in texts])
    np.testing.assert_array_equal(backward, [reference(text[::-1]) for text in texts])


def test_the_reference_parses_the_published_word():
    expected = ["1", "0", "01", "1110", "1100", "0010"]
    assert words_of_history("1001111011000010") == expected


def test_equals_the_reference_on_random_words_of_128_characters():
    array = np.random.default_rng(1).random((10_000, 128)) < 0.5
    assert_counts(array, lambda text: len(words_of_history(text)))


def test_equals_antropy_on_random_words_of_128_characters():
    array = np.random.default_rng(2).random((10_000, 128)) < 0.5
    assert_counts(array, lambda text: antropy.lziv_complexity(text, normalize=False))


@pytest.mark.parametrize("m", [1, 2, 3, 10])
def test_equals_reference_and_antropy_on_all_words(m):
    array = bits.unpack(np.arange(1 << m, dtype=np.uint64)[:, None], m)
    assert_counts(array, lambda text: len(words_of_history(text)))
    assert_counts(array, lambda text: antropy.lziv_complexity(text, normalize=False))


@pytest.mark.parametrize("m", [*range(1, 71), 127, 128, 129, 191, 192, 193, 200, 256, 500])
def test_equals_the_reference_at_every_length(m):
    assert_counts(random_bits(60, m, seed=m), lambda text: len(words_of_history(text)))


@pytest.mark.parametrize("m", [64, 128, 192])
@pytest.mark.parametrize("k", [0, 1, 255, 256, 257, 511, 512, 513, 1100])
def test_any_number_of_functions(k, m):
    words = bits.pack(np.random.default_rng(3).random((1100, m)) < 0.5)
    expected = lempel_ziv.count_words(words, m)
    found = lempel_ziv.count_words(words[:k], m)
    np.testing.assert_array_equal(found[0], expected[0][:k])
    np.testing.assert_array_equal(found[1], expected[1][:k])


@pytest.mark.parametrize("m", [64, 128, 192])
def test_compiles_once_whatever_the_memory_layout(m):
    kernel = {64: lempel_ziv._count_one, 128: lempel_ziv._count_two, 192: lempel_ziv._count_many}[m]
    words = bits.pack(random_bits(40, m, seed=4))
    expected = lempel_ziv.count_words(words, m)
    wide = np.zeros((80, words.shape[1] + 2), dtype=np.uint64)
    wide[::2, 1:-1] = words
    frozen = words.copy()
    frozen.setflags(write=False)
    for layout in (np.asfortranarray(words), wide[::2, 1:-1], frozen):
        found = lempel_ziv.count_words(layout, m)
        np.testing.assert_array_equal(found, expected)
    assert len(getattr(kernel, "signatures", [()])) == 1  # plain Python has none


def test_leaves_the_functions_as_they_were():
    words = bits.pack(random_bits(40, 100, seed=5))
    before = words.copy()
    lempel_ziv.count_words(words, 100)
    np.testing.assert_array_equal(words, before)


def test_counts_forwards_only_when_asked():
    words = bits.pack(random_bits(40, 128, seed=6))
    forward, backward = lempel_ziv.count_words(words, 128, both=False)
    np.testing.assert_array_equal(forward, lempel_ziv.count_words(words, 128)[0])
    assert not backward.any()


@pytest.mark.parametrize("m", [1, 5, 63, 64, 65, 100, 128, 150, 256])
def test_reverses_bits(m):
    array = random_bits(20, m, seed=7)
    columns = np.array(bits.pack(array).T, order="C")
    lempel_ziv.reverse_bits(columns, m)
    np.testing.assert_array_equal(bits.unpack(columns.T, m), array[:, ::-1])


def test_runs_without_the_compiler():
    script = (
        "import numpy as np\n"
        "from priorvol import bits\n"
        "from priorvol._kernels.lempel_ziv import count_words\n"
        "for m in (40, 100, 150):\n"
        "    text = ('0010111' * 30)[:m]\n"
        "    words, _ = bits.as_words([text, '0' * m])\n"
        "    print(*np.concatenate(count_words(words, m)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    for m, line in zip((40, 100, 150), result.stdout.splitlines(), strict=True):
        texts = [("0010111" * 30)[:m], "0" * m]
        texts += [text[::-1] for text in texts]
        assert [int(n) for n in line.split()] == [len(words_of_history(t)) for t in texts]
