"""Time every complexity measure on functions of seven inputs, on one core, in one run.

Three sets of functions: uniformly random ones; those that 10^7 networks 7-40-40-1 ReLU compute (in
groups of 50 output draws), 2^17 spread evenly over the table; and the 10^5 most frequent of them.
Rates are functions a second of processor time, medians of the repeats, through the public function
as a user calls it. Ratios are to a named baseline, a plain use of NumPy, SymPy or the package that
is at hand for the measure, timed in the same rounds on the random functions.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

from benchmark import Cases, Report, cut, machine, take_turns  # first: one thread a library

# isort: split
import numpy as np
from scipy.linalg import hadamard
from sympy import symbols
from sympy.logic import POSform, SOPform

from priorvol import Architecture, Task, bits, collect, complexity

N, M = 7, 128
MILLION = (
    "entropy",
    "disagreement_1",
    "disagreement_2",
    "generalization_complexity",
    "average_sensitivity",
    "sensitivity",
    "fourier_degree",
    "spectral_norm",
    "mean_frequency",
    "mean_frequency_l1",
    "high_degree_weight",
    "anf_degree",
    "anf_terms",
)
"""Measures that are to do a million functions a second."""

FORMS = ("sop_terms", "sop_literals", "pos_clauses", "pos_literals", "expression_length")
Words = np.ndarray[Any, Any]


def numpy_spectrum(words: Words) -> Any:
    """Return the L1 norms of the spectra by a matrix product."""
    signs = 1.0 - 2.0 * bits.unpack(words, M).astype(np.float32)
    return np.abs(signs @ hadamard(M, dtype=np.float32)).sum(axis=1) / M


def numpy_sensitivity(words: Words) -> Any:
    """Return the average sensitivities by indexing the neighbours."""
    values = bits.unpack(words, M)
    points = np.arange(M)
    return sum((values != values[:, points ^ (1 << i)]).mean(axis=1) for i in range(N))


def numpy_second_neighbours(words: Words) -> Any:
    """Return the disagreement at distance 2 by indexing the neighbours."""
    values = bits.unpack(words, M)
    points = np.arange(M)
    pairs = [(1 << i) ^ (1 << j) for i in range(N) for j in range(i)]
    return sum((values != values[:, points ^ pair]).mean(axis=1) for pair in pairs) / len(pairs)


def numpy_anf(words: Words) -> Any:
    """Return the numbers of monomials by the butterfly on unpacked bits."""
    values = bits.unpack(words, M)
    for i in range(N):
        halves = values.reshape(len(values), -1, 2, 1 << i)
        halves[:, :, 1] ^= halves[:, :, 0]
    return values.sum(axis=1)


def numpy_entropy(words: Words) -> Any:
    """Return the entropies of T on unpacked bits."""
    p = bits.unpack(words, M).mean(axis=1)
    return -sum(np.where(q > 0, q * np.log2(np.maximum(q, 1e-300)), 0.0) for q in (p, 1 - p))


def sympy_forms(words: Words) -> Any:
    """Return the sizes of SymPy's sum of products and product of sums."""
    names = symbols(f"x1:{N + 1}")
    sizes = []
    for values in bits.unpack(words, M):
        points = np.flatnonzero(values).tolist()
        sizes.append([form(names, points).count_ops() for form in (SOPform, POSform)])
    return sizes


BASELINES = {
    "NumPy matrix product": (numpy_spectrum, 1 << 14, "spectral_norm"),
    "NumPy neighbours": (numpy_sensitivity, 1 << 14, "average_sensitivity"),
    "NumPy second neighbours": (numpy_second_neighbours, 1 << 12, "disagreement_2"),
    "NumPy butterfly": (numpy_anf, 1 << 14, "anf_terms"),
    "NumPy entropy": (numpy_entropy, 1 << 14, "entropy"),
    "SymPy forms": (sympy_forms, 4, "expression_length"),
}


