"""Uniformity and normality of the generator's numbers, and independence between its streams."""

import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.special import ndtr
from scipy.stats import binomtest, chi2, chisquare, kstwobign

from priorvol._kernels import streams

P_THRESHOLD = 1e-5  # some sixty p-values are computed

CHUNK = 1 << 20
KEY = (1, 0, 1, 0x7072696F)

FEW = 5 * CHUNK
MANY = 96 * CHUNK  # 1.007e8
SIZES = [FEW, pytest.param(MANY, marks=pytest.mark.slow)]


def started(c1, c2, c3, key):
    state = np.empty(streams.STATE_WORDS, dtype=np.uint32)
    streams.start(state, key, c1, c2, c3)
    return state


def words(c1=0, c2=0, c3=0, key=KEY, n=CHUNK):
    """Return a stream's first outputs, (steps, outputs, lanes)."""
    out = np.empty(n, dtype=np.uint32)
    streams.fill_words(started(c1, c2, c3, key), out, n)
    return out.reshape(-1, 4, 16)


def numbers(c1=0, c2=0, c3=0, key=KEY, n=CHUNK, *, uniform=False):
    """Return a stream's first numbers, of variance 1, (steps, outputs, lanes)."""
    out = np.empty(n, dtype=np.float32)
    streams.fill(started(c1, c2, c3, key), out, n, uniform, 1.0)
    return out.reshape(-1, 4, 16)


