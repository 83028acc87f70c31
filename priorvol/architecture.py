"""The network and the law of its parameters: `Architecture` and `Prior`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

from priorvol import checks
from priorvol.activation import ACTIVATIONS, LEAKY_SLOPE, gaussian_mean

DISTRIBUTIONS = ("gaussian", "uniform")
WEIGHT_SCALINGS = ("fan_in", "none")
BIAS_SCALINGS = ("none", "fan_in")
MAX_WIDTH = 65_536


@dataclass(frozen=True)
class Architecture:
    """A fully connected network with one thresholded output.

    Parameters
    ----------
    n_inputs : int
        Number of real inputs of the network.
    hidden : sequence of int or math.inf
        Widths of the hidden layers, from the inputs up; ``()`` is the perceptron. Widths are
        all finite or all ``math.inf`` (the Gaussian-process limit).
    activation : str
        One of `priorvol.activation.ACTIVATIONS`.
    shift : float or "zero-mean"
        Added to the activation. ``"zero-mean"`` makes E[phi(z)] = 0 under z ~ N(0, 1)
        (2510.06527); the resolved number is what is stored.
    slope : float
        Slope of ``leaky_relu`` on the negative side.

    Notes
    -----
    A perceptron has no hidden unit, so its activation fields are set to their defaults: two
    perceptrons that differ there only are the same architecture.

    Raises
    ------
    ValueError
        If a value is out of range; the message names it and says what is allowed.

    Examples
    --------
    >>> Architecture(n_inputs=7, hidden=(40, 40), activation="relu").layer_sizes
    (7, 40, 40, 1)
    """

    n_inputs: int
    hidden: tuple[int | float, ...] = ()
    activation: str = "relu"
    shift: float | str = 0.0
    slope: float = LEAKY_SLOPE

    def __post_init__(self) -> None:
        """Validate and bring every field to its canonical form."""
        n_inputs = checks.integer("n_inputs", self.n_inputs, low=1, high=MAX_WIDTH)
        hidden = _widths(self.hidden)
        checks.choice("activation", self.activation, ACTIVATIONS)
        slope = checks.real("slope", self.slope, low=0.0, high=1.0)
        if self.activation != "leaky_relu" and slope != LEAKY_SLOPE:
            raise ValueError(
                f"slope applies to activation='leaky_relu' only, got slope={slope} "
                f"with activation={self.activation!r}"
            )
        if isinstance(self.shift, str):
            checks.choice("shift", self.shift, ("zero-mean",))
            mean = gaussian_mean(self.activation, slope=slope)
            shift = -mean if mean else 0.0
        else:
            shift = checks.real("shift", self.shift) + 0.0
        settled = (n_inputs, hidden, self.activation, shift, slope)
        if not hidden:
            settled = (n_inputs, hidden, "relu", 0.0, LEAKY_SLOPE)
        for field, value in zip(fields(self), settled, strict=True):
            object.__setattr__(self, field.name, value)

    @property
    def is_infinite(self) -> bool:
        """Whether the hidden widths are infinite."""
        return bool(self.hidden) and math.isinf(self.hidden[0])

    @property
    def n_layers(self) -> int:
        """Number of layers of weights: hidden layers plus the output layer."""
        return len(self.hidden) + 1

    @property
    def layer_sizes(self) -> tuple[int | float, ...]:
        """Units in each layer from the inputs to the single output."""
        return (self.n_inputs, *self.hidden, 1)

    @property
    def n_parameters(self) -> int | float:
        """Number of weights and biases (``inf`` at infinite width)."""
        sizes = self.layer_sizes
        return sum((below + 1) * above for below, above in zip(sizes, sizes[1:], strict=False))

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; infinite widths are the string ``"inf"``."""
        hidden = ["inf" if math.isinf(width) else width for width in self.hidden]
        record: dict[str, Any] = {"type": "mlp", "n_inputs": self.n_inputs, "hidden": hidden}
        if self.hidden:
            record |= {"activation": self.activation, "shift": self.shift}
        if self.activation == "leaky_relu":
            record["slope"] = self.slope
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Architecture:
        """Build from what `to_json` returned.

        Raises
        ------
        ValueError
            If the type is unknown, or a field is missing, unknown or out of range.
        """
        kind = record.get("type") if isinstance(record, dict) else None
        checks.choice("architecture type", kind, ("mlp",))
        rest = {key: value for key, value in record.items() if key != "type"}
        required = ("hidden", "activation", "shift") if rest.get("hidden") else ("hidden",)
        return checks.from_record(cls, rest, "architecture", required=required)

    def __str__(self) -> str:
        """Return the usual short form, such as ``7-40-40-1 relu``."""
        sizes = "-".join("inf" if math.isinf(size) else str(size) for size in self.layer_sizes)
        if not self.hidden:
            return f"{sizes} perceptron"
        shift = f"{self.shift:+.5g}" if self.shift else ""
        return f"{sizes} {self.activation}{shift}"


