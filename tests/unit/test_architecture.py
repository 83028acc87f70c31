"""Architecture and Prior: canonical form, JSON, scales, and every refusal."""

import json
import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol.activation import ACTIVATIONS, gaussian_mean
from priorvol.architecture import BIAS_SCALINGS, DISTRIBUTIONS, WEIGHT_SCALINGS, Architecture, Prior

QUICK = settings(max_examples=100, deadline=None, derandomize=True)

WIDTHS = st.one_of(
    st.lists(st.integers(1, 65_536), max_size=12),
    st.lists(st.just(math.inf), max_size=12),
)


@st.composite
def architectures(draw):
    activation = draw(st.sampled_from(ACTIVATIONS))
    shift = draw(st.one_of(st.just("zero-mean"), st.floats(-5, 5)))
    options = {"slope": draw(st.floats(0, 1))} if activation == "leaky_relu" else {}
    return Architecture(
        draw(st.integers(1, 65_536)), tuple(draw(WIDTHS)), activation, shift, **options
    )


def per_layer(values, layers):
    return st.one_of(values, st.lists(values, min_size=layers, max_size=layers).map(tuple))


def priors(layers):
    positive = st.floats(1e-6, 1e6)
    return st.builds(
        Prior,
        sigma_w=per_layer(positive, layers),
        sigma_b=per_layer(st.one_of(st.just(0.0), positive), layers),
        distribution=per_layer(st.sampled_from(DISTRIBUTIONS), layers),
        weight_scaling=per_layer(st.sampled_from(WEIGHT_SCALINGS), layers),
        bias_scaling=per_layer(st.sampled_from(BIAS_SCALINGS), layers),
    )


@QUICK
@given(architectures())
def test_architecture_json_round_trip(architecture):
    text = json.dumps(architecture.to_json(), allow_nan=False)
    assert Architecture.from_json(json.loads(text)) == architecture


@QUICK
@given(priors(3))
def test_prior_json_round_trip(prior):
    text = json.dumps(prior.to_json(), allow_nan=False)
    assert Prior.from_json(json.loads(text)) == prior


def test_infinite_widths_are_the_string_inf():
    record = Architecture(5, (math.inf, math.inf), "tanh").to_json()
    assert record["hidden"] == ["inf", "inf"] and record["type"] == "mlp"
    assert Architecture.from_json(record).is_infinite
    assert not Architecture(5).is_infinite and not Architecture(5, (3,)).is_infinite


def test_sizes_and_parameters():
    architecture = Architecture(7, (40, 30))
    assert architecture.layer_sizes == (7, 40, 30, 1)
    assert architecture.n_layers == 3
    weights = [np.zeros((40, 7)), np.zeros((30, 40)), np.zeros((1, 30))]
    assert architecture.n_parameters == sum(w.size + len(w) for w in weights)
    assert Architecture(7).n_parameters == 8 and Architecture(7).n_layers == 1
    assert Architecture(7, (math.inf,)).n_parameters == math.inf


@pytest.mark.parametrize(
    ("architecture", "text"),
    [
        (Architecture(7, (40, 40)), "7-40-40-1 relu"),
        (Architecture(7), "7-1 perceptron"),
        (Architecture(2, (math.inf,), "tanh"), "2-inf-1 tanh"),
        (Architecture(2, (3,), "relu", "zero-mean"), "2-3-1 relu-0.39894"),
        (Architecture(2, (3,), "sin", 0.5), "2-3-1 sin+0.5"),
    ],
)
def test_short_form(architecture, text):
    assert str(architecture) == text


def test_numbers_of_other_kinds_become_canonical():
    a = Architecture(np.int32(3), np.array([4, 5]), "relu", np.float32(0.5))
    assert a == Architecture(3.0, [4.0, 5], "relu", 0.5) == Architecture(3, (4, 5), shift=0.5)
    assert hash(a) == hash(Architecture(3, (4, 5), shift=0.5))
    assert [type(width) for width in a.hidden] == [int, int] and type(a.shift) is float
    assert math.copysign(1.0, Architecture(3, (2,), shift=-0.0).shift) == 1.0
    assert math.copysign(1.0, Prior(sigma_b=-0.0).sigma_b) == 1.0
    p = Prior(sigma_w=np.array([1, 2]), sigma_b=range(2))
    assert p == Prior(sigma_w=(1.0, 2.0), sigma_b=[0, 1]) and type(p.sigma_w[0]) is float


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_zero_mean_by_name_or_by_number(activation):
    named = Architecture(2, (3,), activation, "zero-mean")
    assert named == Architecture(2, (3,), activation, -gaussian_mean(activation))
    assert isinstance(named.shift, float)
    assert math.copysign(1.0, named.shift) == (-1.0 if gaussian_mean(activation) else 1.0)


def test_zero_mean_uses_the_slope():
    named = Architecture(2, (3,), "leaky_relu", "zero-mean", slope=0.3)
    assert named.shift == -gaussian_mean("leaky_relu", slope=0.3)


