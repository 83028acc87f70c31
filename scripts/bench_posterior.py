"""Time functions of infinite networks, on one core: the prior, and the posterior given S.

    python scripts/bench_posterior.py [--repeats N] [--json FILE]

Networks are 7-inf-inf-1 ReLU on the 128 Boolean inputs, sigma_w = sigma_b = 1. An effective draw of
the posterior is worth an independent one: draws are divided by the largest inflation of the
variance of P(f), over the ten most frequent functions, and of P(T = t), over the t of at least one
draw in a hundred. The baseline is elliptical slice sampling in NumPy, 256 chains side by side, by
the most frequent function alone; it starts from EP's mean and has 300 steps to forget that.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmark import Report, cut, machine  # first: one thread a library

# isort: split
import numpy as np

from priorvol import Architecture, FunctionTable, Task, TrainingSet, bits, boolean_cube, posterior
from priorvol.estimators.expectation_propagation import expectation_propagation
from priorvol.gaussian_functions import count_functions, task_factor
from priorvol.infinite.covariance import output_law
from priorvol.provenance import Span
from priorvol.rng import generator
from priorvol.truncated import count_truncated, truncate, try_out

HIDDEN = (math.inf, math.inf)
TASKS = {
    encoding: Task(Architecture(7, HIDDEN), inputs=boolean_cube(7, encoding))
    for encoding in ("01", "pm1")
}
PRIOR_TARGET = 300_000
POSTERIOR_TARGET = 10_000
PRIOR_DRAWS = 1 << 17
POSTERIOR_DRAWS = 1 << 16
CHAINS, STEPS, FORGOTTEN = 256, 300, 300


def targets() -> dict[str, Any]:
    """Return functions of 128 inputs, by name, from simple to as complex as can be."""
    inputs = np.arange(128)
    return {
        "constant": np.ones(128, dtype=bool),
        "0011...": inputs % 4 > 1,
        "first bit": inputs > 63,
        "majority": np.array([i.bit_count() > 3 for i in range(128)]),
        "parity": np.array([i.bit_count() % 2 == 1 for i in range(128)]),
        "random": generator(0, "target").random(128) < 0.5,
    }


def fastest(run: Callable[[], Any], repeats: int) -> float:
    """Return the least processor time of a few runs, after one that compiles."""
    run()
    best = math.inf
    for _ in range(repeats):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best


def inflation(table: FunctionTable) -> float:
    """Return how many draws are worth an independent one, at worst."""
    histogram = table.t_histogram()
    common = histogram.p >= 0.01
    return max(1.0, table.ranks(10).inflation.max(), *histogram.inflation[common])


def training_set(function: Any, size: int) -> TrainingSet:
    """Return labels of a function on random inputs."""
    kept = generator(size, "training set").choice(128, size, replace=False)
    return TrainingSet(kept, function[kept])


@dataclass
class Slices:
    """Elliptical slices of the truncated normal, in NumPy; every step is accepted.

    On the ellipse h cos t + v sin t through a state h and a draw v of the prior, each label allows
    half of the circle, so all together an arc around t = 0 (Gessner et al., 1910.09328).
    """

    task: Task
    training_set: TrainingSet
    seed: int = 0

    def __post_init__(self) -> None:
        """Factor the covariance and start from EP's mean on S, and the rest given it."""
        law = output_law(self.task)
        self.inside = np.array(self.training_set.indices)
        signs = 2 * np.array(self.training_set.labels, dtype=np.int8) - 1
        self.signs = signs.astype(float)[:, None]
        self.root = np.linalg.cholesky(law.covariance)
        self.stream = np.random.default_rng(self.seed)
        mean = expectation_propagation(law.restrict(self.inside), signs).mean
        across = law.covariance[:, self.inside]
        weights = np.linalg.solve(law.covariance[np.ix_(self.inside, self.inside)], mean)
        self.h = np.repeat((across @ weights)[:, None], CHAINS, axis=1)

    def step(self) -> Any:
        """Move every chain; return the functions (128, chains)."""
        v = self.root @ self.stream.standard_normal(self.h.shape)
        angles = np.arctan2(self.signs * v[self.inside], self.signs * self.h[self.inside])
        low, high = angles.max(axis=0) - math.pi / 2, angles.min(axis=0) + math.pi / 2
        t = low + (high - low) * self.stream.random(CHAINS)
        self.h = self.h * np.cos(t) + v * np.sin(t)
        return self.h > 0


