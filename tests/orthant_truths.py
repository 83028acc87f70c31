"""Gaussian laws whose orthant probabilities are known independently of the estimators.

Every maker takes a generator and returns (covariance, mean, signs, log P): closed forms, or
quadrature in one or two dimensions that is good to 1e-9 or better. `counted` counts draws, and
`case` gives the error that this leaves.
"""

import mpmath as mp
import numpy as np
from scipy.special import log_ndtr, logsumexp


def hide(rng, covariance, mean, signs, scale=True):
    """Permute and rescale the outputs; P stays the same."""
    m = len(mean)
    order = rng.permutation(m)
    factor = np.exp(rng.normal(0, 1, m)) if scale else np.ones(m)
    covariance = covariance[np.ix_(order, order)] * np.outer(factor, factor)
    return covariance, mean[order] * factor, signs[order]


def draw_size(rng, low, high):
    return int(np.exp(rng.uniform(np.log(low), np.log(high + 1))))


def factor_log_p(loadings, own, mean, signs):
    """P for h = mean + loadings x + own e by the trapezoidal rule on a fine grid."""
    x = np.linspace(-40, 40, 8001)
    logs = -0.5 * x**2 - 0.5 * np.log(2 * np.pi)
    for b, d, mu, s in zip(loadings, own, mean, signs, strict=True):
        logs = logs + log_ndtr(s * (mu + b * x) / d)
    return logsumexp(logs) + np.log(x[1] - x[0])


def one_factor(rng, m=None):
    m = m or draw_size(rng, 2, 128)
    loadings = rng.normal(0, rng.choice([0.3, 1.0, 3.0]), m)
    if rng.random() < 0.3:
        loadings = np.abs(loadings)
    own = np.exp(rng.normal(0, 0.4, m))
    mean = rng.normal(0, rng.choice([0.5, 1.5]), m) * (rng.random() < 0.5)
    x = rng.standard_normal()
    likely = np.where(mean + loadings * x + own * rng.standard_normal(m) > 0, 1, -1)
    signs = (np.ones(m, dtype=int), likely, -likely, rng.choice([-1, 1], m))[rng.integers(4)]
    covariance = np.outer(loadings, loadings) + np.diag(own**2)
    return covariance, mean, signs, factor_log_p(loadings, own, mean, signs)