def test_perceptrons_have_no_activation():
    perceptron = Architecture(4)
    assert Architecture(4, (), "tanh") == perceptron
    assert Architecture(4, (), "leaky_relu", "zero-mean", 0.7) == perceptron
    assert set(perceptron.to_json()) == {"type", "n_inputs", "hidden"}
    assert "activation" in Architecture(4, (1,)).to_json()


def test_frozen():
    for thing, name in ((Architecture(2), "n_inputs"), (Prior(), "sigma_w")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, 3)


BAD_ARCHITECTURES = [
    ({"n_inputs": 0}, "n_inputs must be", "0"),
    ({"n_inputs": -1}, "n_inputs must be", "-1"),
    ({"n_inputs": 65_537}, "n_inputs must be", "65537"),
    ({"n_inputs": 2.5}, "n_inputs must be", "2.5"),
    ({"n_inputs": True}, "n_inputs must be", "True"),
    ({"n_inputs": "2"}, "n_inputs must be", "'2'"),
    ({"n_inputs": math.nan}, "n_inputs must be", "nan"),
    ({"n_inputs": math.inf}, "n_inputs must be", "inf"),
    ({"n_inputs": None}, "n_inputs must be", "None"),
    ({"hidden": 40}, "hidden must be a sequence", "40"),
    ({"hidden": None}, "hidden must be a sequence", "None"),
    ({"hidden": "inf"}, "hidden must be a sequence", "'inf'"),
    ({"hidden": (3, 0)}, r"hidden\[1\] must be", "0"),
    ({"hidden": (3, -4)}, r"hidden\[1\] must be", "-4"),
    ({"hidden": (1.5,)}, r"hidden\[0\] must be", "1.5"),
    ({"hidden": ("3",)}, r"hidden\[0\] must be", "'3'"),
    ({"hidden": ("inf",)}, r"hidden\[0\] must be", "'inf'"),
    ({"hidden": (True,)}, r"hidden\[0\] must be", "True"),
    ({"hidden": (math.nan,)}, r"hidden\[0\] must be", "nan"),
    ({"hidden": (-math.inf,)}, r"hidden\[0\] must be", "-inf"),
    ({"hidden": (70_000,)}, r"hidden\[0\] must be", "70000"),
    ({"hidden": (3, math.inf)}, "all finite or all infinite", "(3, inf)"),
    ({"hidden": (math.inf, 3)}, "all finite or all infinite", "(inf, 3)"),
    ({"activation": "ReLU"}, "activation must be one of", "'ReLU'"),
    ({"activation": None}, "activation must be one of", "None"),
    ({"shift": math.nan}, "shift must be finite", "nan"),
    ({"shift": math.inf}, "shift must be finite", "inf"),
    ({"shift": True}, "shift must be a number", "True"),
    ({"shift": None}, "shift must be a number", "None"),
    ({"shift": "0.5"}, "shift must be one of", "'0.5'"),
    ({"activation": "leaky_relu", "slope": -0.1}, "slope must be", "-0.1"),
    ({"activation": "leaky_relu", "slope": 1.1}, "slope must be", "1.1"),
    ({"activation": "leaky_relu", "slope": math.nan}, "slope must be", "nan"),
    ({"activation": "leaky_relu", "slope": "0.1"}, "slope must be", "'0.1'"),
    ({"slope": 0.2}, "slope applies to activation='leaky_relu' only", "0.2"),
]


@pytest.mark.parametrize(("options", "message", "value"), BAD_ARCHITECTURES)
def test_bad_architectures(options, message, value):
    with pytest.raises(ValueError, match=message) as caught:
        Architecture(**({"n_inputs": 2, "hidden": (3,)} | options))
    assert value in str(caught.value)


BAD_PRIORS = [
    ({"sigma_w": 0.0}, "sigma_w must be above 0", "0.0"),
    ({"sigma_w": -1.0}, "sigma_w must be above 0", "-1.0"),
    ({"sigma_w": math.nan}, "sigma_w must be finite", "nan"),
    ({"sigma_w": math.inf}, "sigma_w must be finite", "inf"),
    ({"sigma_w": True}, "sigma_w must be a number", "True"),
    ({"sigma_w": "1"}, "sigma_w must be a number", "'1'"),
    ({"sigma_w": None}, "sigma_w must be a number", "None"),
    ({"sigma_w": (1.0, 0.0)}, r"sigma_w\[1\] must be above 0", "0.0"),
    ({"sigma_w": (1.0, "2")}, r"sigma_w\[1\] must be a number", "'2'"),
    ({"sigma_w": ((1.0,),)}, r"sigma_w\[0\] must be a number", "(1.0,)"),
    ({"sigma_b": -0.1}, "sigma_b must be at least 0", "-0.1"),
    ({"sigma_b": math.nan}, "sigma_b must be finite", "nan"),
    ({"sigma_b": math.inf}, "sigma_b must be finite", "inf"),
    ({"sigma_b": False}, "sigma_b must be a number", "False"),
    ({"sigma_b": (0.0, -1.0)}, r"sigma_b\[1\] must be at least 0", "-1.0"),
    ({"distribution": "normal"}, "distribution must be one of", "'normal'"),
    ({"distribution": ("gaussian", 1)}, r"distribution\[1\] must be one of", "1"),
    ({"weight_scaling": "fan_out"}, "weight_scaling must be one of", "'fan_out'"),
    ({"weight_scaling": None}, "weight_scaling must be one of", "None"),
    ({"bias_scaling": ""}, "bias_scaling must be one of", "''"),
]


