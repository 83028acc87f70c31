"""`NNGP` and `NTK` as scikit-learn kernels: the contract, gradients, kernel laws, estimators."""

import math
import pickle

import numpy as np
import pytest
from layer_reference import kernels_by_quadrature
from sklearn.base import clone
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.gaussian_process.kernels import ConstantKernel as Constant
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

from priorvol.activation import ACTIVATIONS
from priorvol.architecture import Architecture, Prior
from priorvol.infinite.covariance import output_law, tangent_kernel
from priorvol.infinite.kernels import NNGP, NTK
from priorvol.infinite.recursion import inner_products
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.task import Task

KERNELS = (NNGP, NTK)
CUBE = boolean_cube(3).values
SIGNS = boolean_cube(3, "pm1").values
RNG = np.random.default_rng(40)
POINTS = RNG.normal(size=(7, 4))


def swish(z):
    return z / (1.0 + np.exp(-z))


def hinge(z):
    return np.abs(z - 0.3) + 0.1 * z


def fourth_order(f, step):
    """Return the derivative of f at 0 by central differences of fourth order."""
    return (8 * (f(step) - f(-step)) - (f(2 * step) - f(-2 * step))) / (12 * step)


SAMPLES = [
    NNGP(),
    NNGP(0, 2.0, 0.0),
    NNGP(3, 1.3, 0.2, "tanh", "zero-mean", bias_scaling="fan_in"),
    NNGP(2, 1.3, 0.2, swish, sigma_w_bounds="fixed"),
    NNGP(2, 1.1, 0.1, "leaky_relu", -0.2, 0.3, sigma_b_bounds=(1e-3, 1.0)),
    NTK(2, 1.4, 0.3, "gelu", kinks=()),
    NTK(1, 1.0, 0.0, "erf"),
]


@pytest.mark.parametrize("kernel", SAMPLES, ids=repr)
def test_scikit_learn_contract(kernel):
    copy = clone(kernel)
    assert copy == kernel and copy is not kernel and type(copy) is type(kernel)
    parameters = kernel.get_params()
    again = type(kernel)(**parameters)
    assert again == kernel
    assert all(getattr(again, name) is value for name, value in parameters.items())  # unmodified
    other = clone(kernel).set_params(depth=kernel.depth + 1)
    assert other != kernel and other.depth == kernel.depth + 1
    assert not kernel.is_stationary() and kernel.requires_vector_input
    np.testing.assert_array_equal(copy.theta, kernel.theta)
    names = [h.name for h in kernel.hyperparameters if not h.fixed]
    assert names == sorted(names)
    np.testing.assert_array_equal(kernel.theta, np.log([getattr(kernel, n) for n in names]))
    assert kernel.n_dims == len(names) and kernel.bounds.shape[0] == len(names)
    moved = kernel.clone_with_theta(kernel.theta + 0.1)
    np.testing.assert_allclose(moved.theta, kernel.theta + 0.1, rtol=1e-14)
    for name in names:
        assert getattr(moved, name) == pytest.approx(getattr(kernel, name) * math.exp(0.1))
    back = pickle.loads(pickle.dumps(kernel))
    assert back == kernel
    np.testing.assert_array_equal(back(CUBE), kernel(CUBE))


def test_theta_and_bounds():
    kernel = NNGP(sigma_w=1.5, sigma_b=0.2, sigma_w_bounds=(0.1, 10.0), sigma_b_bounds=(0.01, 1.0))
    np.testing.assert_array_equal(kernel.theta, np.log([0.2, 1.5]))
    np.testing.assert_array_equal(kernel.bounds, np.log([[0.01, 1.0], [0.1, 10.0]]))
    kernel.theta = np.log([0.3, 2.0])
    assert kernel.sigma_b == pytest.approx(0.3) and kernel.sigma_w == pytest.approx(2.0)


@pytest.mark.parametrize("make", KERNELS)
@pytest.mark.parametrize("zero", [0.0, 0, np.float64(0.0), np.float32(0.0)])
def test_no_bias_is_a_fixed_hyperparameter(make, zero):
    kernel = make(1, 1.5, zero)
    assert kernel.hyperparameter_sigma_b.fixed and not kernel.hyperparameter_sigma_w.fixed
    np.testing.assert_array_equal(kernel.theta, np.log([1.5]))
    K, gradient = kernel(CUBE, eval_gradient=True)
    assert gradient.shape == (8, 8, 1) and np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient[..., 0], 4.0 * K, rtol=1e-12)  # relu: degree 4 in sigma_w
    assert make(1, 1.5, 0.1).n_dims == 2


