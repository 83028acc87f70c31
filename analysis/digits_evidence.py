"""The evidence P(S) of handwritten digits, even against odd, by orthants and by EP.

How far can an exact evidence be had? For growing m = |S| the orthant estimator is asked for a
standard error of 5 %, with a limit on its samples; EP stands beside it. Within 5 % is an estimate
whose weights are also even enough for its error to be trusted.

Measured (two hidden layers, sigma_w^2 = 2, sigma_b = 0.1, 2,048 draws each): 1 % at m = 100, 2 to
3 % at 500, 3 to 4 % at 1,000 and 4.1 % on all 1,797 images (1 % for labels in random order), so 5 %
does not end within this set; what grows is the time of the factorisations, with m cubed. EP is low
by 0.25 nats at m = 100, 0.75 at 500, 1.2 at 1,000 and 1.7 at 1,797, and by at most 0.3 for labels
in random order.

    python analysis/digits_evidence.py [--sizes 100,500,1000] [--subsets 3] [--jobs N]
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np
from sklearn.datasets import load_digits

from priorvol import Architecture, Prior, Task, TrainingSet, digits_inputs, estimate
from priorvol.rng import generator
from priorvol.text import align

WANTED = 0.05
HEADINGS = (
    "m labels subset ln_P(S) nats/input error samples effective seconds EP EP_less_exact "
    "EP_seconds within_5%"
).split()


def training_set(m: int, subset: int, labels: str) -> TrainingSet:
    """Return m random images with their parity, or with the same labels in random order."""
    target = load_digits().target % 2
    rng = generator(subset, f"digits, m = {m}")
    chosen = np.sort(rng.choice(len(target), m, replace=False))
    values = target[chosen]
    if labels == "random":
        values = rng.permutation(values)
    return TrainingSet(chosen, values)


def row(task: Task, m: int, subset: int, labels: str, options: argparse.Namespace) -> list[str]:
    """Return one line of the table."""
    chosen = training_set(m, subset, labels)
    start = time.perf_counter()
    exact = estimate(
        task,
        chosen,
        relative_error=WANTED,
        n_samples=options.samples,
        seed=subset,
        n_jobs=options.jobs,
    )
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    ep = estimate(task, chosen, method="ep")
    ep_seconds = time.perf_counter() - start
    return [
        str(m),
        labels,
        str(subset),
        f"{exact.log_p:.3f}",
        f"{exact.log_p / m:.4f}",
        f"{100 * exact.standard_error:.2g}%",
        f"{exact.n_samples:,}",
        f"{exact.diagnostics['effective_samples']:,.0f}",
        f"{seconds:.1f}",
        f"{ep.log_p:.3f}" + ("" if ep.converged else " (not converged)"),
        f"{ep.log_p - exact.log_p:+.3f}",
        f"{ep_seconds:.1f}",
        "yes" if exact.converged else "no",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="100,500,1000", help="numbers of images")
    parser.add_argument("--subsets", type=int, default=3, help="random subsets of each size")
    parser.add_argument("--labels", default="parity,random", help="parity, random or both")
    parser.add_argument("--depth", type=int, default=2, help="infinite hidden layers")
    parser.add_argument("--sigma-w", type=float, default=math.sqrt(2), help="(1.41)")
    parser.add_argument("--sigma-b", type=float, default=0.1, help="(0.1)")
    parser.add_argument("--samples", type=int, default=1_000_000, help="the most for an orthant")
    parser.add_argument("--jobs", type=int, default=1, help="workers")
    options = parser.parse_args()
    task = Task(
        Architecture(64, (math.inf,) * options.depth),
        Prior(sigma_w=options.sigma_w, sigma_b=options.sigma_b),
        digits_inputs(),
    )
    print(f"{task}; P(S) in natural logs")
    rows = [HEADINGS]
    for m in map(int, options.sizes.split(",")):
        for labels in options.labels.split(","):
            for subset in range(options.subsets):
                rows.append(row(task, m, subset, labels, options))
                print("\n".join(align(rows[-1:])), flush=True)
    print("\n".join(align(rows)))


if __name__ == "__main__":
    main()