@pytest.mark.parametrize(("options", "message", "value"), BAD_PRIORS)
def test_bad_priors(options, message, value):
    with pytest.raises(ValueError, match=message) as caught:
        Prior(**options)
    assert value in str(caught.value)


def test_zero_dimensional_arrays():
    with pytest.raises(ValueError, match="sigma_w must be a number"):
        Prior(sigma_w=np.array(2.0))
    with pytest.raises(ValueError, match="hidden must be a sequence"):
        Architecture(3, np.array(3))


COMPLETE = Architecture(2, (3,)).to_json()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "architecture type must be one of 'mlp', got None"),
        ([], "architecture type must be one of 'mlp', got None"),
        ({"n_inputs": 2}, "architecture type must be one of 'mlp', got None"),
        ({"type": "cnn", "n_inputs": 2}, "got 'cnn'"),
        ({"type": "mlp"}, "architecture lacks the field 'n_inputs'"),
        ({"type": "mlp", "n_inputs": 2, "width": 3}, "unknown fields \\['width'\\]"),
        (COMPLETE | {"hidden": ["Inf"]}, "'Inf'"),
        (COMPLETE | {"hidden": [3, "inf"]}, "all finite or all infinite"),
        (COMPLETE | {"hidden": "inf"}, "hidden must be a sequence"),
    ],
)
def test_bad_architecture_records(record, message):
    with pytest.raises(ValueError, match=message):
        Architecture.from_json(record)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "prior must be a JSON object"),
        ({"sigma": 1.0}, "unknown fields"),
        (Prior().to_json() | {"sigma_w": ["inf"]}, r"sigma_w\[0\] must be finite, got inf"),
        (Prior().to_json() | {"sigma_w": "inf"}, "sigma_w must be a number, got 'inf'"),
    ],
)
def test_bad_prior_records(record, message):
    with pytest.raises(ValueError, match=message):
        Prior.from_json(record)


@pytest.mark.parametrize("missing", ["hidden", "activation", "shift"])
def test_incomplete_architecture_records_are_refused(missing):
    record = Architecture(2, (3,), "tanh", 0.5).to_json()
    del record[missing]
    with pytest.raises(ValueError, match=f"lacks the field '{missing}'"):
        Architecture.from_json(record)


@pytest.mark.parametrize("missing", list(Prior().to_json()))
def test_incomplete_prior_records_are_refused(missing):
    record = Prior(2.0, 0.5, "uniform", "none", "fan_in").to_json()
    del record[missing]
    with pytest.raises(ValueError, match=f"lacks the field '{missing}'"):
        Prior.from_json(record)


def test_expand_writes_every_field_out():
    prior = Prior(sigma_w=(1.0, 2.0, 3.0), distribution="uniform").expand(3)
    assert prior == Prior(
        (1.0, 2.0, 3.0), (1.0,) * 3, ("uniform",) * 3, ("fan_in",) * 3, ("none",) * 3
    )
    assert prior.expand(3) == prior


@pytest.mark.parametrize("field", list(Prior().to_json()))
@pytest.mark.parametrize("given_values", [0, 1, 4])
def test_expand_refuses_another_number_of_layers(field, given_values):
    value = getattr(Prior(), field)
    with pytest.raises(ValueError, match=f"{field} has {given_values} values") as caught:
        Prior(**{field: (value,) * given_values}).expand(3)
    assert "3 layers" in str(caught.value)


@QUICK
@given(st.lists(st.integers(1, 500), min_size=1, max_size=5), st.data())
def test_scales_are_the_definitions(sizes, data):
    prior = data.draw(priors(len(sizes)))
    scales = prior.scales((*sizes, 1))
    assert len(scales) == len(sizes)
    full = prior.expand(len(sizes))
    for found, sigmas, scalings in (
        ([weight for weight, _ in scales], full.sigma_w, full.weight_scaling),
        ([bias for _, bias in scales], full.sigma_b, full.bias_scaling),
    ):
        fan_in = np.where(np.array(scalings) == "fan_in", sizes, 1)
        variance = np.array(sigmas) ** 2 / fan_in
        # squaring doubles the relative rounding errors of the root and of the quotient
        bound = 8 * np.finfo(float).eps * variance
        assert (np.abs(np.square(found) - variance) <= bound).all()


def test_the_prior_prints_folded():
    assert str(Prior()) == "sigma_w=1, sigma_b=1"
    assert str(Prior().expand(3)) == "sigma_w=1, sigma_b=1"
    text = str(Prior(sigma_w=(1.0, 2.0), distribution="uniform").expand(2))
    assert text == "sigma_w=(1.0, 2.0), sigma_b=1, distribution=uniform"
