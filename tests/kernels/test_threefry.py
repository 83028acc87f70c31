"""Threefry against published vectors and a plain reference; no two streams overlap."""

import itertools

import numpy as np
import pytest

from priorvol import rng
from priorvol._kernels import threefry

MASK = 0xFFFFFFFF

# Rotations and parity constant of Threefry-4x32 as published (Salmon et al., SC 2011).
ROTATIONS = [(10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20)]
PARITY = 0x1BD11BDA

PI = "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 082efa98 ec4e6c89"

# counter and key, rounds, words: from the known-answer file of Random123
KNOWN = [
    ("00000000 " * 8, 20, "9c6ca96a e17eae66 fc10ecd4 5256a7d8"),
    ("ffffffff " * 8, 20, "2a881696 57012287 f6c7446e a16a6732"),
    (PI, 20, "59cd1dbb b8879579 86b5d00c ac8b6d84"),
    ("00000000 " * 8, 13, "531c7e4f 39491ee5 2c855a92 3d6abf9a"),
    ("ffffffff " * 8, 13, "c4189358 1c9cc83a d5881c67 6a0a89e0"),
    (PI, 13, "4aa71d8f 734738c2 431fc6a8 ae6debf1"),
]


def reference(counter, key, rounds):
    """Threefry-4x32 in Python's integers."""
    keys = [*key, PARITY ^ key[0] ^ key[1] ^ key[2] ^ key[3]]
    x = [(c + k) & MASK for c, k in zip(counter, key, strict=True)]
    for turn in range(rounds):
        for first, second, places in zip(
            (0, 2), ((1, 3), (3, 1))[turn % 2], ROTATIONS[turn % 8], strict=True
        ):
            x[first] = (x[first] + x[second]) & MASK
            rotated = (x[second] << places | x[second] >> (32 - places)) & MASK
            x[second] = rotated ^ x[first]
        if turn % 4 == 3:
            injection = turn // 4 + 1
            x = [(word + keys[(injection + i) % 5]) & MASK for i, word in enumerate(x)]
            x[3] = (x[3] + injection) & MASK
    return x


def numbers(text):
    return [int(word, 16) for word in text.split()]


def words_of(key, upper, n):
    """Return the kernel's words, (steps, words, lanes)."""
    out = np.empty(-(-n // threefry.STEP) * threefry.STEP, dtype=np.uint32)
    threefry.fill(out, n, tuple(key), *upper)
    return out.reshape(-1, 4, 16)


def random_streams(count, seed):
    draw = np.random.default_rng(seed).integers(0, 1 << 32, size=(count, 7)).tolist()
    return [(row[:4], row[4:]) for row in draw]


@pytest.mark.parametrize(("inputs", "rounds", "words"), KNOWN)
def test_the_reference_gives_the_published_words(inputs, rounds, words):
    given = numbers(inputs)
    assert reference(given[:4], given[4:], rounds) == numbers(words)


@pytest.mark.parametrize(
    ("key", "upper"),
    [([0] * 4, [0] * 3), ([MASK] * 4, [MASK] * 3), *random_streams(12, seed=1)],
)
def test_words_equal_the_reference(key, upper):
    words = words_of(key, upper, 200)
    assert words.shape == (4, 4, 16)
    for step, lane in itertools.product(range(4), range(16)):
        expected = reference([16 * step + lane, *upper], key, threefry.ROUNDS)
        assert words[step, :, lane].tolist() == expected


def test_enough_rounds_to_pass_every_published_test():
    assert threefry.ROUNDS >= 12  # Threefry-4x32 passes BigCrush from 12 rounds on (table 2)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 128, 1000])
def test_the_length_changes_no_word(n):
    key, upper = random_streams(1, seed=2)[0]
    room = -(-n // 64) * 64
    out = np.full(room + 64, 12345, dtype=np.uint32)
    threefry.fill(out, n, tuple(key), *upper)
    np.testing.assert_array_equal(out[:n], words_of(key, upper, 2048).ravel()[:n])
    assert (out[room:] == 12345).all()  # writes no further than to the next multiple of 64


def test_a_counter_word_wraps_as_32_bits():
    key, _ = random_streams(1, seed=3)[0]
    np.testing.assert_array_equal(words_of(key, [MASK, 0, 5], 64), words_of(key, [-1, 0, 5], 64))


def test_keys_tell_seeds_and_draws_apart():
    seeds = [0, 1, 2, MASK, 1 << 32, (1 << 32) + 1, (1 << 64) - 1, 1 << 63]
    found = set()
    for seed, draws in itertools.product(seeds, [1, 2, 50, 1 << 16]):
        key = rng.stream_key(seed, draws)
        assert len(key) == 4 and all(0 <= word <= MASK for word in key)
        assert key[0] | key[1] << 32 == seed  # so the key determines the seed
        assert key[2] == draws
        found.add(tuple(key))
    assert len(found) == len(seeds) * 4


def test_no_two_streams_share_words():
    """128 bits meet by chance with probability 1e-29 here, so any repeat is an overlap."""
    seen, total = set(), 0
    uppers = itertools.product([0, 1, 65535], [0, 1, 1 << 31], [0, 1, 1 << 16])
    for (seed, draws), upper in itertools.product(
        [(0, 1), (1, 1), (1 << 32, 1), (0, 2), (1, 2)], list(uppers)
    ):
        key = rng.stream_key(seed, draws)
        words = words_of(key, upper, 1024).transpose(0, 2, 1).reshape(-1, 4)
        seen.update(map(bytes, np.ascontiguousarray(words)))
        total += len(words)
    assert total == 5 * 27 * 256
    assert len(seen) == total