def equicorrelated(rng):
    m = draw_size(rng, 2, 128)
    rho = rng.uniform(0.02, 0.97)
    covariance = np.full((m, m), rho) + (1 - rho) * np.eye(m)
    signs = np.ones(m, dtype=int)
    flipped = rng.integers(0, max(m // 4, 1) + 1) if rng.random() < 0.6 else 0
    signs[:flipped] = -1
    loadings, own = np.full(m, np.sqrt(rho)), np.full(m, np.sqrt(1 - rho))
    return covariance, np.zeros(m), signs, factor_log_p(loadings, own, np.zeros(m), signs)


def two_factors(rng):
    m = draw_size(rng, 3, 64)
    loadings = rng.normal(0, 1, (m, 2))
    own = np.exp(rng.normal(0, 0.3, m))
    signs = np.where(loadings @ rng.standard_normal(2) + own * rng.standard_normal(m) > 0, 1, -1)
    x = np.linspace(-9, 9, 181)
    grid = np.stack(np.meshgrid(x, x), -1).reshape(-1, 2)
    logs = -0.5 * (grid**2).sum(1) - np.log(2 * np.pi)
    for b, d, s in zip(loadings, own, signs, strict=True):
        logs = logs + log_ndtr(s * (grid @ b) / d)
    log_p = logsumexp(logs) + 2 * np.log(x[1] - x[0])
    return loadings @ loadings.T + np.diag(own**2), np.zeros(m), signs, log_p


def three_outputs(rng):
    """The trivariate arcsine law: 1/8 + (sum of arcsines) / 4 pi."""
    while True:
        a = rng.standard_normal((3, 3))
        k = a @ a.T
        d = np.sqrt(np.diag(k))
        signs = rng.choice([-1, 1], 3)
        rho = k / np.outer(d, d) * np.outer(signs, signs)
        p = 0.125 + (np.arcsin(rho[0, 1]) + np.arcsin(rho[0, 2]) + np.arcsin(rho[1, 2])) / (
            4 * np.pi
        )
        if p > 1e-4:
            return k, np.zeros(3), signs, np.log(p)


def tree(rng):
    """A Markov random field on a random tree (chains and stars among them), by its recursion."""
    m = draw_size(rng, 2, 128)
    kind = rng.integers(3)
    parent = [0] + [(i - 1, 0, int(rng.integers(i)))[kind] for i in range(1, m)]
    rho = rng.uniform(-0.9, 0.9, m)
    if rng.random() < 0.5:
        rho = np.sqrt(np.abs(rho))
    covariance = np.eye(m)
    for i in range(1, m):
        covariance[i, :i] = rho[i] * covariance[parent[i], :i]
        covariance[:i, i] = covariance[i, :i]
    signs = np.ones(m, dtype=int) if rng.random() < 0.5 else rng.choice([-1, 1], m)
    if rng.random() < 0.2:  # against every correlation
        for i in range(1, m):
            signs[i] = -np.sign(rho[i]) * signs[parent[i]]
    nodes, weights = np.polynomial.legendre.leggauss(240)
    nodes, weights = 5.0 * (nodes + 1), 5.0 * weights  # |h| in (0, 10)
    below = np.zeros((m, len(nodes)))  # log P of all constraints below node i, given |h_i|
    for i in range(m - 1, 0, -1):
        child, above = signs[i] * nodes, signs[parent[i]] * nodes
        spread = np.sqrt(1 - rho[i] ** 2)
        z = (child[None] - rho[i] * above[:, None]) / spread
        top = below[i].max()
        below_i = weights * np.exp(np.maximum(below[i] - top, -200))
        sums = (np.exp(-0.5 * np.minimum(z**2, 400.0)) * below_i).sum(axis=1)
        sums /= spread * np.sqrt(2 * np.pi)
        below[parent[i]] += top + np.log(np.maximum(sums, 1e-300))
    logs = below[0] - 0.5 * nodes**2 - 0.5 * np.log(2 * np.pi)
    return covariance, np.zeros(m), signs, logsumexp(logs, b=weights)


def blocks(rng):
    """Independent blocks of the families above."""
    size = draw_size(rng, 6, 128)
    parts, total = [], 0
    while total < size:
        part = (three_outputs, one_factor_small, wedge_regular)[rng.integers(3)](rng)
        if total + len(part[1]) > 128:
            break
        parts.append(part)
        total += len(part[1])
    return join(parts)


def one_factor_small(rng):
    return one_factor(rng, int(rng.integers(2, 12)))


def wedge_regular(rng):
    """Two outputs: an angle over 2 pi."""
    rho = np.tanh(rng.normal(0, 1.5))
    s = rng.choice([-1, 1], 2)
    return (
        np.array([[1, rho], [rho, 1]]),
        np.zeros(2),
        s,
        np.log(np.arccos(-rho * s[0] * s[1]) / (2 * np.pi)),
    )


def wedge(rng):
    """Three outputs or more in two dimensions: the angle of the open cone that they leave."""
    m = int(rng.integers(3, 9))
    angles = rng.uniform(0, 2 * np.pi, m)
    x = rng.uniform(0, 2 * np.pi)
    normals = np.stack([np.cos(angles), np.sin(angles)], 1)
    signs = np.where(normals @ [np.cos(x), np.sin(x)] > 0, 1, -1)
    turned = np.where(signs > 0, angles, angles + np.pi) - x  # the cone holds x: offsets in +-pi/2
    offset = (turned + np.pi) % (2 * np.pi) - np.pi
    angle = min(offset + np.pi / 2) - max(offset - np.pi / 2)
    return normals @ normals.T, np.zeros(m), signs, np.log(angle / (2 * np.pi))


def singular_blocks(rng):
    """Independent two-dimensional wedges with three outputs or more each."""
    return join([wedge(rng) for _ in range(draw_size(rng, 1, 10))])


def three_log_p(factor):
    """P(factor x > 0) of three outputs, in 60 digits: the solid angle of a cone."""
    with mp.workdps(60):
        rows = mp.matrix(np.asarray(factor, dtype=float).tolist())
        k = rows * rows.T
        r = [k[i, j] / mp.sqrt(k[i, i] * k[j, j]) for i, j in ((0, 1), (0, 2), (1, 2))]
        return float(mp.log(mp.mpf(1) / 8 + sum(map(mp.asin, r)) / (4 * mp.pi)))


def thin(rng):
    """Three outputs of a cone that is thin in one direction or in two: P of order e to e^3."""
    e = 10.0 ** rng.uniform(-6, -1)
    shapes = (
        [[1, 0, 0], [-1, e, 0], [0, -1, e]],
        [[1, 0, 0], [-1, e, 0], [1, -1, e]],
        [[1, 0, 0], [1, e, 0], [-1, -0.5 * e, e]],
        [[1, 0, 0], [0, 1, 0], [-1, -1, e]],
    )
    factor = np.array(shapes[rng.integers(4)], dtype=float)
    return factor @ factor.T, np.zeros(3), np.ones(3, dtype=int), three_log_p(factor)


def near_copies(rng):
    """A one-factor law, some outputs twice but for a little noise, with labels the same or not."""
    m, copies = draw_size(rng, 3, 40), int(rng.integers(1, 4))
    loadings, own = rng.normal(0, 1, m), np.exp(rng.normal(0, 0.4, m))
    signs = np.where(loadings * rng.standard_normal() + own * rng.standard_normal(m) > 0, 1, -1)
    noise, apart = 10.0 ** rng.uniform(-6, -1, copies), rng.random(copies) < 0.5
    table = np.zeros((m + copies, 1 + m + copies))  # h = table z
    table[:m, 0], table[:m, 1 : m + 1] = loadings, np.diag(own)
    table[m:] = table[:copies]
    table[m:, m + 1 :] = np.diag(noise)
    x = np.linspace(-12, 12, 1601)
    logs = -0.5 * x**2 - 0.5 * np.log(2 * np.pi) + np.log(x[1] - x[0])
    nodes, weights = np.polynomial.legendre.leggauss(120)
    u, weights = 10 * (nodes + 1), 10 * weights
    for i in range(m):
        z = signs[i] * loadings[i] * x / own[i]
        alone = log_ndtr(z)
        if i < copies:  # h in (0, 20 noise), and the copy below 0
            d = noise[i] / own[i]
            inside = log_ndtr(-u) - 0.5 * (d * u - z[:, None]) ** 2
            split = logsumexp(inside, axis=1, b=weights) + np.log(d / np.sqrt(2 * np.pi))
            share = np.exp(np.minimum(split - alone, -1e-12))
            alone = split if apart[i] else alone + np.log1p(-share)
        logs = logs + alone
    signs = np.concatenate([signs, np.where(apart, -signs[:copies], signs[:copies])])
    return table @ table.T, np.zeros(m + copies), signs, logsumexp(logs)


def join(parts):
    total = sum(len(part[1]) for part in parts)
    covariance, at = np.zeros((total, total)), 0
    for part in parts:
        size = len(part[1])
        covariance[at : at + size, at : at + size] = part[0]
        at += size
    mean, signs = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
    return covariance, mean, signs, sum(part[3] for part in parts)


def counted(rng, draws=400_000):
    """All outputs positive, or nearly: of a kernel on random points, by counting draws."""
    m = draw_size(rng, 4, 40)
    points = rng.standard_normal((m, 3))
    distances = ((points[:, None] - points[None]) ** 2).sum(-1)
    covariance = 0.5 + 0.5 * np.exp(-distances / rng.uniform(2, 8)) + 1e-3 * np.eye(m)
    signs = np.ones(m, dtype=int)
    signs[: rng.integers(2)] = -1
    factor = np.linalg.cholesky(covariance)
    hits = (rng.standard_normal((draws, m)) @ factor.T * signs > 0).all(axis=1).sum()
    return covariance, np.zeros(m), signs, np.log(hits / draws) if hits > 100 else None


NEARLY_SINGULAR = (thin, near_copies)
FAMILIES = (
    one_factor,
    equicorrelated,
    two_factors,
    three_outputs,
    tree,
    blocks,
    singular_blocks,
    *NEARLY_SINGULAR,
)


def case(rng):
    """Draw a case of a random family, with its outputs permuted and rescaled.

    Returns
    -------
    family, covariance, mean, signs, log P, standard error of log P
    """
    family, error = FAMILIES[rng.integers(len(FAMILIES))], 0.0
    if rng.random() < 0.05:
        found = counted(rng)
        if found[3] is not None:
            error = np.sqrt((1 / np.exp(found[3]) - 1) / 400_000)
            return "counted", *hide(rng, *found[:3]), float(found[3]), float(error)
    covariance, mean, signs, log_p = family(rng)
    return family.__name__, *hide(rng, covariance, mean, signs), float(log_p), error
