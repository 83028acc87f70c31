"""Sampled functions against replayed parameters evaluated in float64, and the parameters' law."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from agreement import assert_within

from priorvol import activation, bits
from priorvol.architecture import Architecture, Prior
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.provenance import Provenance, Span
from priorvol.rng import BLOCK
from priorvol.sampler import draw_parameters, evaluate, sample_span
from priorvol.sources import PriorSampling
from priorvol.task import Task

# Every activation's Lipschitz constant, rounded up, and the relative and absolute error of its
# float32 kernel (tests/kernels/test_activations.py demands no more than that).
FLOAT32 = {
    "relu": (1.0, 0.0, 0.0),
    "leaky_relu": (1.0, 2.0**-22, 0.0),
    "tanh": (1.0, 2.0**-22, 0.0),
    "erf": (1.13, 2.0**-21, 0.0),
    "sigmoid": (0.25, 2.0**-21, 0.0),
    "gelu": (1.13, 2.0**-21, 1.2e-7),
    "softplus": (1.0, 2.0**-21, 0.0),
    "sin": (1.0, 2.0**-21, 3e-12),
    "sign": (0.0, 0.0, 0.0),
    "linear": (1.0, 0.0, 0.0),
}


def random_points(m, n, seed=0):
    return array_inputs(np.random.default_rng(seed).normal(size=(m, n)))


INPUTS = {
    "cube 01, n = 7": boolean_cube(7),
    "cube pm1, n = 7": boolean_cube(7, "pm1"),
    "cube 01, n = 3": boolean_cube(3),
    "cube pm1, n = 2": boolean_cube(2, "pm1"),
    "5 points": random_points(5, 3),
    "17 points": random_points(17, 1),
    "100 points": random_points(100, 20),
    "130 points": random_points(130, 6),
    "subset of a cube": boolean_cube(7).subset(np.arange(127, 20, -2)),
    "cube in another order": boolean_cube(6, "pm1").subset(np.arange(63, -1, -1)),
}


def outputs_and_bound(task, parameters):
    """Return h in float64 and a bound on the error of h in float32, whatever the order of sums.

    A sum of K products and a bias has at most K + 1 roundings, each of relative size u, in every
    term; errors of the units below come on top, times the weights.
    """
    architecture = task.architecture
    u = 2.0**-24 if architecture.hidden else 2.0**-52
    steep, relative, absolute = FLOAT32[architecture.activation]
    h = task.inputs.values
    error = u * np.abs(h)
    for layer, (W, b) in enumerate(parameters):
        size = np.abs(b) + (np.abs(h) + error) @ np.abs(W).T
        error = 1.01 * (len(W[0]) + 1) * u * size + error @ np.abs(W).T
        h = h @ W.T + b
        if layer == len(parameters) - 1:
            return h[:, 0], error[:, 0]
        if architecture.activation == "sign":
            unsure = (h != 0) & (np.abs(h) <= error)
            error = np.where(unsure, 2.0, 0.0)
        else:
            error = steep * error
        h = activation.apply(h, architecture.activation, slope=architecture.slope)
        error += relative * np.abs(h) + absolute * (h != 0)
        h = h + architecture.shift
        error += u * (np.abs(h) + abs(architecture.shift))
    raise AssertionError("no layers")


def functions_of_group(task, seed, group, draws):
    """Return the functions of one group as a (draws, m) boolean array, in no order."""
    table = sample_span(task, Span(seed, draws, group, group + 1))
    return np.repeat(bits.unpack(table.functions, task.m), table.counts, axis=0)


def compare_group(task, seed, group, draws):
    """Compare a group's functions with the float64 reference; return which bits were unsure.

    Functions come without order, so groups are compared as multisets on the inputs on which no
    reference output lies within its rounding bound of 0. An exact 0 is sure, and gives 0.
    """
    h, bound = np.empty((2, draws, task.m))
    for chosen in range(draws):
        parameters = draw_parameters(
            task,
            seed=seed,
            block=group // BLOCK,
            index=group % BLOCK,
            output_draws=draws,
            output_draw=chosen,
        )
        h[chosen], bound[chosen] = outputs_and_bound(task, parameters)
        np.testing.assert_allclose(evaluate(task, parameters), h[chosen], rtol=1e-9, atol=1e-12)
    unsure = (h != 0) & (np.abs(h) <= bound)
    sure = ~unsure.any(axis=0)
    found = functions_of_group(task, seed, group, draws)
    expected = Counter(map(bytes, (h > 0)[:, sure]))
    assert Counter(map(bytes, found[:, sure])) == expected
    return unsure.ravel()


def compare(*cases):
    """Compare groups of several (task, seed, groups, draws); few bits in all may be unsure."""
    unsure = [
        compare_group(task, seed, group, draws)
        for task, seed, groups, draws in cases
        for group in groups
    ]
    assert np.concatenate(unsure).mean() < 0.02, "the comparison is idle"


WIDTHS = [(40,), (5, 3), (1, 67, 4), (8, 5, 40, 3), (67, 40), (3,), (16, 1, 9), (2, 12, 7, 6)]


def varied_tasks(name, inputs):
    """Yield tasks of depth 1 to 4 that between them vary the prior in every field."""
    shifts = [0.0, "zero-mean", 0.3]
    mixed = ("uniform", "gaussian", "gaussian", "uniform", "gaussian")
    number = sorted(FLOAT32).index(name) + 3 * list(INPUTS.values()).index(inputs)
    for i in range(4):
        k = number + i
        hidden = WIDTHS[k % len(WIDTHS)]
        layers = len(hidden) + 1
        prior = Prior(
            sigma_w=[1.0, 1.5, tuple(0.7 + 0.4 * j for j in range(layers))][k % 3],
            sigma_b=[0.0, 1.0, tuple(0.5 * (j % 2) for j in range(layers)), 0.1][k % 4],
            distribution=["gaussian", "uniform", mixed[:layers]][k % 3],
            weight_scaling=["fan_in", "fan_in", "none"][(k + k // 3) % 3],
            bias_scaling=["none", "fan_in"][(k // 2) % 2],
        )
        slope = 0.2 if name == "leaky_relu" and i == 1 else activation.LEAKY_SLOPE
        architecture = Architecture(
            inputs.n, hidden, activation=name, shift=shifts[(k + i) % 3], slope=slope
        )
        yield Task(architecture, prior, inputs)


@pytest.mark.parametrize("where", INPUTS)
@pytest.mark.parametrize("name", sorted(FLOAT32))
def test_sampled_functions_are_those_of_the_parameters(name, where):
    compare(
        *(
            (task, 11, groups, draws)
            for number, task in enumerate(varied_tasks(name, INPUTS[where]))
            for draws, groups in ((1, range(5, 25)), (3, range(4)), (50, [number]))
        )
    )


@pytest.mark.parametrize("where", INPUTS)
@pytest.mark.parametrize("law", ["gaussian", "uniform"])
@pytest.mark.parametrize("sigma_b", [0.0, 0.7])
def test_sampled_perceptrons_are_those_of_the_parameters(where, law, sigma_b):
    prior = Prior(sigma_w=1.3, sigma_b=sigma_b, distribution=law, bias_scaling="fan_in")
    task = Task(Architecture(INPUTS[where].n), prior, INPUTS[where])
    compare((task, 3, range(50), 1))


@pytest.mark.parametrize("n", range(1, 13))
@pytest.mark.parametrize("encoding", ["01", "pm1"])
def test_every_size_of_the_cube(n, encoding):
    inputs = boolean_cube(n, encoding)
    for name, hidden in (("relu", (6, 5)), ("relu", (40,)), ("tanh", (9,)), ("relu", ())):
        for sigma_b in (0.0, 0.5):
            task = Task(Architecture(n, hidden, activation=name), Prior(sigma_b=sigma_b), inputs)
            compare((task, 7, range(4), 1))
            if hidden:
                compare((task, 7, range(2), 5))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 62, 63, 64, 65, 130])
def test_any_dimension_and_any_number_of_points(n):
    for m, hidden in itertools.product((1, 15, 16, 63, 64, 65, 129), ((), (7,))):
        task = Task(Architecture(n, hidden), inputs=random_points(m, n, seed=n))
        compare((task, 1, range(3), 1))


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 67, 200])
@pytest.mark.parametrize("where", ["cube 01, n = 7", "cube pm1, n = 7", "130 points"])
def test_every_width(width, where):
    inputs = INPUTS[where]
    for sigma_b in (0.0, 1.0):
        task = Task(Architecture(inputs.n, (width, width)), Prior(sigma_b=sigma_b), inputs)
        compare((task, 2, range(3), 1), (task, 2, range(1), 3))


def test_narrow_gelu_networks_in_the_tail():
    """Units deep in the tail are tiny, but where all of them are, they alone make the sign."""
    prior = Prior(sigma_w=4.0, sigma_b=0.0, weight_scaling="none")
    task = Task(Architecture(2, (2,), activation="gelu"), prior, boolean_cube(2, "pm1"))
    for index in range(200):
        h = evaluate(task, draw_parameters(task, seed=5, index=index))
        sure = np.abs(h) > 1e-30  # far above the underflow of float32
        (found,) = functions_of_group(task, 5, index, 1)
        np.testing.assert_array_equal(found[sure], (h > 0)[sure])


@pytest.mark.parametrize("draws", [2, 4, 63, 64, 65, 68, 129, 200])
def test_every_number_of_output_draws(draws):
    for hidden in ((12,), (3, 2)):
        task = Task(Architecture(4, hidden), Prior(sigma_b=0.3))
        compare((task, 5, [0, 9], draws))


def test_groups_larger_than_a_batch():
    draws = 20_000
    task = Task(Architecture(2, (2,)), Prior(sigma_b=0.0))
    table = sample_span(task, Span(0, draws, 0, 3))
    assert table.n_samples == table.counts.sum() == 3 * draws
    single = [functions_of_group(task, 0, group, draws) for group in range(3)]
    expected = Counter(map(bytes, np.concatenate(single)))
    found = dict(zip(map(bytes, bits.unpack(table.functions, 4)), table.counts, strict=True))
    assert found == expected
    pairs = Counter()
    for group in single:
        for key, c in Counter(map(bytes, group)).items():
            pairs[key] += c * (c - 1)
    keys = map(bytes, bits.unpack(table.functions, 4))
    assert dict(zip(keys, table.group_pairs, strict=True)) == pairs


@pytest.mark.parametrize("draws", [1, 3])
def test_a_span_is_the_sum_of_its_groups_across_blocks(draws):
    task = Task(Architecture(3, (4,)))
    start, stop = BLOCK - 30, BLOCK + 20
    table = sample_span(task, Span(9, draws, start, stop))
    compare((task, 9, [start, BLOCK - 1, BLOCK, stop - 1], draws))
    groups = [functions_of_group(task, 9, g, draws) for g in range(start, stop)]
    expected = Counter(map(bytes, np.concatenate(groups)))
    keys = map(bytes, bits.unpack(table.functions, 8))
    assert dict(zip(keys, table.counts, strict=True)) == expected
    t = Counter(np.concatenate(groups).sum(axis=1).tolist())
    assert table.t_counts.tolist() == [t[i] for i in range(9)]


def test_the_table_says_what_it_holds():
    task = Task(Architecture(7, (20,)))
    span = Span(1 << 40, 3, 5, 2005)
    table = sample_span(task, span)
    assert table.task == task and table.m == 128
    assert table.source == PriorSampling(3)
    assert table.provenance == Provenance((span,))
    assert table.n_samples == table.counts.sum() == table.t_counts.sum() == 6000
    words = [tuple(row) for row in table.functions.tolist()]
    assert words == sorted(set(words))
    ones = bits.unpack(table.functions, 128).sum(axis=1)
    totals = np.bincount(ones, weights=table.counts, minlength=129)
    np.testing.assert_array_equal(table.t_counts, totals)


def test_outputs_by_hand():
    """A network evaluated unit by unit in scalar arithmetic."""
    task = Task(
        Architecture(2, (3, 2), activation="softplus", shift=-0.25),
        inputs=random_points(4, 2),
    )
    parameters = draw_parameters(task, seed=4, index=2)
    h = evaluate(task, parameters)
    assert h.shape == (4,) and h.dtype == np.float64
    for point, found in zip(task.inputs.values.tolist(), h, strict=True):
        units = point
        for layer, (W, b) in enumerate(parameters):
            sums = [
                math.fsum([bias, *(w * x for w, x in zip(row, units, strict=True))])
                for row, bias in zip(W.tolist(), b.tolist(), strict=True)
            ]
            units = sums if layer == 2 else [math.log1p(math.exp(z)) - 0.25 for z in sums]
        assert abs(found - units[0]) < 1e-13


@pytest.mark.parametrize("draws", [1, 5])
@pytest.mark.parametrize("hidden", [(4,), (5, 3), (1, 1, 6)])
def test_parameters_have_the_shapes_of_the_layers(hidden, draws):
    task = Task(Architecture(6, hidden))
    sizes = (6, *hidden, 1)
    for chosen in range(draws):
        parameters = draw_parameters(task, seed=0, output_draws=draws, output_draw=chosen)
        assert [W.shape for W, b in parameters] == list(zip(sizes[1:], sizes, strict=False))
        assert [b.shape for W, b in parameters] == [(size,) for size in sizes[1:]]
        for W, b in parameters:
            assert W.dtype == b.dtype == np.float64
            assert (W.astype(np.float32) == W).all() and (b.astype(np.float32) == b).all()


def test_a_perceptron_is_drawn_in_float64():
    ((W, b),) = draw_parameters(Task(Architecture(6)), seed=0)
    assert W.shape == (1, 6) and b.shape == (1,)
    assert (W.astype(np.float32) != W).all()


def test_output_draws_share_the_hidden_layers_and_nothing_else():
    task = Task(Architecture(3, (4, 5)))
    replays = [
        draw_parameters(task, seed=2, index=8, output_draws=70, output_draw=d) for d in range(70)
    ]
    for other in replays[1:]:
        for (W, b), (V, a) in zip(other[:-1], replays[0][:-1], strict=True):
            np.testing.assert_array_equal(W, V)
            np.testing.assert_array_equal(b, a)
    last = np.array([[*p[-1][0][0], *p[-1][1]] for p in replays])
    assert len(np.unique(last)) == last.size


def flat(parameters):
    return np.concatenate([np.concatenate([W.ravel(), b]) for W, b in parameters])


def replay(task, count, **options):
    """Return ``count`` networks' parameters, one a row, from several blocks."""
    return np.array(
        [
            flat(draw_parameters(task, seed=6, block=i % 5, index=i // 5, **options))
            for i in range(count)
        ]
    )


LAWS = [
    ("gaussian", "fan_in", "none"),
    ("gaussian", "none", "fan_in"),
    ("uniform", "fan_in", "fan_in"),
    ("uniform", "none", "none"),
    ("gaussian", "fan_in", "fan_in"),
]


def expected_deviations(sizes, sigma_w, sigma_b, weight_scaling, bias_scaling):
    """Return every parameter's standard deviation, in the order of `flat`."""
    deviations = []
    for layer, (below, above) in enumerate(itertools.pairwise(sizes)):
        w = sigma_w[layer] / (math.sqrt(below) if weight_scaling == "fan_in" else 1)
        b = sigma_b[layer] / (math.sqrt(below) if bias_scaling == "fan_in" else 1)
        deviations += [w] * (below * above) + [b] * above
    return np.array(deviations)


@pytest.mark.parametrize(("law", "weight_scaling", "bias_scaling"), LAWS)
@pytest.mark.parametrize(("hidden", "draws"), [((), 1), ((6, 5), 1), ((3,), 6)])
def test_parameters_have_the_law_that_was_asked_for(
    law, weight_scaling, bias_scaling, hidden, draws
):
    sizes = (3, *hidden, 1)
    sigma_w, sigma_b = (1.5, 0.8, 2.0)[: len(sizes) - 1], (0.3, 1.7, 0.6)[: len(sizes) - 1]
    task = Task(
        Architecture(3, hidden),
        Prior(
            sigma_w,
            sigma_b,
            distribution=law,
            weight_scaling=weight_scaling,
            bias_scaling=bias_scaling,
        ),
    )
    deviations = expected_deviations(sizes, sigma_w, sigma_b, weight_scaling, bias_scaling)
    count = 2000
    x = replay(task, count, output_draws=draws, output_draw=draws - 1) / deviations
    fourth = 3.0 if law == "gaussian" else 9 / 5
    eighth = 105.0 if law == "gaussian" else 81 / 9
    root = math.sqrt(count)
    assert_within(x.mean(axis=0), 0, 1 / root)
    assert_within((x**2).mean(axis=0), 1, math.sqrt(fourth - 1) / root)
    assert_within((x**4).mean(), fourth, math.sqrt((eighth - fourth**2) / x.size))
    if law == "uniform":
        top = np.abs(x).max()
        assert top <= math.sqrt(3) * (1 + 1e-6)
        # the largest of N falls short of the edge by the fraction e with probability (1 - e)^N
        assert top > math.sqrt(3) * (1 - 30 / x.size)
    correlation = x.T @ x / count
    pairs = correlation[np.triu_indices(len(deviations), 1)]
    assert_within(pairs, 0, 1 / root)
    squares = (x**2 - 1).T @ (x**2 - 1) / count / (fourth - 1)
    assert_within(squares[np.triu_indices(len(deviations), 1)], 0, 1 / root, sigmas=7)


@pytest.mark.parametrize("laws", list(itertools.product(["gaussian", "uniform"], repeat=3)))
def test_every_layer_has_its_own_law_and_scale(laws):
    prior = Prior(
        sigma_w=(1.0, 2.0, 3.0),
        sigma_b=(0.5, 3.0, 1.0),
        distribution=laws,
        weight_scaling=("none", "fan_in", "fan_in"),
        bias_scaling=("fan_in", "none", "fan_in"),
    )
    task = Task(Architecture(4, (9, 16)), prior)
    expected = [(1.0, 0.25), (2 / 3, 3.0), (0.75, 0.25)]
    layers = zip(*(draw_parameters(task, seed=1, index=index) for index in range(800)), strict=True)
    for law, deviations, layer in zip(laws, expected, layers, strict=True):
        fourth, eighth = (3.0, 105.0) if law == "gaussian" else (9 / 5, 81 / 9)
        for deviation, part in zip(deviations, zip(*layer, strict=True), strict=True):
            x = np.concatenate([values.ravel() for values in part]) / deviation
            assert_within((x**2).mean(), 1, math.sqrt((fourth - 1) / x.size))
            assert_within((x**4).mean(), fourth, math.sqrt((eighth - fourth**2) / x.size))


@pytest.mark.parametrize("law", ["gaussian", "uniform"])
@pytest.mark.parametrize("hidden", [(), (3,), (6, 5)])
def test_no_bias_at_sigma_b_zero(hidden, law):
    layers = len(hidden) + 1
    for zero in range(layers):
        sigma_b = tuple(0.0 if layer == zero else 1.0 for layer in range(layers))
        task = Task(Architecture(3, hidden), Prior(sigma_b=sigma_b, distribution=law))
        for index in range(20):
            for layer, (_, b) in enumerate(draw_parameters(task, seed=0, index=index)):
                assert (b == 0).all() == (layer == zero)


@pytest.mark.parametrize(
    ("inputs", "draws"), [(boolean_cube(2), 1), (boolean_cube(2), 4), (random_points(3, 2), 4)]
)
@pytest.mark.parametrize("law", ["gaussian", "uniform"])
def test_weights_that_leave_dead_units_have_the_same_law(inputs, draws, law):
    """Sampling skips them, so nothing but this test sees whether they are right."""
    task = Task(Architecture(2, (4, 4)), Prior(distribution=law), inputs)
    dead_weights, others = [], []
    for index in range(2000):
        parameters = draw_parameters(task, seed=8, index=index, output_draws=draws)
        h = inputs.values
        for (W, b), (V, _) in itertools.pairwise(parameters):
            h = np.maximum(h @ W.T + b, 0)
            dead = (h == 0).all(axis=0)
            dead_weights.append(V[:, dead].ravel())
            others.append(V[:, ~dead].ravel())
    fourth = 3.0 if law == "gaussian" else 9 / 5
    every = np.concatenate(others)
    for weights in (np.concatenate(dead_weights), every):
        x = 2 * weights  # sigma_w / sqrt(4) = 1/2
        assert len(x) > 3000
        assert_within(x.mean(), 0, 1 / math.sqrt(len(x)))
        assert_within((x**2).mean(), 1, math.sqrt((fourth - 1) / len(x)))
    dead = np.concatenate(dead_weights)
    # 24-bit numbers: a few repeat by chance, a stream read twice would repeat all
    assert len(np.unique(dead)) > 0.99 * len(dead)
    assert len(np.intersect1d(dead, every)) < 0.01 * len(dead)


@pytest.mark.parametrize("hidden", [(), (5,), (5, 4)])
def test_other_seeds_blocks_and_indices_give_other_networks(hidden):
    task = Task(Architecture(3, hidden))
    places = list(
        itertools.product(
            [0, 1, 1 << 32, (1 << 64) - 1], [0, 1, (1 << 32) - 1], [0, 1, 2, BLOCK - 1]
        )
    )
    networks = [flat(draw_parameters(task, seed=s, block=b, index=i)) for s, b, i in places]
    if hidden:
        networks += [
            flat(draw_parameters(task, seed=0, output_draws=2, output_draw=d))[-5:] for d in (0, 1)
        ]
    every = np.concatenate(networks)
    assert len(np.unique(every)) > 0.999 * len(every)  # 24-bit numbers may meet by chance
    first = [row[0] for row in networks[: len(places)]]
    assert len(set(first)) == len(places)


@pytest.mark.parametrize("draws", [1, 3])
def test_the_same_call_repeats(draws):
    task = Task(Architecture(5, (6, 6), activation="tanh"))
    span = Span(3, draws, 100, 400)
    first = sample_span(task, span)
    np.testing.assert_array_equal(
        flat(draw_parameters(task, seed=1, index=3, output_draws=draws)),
        flat(draw_parameters(task, seed=1, index=3, output_draws=draws)),
    )
    sample_span(Task(Architecture(5, (6, 6))), span)  # scratch of another task
    again = sample_span(task, span)
    assert first == again
    np.testing.assert_array_equal(first.t_counts, again.t_counts)


def test_tasks_that_are_equal_draw_the_same():
    span = Span(0, 1, 0, 200)
    a = sample_span(Task(Architecture(3, (4,)), Prior(sigma_w=1)), span)
    b = sample_span(Task(Architecture(3, [4.0]), Prior(sigma_w=(1.0, 1.0))), span)
    assert a == b


INFINITE = Task(Architecture(3, (math.inf,)))
FINITE = Task(Architecture(3, (4,)))


@pytest.mark.parametrize(
    "call",
    [
        lambda task: draw_parameters(task, seed=0),
        lambda task: evaluate(task, [(np.zeros((1, 3)), np.zeros(1))] * 2),
    ],
)
def test_infinite_networks_have_no_parameters(call):
    with pytest.raises(ValueError, match=r"needs finite hidden widths, got hidden = \(inf,\)"):
        call(INFINITE)
    with pytest.raises(ValueError, match="task must be a Task, got str"):
        call("relu")


def test_a_perceptron_has_no_output_draws_to_group():
    task = Task(Architecture(3))
    for call in (
        lambda: sample_span(task, Span(0, 2, 0, 1)),
        lambda: draw_parameters(task, seed=0, output_draws=2),
    ):
        with pytest.raises(ValueError, match="output_draws = 2 needs a hidden layer"):
            call()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("seed", 1 << 64),
        ("seed", 0.5),
        ("seed", None),
        ("block", -1),
        ("block", 1 << 32),
        ("index", -1),
        ("index", BLOCK),
        ("index", "3"),
        ("output_draws", 0),
        ("output_draws", 1 << 17),
        ("output_draw", -1),
        ("output_draw", 1),
        ("output_draw", True),
    ],
)
def test_bad_places_are_named(name, value):
    with pytest.raises(ValueError, match=name) as caught:
        draw_parameters(FINITE, **{"seed": 0, name: value})
    assert str(value) in str(caught.value)