def sampled(samples: int) -> tuple[Words, Words]:
    """Return 2^17 functions spread over a table, and its 10^5 most frequent ones."""
    task = Task(Architecture(N, (40, 40)))
    table = collect(task, n_samples=samples, output_draws=50, progress=False)
    spread = np.linspace(0, len(table) - 1, min(1 << 17, len(table))).astype(np.int64)
    return np.array(table.functions[spread]), table.ranks(100_000).functions


def enough(name: str, words: Words, seconds: float) -> Words:
    """Return about as many functions as take ``seconds``, up to all of them."""
    number = 64
    while number < len(words):
        spent, _ = take_turns({"": partial(complexity.compute, words[:number], name, m=M)}, 1)
        if spent[""][0] > seconds / 4:
            break
        number *= 4
    return words[: min(number, len(words))]


def panel(report: Report, every: dict[str, Words], repeats: int, seconds: float) -> None:
    """Time every measure on the first two sets, and hold it against its baseline."""
    cases: Cases = {}
    numbers = {}
    for item in complexity.measures():
        if item.name not in complexity.applicable(every["random"][:1], m=M):
            print(f"{item.name}: left out, not installed")
            continue
        for kind, words in every.items():
            some = enough(item.name, words, seconds)
            cases[f"{item.name} {kind}"] = partial(
                complexity.measure(item.name).function, some, m=M
            )
            numbers[f"{item.name} {kind}"] = len(some)
    for name, (run, number, _) in BASELINES.items():
        cases[name] = partial(run, every["random"][:number])
        numbers[name] = number
    spent, _ = take_turns(cases, repeats)
    rates = {name: numbers[name] / spent[name] for name in cases}
    base = {}
    print("\n--- Baselines, uniformly random functions of 7 inputs")
    for name, (_, number, against) in BASELINES.items():
        report.rate(f"{name}, {number:,}", rates[name])
        base[against] = float(np.median(rates[name]))
    print("\n--- Measures, ratio to their baseline where there is one")
    for name, values in rates.items():
        if name not in BASELINES:
            measure, kind = name.split()
            report.rate(name, values, base.get(measure, 0.0) if kind == "random" else 0.0)
    print("\n--- A million functions a second")
    for name in MILLION:
        worst = min(np.median(rates[f"{name} {kind}"]) for kind in every)
        text = f"{cut(worst):>11}/s  {report.verdict(worst, least=1e6)}"
        report.note(f"{name}, slower set", text, worst)


def forms(report: Report, frequent: Words, repeats: int) -> None:
    """Time the minimal forms of the most frequent functions, and count those proven minimal."""
    print(
        f"\n--- Minimal forms of the {len(frequent):,} most frequent functions, all five measures"
    )
    run = partial(complexity.compute, frequent, FORMS, m=M)
    processor, _ = take_turns({"": run}, repeats)
    seconds = float(np.median(processor[""]))
    text = f"{seconds:.1f} s  {report.verdict(seconds, most=60)}"
    report.note("seconds", text, processor[""])
    for name in FORMS:
        share = complexity.forms_exact(frequent, name, m=M).mean()
        report.note(f"{name}, proven minimal", f"{share:.2%}", share)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--samples", type=float, help="draws of the table (1e7; quick: 1e6)")
    parser.add_argument("--repeats", type=int, help="rounds, whose median is shown (5; quick: 3)")
    parser.add_argument("--quick", action="store_true", help="less of all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    options = parser.parse_args()
    repeats = max(options.repeats or (3 if options.quick else 5), 1)
    samples = max(int(options.samples or (1e6 if options.quick else 1e7)) // 50 * 50, 1000)
    report = Report()
    machine(report)
    spread, frequent = sampled(samples)
    random = np.random.default_rng(0).integers(0, 2**64, (1 << 18, 2), dtype=np.uint64)
    panel(report, {"random": random, "sampled": spread}, repeats, 0.1 if options.quick else 0.4)
    forms(report, frequent, min(repeats, 3))
    print(f"\n{sum(report.met)} of {len(report.met)} targets met")
    if options.json:
        options.json.write_text(json.dumps(report.record, indent=1) + "\n")


if __name__ == "__main__":
    main()