def test_repr():
    assert repr(NNGP()) == "NNGP(depth=1, sigma_w=1, sigma_b=1, activation='relu')"
    text = repr(NTK(2, 1.2345, 0.0, swish, 0.5, bias_scaling="fan_in"))
    assert text == (
        "NTK(depth=2, sigma_w=1.23, sigma_b=0, activation=swish, shift=0.5, bias_scaling='fan_in')"
    )
    assert "NNGP" in repr(NNGP() * Constant(2.0) + WhiteKernel())
    assert "sigma_w='two'" in repr(NNGP(sigma_w="two"))


@pytest.mark.parametrize("make", KERNELS)
@pytest.mark.parametrize("activation", [*ACTIVATIONS, "cos", swish, hinge])
@pytest.mark.parametrize(("depth", "sigma_b"), [(1, 0.0), (2, 0.4)])
def test_gradients_by_finite_differences(make, activation, depth, sigma_b):
    if make is NTK and activation == "sign":
        with pytest.raises(ValueError, match="sign"):
            make(depth, 1.3, sigma_b, activation)(CUBE)
        return
    cases = [(CUBE, 0.0, "none"), (SIGNS, 0.3, "fan_in"), (POINTS, -0.1, "none")]
    for X, shift, scaling in cases if depth == 1 else cases[2:]:
        kernel = make(depth, 1.3, sigma_b, activation, shift, bias_scaling=scaling)
        K, gradient = kernel(X, eval_gradient=True)
        np.testing.assert_array_equal(K, kernel(X))
        assert gradient.shape == (*K.shape, kernel.n_dims)
        for i, direction in enumerate(np.eye(kernel.n_dims)):

            def moved(step, kernel=kernel, direction=direction, X=X):
                return kernel.clone_with_theta(kernel.theta + step * direction)(X)

            wide, narrow = fourth_order(moved, 4e-3), fourth_order(moved, 2e-3)
            # the error of the narrow difference is a sixteenth of the wide one's; rounding and
            # quadrature (1e-10) are divided by the step
            allowed = np.abs(wide - narrow) / 8 + 3e-10 / 2e-3 * np.abs(K).max()
            assert (np.abs(gradient[..., i] - narrow) <= allowed).all()
            assert np.abs(gradient[..., i]).max() > 1e4 * 3e-10 * np.abs(K).max()


@pytest.mark.parametrize("make", KERNELS)
@pytest.mark.parametrize("activation", ["relu", "erf", hinge])
@pytest.mark.parametrize(("sigma_b", "shift"), [(0.0, 0.0), (0.3, "zero-mean")])
def test_kernel_laws(make, activation, sigma_b, shift):
    for depth in (0, 1, 3):
        kernel = make(depth, 1.4, sigma_b, activation, shift)
        for X in (CUBE, SIGNS, POINTS):
            K = kernel(X)
            np.testing.assert_array_equal(K, K.T)
            np.testing.assert_array_equal(kernel.diag(X), np.diag(K))
            # quadrature may leave 1e-10 of the trace
            assert np.linalg.eigvalsh(K).min() >= -1e-10 * np.trace(K)
            np.testing.assert_allclose(kernel(X, X), K, rtol=1e-14, atol=1e-15 * K.max())
            np.testing.assert_allclose(kernel(X[:3], X), K[:3], rtol=1e-9, atol=1e-13 * K.max())
            order = RNG.permutation(X.shape[1])
            np.testing.assert_allclose(kernel(X[:, order]), K, rtol=1e-9, atol=1e-13 * K.max())
        # flipping the sign of a coordinate permutes the cube {-1, +1}^3
        flip = SIGNS * [1, -1, 1]
        np.testing.assert_array_equal(kernel(flip), kernel(SIGNS)[np.ix_(*[np.arange(8) ^ 2] * 2)])


