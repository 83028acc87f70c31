"""The law of the outputs and the tangent kernel: oracles, exact cases, refusals."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from layer_reference import kernels_by_quadrature

from priorvol.architecture import Architecture, Prior
from priorvol.gaussian import GaussianLaw
from priorvol.infinite.covariance import output_law, tangent_kernel
from priorvol.inputs import array_inputs, boolean_cube, digits_inputs
from priorvol.task import Task

FILE = Path(__file__).parents[2] / "data" / "nngp_ntk.json"
ORACLES = json.loads(FILE.read_text(encoding="ascii"))["kernels"]
PRINTED = 0.5e-12  # half of the file's last decimal
INF = math.inf
SMOOTH = ("erf", "gelu", "sin", "linear", "tanh", "sigmoid", "softplus")
POINTS = np.array([[1.0, -0.5], [0.3, 0.8], [-1.2, 0.1], [0.0, 0.0]])


def infinite(depth, *args, prior=None, inputs=None, n=3):
    n = n if inputs is None else inputs.n
    return Task(Architecture(n, (INF,) * depth, *args), prior or Prior(), inputs)


def oracle_task(case):
    return infinite(
        case["hidden_layers"],
        case["activation"],
        prior=Prior(case["sigma_w"], case["sigma_b"]),
        inputs=boolean_cube(case["n_inputs"], case["encoding"]),
    )


def oracle_id(case):
    return f"{case['activation']}-{case['hidden_layers']}-{case['encoding']}"


@pytest.mark.parametrize("case", ORACLES, ids=oracle_id)
def test_oracles(case):
    task, wanted = oracle_task(case), np.array(case["nngp"])
    rounding = 32 * np.finfo(float).eps * wanted.max()
    assert np.abs(output_law(task).covariance - wanted).max() <= PRINTED + rounding
    if case["activation"] == "sign":
        assert "ntk" not in case or case["ntk"] is None
        with pytest.raises(ValueError, match="sign"):
            tangent_kernel(task)
    else:
        wanted = np.array(case["ntk"])
        rounding = 32 * np.finfo(float).eps * wanted.max()
        assert np.abs(tangent_kernel(task) - wanted).max() <= PRINTED + rounding


def test_there_are_42_oracles():
    assert len(ORACLES) == 42
    assert sum(case["activation"] != "sign" for case in ORACLES) == 36


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("shift", [0.0, -0.3])
def test_layers_of_their_own_priors_against_quadrature(name, shift):
    w, b = (1.1, 0.8, 1.4), (0.0, 0.4, 0.2)
    task = infinite(2, name, shift, prior=Prior(w, b), inputs=array_inputs(POINTS))
    weights = [w[0] ** 2 / 2, w[1] ** 2, w[2] ** 2]
    for standard, parametrization in ((False, "ntk"), (True, "standard")):
        coarse, fine = (
            kernels_by_quadrature(
                POINTS, weights, np.square(b), name, shift=shift, nodes=n, standard=standard
            )
            for n in (70, 100)
        )
        K, theta = (
            output_law(task).covariance,
            tangent_kernel(task, parametrization=parametrization),
        )
        for got, rough, wanted in zip((K, theta), coarse, fine, strict=True):
            assert np.abs(got - wanted).max() <= np.abs(rough - wanted).max() + 1e-10


def test_relu_is_homogeneous():
    plain = infinite(2, prior=Prior(1.0, 0.0))
    scaled = infinite(2, prior=Prior((2.0, 0.5, 3.0), 0.0))
    np.testing.assert_allclose(
        output_law(scaled).covariance, 9.0 * output_law(plain).covariance, rtol=1e-14
    )
    np.testing.assert_allclose(tangent_kernel(scaled), 9.0 * tangent_kernel(plain), rtol=1e-13)


@pytest.mark.parametrize(
    ("prior", "weight", "bias"),
    [
        (Prior(2.0, 0.5), 4 / 3, 0.25),
        (Prior(2.0, 0.5, weight_scaling="none"), 4.0, 0.25),
        (Prior(2.0, 0.5, bias_scaling="fan_in"), 4 / 3, 0.25 / 3),
        (Prior(2.0, 0.0), 4 / 3, 0.0),
    ],
)
def test_perceptron(prior, weight, bias):
    task = Task(Architecture(3), prior, boolean_cube(3, "pm1"))
    X = task.inputs.values
    wanted = weight * X @ X.T + bias
    np.testing.assert_allclose(output_law(task).covariance, wanted, rtol=1e-15, atol=1e-15)
    np.testing.assert_allclose(tangent_kernel(task), wanted, rtol=1e-15, atol=1e-15)
    standard = X @ X.T + (bias > 0)
    np.testing.assert_array_equal(tangent_kernel(task, parametrization="standard"), standard)


def test_scalings_at_infinite_width():
    relu = output_law(infinite(1, prior=Prior(1.5, (0.5, 0.0)))).covariance
    scaled = Prior(1.5, (0.5 * math.sqrt(3), 0.7), bias_scaling="fan_in")
    np.testing.assert_allclose(output_law(infinite(1, prior=scaled)).covariance, relu, rtol=1e-15)
    plain = Prior((1.5 / math.sqrt(3), 1.5), (0.5, 0.0), weight_scaling=("none", "fan_in"))
    np.testing.assert_allclose(output_law(infinite(1, prior=plain)).covariance, relu, rtol=1e-15)


def test_uniform_weights_above_the_first_layer_have_the_same_limit():
    uniform = Prior(1.3, (0.4, 0.0, 0.0), distribution=("gaussian", "uniform", "uniform"))
    gaussian = Prior(1.3, (0.4, 0.0, 0.0))
    law = output_law(infinite(2, prior=uniform))
    np.testing.assert_array_equal(
        law.covariance, output_law(infinite(2, prior=gaussian)).covariance
    )
    vanishing = Prior(
        1.3, 0.4, ("gaussian", "uniform"), bias_scaling=("none", "fan_in")
    )  # the uniform bias has variance 0 in the limit
    np.testing.assert_array_equal(
        output_law(infinite(1, prior=vanishing)).covariance,
        output_law(infinite(1, prior=Prior(1.3, (0.4, 0.0)))).covariance,
    )


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Task(Architecture(3, (40, 40))), r"infinite hidden widths .* got hidden = \(40, 40\)"),
        (infinite(1, prior=Prior(distribution="uniform")), "layer 0 .* no Gaussian limit"),
        (
            infinite(1, prior=Prior(sigma_b=0.0, distribution=("uniform", "gaussian"))),
            "layer 0 .* no Gaussian limit",
        ),
        (Task(Architecture(3), Prior(distribution="uniform")), "layer 0 of 3-1 perceptron"),
        (
            infinite(1, prior=Prior(1.0, (0.0, 0.5), ("gaussian", "uniform"))),
            r"layer 1 .* uniform biases \(sigma_b = 0.5\)",
        ),
        (infinite(2, prior=Prior(weight_scaling="none")), "layer 1 .* variance is infinite"),
        ("a task", "task must be a Task, got str"),
    ],
)
@pytest.mark.parametrize("function", [output_law, tangent_kernel])
def test_refusals(function, task, message):
    with pytest.raises(ValueError, match=message):
        function(task)


def test_bad_parametrization():
    with pytest.raises(ValueError, match="parametrization must be one of 'ntk', 'standard'"):
        tangent_kernel(infinite(1), parametrization="mup")


def test_beyond_float64():
    task = infinite(3, prior=Prior(sigma_w=1e60))
    with pytest.raises(ValueError, match="range of float64"):
        output_law(task)
    with pytest.raises(ValueError, match="range of float64"):
        output_law(infinite(1, prior=Prior(sigma_w=1e200)))
    with pytest.raises(ValueError, match="squared norms"):
        output_law(infinite(1, inputs=array_inputs([[1e200]])))


@pytest.mark.parametrize("name", ["relu", "tanh", "erf", "gelu", "sign", "softplus"])
@pytest.mark.parametrize("sigma_b", [0.0, 0.3])
def test_exactly_symmetric_and_equal_for_equal_inputs(name, sigma_b):
    X = np.random.default_rng(1).normal(size=(9, 5))
    X = np.concatenate([X, X[[3, 0, 3]], -0.0 * X[:1], 0.0 * X[:1], -X[:2]])
    task = infinite(2, name, prior=Prior(1.3, sigma_b), inputs=array_inputs(X))
    kernels = [output_law(task).covariance]
    if name != "sign":
        kernels += [tangent_kernel(task), tangent_kernel(task, parametrization="standard")]
    for kernel in kernels:
        np.testing.assert_array_equal(kernel, kernel.T)
        for i, j in ((3, 9), (0, 10), (3, 11), (12, 13)):
            np.testing.assert_array_equal(kernel[i], kernel[j])
        # the slack is for quadrature, whose errors do not keep kernels positive
        assert np.linalg.eigvalsh(kernel).min() > -1e-10 * np.trace(kernel)


@pytest.mark.parametrize("depth", [0, 1, 4])
def test_zero_input_has_no_variance_without_bias(depth):
    for name in ("relu", "leaky_relu", "erf", "sin", "gelu", "tanh", "linear"):
        task = infinite(depth, name, prior=Prior(1.4, 0.0))
        for kernel in (output_law(task).covariance, tangent_kernel(task)):
            assert not kernel[0].any() and (np.diag(kernel)[1:] > 0).all()
        assert not tangent_kernel(task, parametrization="standard")[0].any()


def test_zero_input_under_a_shift():
    # z = 0 exactly in the first layer: phi(0) + shift = s is a bias of the second
    task = infinite(1, "relu", 0.3, prior=Prior(1.4, 0.0))
    covariance = output_law(task).covariance
    w, s = 1.4**2, 0.3
    q = w * task.inputs.values.sum(axis=1) / 3
    wanted = w * s * (s + np.sqrt(q / (2 * math.pi)))
    np.testing.assert_allclose(covariance[0], wanted, rtol=1e-14)
    # its weights in the first layer do not act, those in the second do
    np.testing.assert_allclose(tangent_kernel(task)[0], wanted, rtol=1e-14)


def test_sigmoid_and_softplus_move_the_zero_input():
    for name, at_zero in (("sigmoid", 0.5), ("softplus", math.log(2)), ("sign", -1.0)):
        covariance = output_law(infinite(1, name, prior=Prior(1.4, 0.0))).covariance
        assert covariance[0, 0] == pytest.approx(1.96 * at_zero**2, rel=1e-14)


@pytest.mark.parametrize("name", ["erf", "sin", "sign", "linear", "tanh"])
@pytest.mark.parametrize("depth", [0, 1, 3, 12])
def test_antipodes_of_odd_activations_are_opposite(name, depth):
    inputs = boolean_cube(4, "pm1")
    law = output_law(infinite(depth, name, prior=Prior(1.7, 0.0), inputs=inputs))
    np.testing.assert_allclose(law.covariance, -law.covariance[::-1], rtol=1e-14, atol=1e-15)
    assert law.reduced.k == 8
    np.testing.assert_array_equal(law.reduced.index, [*range(8), *range(7, -1, -1)])
    np.testing.assert_array_equal(law.reduced.sign, [1] * 8 + [-1] * 8)
    if name != "sign":
        ntk = tangent_kernel(infinite(depth, name, prior=Prior(1.7, 0.0), inputs=inputs))
        np.testing.assert_allclose(ntk, -ntk[::-1], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("depth", [1, 2, 10, 40])
def test_multiples_of_an_input_are_one_output_for_relu_without_bias(depth):
    X = np.random.default_rng(2).normal(size=(5, 50))
    X = np.concatenate([X, 3.7 * X, 0.01 * X])
    task = infinite(depth, prior=Prior(1.4, 0.0), inputs=array_inputs(X))
    law = output_law(task)
    assert law.reduced.k == 5
    np.testing.assert_array_equal(law.reduced.index, list(range(5)) * 3)
    # at correlation 1 the tangent kernel is (depth + 1) times the covariance, and its error is not
    # the root of the rounding
    ntk = tangent_kernel(task)
    i, j = np.arange(5), np.arange(5, 10)
    np.testing.assert_allclose(ntk[i, j], (depth + 1) * law.covariance[i, j], rtol=1e-13)


def test_singular_laws_reduce():
    law = output_law(infinite(2, prior=Prior(1.0, 0.0), n=7))
    assert law.reduced.k == 127 and law.reduced.index[0] == -1 and law.reduced.sign[0] == -1
    assert np.linalg.eigvalsh(law.reduced.law.covariance).min() > 0
    # one ReLU layer without bias: z and -z share z = relu(z) - relu(-z), so the rank is 64 + 7
    both = output_law(infinite(1, prior=Prior(1.0, 0.0), inputs=boolean_cube(7, "pm1")))
    assert both.reduced.k == 128
    assert np.linalg.matrix_rank(both.covariance, hermitian=True) == 71


def test_digits():
    inputs = digits_inputs(range(60))
    task = infinite(2, "erf", prior=Prior(1.5, 0.2), inputs=inputs)
    law = output_law(task)
    assert isinstance(law, GaussianLaw) and law.m == 60
    X = inputs.values
    few = np.arange(4)
    wanted, _ = kernels_by_quadrature(X[few], [2.25 / 64, 2.25, 2.25], [0.04] * 3, "erf")
    np.testing.assert_allclose(law.covariance[np.ix_(few, few)], wanted, rtol=1e-10)


def test_more_inputs_than_memory_is_for_are_refused():
    task = Task(Architecture(14, (INF,)))
    for ask in (output_law, tangent_kernel):
        with pytest.raises(ValueError, match="at most 8,192 inputs .* got m = 16,384"):
            ask(task)
