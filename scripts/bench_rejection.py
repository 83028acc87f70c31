"""What `posterior` accepts in a second at finite width, by how output draws are made.

One worker, best of several repeats taken in turn. In a second of processor time: proposals,
accepted functions, and accepted in independent draws (over the mean size of their groups). First
beside `collect`, which draws the same networks, then with output draws in planes beside the best
number of plain output draws, for two targets:

    python scripts/bench_rejection.py [--seconds 2] [--repeats 3]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from priorvol import Architecture, Task, TrainingSet, collect, posterior
from priorvol.rng import generator

NETWORKS = ((40, 40), (40,))
SIZES = (8, 16, 32)
OUTPUT_DRAWS = (1, 64)
DICTATOR = "0011" * 32
MULTIPLEXER = "".join(str(x >> (0 if x >> 6 else 3) & 1) for x in range(128))
WAYS = (
    {"output_draws": 64},
    {"output_draws": 512},
    {"angles": 4},
    {"angles": 8},
    {"angles": 16},
    {"angles": 8, "output_draws": 65_536},
)
ORDER = generator(0, "training inputs").permutation(128)


def main() -> None:
    """Print a row a case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of drawing, a repeat")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{'network':10}{'|S|':>4}{'draws':>6}{'posterior /s':>14}{'collect /s':>12}{'gain':>6}")
    for hidden in NETWORKS:
        for draws in OUTPUT_DRAWS:
            for size in SIZES:
                beside_collect(Task(Architecture(7, hidden)), size, draws, options)
    print(
        f"\n{'target':12}{'draws':>6}{'angles':>7}{'proposals /s':>14}{'accepted /s':>13}"
        f"{'group':>6}{'independent /s':>16}{'gain':>7}"
    )
    for name, target in (("dictator", DICTATOR), ("multiplexer", MULTIPLEXER)):
        in_planes(name, TrainingSet.of_function(target, ORDER[:32], m=128), options)


def beside_collect(task: Task, size: int, draws: int, options: argparse.Namespace) -> None:
    """Time proposals and functions of the prior in turn and print the best of each."""
    training_set = TrainingSet.of_function(DICTATOR, ORDER[:size], m=128)

    def rejection(n: int) -> Any:
        return posterior(task, training_set, n_proposals=n, output_draws=draws, n_jobs=1)

    def prior(n: int) -> Any:
        return collect(task, n_samples=n, output_draws=draws, n_jobs=1)

    number = enough(prior, 512 * draws, options.seconds)
    a, b = (number / seconds for seconds in best((rejection, prior), (number, number), options))
    name = "7-" + "-".join(map(str, task.architecture.hidden)) + "-1"
    print(f"{name:10}{size:4}{draws:6}{a:14,.0f}{b:12,.0f}{a / b:6.2f}", flush=True)


def in_planes(name: str, training_set: TrainingSet, options: argparse.Namespace) -> None:
    """Time every way of making output draws in turn and print the best of each."""
    task = Task(Architecture(7, (40, 40)))

    def way(settings: dict[str, int]) -> Any:
        return lambda n: posterior(task, training_set, n_proposals=n, n_jobs=1, **settings)

    ways = [way(settings) for settings in WAYS]
    groups = [each.get("output_draws", 1024 * each.get("angles", 0)) for each in WAYS]
    numbers = [
        enough(one, 512 * group, options.seconds) for one, group in zip(ways, groups, strict=True)
    ]
    seconds = best(ways, numbers, options)
    tables = [accepted(one, number) for one, number in zip(ways, numbers, strict=True)]
    rates = [
        0.0 if table is None else table.n_samples / table.group_size / time
        for table, time in zip(tables, seconds, strict=True)
    ]
    plain = max(rate for rate, each in zip(rates, WAYS, strict=True) if "angles" not in each)
    for i, table in enumerate(tables):
        found, size = (0, 0.0) if table is None else (table.n_samples, table.group_size)
        gain = f"{rates[i] / plain:7.1f}" if plain else f"{'':7}"
        print(
            f"{name:12}{groups[i]:6}{WAYS[i].get('angles', ''):>7}{numbers[i] / seconds[i]:14,.0f}"
            f"{found / seconds[i]:13,.1f}{size:6.1f}{rates[i]:16,.1f}{gain}",
            flush=True,
        )


def accepted(one: Any, number: int) -> Any:
    """Return what one call returns, None if nothing was accepted."""
    try:
        return one(number)
    except ValueError:
        return None


def enough(one: Any, number: int, seconds: float) -> int:
    """Return how many draws take some seconds, in whole groups."""
    while True:
        start = time.process_time()
        accepted(one, number)
        if time.process_time() - start > seconds / 2:
            return 2 * number
        number *= 2


def best(ways: Any, numbers: Any, options: argparse.Namespace) -> list[float]:
    """Return the least seconds of processor time of each way, taken in turn."""
    found = [float("inf")] * len(ways)
    for _ in range(options.repeats):
        for i, (one, number) in enumerate(zip(ways, numbers, strict=True)):
            start = time.process_time()
            accepted(one, number)
            found[i] = min(found[i], time.process_time() - start)
    return found


if __name__ == "__main__":
    main()