def slices_rate(task: Task, labels: TrainingSet, best: Any) -> tuple[float, float, float]:
    """Return effective draws a second, P of the function ``best``, and its inflation."""
    sampler = Slices(task, labels)
    for _ in range(FORGOTTEN):
        sampler.step()
    start = time.process_time()
    hits = np.array([(sampler.step() == best[:, None]).all(axis=0) for _ in range(STEPS)])
    spent = time.process_time() - start
    p = hits.mean()
    worth = hits.mean(axis=0).var(ddof=1) * STEPS / (p * (1 - p)) if 0 < p < 1 else math.nan
    return hits.size / max(worth, 1.0) / spent, p, worth


def prior(report: Report, repeats: int) -> None:
    """Time the prior."""
    for encoding, task in TASKS.items():
        factor, span = task_factor(task), Span(0, 1, 0, PRIOR_DRAWS)
        spent = fastest(partial(count_functions, factor, span, "prior"), repeats)
        rate = PRIOR_DRAWS / spent
        verdict = report.verdict(rate, least=PRIOR_TARGET)
        report.note(f"prior, {encoding}", f"{cut(rate):>11}/s   {verdict}", rate)


def posteriors(report: Report, repeats: int, sizes: list[int], baseline: bool) -> None:
    """Time the posterior for each target and size of S."""
    for size in sizes:
        for encoding, task in TASKS.items():
            for name, function in targets().items():
                labels = training_set(function, size)
                table = posterior(task, labels, n_samples=POSTERIOR_DRAWS, n_jobs=1)
                truncated = truncate(output_law(task), labels)
                pilot, worth = try_out(truncated), inflation(table)
                (span,) = table.provenance.spans
                spent = fastest(partial(count_truncated, truncated, span), repeats)
                rate = table.n_samples / spent
                effective = rate / worth
                text = (
                    f"{cut(effective):>9} effective/s ({cut(rate)}/s over {worth:.3g}), chains of "
                    f"{table.output_draws}, {100 * pilot.acceptance:.2g} % accepted, log10 P(S) = "
                    f"{pilot.log_p / math.log(10):.1f}"
                )
                if size == 64:
                    text += f"  {report.verdict(effective, least=POSTERIOR_TARGET)}"
                report.note(f"posterior, {encoding}, |S| = {size}, {name}", text, effective)
                if baseline and size == 64:
                    compare(report, task, labels, table, effective)


def compare(
    report: Report, task: Task, labels: TrainingSet, table: FunctionTable, effective: float
) -> None:
    """Print the baseline's rate, where it sees the most frequent function often enough."""
    top = table.ranks(1)
    best = bits.unpack(top.functions, 128)[0].astype(bool)
    if top.p[0] < 0.01:
        report.note(
            "  elliptical slices in NumPy", "no function is frequent enough to count", math.nan
        )
        return
    rate, p, worth = slices_rate(task, labels, best)
    if math.isnan(worth):
        text = f"its chains never left P = {p:.0f}, against {top.p[0]:.3f}"
    else:
        text = f"{rate:9.3g} effective/s (inflation {worth:.3g}, P = {p:.3f} against "
        text += f"{top.p[0]:.3f}): {effective / rate:.3g} x"
    report.note("  elliptical slices in NumPy", text, rate)


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="of which the fastest counts (5)")
    parser.add_argument("--sizes", type=int, nargs="*", default=[16, 32, 64, 96, 112])
    parser.add_argument("--no-baseline", action="store_true")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    report = Report()
    machine(report)
    prior(report, options.repeats)
    posteriors(report, options.repeats, options.sizes, not options.no_baseline)
    if options.json:
        options.json.write_text(json.dumps(report.record, indent=2) + "\n")
    print(f"{sum(report.met)} of {len(report.met)} targets met")


if __name__ == "__main__":
    main()
