"""One small network in training: its parameters, its outputs and the gradient of the loss.

The parameters stand in one stretch of float32. A hidden layer has a row of weights for each unit
below it, then a row of biases; rows are padded with zeros to whole vectors of the units above. The
output layer has one row of weights, padded to whole vectors of the units below, and a vector whose
first number is the bias. Activations have a row an input. Padding stays zero throughout.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from priorvol._kernels.activations import activate, differentiate, sigmoid, softplus
from priorvol._kernels.jit import carray, kernel
from priorvol._kernels.networks import Network
from priorvol._kernels.simd import LANES, float_pointer, read_float32, read_int64, write_float32
from priorvol._kernels.streams import STEP
from priorvol._kernels.training_products import WIDTH, column_sums, dots, multiply, transpose
from priorvol._kernels.training_steps import Rule, step

LOSSES = {"mse": 0, "cross_entropy": 1}

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_LEAST = np.float32(-np.inf)


class Plan(NamedTuple):
    """A network and one worker's memory, as numbers and addresses; `Memory` keeps the memory.

    ``sizes`` and ``padded`` (layers + 1) units of each layer, and so with the padding;
    ``weights`` and ``biases`` (layers) where in the parameters they start; ``scales`` (layers, 2)
    float32, the s of weights and biases (`training_steps`), 0 for biases that are not trained;
    ``units`` and ``slopes`` (layers) addresses of activations and derivatives, whose first entry
    is the inputs'; ``capacity`` rows fit there. ``rectify`` marks ReLU without a shift.
    """

    n_layers: int
    n_parameters: int
    capacity: int
    sizes: int
    padded: int
    weights: int
    biases: int
    scales: int
    parameters: int
    gradient: int
    first: int
    second: int
    noise: int
    units: int
    slopes: int
    errors: int
    others: int
    transposed: int
    zeros: int
    ones: int
    outputs: int
    targets: int
    derivatives: int
    code: int
    shift: Any
    slope: Any
    rectify: bool
    loss: int


class Memory:
    """The memory of one worker.

    Parameters
    ----------
    network : Network
    scales : (layers, 2) float32 array
        See `Plan`.
    loss : int
        From `LOSSES`.
    capacity : int
        The largest number of inputs in one pass.
    most : int
        The largest number of outputs kept at a time.
    """

    def __init__(self, network: Network, scales: Any, loss: int, capacity: int, most: int) -> None:
        """Allocate; ``plan`` is what the kernels take, the others are parts of it."""
        sizes = [int(size) for size in network.sizes]
        padded = [-(-size // WIDTH) * WIDTH for size in sizes]
        n_layers = len(sizes) - 1
        self.sizes, self.padded = sizes, padded
        self.weights, self.biases, place = [], [], 0
        for layer in range(n_layers):
            last = layer == n_layers - 1
            self.weights.append(place)
            place += padded[layer] if last else sizes[layer] * padded[layer + 1]
            self.biases.append(place)
            place += WIDTH if last else padded[layer + 1]
        widest = max(padded)
        between = [padded[i] * padded[i + 1] for i in range(1, n_layers - 1)]  # hidden layers
        self._kept: list[Any] = [network]
        arrays = [self._floats(place + STEP) for _ in range(5)]  # noise comes in whole steps
        self.parameters, self.gradient, first, second, noise = (array[:place] for array in arrays)
        self._kept += arrays
        rectify = network.code == 0 and network.shift == _ZERO
        units = [0] + [self._address(capacity * width) for width in padded[1:-1]]
        slopes = [0] + [0 if rectify else self._address(capacity * w) for w in padded[1:-1]]
        self.outputs = self._floats(most)
        self.plan = Plan(
            n_layers=n_layers,
            n_parameters=place,
            capacity=capacity,
            sizes=self._numbers(sizes),
            padded=self._numbers(padded),
            weights=self._numbers(self.weights),
            biases=self._numbers(self.biases),
            scales=self._keep(np.ascontiguousarray(scales, dtype=np.float32)),
            parameters=self.parameters.ctypes.data,
            gradient=self.gradient.ctypes.data,
            first=first.ctypes.data,
            second=second.ctypes.data,
            noise=noise.ctypes.data,
            units=self._numbers(units),
            slopes=self._numbers(slopes),
            errors=self._address(capacity * widest),
            others=self._address(capacity * widest),
            transposed=self._address(max(between, default=0)),
            zeros=self._address(widest),
            ones=self._keep(np.ones(widest, dtype=np.float32)),
            outputs=self.outputs.ctypes.data,
            targets=self._address(capacity),
            derivatives=self._address(capacity),
            code=int(network.code),
            shift=np.float32(network.shift),
            slope=np.float32(network.slope),
            rectify=bool(rectify),
            loss=loss,
        )

    def _keep(self, array: Any) -> int:
        self._kept.append(array)
        return int(array.ctypes.data)

    def _numbers(self, values: list[int]) -> int:
        return self._keep(np.array(values, dtype=np.int64))

    def _floats(self, size: int) -> Any:
        """Return zeros of float32 whose address is a multiple of 64 bytes, with room after them."""
        octets = np.zeros(4 * size + 128, dtype=np.uint8)
        start = -octets.ctypes.data % 64
        return octets[start : start + 4 * size].view(np.float32)

    def _address(self, size: int) -> int:
        return self._keep(self._floats(size))


@kernel
def floats(address, n):
    """Return the ``n`` float32 at an address."""
    return carray(float_pointer(address), n)


@kernel
def copy_floats(source, target, n):
    """Copy ``n`` float32 from one address to another."""
    a, b = floats(source, n), floats(target, n)
    for i in range(n):
        b[i] = a[i]


@kernel
def forward(plan, points, count, derive, outputs):
    """Write the outputs on ``count`` inputs at ``points`` to ``outputs``.

    The activations stay in memory and, with ``derive``, the derivatives of the activation.
    """
    below = points
    for layer in range(plan.n_layers - 1):
        n_below = read_int64(plan.sizes + 8 * layer)
        stride = read_int64(plan.padded + 8 * layer)
        width = read_int64(plan.padded + 8 * (layer + 1))
        w = plan.parameters + 4 * read_int64(plan.weights + 8 * layer)
        b = plan.parameters + 4 * read_int64(plan.biases + 8 * layer)
        h = read_int64(plan.units + 8 * (layer + 1))
        least = _ZERO if plan.rectify else _LEAST
        v, one, none = width // WIDTH, np.int64(1), np.int64(0)
        multiply(
            below, stride, one, w, width, b, h, width, count, n_below, v, least, plan.ones, none
        )
        if not plan.rectify:
            n = count * width
            units = floats(h, n)
            if derive:
                slopes = floats(read_int64(plan.slopes + 8 * (layer + 1)), n)
                for i in range(n):
                    slopes[i] = units[i]
                differentiate(slopes, n, plan.code, plan.slope)
            vectors = (n + LANES - 1) // LANES  # there is room after them
            all_units = floats(h, LANES * vectors)
            activate(
                all_units, np.int64(1), vectors, np.int64(0), plan.code, plan.shift, plan.slope
            )
            n_above = read_int64(plan.sizes + 8 * (layer + 1))
            if n_above < width:
                for x in range(count):
                    for k in range(n_above, width):
                        units[x * width + k] = _ZERO
        below = h
    last = plan.n_layers - 1
    stride = read_int64(plan.padded + 8 * last)
    w = plan.parameters + 4 * read_int64(plan.weights + 8 * last)
    b = plan.parameters + 4 * read_int64(plan.biases + 8 * last)
    dots(below, stride, w, stride // WIDTH, b, outputs, count)


@kernel
def loss_derivatives(plan, outputs, targets, count):
    """Write the derivatives of the mean loss by ``count`` outputs to ``plan.derivatives``."""
    h, y, d = floats(outputs, count), floats(targets, count), floats(plan.derivatives, count)
    share = _ONE / np.float32(count)
    if plan.loss == 0:
        for x in range(count):
            d[x] = (h[x] - y[x]) * share
    else:
        for x in range(count):
            d[x] = -y[x] * sigmoid(-y[x] * h[x]) * share


@kernel
def mean_loss(plan, outputs, targets, count):
    """Return the mean loss of ``count`` outputs in float64."""
    h, y = floats(outputs, count), floats(targets, count)
    total = 0.0
    for x in range(count):
        if plan.loss == 0:
            total += 0.5 * np.float64(h[x] - y[x]) ** 2
        else:
            total += np.float64(softplus(-y[x] * h[x]))
    return total / count


@kernel
def _times_slopes(plan, layer, count, errors):
    """Multiply the errors of a hidden layer's units with the activation's derivatives."""
    n = count * read_int64(plan.padded + 8 * layer)
    d, s = floats(errors, n), floats(read_int64(plan.slopes + 8 * layer), n)
    for i in range(n):
        d[i] *= s[i]


@kernel
def _product(plan, a, row, step, b, below, out, above, rows, inner):
    """Write out[r] = sum over i < inner of a[r, i] b[i]; see `multiply`."""
    vectors, none = above // WIDTH, np.int64(0)
    multiply(
        a,
        row,
        step,
        b,
        below,
        plan.zeros,
        out,
        above,
        rows,
        inner,
        vectors,
        _LEAST,
        plan.ones,
        none,
    )


@kernel
def _errors(plan, a, row, step, b, below, out, layer, rows, inner):
    """Write errors of a hidden layer's units, as `_product`, times the activation's derivatives."""
    above = read_int64(plan.padded + 8 * layer)
    vectors, mask, kept = above // WIDTH, plan.ones, np.int64(0)
    if plan.rectify:
        mask, kept = read_int64(plan.units + 8 * layer), above
    multiply(
        a, row, step, b, below, plan.zeros, out, above, rows, inner, vectors, _LEAST, mask, kept
    )
    if not plan.rectify:
        _times_slopes(plan, layer, rows, out)


@kernel
def backward(plan, points, count):
    """Write the gradient of the loss to ``plan.gradient``, after `forward` with ``derive``.

    The derivatives by the outputs are at ``plan.derivatives``.
    """
    last, derivatives = plan.n_layers - 1, plan.derivatives
    none, one = np.int64(0), np.int64(1)  # literals would have `multiply` compiled for each
    width = read_int64(plan.padded + 8 * last)
    h = points if last == 0 else read_int64(plan.units + 8 * last)
    out = plan.gradient + 4 * read_int64(plan.weights + 8 * last)
    _product(plan, derivatives, none, one, h, width, out, width, one, count)
    total, d = _ZERO, floats(derivatives, count)
    for x in range(count):
        total += d[x]
    write_float32(plan.gradient + 4 * read_int64(plan.biases + 8 * last), total)
    if last == 0:
        return
    w = plan.parameters + 4 * read_int64(plan.weights + 8 * last)
    errors, others = plan.errors, plan.others
    _errors(plan, derivatives, one, none, w, width, errors, last, count, one)
    for layer in range(last - 1, -1, -1):
        n_below = read_int64(plan.sizes + 8 * layer)
        stride = read_int64(plan.padded + 8 * layer)
        width = read_int64(plan.padded + 8 * (layer + 1))
        h = points if layer == 0 else read_int64(plan.units + 8 * layer)
        out = plan.gradient + 4 * read_int64(plan.weights + 8 * layer)
        _product(plan, h, one, stride, errors, width, out, width, n_below, count)
        out = plan.gradient + 4 * read_int64(plan.biases + 8 * layer)
        column_sums(errors, width, count, width // WIDTH, out)
        if layer > 0:
            w = plan.parameters + 4 * read_int64(plan.weights + 8 * layer)
            transpose(w, n_below, width // WIDTH, plan.zeros, plan.transposed, stride)
            n_above = read_int64(plan.sizes + 8 * (layer + 1))
            t = plan.transposed
            _errors(plan, errors, width, one, t, stride, others, layer, count, n_above)
            errors, others = others, errors


@kernel
def move(plan, rule: Rule, rate, correct1, correct2):
    """Move all parameters by one step of the optimiser."""
    n = plan.n_parameters
    w, g = floats(plan.parameters, n), floats(plan.gradient, n)
    first, second = floats(plan.first, n), floats(plan.second, n)
    noise = floats(plan.noise, n)
    for layer in range(plan.n_layers):
        start = read_int64(plan.weights + 8 * layer)
        middle = read_int64(plan.biases + 8 * layer)
        stop = n
        if layer < plan.n_layers - 1:
            stop = read_int64(plan.weights + 8 * (layer + 1))
        for part in range(2):
            low, high = (start, middle) if part == 0 else (middle, stop)
            scale = read_float32(plan.scales + 4 * (2 * layer + part))
            if scale > _ZERO:
                step(
                    rule,
                    w[low:high],
                    g[low:high],
                    first[low:high],
                    second[low:high],
                    noise[low:high],
                    high - low,
                    scale,
                    rate,
                    correct1,
                    correct2,
                )
