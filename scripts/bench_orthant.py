"""Time orthant probabilities against Genz's algorithm and Botev's estimator, on one core.

Functions of networks of infinite width, two hidden ReLU layers, sigma_w = sigma_b = 1, both
encodings, 32 and 128 inputs: a constant, functions drawn from the prior, uniformly random ones and
parity (P from 0.4 to 1e-97). Times are processor time, the median and the worst over functions of
the median over repeats. Errors are the stated relative standard errors, and beside them the
scatter over seeds, which needs no trust in them.

Baselines have the same time a function: SciPy's multivariate_normal.cdf (Genz) with as many points
as that takes, and the minimax-tilted sequential sampler alone (Botev 2017, in the order of Gibson
et al. 1994; our own kernels, so faster than published codes). Their error is the scatter over seeds
too, relative to P.

A batch is timed by the wall clock, on one worker and on two.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

from benchmark import Report, cut, machine  # first: one thread a library

# isort: split
import numpy as np

from priorvol import Architecture, Task, boolean_cube
from priorvol._kernels.orthants import LANES, from_tilt, lower_factor, mix
from priorvol._kernels.tilting import greedy_order, minimax_tilt
from priorvol.estimators.expectation_propagation import standardised
from priorvol.estimators.mixture import lattice_generator
from priorvol.estimators.orthant import orthant_probabilities, orthant_probability
from priorvol.gaussian import GaussianLaw
from priorvol.infinite.covariance import output_law

TARGETS = {32: (0.003, 0.2), 128: (0.005, 1.0)}
ENCODINGS = ("01", "pm1")
SEEDS = 8


def law_of(m: int, encoding: str) -> GaussianLaw:
    """Return the law of the outputs on the cube of m inputs."""
    n = m.bit_length() - 1
    architecture = Architecture(n, (math.inf, math.inf), activation="relu")
    return output_law(Task(architecture, inputs=boolean_cube(n, encoding)))


def functions_of(law: GaussianLaw, drawn: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return signs by name."""
    m = law.m
    factor = np.linalg.cholesky(law.covariance)
    parity = np.array([1 - 2 * (int(i).bit_count() % 2) for i in range(m)])
    found = {"constant": np.ones(m, dtype=int), "parity": parity}
    while len(found) < 2 + drawn:
        signs = np.where(factor @ rng.standard_normal(m) > 0, 1, -1)
        if abs(signs.sum()) < m:  # the constants are there already
            found[f"drawn {len(found) - 1}"] = signs
    for i in range(drawn):
        found[f"random {i + 1}"] = rng.choice([-1, 1], m)
    return found