def test_the_output_draw_must_be_one_of_the_group():
    with pytest.raises(ValueError, match="output_draw must be at least 0 and at most 2, got 3"):
        draw_parameters(FINITE, seed=0, output_draws=3, output_draw=3)


def _layers(**changes):
    layers = {"W0": np.ones((4, 3)), "b0": np.ones(4), "W1": np.ones((1, 4)), "b1": np.ones(1)}
    layers |= changes
    return [(layers["W0"], layers["b0"]), (layers["W1"], layers["b1"])]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (_layers()[:1], "2 layers, got 1"),
        (_layers() * 2, "2 layers, got 4"),
        (_layers(W0=np.ones((3, 4))), r"layer 0 must have W \(4, 3\).*got \(3, 4\)"),
        (_layers(b0=np.ones(3)), r"layer 0 must have .* b \(4,\)"),
        (_layers(W1=np.ones(4)), r"layer 1 must have W \(1, 4\).*got \(4,\)"),
        (_layers(b1=np.ones((1, 1))), "layer 1 must have"),
        (_layers(W1=np.full((1, 4), np.nan)), "layer 1 holds NaN or infinite"),
        (_layers(b0=np.full(4, np.inf)), "layer 0 holds NaN or infinite"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        evaluate(FINITE, parameters)