@pytest.mark.parametrize("make", KERNELS)
def test_equal_rows_are_equal_across_arrays(make):
    kernel = make(2, 1.4, 0.1)
    X = RNG.normal(size=(40, 17))
    Y = np.concatenate([X[5:8], -0.0 * X[:1], X[:2]])
    cross = kernel(X, Y)
    np.testing.assert_array_equal(cross[5:8, :3].diagonal(), kernel.diag(X[5:8]))
    assert np.isfinite(cross).all()
    np.testing.assert_allclose(kernel(Y, X), cross.T, rtol=1e-14)
    stacked = kernel(np.concatenate([X, X[:2], Y]))
    np.testing.assert_allclose(kernel(np.concatenate([X, X[:2]]), Y), stacked[:42, 42:], rtol=1e-13)


@pytest.mark.parametrize("activation", ["erf", "gelu", "sin"])
def test_depth_recursion(activation):
    # one step of quadrature from depth d gives depth d + 1
    for depth in (1, 2):
        for make, which in ((NNGP, 0), (NTK, 1)):
            weights = [1.2**2 / 4] + [1.2**2] * (depth + 1)
            wanted = kernels_by_quadrature(
                POINTS[:4], weights, [0.09] * (depth + 2), activation, nodes=120
            )[which]
            K = make(depth + 1, 1.2, 0.3, activation)(POINTS[:4])
            np.testing.assert_allclose(K, wanted, rtol=1e-9)


def test_relu_recursion_by_hand():
    # Cho and Saul's arc-cosine kernels, from the covariance of depth d to that of d + 1
    for depth in range(4):
        K, theta = (make(depth, 1.3, 0.2)(POINTS) for make in KERNELS)
        root = np.sqrt(np.diag(K))
        angle = np.arccos(np.clip(K / np.outer(root, root), -1.0, 1.0))
        j1 = (np.sin(angle) + (math.pi - angle) * np.cos(angle)) / (2 * math.pi)
        j0 = (math.pi - angle) / (2 * math.pi)
        upper = 0.04 + 1.69 * np.outer(root, root) * j1
        np.testing.assert_allclose(NNGP(depth + 1, 1.3, 0.2)(POINTS), upper, rtol=1e-9)
        # arccos loses half of the digits on the diagonal
        np.testing.assert_allclose(
            NTK(depth + 1, 1.3, 0.2)(POINTS), upper + 1.69 * j0 * theta, rtol=1e-7
        )


@pytest.mark.parametrize("scaling", ["none", "fan_in"])
@pytest.mark.parametrize("depth", [0, 2])
def test_same_as_the_law_of_a_task(scaling, depth):
    prior = Prior(1.3, 0.4, bias_scaling=scaling)
    task = Task(
        Architecture(4, (math.inf,) * depth, "gelu", "zero-mean"), prior, array_inputs(POINTS)
    )
    arguments = (depth, 1.3, 0.4, "gelu", "zero-mean")
    np.testing.assert_allclose(
        NNGP(*arguments, bias_scaling=scaling)(POINTS), output_law(task).covariance, rtol=1e-13
    )
    np.testing.assert_allclose(
        NTK(*arguments, bias_scaling=scaling)(POINTS), tangent_kernel(task), rtol=1e-13
    )


def test_callable_is_the_named_activation():
    for make in KERNELS:
        wanted = make(2, 1.3, 0.2, "relu")(POINTS)
        got = make(2, 1.3, 0.2, lambda z: np.maximum(z, 0.0))(POINTS)
        np.testing.assert_allclose(got, wanted, rtol=1e-8)


def test_callable_without_hash():
    class Ramp:
        __hash__ = None

        def __call__(self, z):
            return np.maximum(z, 0.0)

    kernel = NNGP(1, 1.3, 0.2, Ramp())
    np.testing.assert_allclose(kernel(POINTS), NNGP(1, 1.3, 0.2)(POINTS), rtol=1e-8)
    assert "Ramp" in repr(kernel)


def test_singular_case():
    X = np.concatenate([CUBE, CUBE[[0, 3]]])
    for make in KERNELS:
        kernel = make(2, 1.4, 0.0)
        K, gradient = kernel(X, eval_gradient=True)
        assert not K[0].any() and not gradient[0].any() and not K[8].any()
        np.testing.assert_array_equal(K[3], K[9])
        assert np.isfinite(K).all() and np.isfinite(gradient).all()
        shifted, gradient = make(2, 1.4, 0.0, shift=0.5)(X, eval_gradient=True)
        assert (shifted[0] > 0).all() and np.isfinite(gradient).all()


