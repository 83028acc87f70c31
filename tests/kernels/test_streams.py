"""Streams against a plain xoshiro128++, their numbers against Box-Muller in float64."""

import itertools
import math

import numpy as np
import pytest

from priorvol._kernels import streams, threefry

MASK = 0xFFFFFFFF
ULP = 2.0**-24  # relative error of one float32 rounding

# From state (1, 2, 3, 4), as the authors' C code gives them.
PUBLISHED = [
    *(641, 1573767, 3222811527, 3517856514, 836907274),
    *(4247214768, 3867114732, 1355841295, 495546011, 621204420),
]


def rotate(x, places):
    return (x << places | x >> (32 - places)) & MASK


def reference(state):
    """Yield the outputs of xoshiro128++ in Python's integers."""
    a, b, c, d = state
    while True:
        yield (rotate((a + d) & MASK, 7) + a) & MASK
        shifted = b << 9 & MASK
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = rotate(d, 11)


def random_state(seed):
    return np.random.default_rng(seed).integers(1, 1 << 32, size=64, dtype=np.uint32)


def words_of(state, n):
    """Return outputs, (steps, outputs, lanes); the state moves on."""
    out = np.empty(-(-n // streams.STEP) * streams.STEP, dtype=np.uint32)
    streams.fill_words(state, out, n)
    return out.reshape(-1, 4, 16)


def numbers_of(state, n, uniform, scale):
    """Return numbers and the words that they are made of."""
    out = np.empty(-(-n // streams.STEP) * streams.STEP, dtype=np.float32)
    words = words_of(state.copy(), n)
    streams.fill(state, out, n, uniform, scale)
    return out.astype(np.float64), words


def test_the_reference_gives_the_published_outputs():
    assert list(itertools.islice(reference((1, 2, 3, 4)), 10)) == PUBLISHED


@pytest.mark.parametrize("seed", range(5))
def test_every_lane_is_a_xoshiro(seed):
    state = random_state(seed)
    states = state.reshape(4, 16).T.tolist()
    words = words_of(state, 640)
    for lane in range(16):
        expected = list(itertools.islice(reference(states[lane]), 40))
        assert words[:, :, lane].ravel().tolist() == expected


def test_the_published_outputs_come_from_every_lane():
    state = np.repeat(np.array([1, 2, 3, 4], dtype=np.uint32), 16)
    words = words_of(state, 128)
    for lane in range(16):
        assert words[:, :, lane].ravel().tolist()[:8] == PUBLISHED[:8]


@pytest.mark.parametrize("place", [(0, 0, 0), (65535, 3, 0), (7, MASK, 1 << 16), (1, 2, 3)])
def test_a_stream_starts_from_threefry(place):
    key = (5, 6, 7, 8)
    state = np.empty(streams.STATE_WORDS, dtype=np.uint32)
    streams.start(state, key, *place)
    expected = np.empty(64, dtype=np.uint32)
    threefry.fill(expected, 64, key, *place)
    np.testing.assert_array_equal(state, expected)


@pytest.mark.parametrize("uniform", [False, True])
def test_a_stream_goes_on_where_it_stopped(uniform):
    lengths = [64, 1, 63, 128, 200]
    state, whole = random_state(1), random_state(1)
    parts = [numbers_of(state, n, uniform, 1.0)[0] for n in lengths]
    together = np.concatenate(parts)
    np.testing.assert_array_equal(together, numbers_of(whole, len(together), uniform, 1.0)[0])
    np.testing.assert_array_equal(state, whole)
    words_of(state, 64)
    assert (state != whole).any()


@pytest.mark.parametrize("n", [1, 63, 64, 65, 1000])
def test_no_further_than_to_the_next_multiple_of_64(n):
    room = -(-n // 64) * 64
    out = np.full(room + 64, np.nan, dtype=np.float32)
    streams.fill(random_state(2), out, n, False, 1.0)
    assert np.isfinite(out[:room]).all()
    assert np.isnan(out[room:]).all()


def box_muller(words):
    """Return z, its radius and -ln u in float64, in the order of `streams.fill`."""
    radius_words = np.repeat(words[:, ::2], 2, axis=1)
    angle_words = np.repeat(words[:, 1::2], 2, axis=1).view(np.int32)
    log = -np.log((radius_words | 1).astype(np.float64) / 2.0**32)
    radius = np.sqrt(2 * log)
    angle = 2 * np.pi * angle_words.astype(np.float64) / 2.0**32
    circle = np.where(np.arange(4)[:, None] % 2 == 0, np.cos(angle), np.sin(angle))
    return (radius * circle).ravel(), radius.ravel(), log.ravel()


def normal_error(radius, log):
    """Bound |z' - z| of a float32 Box-Muller.

    u is rounded to 24 bits, which moves ln u by 2^-24; ln u itself is good to 4 roundings; and
    |r' - r| = |r'^2 - r^2| / (r' + r). The turn, at most 1/2, is rounded to 2^-26, 1/4 - |turn| to
    2^-27: the sine and cosine move by 2 pi (3/4) 2^-25 < 2.4 ulp, and their polynomials,
    products and the final scale are good to 6 roundings more.
    """
    squares = 2 * (ULP + 4 * ULP * log)
    return np.minimum(np.sqrt(squares), squares / radius) + 8.5 * ULP * radius


@pytest.mark.parametrize("scale", [1.0, 0.15811388300841897, 3e-5, 1e4])
def test_normals_are_box_muller_of_the_words(scale):
    found, words = numbers_of(random_state(3), 1 << 20, False, scale)
    z, radius, log = box_muller(words)
    worst = (np.abs(found / scale - z) / normal_error(radius, log)).max()
    assert 0.2 < worst <= 1  # the bound is kept, and is not idle


def test_normals_stay_below_the_largest_radius():
    assert math.sqrt(2 * 32 * math.log(2)) < 6.67  # u >= 2^-32
    found, _ = numbers_of(random_state(4), 1 << 22, False, 1.0)
    assert np.isfinite(found).all()
    assert 4.5 < np.abs(found).max() < 6.67


@pytest.mark.parametrize("scale", [1.0, 0.3779644730092272, 5.0])
def test_uniforms_are_the_words_scaled(scale):
    found, words = numbers_of(random_state(5), 1 << 18, True, scale)
    exact = words.view(np.int32).astype(np.float64).ravel() * (math.sqrt(3) * scale / 2**31)
    # the word, the constant, the scale and two products are rounded
    assert (np.abs(found - exact) <= 5.001 * ULP * np.abs(exact)).all()
    assert np.abs(found).max() <= math.sqrt(3) * scale * (1 + 5 * ULP)


# States that make chosen words: output 0 is rotl(s0 + s3, 7) + s0, so s0 = 0 leaves s3 free.
@pytest.mark.parametrize("word", [0, 1, 2, 127, 128, 1 << 31, (1 << 31) - 1, MASK - 128, MASK])
def test_radii_of_extreme_words(word):
    state = random_state(6).reshape(4, 16)
    state[0], state[3] = 0, word >> 7 | word << 25 & MASK
    found, words = numbers_of(state.ravel().copy(), 64, False, 1.0)
    assert (words[0, 0] == word).all()
    z, radius, log = box_muller(words)
    assert np.isfinite(found).all()
    assert (np.abs(found - z) <= normal_error(radius, log)).all()