def many_words(total):
    """Yield ``total`` words in pieces that come from several streams."""
    for i in range(total // CHUNK):
        yield words(i, i % 3, i % 5)


def many_numbers(total, *, uniform=False):
    for i in range(total // CHUNK):
        yield numbers(i, i % 3, i % 5, uniform=uniform)


def bins_of(u, k):
    """Return which of ``k`` equal parts of [0, 1] the numbers lie in."""
    return np.minimum((u.ravel() * k).astype(np.int64), k - 1)


@pytest.mark.parametrize("total", SIZES)
def test_words_are_uniform(total):
    """Chi-square on 2^16 values: three ranges of bits, and bytes of neighbours in four senses."""
    ranges = {
        "bits 0 to 15": lambda x: x & 0xFFFF,
        "bits 8 to 23": lambda x: x >> 8 & 0xFFFF,
        "bits 16 to 31": lambda x: x >> 16,
        "low bytes of words": lambda x: x[:, ::2] & 0xFF | (x[:, 1::2] & 0xFF) << 8,
        "high bytes of words": lambda x: x[:, 1:3] >> 24 | x[:, ::3] >> 24 << 8,
        "low bytes of lanes": lambda x: x[..., ::2] & 0xFF | (x[..., 1::2] & 0xFF) << 8,
        "high bytes of steps": lambda x: x[::2] >> 24 | x[1::2] >> 24 << 8,
    }
    counts = {name: np.zeros(1 << 16, dtype=np.int64) for name in ranges}
    for x in many_words(total):
        for name, part in ranges.items():
            counts[name] += np.bincount(part(x).ravel(), minlength=1 << 16)
    for name, found in counts.items():
        assert found.sum() in (total, total // 2)
        assert chisquare(found).pvalue > P_THRESHOLD, name
        assert chisquare(found).pvalue < 1 - P_THRESHOLD, f"{name}: too even"


@pytest.mark.parametrize("total", SIZES)
def test_every_bit_is_fair_and_independent_of_its_neighbours(total):
    ones = np.zeros((2, 32), dtype=np.int64)
    n = np.zeros(2)
    for x in many_words(total):
        shifted = x[1:] ^ x[:-1]
        for row, values in enumerate((x, shifted)):
            octets = np.ascontiguousarray(values, dtype="<u4").view(np.uint8).reshape(-1, 4)
            for byte in range(4):
                sizes = np.bincount(octets[:, byte], minlength=256)
                bits = np.arange(256)[:, None] >> np.arange(8) & 1
                ones[row, 8 * byte : 8 * byte + 8] += sizes @ bits
            n[row] += values.size
    assert_within(ones / n[:, None], 0.5, 0.5 / np.sqrt(n)[:, None])


@pytest.mark.parametrize("total", SIZES)
def test_normals_are_normal(total):
    powers = np.arange(1, 9)
    sums = np.zeros(len(powers))
    counts = np.zeros(1 << 16, dtype=np.int64)
    beyond = dict.fromkeys((3.0, 4.0, 4.5, 5.0, -3.0, -4.0, -4.5, -5.0), 0)
    for z in many_numbers(total):
        z = z.astype(np.float64).ravel()
        power = np.ones_like(z)
        for i in range(len(powers)):
            power *= z
            sums[i] += power.sum()
        counts += np.bincount(bins_of(ndtr(z), 1 << 16), minlength=1 << 16)
        for edge in beyond:
            beyond[edge] += np.count_nonzero(z > edge if edge > 0 else z < edge)

    def moment(k):  # (k - 1)!! for even k
        return 0.0 if k % 2 else float(math.prod(range(1, k, 2)))

    expected = np.array([moment(k) for k in powers])
    errors = np.sqrt([(moment(2 * k) - moment(k) ** 2) / total for k in powers])
    assert_within(sums / total, expected, errors)
    assert P_THRESHOLD < chisquare(counts).pvalue < 1 - P_THRESHOLD
    edges = np.arange(1, (1 << 16) + 1) / (1 << 16)
    distance = np.abs(np.cumsum(counts) / total - edges).max()  # at most Kolmogorov's
    assert kstwobign.sf(distance * math.sqrt(total)) > P_THRESHOLD
    for edge, found in beyond.items():
        assert binomtest(found, total, ndtr(-abs(edge))).pvalue > P_THRESHOLD, edge


@pytest.mark.parametrize("total", SIZES)
def test_uniforms_are_uniform(total):
    counts = np.zeros(1 << 16, dtype=np.int64)
    largest = 0.0
    for x in many_numbers(total, uniform=True):
        u = x.astype(np.float64) / (2 * math.sqrt(3)) + 0.5
        largest = max(largest, np.abs(u - 0.5).max())
        counts += np.bincount(bins_of(u, 1 << 16), minlength=1 << 16)
    assert P_THRESHOLD < chisquare(counts).pvalue < 1 - P_THRESHOLD
    assert 0.5 - 30 / total < largest < 0.5 + 1e-6


def other_key(word):
    return tuple(value + (i == word) for i, value in enumerate(KEY))


# Pairs of numbers that might depend on each other, as (first, second) of piece i of the stream.
PAIRS = {
    "the two of a Box-Muller pair": lambda i: (
        (z := numbers(i))[:, ::2],
        z[:, 1::2],
    ),
    "the two radii of a lane": lambda i: ((z := numbers(i))[:, 0], z[:, 2]),
    "outputs 1 and 2": lambda i: ((z := numbers(i))[:, 1], z[:, 2]),
    "outputs 3 and 0": lambda i: ((z := numbers(i))[:, 3], z[:, 0]),
    "neighbouring lanes": lambda i: ((z := numbers(i))[..., :-1], z[..., 1:]),
    "distant lanes": lambda i: ((z := numbers(i))[..., :8], z[..., 8:]),
    "neighbouring steps": lambda i: ((z := numbers(i))[:-1], z[1:]),
    "distant steps": lambda i: ((z := numbers(i))[: len(z) // 2], z[len(z) // 2 :]),
    "neighbouring indices": lambda i: (numbers(2 * i), numbers(2 * i + 1)),
    "neighbouring blocks": lambda i: (numbers(i, 0), numbers(i, 1)),
    "neighbouring last words": lambda i: (numbers(i, 0, 0), numbers(i, 0, 1)),
    "index and block": lambda i: (numbers(i, i + 1), numbers(i + 1, i)),
    "seeds": lambda i: (numbers(i), numbers(i, key=other_key(0))),
    "seeds 2^32 apart": lambda i: (numbers(i), numbers(i, key=other_key(1))),
    "output draws": lambda i: (numbers(i), numbers(i, key=other_key(2))),
    "indices in short streams": lambda i: (
        np.array([numbers(j, i, n=64) for j in range(2000)]),
        np.array([numbers(j + 1, i, n=64) for j in range(2000)]),
    ),
}


@pytest.mark.parametrize("pieces", [2, pytest.param(24, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", PAIRS)
def test_pairs_are_independent(name, pieces):
    """Correlations of z, z^2 and mixed, and chi-square of the joint law on 64 x 64 cells."""
    sums, n = np.zeros(4), 0
    cells = np.zeros(64 * 64, dtype=np.int64)
    for i in range(pieces):
        x, y = (part.astype(np.float64).ravel() for part in PAIRS[name](i))
        x2, y2 = x * x - 1, y * y - 1
        sums += [x @ y, x2 @ y2 / 2, x @ y2 / math.sqrt(2), x2 @ y / math.sqrt(2)]
        n += len(x)
        places = 64 * bins_of(ndtr(x), 64) + bins_of(ndtr(y), 64)
        cells += np.bincount(places, minlength=64 * 64)
    assert_within(sums / n, 0, 1 / math.sqrt(n))
    # A number may be the second of one pair and the first of the next; with the margins taken out
    # the terms of such pairs are uncorrelated, so the law of the statistic is still chi-square.
    table = cells.reshape(64, 64)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    statistic = ((table - expected) ** 2 / expected).sum()
    assert chi2.sf(statistic, 63 * 63) > P_THRESHOLD
    assert chi2.cdf(statistic, 63 * 63) > P_THRESHOLD


@pytest.mark.parametrize("count", [1 << 14, pytest.param(1 << 18, marks=pytest.mark.slow)])
def test_the_first_numbers_of_streams_are_normal_too(count):
    """A network reads the start of many streams, not one stream for long."""
    z = np.array([numbers(i, 7, n=64)[0, :, 0] for i in range(count)], dtype=np.float64)
    root = math.sqrt(count)
    assert_within(z.mean(axis=0), 0, 1 / root)
    assert_within((z**2).mean(axis=0), 1, math.sqrt(2) / root)
    correlation = z.T @ z / count
    assert_within(correlation[np.triu_indices(4, 1)], 0, 1 / root)
    for lag in (1, 2, 64):
        assert_within((z[lag:] * z[:-lag]).mean(axis=0), 0, 1 / math.sqrt(count - lag))
    for column in z.T:
        counts = np.bincount(bins_of(ndtr(column), 256), minlength=256)
        assert chisquare(counts).pvalue > P_THRESHOLD
