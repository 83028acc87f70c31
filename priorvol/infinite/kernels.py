"""`NNGP` and `NTK`: the kernels of infinitely wide networks as scikit-learn kernels."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.gaussian_process.kernels import Hyperparameter, Kernel

from priorvol import checks
from priorvol.activation import LEAKY_SLOPE
from priorvol.architecture import BIAS_SCALINGS
from priorvol.infinite.covariance import remembered, square
from priorvol.infinite.expectations import Activation, GaussianExpectations
from priorvol.infinite.recursion import (
    InnerProducts,
    Kernels,
    Layer,
    inner_products,
    propagate,
    squared_norms,
)
from priorvol.inputs import Inputs

Array = npt.NDArray[np.float64]
Bounds = tuple[float, float] | str

MAX_DEPTH = 1 << 16


class _NetworkKernel(Kernel):  # type: ignore[misc]
    """What `NNGP` and `NTK` share; scikit-learn reads the parameters off their ``__init__``."""

    _tangent: str | None = None

    def __init__(
        self,
        depth: int = 1,
        sigma_w: float = 1.0,
        sigma_b: float = 1.0,
        activation: Activation = "relu",
        shift: float | str = 0.0,
        slope: float = LEAKY_SLOPE,
        bias_scaling: str = "none",
        kinks: Sequence[float] = (),
        sigma_w_bounds: Bounds = (1e-2, 1e2),
        sigma_b_bounds: Bounds = (1e-5, 1e2),
    ) -> None:
        """Store the parameters as they are; they are checked when the kernel is called."""
        self.depth = depth
        self.sigma_w = sigma_w
        self.sigma_b = sigma_b
        self.activation = activation
        self.shift = shift
        self.slope = slope
        self.bias_scaling = bias_scaling
        self.kinks = kinks
        self.sigma_w_bounds = sigma_w_bounds
        self.sigma_b_bounds = sigma_b_bounds

    @property
    def hyperparameter_sigma_b(self) -> Hyperparameter:
        """Standard deviation of the biases; fixed where it is 0, since theta holds its log."""
        bounds = "fixed" if self.sigma_b == 0 else self.sigma_b_bounds
        return Hyperparameter("sigma_b", "numeric", bounds)

    @property
    def hyperparameter_sigma_w(self) -> Hyperparameter:
        """Standard deviation of the weights times the root of the width below."""
        return Hyperparameter("sigma_w", "numeric", self.sigma_w_bounds)

    def __call__(
        self, X: npt.ArrayLike, Y: npt.ArrayLike | None = None, eval_gradient: bool = False
    ) -> Array | tuple[Array, Array]:
        """Return the kernel between the rows of X and those of Y.

        Parameters
        ----------
        X : (m, n) array
        Y : (k, n) array, optional
            Default X.
        eval_gradient : bool
            Whether to return the gradient with respect to theta as well; Y must be None.

        Returns
        -------
        K : (m, k) float64 array
        K_gradient : (m, m, len(theta)) float64 array, if asked for

        Raises
        ------
        ValueError
            If an array is not numeric, finite and of shape (m, n), a parameter is out of range, or
            the NTK of an activation with jumps is asked for.
        """
        if eval_gradient and Y is not None:
            raise ValueError("the gradient is that of K(X, X): Y must be None with eval_gradient")
        points = Inputs(X).values
        others = None if Y is None else Inputs(Y).values
        if others is not None and others.shape[1] != points.shape[1]:
            raise ValueError(
                f"X and Y must have the same number of columns, got {points.shape[1]} and "
                f"{others.shape[1]}"
            )
        pairs = inner_products(points, others)
        kernel, gradient = self._values(pairs, points.shape[1], gradient=eval_gradient)
        if gradient is None:
            return kernel[pairs.place]
        free = [not self.hyperparameter_sigma_b.fixed, not self.hyperparameter_sigma_w.fixed]
        return kernel[pairs.place], np.moveaxis(gradient[free][:, pairs.place], 0, -1)

    def diag(self, X: npt.ArrayLike) -> Array:
        """Return the diagonal of K(X, X), (m,) float64, without the rest.

        Raises
        ------
        ValueError
            As a call.
        """
        points = Inputs(X).values
        pairs = squared_norms(points)
        return self._values(pairs, points.shape[1], gradient=False)[0][pairs.place]

    def is_stationary(self) -> bool:
        """Return False: the kernel depends on more than x - y."""
        return False

    def __repr__(self) -> str:
        """Return the parameters; some are left out where they are at their defaults."""
        always = ("depth", "sigma_w", "sigma_b", "activation")
        defaults = signature(type(self)).parameters
        told = [
            f"{name}={_text(value)}"
            for name, value in self.get_params().items()
            if name in always or repr(value) != repr(defaults[name].default)
        ]
        return f"{type(self).__name__}({', '.join(told)})"

    def _values(
        self, pairs: InnerProducts, n_inputs: int, *, gradient: bool
    ) -> tuple[Array, Array | None]:
        depth = checks.integer("depth", self.depth, low=0, high=MAX_DEPTH)
        weight = square(checks.real("sigma_w", self.sigma_w, low=0.0, open_low=True))
        bias = square(checks.real("sigma_b", self.sigma_b, low=0.0))
        scaled = checks.choice("bias_scaling", self.bias_scaling, BIAS_SCALINGS) == "fan_in"
        layers = [Layer(weight / n_inputs, bias / n_inputs if scaled else bias)]
        layers += [Layer(weight, 0.0 if scaled else bias)] * depth
        kernels: Kernels = propagate(
            pairs, layers, self._expectations(), tangent=self._tangent, gradient=gradient
        )
        if kernels.tangent is None:
            return kernels.covariance, kernels.covariance_gradient
        return kernels.tangent, kernels.tangent_gradient

    def _expectations(self) -> GaussianExpectations:
        if not isinstance(self.kinks, Sequence | np.ndarray) or isinstance(self.kinks, str):
            raise ValueError(f"kinks must be a sequence of numbers, got {self.kinks!r}")
        made = self.activation, self.shift, self.slope, tuple(self.kinks)
        try:
            return remembered(*made)
        except TypeError:  # a callable that cannot be hashed
            return remembered.__wrapped__(*made)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(getattr(value, "__name__", repr(value)))


class NNGP(_NetworkKernel):
    """Covariance of the outputs of an infinitely wide network (1711.00165), a scikit-learn kernel.

    Weights have variance sigma_w^2 / fan_in, in the first layer too: fan_in is the number of
    columns of X there.

    Parameters
    ----------
    depth : int
        Number of hidden layers; 0 is the kernel of a perceptron, linear in the inputs.
    sigma_w : float
        Positive.
    sigma_b : float
        At least 0. At 0 it is a fixed hyperparameter: theta would hold its logarithm.
    activation : str or callable
        A name in `priorvol.activation.ACTIVATIONS`, ``"cos"``, or a function of a float64 array.
    shift : float or "zero-mean"
        Added to the activation (`priorvol.Architecture`).
    slope : float
        Of ``leaky_relu`` on the negative side.
    bias_scaling : "none" or "fan_in"
        Variance of the biases: sigma_b^2, or sigma_b^2 / fan_in, which is nothing above an
        infinite layer.
    kinks : sequence of float
        Where a callable or one of its derivatives jumps (`GaussianExpectations`).
    sigma_w_bounds, sigma_b_bounds : pair of floats or "fixed"
        For the optimiser.

    Raises
    ------
    ValueError
        At the first call, if a parameter is out of range or unknown.

    Examples
    --------
    >>> import numpy as np
    >>> NNGP(depth=1, sigma_b=0.0)(np.array([[1.0, 0.0], [0.0, 0.0]]))
    array([[0.25, 0.  ],
           [0.  , 0.  ]])
    >>> NNGP(sigma_w=1.5).theta.round(3)  # ln sigma_b, ln sigma_w
    array([0.   , 0.405])
    """


class NTK(_NetworkKernel):
    """Neural tangent kernel of an infinitely wide network (1806.07572), a scikit-learn kernel.

    In the NTK parametrisation: every weight and bias is its standard deviation times a variable
    that is trained (`priorvol.infinite.covariance.tangent_kernel`). Parameters are those of `NNGP`.

    Raises
    ------
    ValueError
        At the first call, if a parameter is out of range or unknown, or the activation jumps, as
        ``"sign"`` does: its tangent kernel is undefined.

    Examples
    --------
    >>> import numpy as np
    >>> NTK(depth=1, sigma_b=0.0)(np.array([[1.0, 0.0], [0.0, 0.0]]))
    array([[0.5, 0. ],
           [0. , 0. ]])
    """

    _tangent = "ntk"