BAD = [
    (["a", "b"], "numeric"),
    ([["a"]], "numeric"),
    ([[np.nan, 1.0]], "finite"),
    ([[np.inf, 1.0]], "finite"),
    ([1.0, 2.0], "shape"),
    (np.zeros((2, 2, 2)), "shape"),
    (np.zeros((0, 2)), "shape"),
    ([[1.0 + 2.0j, 0.0]], "numeric"),
]


@pytest.mark.parametrize("make", KERNELS)
@pytest.mark.parametrize(("X", "message"), BAD)
def test_bad_inputs(make, X, message):
    kernel = make()
    for call in (kernel, kernel.diag, lambda X: kernel(np.zeros((2, 2)), X)):
        with pytest.raises(ValueError, match=message):
            call(X)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": -1}, "depth must be at least 0"),
        ({"depth": 1.5}, "depth must be an integer"),
        ({"depth": math.inf}, "depth must be an integer"),
        ({"sigma_w": 0.0}, "sigma_w must be above 0"),
        ({"sigma_w": -1.0}, "sigma_w must be above 0"),
        ({"sigma_w": "1"}, "sigma_w must be a number"),
        ({"sigma_b": -0.1}, "sigma_b must be at least 0"),
        ({"sigma_b": math.nan}, "sigma_b must be finite"),
        ({"activation": "rleu"}, "did you mean 'relu'"),
        ({"activation": 3}, "activation must be"),
        ({"shift": "mean"}, "shift must be"),
        ({"slope": 2.0}, "slope must be"),
        ({"bias_scaling": "fanin"}, "bias_scaling must be"),
        ({"kinks": 0.5}, "kinks must be a sequence"),
        ({"kinks": "0.5"}, "kinks must be a sequence"),
        ({"sigma_w": 1e200}, "range of float64"),
        ({"sigma_b": 1e200}, "range of float64"),
    ],
)
@pytest.mark.parametrize("make", KERNELS)
def test_bad_parameters(make, change, message):
    kernel = make(**change)  # stored; refused when used
    for call in (kernel, kernel.diag):
        with pytest.raises(ValueError, match=message):
            call(CUBE)


@pytest.mark.parametrize("make", KERNELS)
def test_bad_calls(make):
    with pytest.raises(ValueError, match="Y must be None"):
        make()(CUBE, CUBE, eval_gradient=True)
    with pytest.raises(ValueError, match="same number of columns, got 3 and 4"):
        make()(CUBE, POINTS)


def test_many_norms_give_the_same_values_as_few():
    # equal triples are looked for among few norms only; the values do not depend on it
    X = RNG.normal(size=(300, 3))
    assert len(np.unique(inner_products(X).first)) > 256
    few = np.arange(20)
    np.testing.assert_allclose(NTK(2)(X)[np.ix_(few, few)], NTK(2)(X[few]), rtol=1e-13)
    assert len(inner_products(boolean_cube(7).values).values) < 200


def test_sums_and_products():
    first, second = NNGP(1, 1.2, 0.3), NTK(2, 1.1, 0.2, "erf")
    total = first + second * RBF(2.0) + WhiteKernel(0.1)
    wanted = first(POINTS) + second(POINTS) * RBF(2.0)(POINTS) + 0.1 * np.eye(7)
    np.testing.assert_allclose(total(POINTS), wanted, rtol=1e-15)
    _, gradient = total(POINTS, eval_gradient=True)
    assert gradient.shape == (7, 7, 6) and clone(total) == total
    np.testing.assert_allclose((2.0 * first**2)(POINTS), 2.0 * first(POINTS) ** 2)
    with pytest.raises(AttributeError):
        first.sigma_v  # noqa: B018


@pytest.mark.parametrize("make", KERNELS)
def test_regression_finds_hyperparameters(make):
    X = RNG.normal(size=(40, 3))
    truth = make(1, 2.0, 0.5)
    y = RNG.multivariate_normal(np.zeros(40), truth(X) + 1e-2 * np.eye(40))
    fit = GaussianProcessRegressor(make(1, 1.0, 1.0), alpha=1e-2).fit(X, y)
    assert fit.log_marginal_likelihood_value_ >= GaussianProcessRegressor(
        truth, alpha=1e-2, optimizer=None
    ).fit(X, y).log_marginal_likelihood(truth.theta)
    # the gradient of the likelihood vanishes there, and is right elsewhere
    _, gradient = fit.log_marginal_likelihood(fit.kernel_.theta, eval_gradient=True)
    assert np.abs(gradient).max() < 1e-2
    theta = np.log([0.4, 1.7])
    _, gradient = fit.log_marginal_likelihood(theta, eval_gradient=True)
    numeric = [
        fourth_order(lambda s, e=e: fit.log_marginal_likelihood(theta + s * e), 1e-3)
        for e in np.eye(2)
    ]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6)
    mean, deviation = fit.predict(X, return_std=True)
    assert np.abs(mean - y).max() < 1.0 and (deviation < 0.2).all()


