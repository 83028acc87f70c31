"""Proposals a second of `posterior` at finite width beside networks a second of `collect`.

One worker, best of several repeats taken in turn:

    python scripts/bench_rejection.py [--proposals 400000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import time

from priorvol import Architecture, Prior, Task, TrainingSet, collect, posterior
from priorvol.rng import generator

TARGET = "0011" * 32
SIZES = (8, 32, 64)


def main() -> None:
    """Print a row a case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--proposals", type=int, default=400_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"{'network':12}{'|S|':>5}{'accepted':>10}{'posterior /s':>14}{'collect /s':>12}  gain")
    for hidden in ((40, 40), (40,), (40, 40, 40)):
        task = Task(Architecture(7, hidden), Prior())
        order = generator(0, "training inputs").permutation(128)
        for size in SIZES:
            training_set = TrainingSet.of_function(TARGET, order[:size], m=128)
            compare(task, training_set, options.proposals, options.repeats)


def compare(task: Task, training_set: TrainingSet, n: int, repeats: int) -> None:
    """Time both ways in turn and print the best of each."""
    best = {"posterior": float("inf"), "collect": float("inf")}
    accepted = 0
    for _ in range(repeats):
        start = time.perf_counter()
        try:
            accepted = posterior(task, training_set, n_proposals=n, n_jobs=1).n_samples
        except ValueError:
            accepted = 0  # none of so few fits
        best["posterior"] = min(best["posterior"], time.perf_counter() - start)
        start = time.perf_counter()
        collect(task, n_samples=n, n_jobs=1)
        best["collect"] = min(best["collect"], time.perf_counter() - start)
    a, b = n / best["posterior"], n / best["collect"]
    name = "7-" + "-".join(map(str, task.architecture.hidden)) + "-1"
    print(f"{name:12}{len(training_set):5}{accepted:10,}{a:14,.0f}{b:12,.0f}  {a / b:.2f}")


if __name__ == "__main__":
    main()