@dataclass(frozen=True)
class Prior:
    """The law of the parameters; every field may be one value or one value a layer.

    With fan_in the number of units below a layer, weights are N(0, sigma_w^2 / fan_in)
    (``weight_scaling="fan_in"``) or N(0, sigma_w^2) (``"none"``); biases are N(0, sigma_b^2)
    (``bias_scaling="none"``) or N(0, sigma_b^2 / fan_in). ``distribution="uniform"`` takes the
    uniform law on [-a, a] of the same variance, a = sqrt(3) times the standard deviation.
    ``sigma_b=0`` means no bias at all.

    Parameters
    ----------
    sigma_w : float or sequence of float
        Positive.
    sigma_b : float or sequence of float
        At least zero.
    distribution : str or sequence of str
        ``"gaussian"`` or ``"uniform"``.
    weight_scaling, bias_scaling : str or sequence of str
        ``"fan_in"`` or ``"none"``.

    Raises
    ------
    ValueError
        If a value is out of range or unknown.

    Examples
    --------
    >>> Prior(sigma_b=0.0).expand(3).sigma_b
    (0.0, 0.0, 0.0)
    """

    sigma_w: float | tuple[float, ...] = 1.0
    sigma_b: float | tuple[float, ...] = 1.0
    distribution: str | tuple[str, ...] = "gaussian"
    weight_scaling: str | tuple[str, ...] = "fan_in"
    bias_scaling: str | tuple[str, ...] = "none"

    def __post_init__(self) -> None:
        """Validate and bring every field to its canonical form."""

        def one_of(known: tuple[str, ...]) -> Callable[[str, Any], str]:
            return lambda name, value: checks.choice(name, value, known)

        readers: dict[str, Callable[[str, Any], Any]] = {
            "sigma_w": lambda name, value: checks.real(name, value, low=0.0, open_low=True),
            "sigma_b": lambda name, value: checks.real(name, value, low=0.0) + 0.0,
            "distribution": one_of(DISTRIBUTIONS),
            "weight_scaling": one_of(WEIGHT_SCALINGS),
            "bias_scaling": one_of(BIAS_SCALINGS),
        }
        for name, read in readers.items():
            value = getattr(self, name)
            settled: Any
            if not _is_listing(value):
                settled = read(name, value)
            else:
                settled = tuple(read(f"{name}[{i}]", item) for i, item in enumerate(value))
            object.__setattr__(self, name, settled)

    def expand(self, n_layers: int) -> Prior:
        """Return the same prior with every field written out a layer.

        Raises
        ------
        ValueError
            If a field was given a layer and its length is not ``n_layers``.
        """
        expanded = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, tuple):
                value = (value,) * n_layers
            if len(value) != n_layers:
                raise ValueError(
                    f"prior {field.name} has {len(value)} values, but the architecture has "
                    f"{n_layers} layers of weights (hidden layers + output)"
                )
            expanded[field.name] = value
        return Prior(**expanded)

    def scales(self, layer_sizes: tuple[int | float, ...]) -> tuple[tuple[float, float], ...]:
        """Return the standard deviations (weight, bias) of each layer, from the inputs up.

        Examples
        --------
        >>> Prior(sigma_w=2.0, bias_scaling="fan_in").scales((4, 1))
        ((1.0, 0.5),)
        """
        full: Any = self.expand(len(layer_sizes) - 1)
        scales = []
        for layer, fan_in in enumerate(layer_sizes[:-1]):
            root = math.sqrt(fan_in)
            weight = full.sigma_w[layer]
            bias = full.sigma_b[layer]
            scales.append(
                (
                    weight / root if full.weight_scaling[layer] == "fan_in" else weight,
                    bias / root if full.bias_scaling[layer] == "fan_in" else bias,
                )
            )
        return tuple(scales)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in record.items()}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Prior:
        """Build from what `to_json` returned; raises ``ValueError`` on anything else."""
        names = [field.name for field in fields(cls)]
        return checks.from_record(cls, record, "prior", required=names)

    def __str__(self) -> str:
        """Return the fields with equal per-layer values folded into one."""
        parts = []
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple) and len(set(value)) == 1:
                value = value[0]
            default = field.default
            if field.name.startswith("sigma") or value != default:
                text = f"{value:g}" if isinstance(value, float) else str(value)
                parts.append(f"{field.name}={text}")
        return ", ".join(parts)


def _is_listing(value: Any) -> bool:
    """Whether a value holds one item a layer; arrays of dimension 0 do not."""
    return (
        isinstance(value, Iterable)
        and not isinstance(value, str | bytes)
        and getattr(value, "ndim", 1) > 0
    )


def _widths(hidden: Any) -> tuple[int | float, ...]:
    if not _is_listing(hidden):
        raise ValueError(f"hidden must be a sequence of widths such as (40, 40), got {hidden!r}")
    widths: list[int | float] = []
    for i, width in enumerate(hidden):
        if width == math.inf:
            widths.append(math.inf)
        else:
            widths.append(checks.integer(f"hidden[{i}]", width, low=1, high=MAX_WIDTH))
    if len({math.isinf(width) for width in widths}) > 1:
        raise ValueError(f"hidden widths must be all finite or all infinite, got {tuple(widths)}")
    return tuple(widths)