def test_regression_is_the_posterior_of_the_law():
    task = Task(Architecture(3, (math.inf,)), Prior(1.4, 0.3), boolean_cube(3, "pm1"))
    K = output_law(task).covariance
    train, y = [0, 3, 5], np.array([1.0, -1.0, 1.0])
    fit = GaussianProcessRegressor(NNGP(1, 1.4, 0.3), alpha=0.0, optimizer=None)
    mean, covariance = fit.fit(SIGNS[train], y).predict(SIGNS, return_cov=True)
    gain = np.linalg.solve(K[np.ix_(train, train)], K[train]).T
    np.testing.assert_allclose(mean, gain @ y, atol=1e-13)
    np.testing.assert_allclose(covariance, K - gain @ K[train], atol=1e-13)


@pytest.mark.parametrize("make", KERNELS)
def test_gaussian_process_classifier(make):
    X = RNG.normal(size=(60, 2))
    y = (X[:, 0] * X[:, 1] + 0.3 * RNG.normal(size=60) > 0).astype(int)
    start = make(2, 1.0, 0.5)
    fit = GaussianProcessClassifier(start).fit(X, y)
    assert fit.log_marginal_likelihood_value_ > fit.log_marginal_likelihood(start.theta) + 2.0
    assert accuracy_score(y, fit.predict(X)) > 0.7
    value, gradient = fit.log_marginal_likelihood(start.theta, eval_gradient=True)
    numeric = [
        fourth_order(lambda s, e=e: fit.log_marginal_likelihood(start.theta + s * e), 1e-2)
        for e in np.eye(2)
    ]
    # the mode that Laplace's method expands about is found to 1e-10
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4)


@pytest.mark.parametrize("make", KERNELS)
def test_support_vector_machine(make):
    X = boolean_cube(4, "pm1").values
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    machine = SVC(kernel=make(2, 1.4, 0.1), C=100.0).fit(X, y)
    assert accuracy_score(y, machine.predict(X)) == 1.0


def test_grid_search():
    X = RNG.normal(size=(60, 2))
    y = np.sign(X[:, 0] * X[:, 1])
    grid = {"kernel": [NNGP(depth, 1.4, 0.1) for depth in (0, 2)], "C": [1.0, 10.0]}
    search = GridSearchCV(SVC(), grid, cv=3).fit(X, y)
    assert search.best_params_["kernel"].depth == 2 and search.best_score_ > 0.8
    regressor = GaussianProcessRegressor(NNGP(1, 1.0, 0.5), alpha=0.1, optimizer=None)
    search = GridSearchCV(regressor, {"kernel__activation": ["linear", "erf"]}, cv=3).fit(X, y)
    assert search.best_params_ == {"kernel__activation": "erf"}


@pytest.mark.parametrize("depth", [5, 16])
def test_zero_mean_sigmoid_is_half_a_hyperbolic_tangent(depth):
    # sigmoid(z) - 1/2 = tanh(z / 2) / 2: half the weights below, half the values above; without
    # bias its variance falls by 16 a layer, to where E[phi^2] - E[phi]^2 has no digits left
    for make in KERNELS:
        X = SIGNS if depth == 5 else POINTS
        sigmoid = make(depth, 1.0, 0.0, "sigmoid", "zero-mean")(X)
        task = Task(
            Architecture(X.shape[1], (math.inf,) * depth, "tanh"),
            Prior((0.5, *[0.25] * (depth - 1), 0.5), 0.0),
            array_inputs(X),
        )
        if make is NNGP:
            wanted = output_law(task).covariance
            np.testing.assert_allclose(sigmoid, wanted, rtol=1e-10, atol=1e-14 * wanted.max())
            np.testing.assert_allclose(np.diag(sigmoid) / np.diag(wanted), 1.0, rtol=1e-11)
        else:
            wanted = tangent_kernel(task)
            np.testing.assert_allclose(sigmoid, wanted, rtol=1e-9, atol=1e-13 * wanted.max())