def botev(law: GaussianLaw, signs: Any, number: int, seed: int) -> float:
    """Estimate log P with the tilted sampler alone, from ``number`` lattice points."""
    correlation, mean, _ = standardised(law, signs)
    order = greedy_order(correlation, mean)
    factor, _ = lower_factor(correlation, order)
    start = np.linalg.solve(factor, np.ones(law.m) - mean[order])
    shift = minimax_tilt(factor, mean[order], start, 200, 1e-12)[0]
    guide = (factor, from_tilt(factor, mean, order, shift), order)
    half = max(number // (2 * LANES), 1)
    logs, ratios, blocks = *np.empty((2, 2 * LANES * half)), np.array([half, half])
    shifts = np.random.default_rng(seed).random((2, law.m))
    none, zero = np.empty((0, law.m)), np.zeros(2, dtype=np.int64)
    mix(guide, guide, 0.5, lattice_generator(law.m), shifts, zero, blocks, logs, ratios, none)
    top = logs.max()
    return float(top + np.log(np.exp(logs - top).mean()))


def genz(law: GaussianLaw, signs: Any, points: int, seed: int) -> float:
    """Estimate log P with SciPy; -inf where it finds nothing."""
    from scipy.stats import multivariate_normal

    turned = law.covariance * np.outer(signs, signs)
    p = multivariate_normal.cdf(
        np.zeros(law.m), -signs * law.mean, turned, maxpts=points, abseps=0, releps=0, rng=seed
    )
    return float(np.log(p)) if p > 0 else -math.inf


def timed(run: Any, repeats: int) -> tuple[float, Any]:
    """Return the median processor time and the last result."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        found = run()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds)), found


def tune(estimate: Any, seconds: float, start: int) -> int:
    """Return the size at which ``estimate(size)`` takes about ``seconds``."""
    size = start
    for _ in range(4):
        spent, _ = timed(lambda size=size: estimate(size), 1)
        size = int(min(max(size * seconds / max(spent, 1e-4), 64), 50_000_000))
    return size


def scatter(values: list[float], truth: float) -> float:
    """Return the root mean square relative error of P; 1 where nothing is found."""
    errors = [math.expm1(min(v - truth, 50.0)) if math.isfinite(v) else -1.0 for v in values]
    return float(np.sqrt(np.mean(np.square(errors))))


def one_size(report: Report, m: int, drawn: int, repeats: int) -> None:
    """Time single functions of m inputs."""
    aim, limit = TARGETS[m]
    print(f"\n--- m = {m}: {aim:.1%} relative standard error in {limit:g} s a function")
    print(f"{'':<22}   log10 P       ms  stated  scatter   same time: Botev    Genz (SciPy)")
    times, errors, spreads, rivals = [], [], [], []
    for encoding in ENCODINGS:
        law = law_of(m, encoding)
        every = functions_of(law, drawn, np.random.default_rng(m))
        for name, signs in every.items():
            seconds, found = timed(
                lambda law=law, signs=signs: orthant_probability(law, signs, relative_error=aim),
                repeats,
            )
            truth = orthant_probability(
                law, signs, relative_error=aim / 6, seed=99, max_samples=10**7
            ).log_p
            runs = [
                orthant_probability(law, signs, relative_error=aim, seed=seed).log_p
                for seed in range(SEEDS)
            ]
            sizes = (
                tune(lambda n, law=law, signs=signs: botev(law, signs, n, 0), seconds, 4096),
                tune(lambda n, law=law, signs=signs: genz(law, signs, n, 0), seconds, 4096),
            )
            rival = [
                scatter([method(law, signs, size, seed) for seed in range(SEEDS)], truth)
                for method, size in zip((botev, genz), sizes, strict=True)
            ]
            spread = scatter(runs, truth)
            label = f"{encoding:>3} {name}"
            print(
                f"{label:<22} {found.log10_p:9.3f} {1e3 * seconds:8.1f}  "
                f"{found.standard_error:6.3%}  {spread:6.3%}   {rival[0]:16.3%} {rival[1]:14.2%}",
                flush=True,
            )
            report.record[f"{m} {label}"] = [
                found.log10_p,
                seconds,
                found.standard_error,
                spread,
                *rival,
            ]
            times.append(seconds)
            errors.append(found.standard_error)
            spreads.append(spread)
            rivals.append(rival)
    worst = max(times)
    text = f"{np.median(times):.3f} s (worst {worst:.3f})  {report.verdict(worst, most=limit)}"
    report.note(f"seconds a function, m = {m}", text, times)
    text = f"{np.median(errors):.3%} (worst {max(errors):.3%})  "
    report.note("stated error", text + report.verdict(max(errors), most=aim), errors)
    report.note("scatter over seeds", f"{np.median(spreads):.3%}", spreads)
    ratio = np.median(np.array(rivals) / np.array(spreads)[:, None], axis=0)
    text = f"Botev {cut(ratio[0])} x, Genz {cut(ratio[1])} x the error (medians)"
    report.note("baselines at the same time", text, rivals)


def batch(report: Report, number: int) -> None:
    """Time a batch of functions of 128 inputs to 1 %."""
    print(f"\n--- {number:,} functions on one kernel, m = 128, to 1 %: wall clock")
    law, rng = law_of(128, "pm1"), np.random.default_rng(5)
    draws = rng.standard_normal((number // 2, 128)) @ np.linalg.cholesky(law.covariance).T
    signs = np.concatenate([np.where(draws > 0, 1, -1), rng.choice([-1, 1], (number // 2, 128))])
    for jobs in (1, 2):
        start, spent = time.perf_counter(), time.process_time()
        found = orthant_probabilities(law, signs, relative_error=0.01, n_jobs=jobs, progress=False)
        seconds = (time.perf_counter() - start) * 1000 / number
        used = (time.process_time() - spent) * 1000 / number
        worst = max(e.standard_error for e in found)
        verdict = report.verdict(seconds, most=180) if jobs == 2 else ""
        text = f"{seconds:.1f} s a thousand (processor {used:.1f} s), worst error {worst:.3%}"
        report.note(f"workers: {jobs}", f"{text}  {verdict}", [seconds, used, worst])


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="runs, whose median is shown (5)")
    parser.add_argument("--quick", action="store_true", help="fewer functions")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    options = parser.parse_args()
    report = Report()
    machine(report)
    orthant_probability(law_of(32, "01"), np.ones(32, dtype=int))  # compiles
    for m in TARGETS:
        one_size(report, m, 1 if options.quick else 3, max(options.repeats, 1))
    batch(report, 100 if options.quick else 1000)
    print(f"\n{sum(report.met)} of {len(report.met)} targets met")
    if options.json:
        options.json.write_text(json.dumps(report.record, indent=1) + "\n")


if __name__ == "__main__":
    main()
