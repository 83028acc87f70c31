"""Time training ensembles against JAX and torch, on one core, in one run.

The task is 7-40-40-1 ReLU on {0,1}^7, 64 of the 128 points with the labels of a fixed function,
cross-entropy, full batch; every network starts from its own draw of the prior and is trained to
zero training error, and its function on all 128 inputs is read off. Adam has learning rate 0.01,
SGD 0.1. The baselines train batches of networks: JAX by vmap over a compiled while_loop, which goes
on until its last network is done; torch by batched matrix products, with the networks that are done
taken out of the batch when they are half of it, once with autograd and torch's own optimisers and
once with gradients and steps written out by hand. All in float32; each shows its best batch size.

Rates are networks a second of processor time, medians of the repeats, with the slowest and the
fastest in brackets; all take turns, so that a slow spell of the machine meets all. A library that
is not installed is left out. JAX and torch may be installed elsewhere: run this under a Python that
has them, and the package.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

from benchmark import Cases, Report, machine, take_turns  # first: one thread a library

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

# isort: split
import numpy as np

from priorvol import Architecture, Task, TrainingSet
from priorvol.provenance import Span
from priorvol.training.runs import Trainer, trainer

TASK = Task(Architecture(7, (40, 40)))
POINTS = TASK.inputs.values.astype(np.float32)
CHOSEN = np.sort(np.random.default_rng(0).permutation(128)[:64])
RATES = {"adam": 0.01, "sgd": 0.1}
MOST_STEPS = 5000
SHAPES = ((7, 40), (1, 40), (40, 40), (1, 40), (40, 1), (1, 1))
SIZES = (7**-0.5, 1.0, 40**-0.5, 1.0, 40**-0.5, 1.0)
BATCHES = {"JAX": (4, 8, 16, 64), "torch": (32, 64, 256), "torch by hand": (32, 64, 256)}
LEAST = {"JAX": 2.5, "torch": 10.0, "torch by hand": 10.0}


def labels() -> Any:
    """Return the target on all inputs, (128,) bool."""
    x = TASK.inputs.values.astype(bool)
    return (x[:, 0] & x[:, 1]) | (x[:, 2] & ~x[:, 3] & x[:, 4])


def own_trainer(optimizer: str) -> Trainer:
    """Return what trains as the package does."""
    S = TrainingSet(CHOSEN, labels()[CHOSEN].astype(int))
    settings = {"optimizer": optimizer, "learning_rate": RATES[optimizer]}
    return trainer(TASK, S, "zero_error", settings | {"max_epochs": MOST_STEPS})


class Jax:
    """An ensemble in JAX."""

    def __init__(self, optimizer: str, batch: int) -> None:
        import jax
        import jax.numpy as jnp

        x, y = jnp.asarray(POINTS[CHOSEN]), jnp.asarray(labels()[CHOSEN].astype(np.float32))
        everywhere, rate = jnp.asarray(POINTS), RATES[optimizer]

        def start(key: Any) -> Any:
            k, normal = jax.random.split(key, 6), jax.random.normal
            first = [normal(k[0], (7, 40)) / 7**0.5, normal(k[1], (40,))]
            second = [normal(k[2], (40, 40)) / 40**0.5, normal(k[3], (40,))]
            return [*first, *second, normal(k[4], (40,)) / 40**0.5, normal(k[5], ())]

        def outputs(p: Any, points: Any) -> Any:
            h = jax.nn.relu(points @ p[0] + p[1])
            return jax.nn.relu(h @ p[2] + p[3]) @ p[4] + p[5]

        def loss(p: Any) -> Any:
            h = outputs(p, x)
            return jnp.mean(jnp.maximum(h, 0) - h * y + jnp.log1p(jnp.exp(-jnp.abs(h)))), h

        def step(state: Any) -> Any:
            p, m, v, t, _ = state
            (_, h), g = jax.value_and_grad(loss, has_aux=True)(p)
            done = jnp.all((h > 0) == (y > 0.5))
            if optimizer == "adam":
                m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
                v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
                c, d = 1 - 0.9 ** (t + 1), 1 - 0.999 ** (t + 1)
                g = jax.tree.map(lambda a, b: (a / c) / (jnp.sqrt(b / d) + 1e-8), m, v)
            p = jax.tree.map(lambda a, b: jnp.where(done, a, a - rate * b), p, g)
            return p, m, v, t + 1, done

        def train(key: Any) -> Any:
            p = start(key)
            zeros = jax.tree.map(jnp.zeros_like, p) if optimizer == "adam" else 0
            state = (p, zeros, zeros, 0, False)
            going = lambda s: (~s[4]) & (s[3] < MOST_STEPS)  # noqa: E731
            p, *_ = jax.lax.while_loop(going, step, state)
            return outputs(p, everywhere) > 0

        self._jax, self._batch = jax, batch
        self._train = jax.jit(lambda key: jax.vmap(train)(jax.random.split(key, batch)))
        self._key = 0

    def run(self, number: int) -> None:
        """Train at least ``number`` networks."""
        for _ in range(-(-number // self._batch)):
            self._key += 1
            self._jax.block_until_ready(self._train(self._jax.random.key(self._key)))


class Torch:
    """An ensemble in torch: gradients and steps written out by hand."""

    def __init__(self, optimizer: str, batch: int) -> None:
        import torch

        torch.set_num_threads(1)
        self._torch, self._optimizer, self._batch = torch, optimizer, batch
        self._x = torch.from_numpy(POINTS[CHOSEN])
        self._y = torch.from_numpy(labels()[CHOSEN].astype(np.float32))
        self._everywhere = torch.from_numpy(POINTS)

    def _outputs(self, p: Any, x: Any) -> Any:
        h = self._torch.baddbmm(p[1], x.expand(len(p[0]), -1, -1), p[0]).relu_()
        g = self._torch.baddbmm(p[3], h, p[2]).relu_()
        return h, g, self._torch.baddbmm(p[5], g, p[4])[:, :, 0]

    def _gradient(self, p: Any, h: Any, g: Any, out: Any) -> Any:
        d = ((out.sigmoid() - self._y) / len(self._y))[:, :, None]
        above = (d * p[4].transpose(1, 2)).mul_(g > 0)
        below = (above @ p[2].transpose(1, 2)).mul_(h > 0)
        x = self._x.T.expand(len(d), -1, -1)
        sums = [each.sum(1, keepdim=True) for each in (below, above, d)]
        weights = [x @ below, h.transpose(1, 2) @ above, g.transpose(1, 2) @ d]
        return [each for pair in zip(weights, sums, strict=True) for each in pair]

    def run(self, number: int) -> None:
        """Train at least ``number`` networks."""
        with self._torch.inference_mode():
            for _ in range(-(-number // self._batch)):
                self._one_batch()

    def _one_batch(self) -> None:
        torch, B = self._torch, self._batch
        p = [torch.randn(B, *shape) * s for shape, s in zip(SHAPES, SIZES, strict=True)]
        adam, rate = self._optimizer == "adam", RATES[self._optimizer]
        m, v = ([torch.zeros_like(each) for each in p] if adam else [] for _ in range(2))
        for t in range(1, MOST_STEPS + 1):
            h, g, out = self._outputs(p, self._x)
            going = ((out > 0) != (self._y > 0.5)).any(dim=1)
            left = int(going.sum())
            if left < len(going) // 2 or left == 0:  # too many are done: take them out
                self._outputs([each[~going] for each in p], self._everywhere)[2] > 0  # noqa: B015
                if left == 0:
                    return
                p, m, v = ([each[going] for each in some] for some in (p, m, v))
                h, g, out = h[going], g[going], out[going]
                going = going[going]
            gradient = self._gradient(p, h, g, out)
            mask = going[:, None, None]
            for i, each in enumerate(gradient):
                change = each
                if adam:
                    m[i].lerp_(each, 0.1)
                    v[i].mul_(0.999).addcmul_(each, each, value=0.001)
                    root = (v[i] / (1 - 0.999**t)).sqrt_().add_(1e-8)
                    change = m[i] / (1 - 0.9**t) / root
                p[i].sub_(change.mul_(mask), alpha=rate)


class Autograd(Torch):
    """An ensemble in torch as it is usually written: autograd, and torch's own optimisers."""

    def run(self, number: int) -> None:
        """Train at least ``number`` networks."""
        for _ in range(-(-number // self._batch)):
            self._one_batch()

    def _outputs(self, p: Any, x: Any) -> Any:
        h = self._torch.baddbmm(p[1], x.expand(len(p[0]), -1, -1), p[0]).relu()
        g = self._torch.baddbmm(p[3], h, p[2]).relu()
        return self._torch.baddbmm(p[5], g, p[4])[:, :, 0]

    def _optimiser(self, p: Any, before: Any = None, kept: Any = None) -> Any:
        """Return an optimiser; one for some of the networks goes on with what another held."""
        kinds = {"adam": self._torch.optim.Adam, "sgd": self._torch.optim.SGD}
        made = kinds[self._optimizer](p, lr=RATES[self._optimizer])
        if before is not None:
            old = before.param_groups[0]["params"]
            for one, other in zip(p, old, strict=True):
                for name, value in before.state[other].items():
                    made.state[one][name] = value[kept] if value.ndim else value
        return made

    def _one_batch(self) -> None:
        torch, B = self._torch, self._batch
        p = [torch.randn(B, *shape) * s for shape, s in zip(SHAPES, SIZES, strict=True)]
        p = [each.requires_grad_() for each in p]
        optimiser, done = self._optimiser(p), torch.zeros(B, dtype=torch.bool)
        for _ in range(MOST_STEPS):
            out = self._outputs(p, self._x)
            with torch.no_grad():
                fits = ((out > 0) == (self._y > 0.5)).all(dim=1)
                if bool((fits & ~done).any()):
                    new = fits & ~done
                    self._outputs([each[new] for each in p], self._everywhere) > 0  # noqa: B015
                    done |= fits
            left = int((~done).sum())
            if left == 0:
                return
            if left < len(done) // 2:  # take out those that are done
                kept = ~done
                fewer = [each.detach()[kept].requires_grad_() for each in p]
                p, optimiser = fewer, self._optimiser(fewer, optimiser, kept)
                done = done[kept]
                out = self._outputs(p, self._x)
            target = self._y.expand_as(out)
            losses = torch.nn.functional.binary_cross_entropy_with_logits(
                out, target, reduction="none"
            )
            losses.mean(dim=1).sum().backward()
            optimiser.step()
            optimiser.zero_grad()


def best_batch(kind: Any, name: str, optimizer: str, number: int) -> tuple[Any, int]:
    """Return an ensemble of the fastest batch size, warmed up, and that size."""
    found = []
    for batch in BATCHES[name]:
        ensemble = kind(optimizer, batch)
        ensemble.run(1)
        size = max(number, batch) // batch * batch
        processor, _ = take_turns({"one": partial(ensemble.run, size)}, 2)
        found.append((float(processor["one"].min()) / size, batch, ensemble))
    _, batch, ensemble = min(found, key=lambda each: each[0])
    return ensemble, batch


BASELINES = (
    ("JAX", "jax", Jax),
    ("torch", "torch", Autograd),
    ("torch by hand", "torch", Torch),
)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000, help="networks a round (2000)")
    parser.add_argument("--repeats", type=int, default=5, help="rounds (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    options = parser.parse_args()
    report = Report()
    machine(report)
    for optimizer in RATES:
        number = options.runs if optimizer == "adam" else max(options.runs // 4, 1)
        ours = own_trainer(optimizer)
        outcomes = ours.train(Span(0, 1, 0, number))
        epochs = outcomes.epochs[:, 0]
        report.note(
            f"{optimizer}, rate {RATES[optimizer]:g}",
            f"{np.median(epochs[epochs >= 0]):.0f} steps in the median, "
            f"{int((epochs < 0).sum())} of {number} not done after {MOST_STEPS}",
            epochs.mean(),
        )
        cases: Cases = {"priorvol": partial(ours.train, Span(0, 1, 0, number))}
        sizes = {"priorvol": number}
        for name, module, kind in BASELINES:
            if not importlib.util.find_spec(module):
                print(f"{name} is not installed")
                continue
            ensemble, batch = best_batch(kind, name, optimizer, number // 4)
            sizes[name] = max(number // 4 // batch, 1) * batch
            cases[name] = partial(ensemble.run, sizes[name])
            print(f"{name}: batches of {batch}")
        seconds, _ = take_turns(cases, options.repeats)
        base = seconds["priorvol"] / number
        report.rate(f"  priorvol, {optimizer}", 1 / base)
        for name in list(cases)[1:]:
            rate = sizes[name] / seconds[name]
            report.rate(f"  {name}, {optimizer}", rate)
            ratio = float(np.median(1 / base) / np.median(rate))
            text = f"{ratio:.2f} x  {report.verdict(ratio, least=LEAST[name])}"
            report.note(f"  priorvol over {name}, {optimizer}", text, ratio)
    print(f"\n{sum(report.met)} of {len(report.met)} targets met")
    if options.json:
        options.json.write_text(json.dumps(report.record, indent=1) + "\n")


if __name__ == "__main__":
    main()
