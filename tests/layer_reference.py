"""The layer recursion of NNGP and NTK written down plainly: whole matrices, product quadrature."""

import numpy as np

from priorvol import activation


def kernels_by_quadrature(X, weights, biases, name, *, shift=0.0, nodes=100, standard=False):
    """Return (NNGP, NTK) of a smooth activation, matrices over the rows of X.

    ``weights`` and ``biases`` are the variances of each layer, from the inputs up; the first weight
    multiplies x.y. ``standard`` gives the tangent kernel of the standard parametrisation instead.
    """
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    w = w / w.sum()
    one, two = z[:, None], z[None, :]
    K = weights[0] * X @ X.T + biases[0]
    theta = np.zeros_like(K) if standard else K
    m = len(X)
    for weight, bias in zip(weights[1:], biases[1:], strict=True):
        values, slopes = np.empty((m, m)), np.empty((m, m))
        for i in range(m):
            for j in range(m):
                root = np.sqrt(K[i, i])
                along = K[i, j] / root if root else 0.0
                across = np.sqrt(max(K[j, j] - along**2, 0.0))
                u, v = root * one + 0.0 * two, along * one + across * two
                for out, f in ((values, activation.apply), (slopes, activation.derivative)):
                    kwargs = {"shift": shift} if f is activation.apply else {}
                    out[i, j] = w @ (f(u, name, **kwargs) * f(v, name, **kwargs)) @ w
        K = bias + weight * values
        theta = (values if standard else K) + weight * slopes * theta
    return K, theta
