"""Time the sampler against NumPy and torch, on one core and on all, in one run.

The task is 7-40-40-1 ReLU on {0,1}^7, functions drawn and counted. Baselines draw the same
networks one by one, or float32 batches of them (the first layer of a batch is one matrix product),
and count in a dict; the best batch size is shown, and ratios are to the best baseline.

One-core figures are processor time, those on several cores wall-clock time. All take turns, so
that a slow spell of the machine meets all; rates are medians of the repeats, with the slowest and
the fastest in brackets, and are cut, never rounded up. Targets are for processors with AVX-512.
Effective rates divide by the inflation of the variance: functions of one group are correlated.

Shares: random numbers are as many as are really drawn (weights of dead ReLU units are not);
counting is what hash tables, T and sorting add; layers are the rest, activations included.
GFLOP/s: two a multiply-add of the dense layers, over the time of all layers; the widest network
shows how fast the dense layer alone is.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmark import Cases, Report, cut, machine, take_turns  # first: one thread a library

# isort: split
import joblib
import numba
import numpy as np

from priorvol import (
    Architecture,
    Task,
    boolean_cube,
    collect,
    complexity,
    counting,
    digits_inputs,
    sampler,
)
from priorvol._kernels import streams
from priorvol.provenance import Span
from priorvol.rng import stream_key

TASK = Task(Architecture(7, (40, 40)))
POINTS = np.insert(TASK.inputs.values.T, 0, 1.0, axis=0).astype(np.float32)  # under ones
R, AT_ONCE = 50, (8, 16, 32, 64, 128)

CHILD = """
import json, resource, sys, time
start = time.perf_counter()
import priorvol
bare, lean = time.perf_counter() - start, "numba" not in sys.modules
import numba.core.event
with numba.core.event.install_recorder("numba:compile") as compiled:
    from priorvol import Architecture, Task, collect
    full, number = time.perf_counter() - start, len(compiled.buffer)
ready = []
for samples in (1000, int(sys.argv[1])):
    table = collect(Task(Architecture(7, (40, 40))), n_samples=samples, output_draws=50)
    ready += time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([bare, full, lean, number, *ready, table.rows.nbytes]))
"""


def numpy_loop(number: int) -> None:
    """Draw one network after another with NumPy and count in a dict."""
    rng, counts = np.random.default_rng(0), {}
    for _ in range(number):
        h = TASK.inputs.values
        for below, above in ((7, 40), (40, 40), (40, 1)):
            w = rng.normal(0, 1 / np.sqrt(below), (below, above))
            h = h @ w + rng.normal(0, 1, above)
            if above > 1:
                h = np.maximum(h, 0)
        tally(h.T > 0, counts)


def numpy_batches(number: int, batch: int) -> None:
    """Draw ``batch`` networks at a time with NumPy and count in a dict."""
    rng, counts = np.random.default_rng(0), {}
    for _ in range(number // batch):
        z = rng.standard_normal((batch, 2001), dtype=np.float32)
        first = z[:, :320].reshape(batch * 40, 8)
        first[:, 1:] *= np.float32(7**-0.5)
        h = np.maximum(first @ POINTS, 0).reshape(batch, 40, 128)
        h = (z[:, 320:1920].reshape(batch, 40, 40) * np.float32(40**-0.5)) @ h
        h += z[:, 1920:1960, None]
        np.maximum(h, 0, out=h)
        h = (z[:, None, 1960:2000] * np.float32(40**-0.5)) @ h
        tally(h[:, 0] > -z[:, 2000:], counts)


def torch_batches(torch: Any, number: int, batch: int) -> None:
    """Draw ``batch`` networks at a time with torch (baddbmm into kept arrays); count in a dict."""
    points, counts = torch.from_numpy(POINTS), {}
    z, h1 = torch.empty(batch * 2001), torch.empty(batch * 40, 128)
    h2, out = torch.empty(batch, 40, 128), torch.empty(batch, 1, 128)
    w1, w2, w3, b2, b3 = torch.split(z, [batch * size for size in (320, 1600, 40, 40, 1)])
    with torch.inference_mode():
        for _ in range(number // batch):
            z.normal_()
            w1.view(-1, 8)[:, 1:].mul_(7**-0.5)
            z[batch * 320 : batch * 1960].mul_(40**-0.5)
            h = torch.mm(w1.view(-1, 8), points, out=h1).relu_().view(batch, 40, 128)
            torch.baddbmm(b2.view(batch, 40, 1), w2.view(batch, 40, 40), h, out=h2).relu_()
            torch.baddbmm(b3.view(batch, 1, 1), w3.view(batch, 1, 40), h2, out=out)
            tally((out[:, 0] > 0).numpy(), counts)


def tally(functions: Any, counts: dict[bytes, int]) -> None:
    """Count the rows of a Boolean array."""
    for key in map(bytes, np.packbits(functions, axis=1)):
        counts[key] = counts.get(key, 0) + 1


def sample_only(task: Task, span: Span) -> None:
    """Sample a span without counting."""
    with patch.object(counting.Counter, "add", lambda *arguments: None):
        sampler.sample_span(task, span)


def layer_sizes(task: Task, draws: int, groups: int = 64) -> tuple[Any, Any]:
    """Return the units below each layer, (groups, layers), and those above, (layers,).

    Dead ReLU units are left out as the sampler does: it keeps those of the last hidden layer if
    there is a single output draw.
    """
    sizes = task.architecture.layer_sizes
    below = np.tile(np.array(sizes[:-1]), (groups, 1))
    if task.architecture.activation == "relu":
        for group in range(groups):
            h = task.inputs.values
            drawn = sampler.draw_parameters(task, seed=0, index=group, output_draws=draws)
            for layer, (w, b) in enumerate(drawn[: -1 if draws > 1 else -2]):
                h = np.maximum(h @ w.T + b, 0)
                below[group, layer + 1] = h.any(axis=0).sum()
    return below, np.array([*sizes[1:-1], draws])


@numba.njit(nogil=True, error_model="numpy")
def fill_all(out: Any, numbers: Any, groups: int, key: Any) -> None:
    """Draw the random numbers of ``groups`` hidden draws, ``numbers`` (some, layers) in turn."""
    state = np.empty(streams.STATE_WORDS, np.uint32)
    for group in range(groups):
        streams.start(state, key, group, 0, 0)
        for layer in range(numbers.shape[1]):
            streams.fill(state, out, numbers[group % numbers.shape[0], layer], False, 1.0)


class Parts:
    """One task and number of output draws: what to time, and what follows from the times."""

    def __init__(self, name: str, task: Task, draws: int, groups: int) -> None:
        span = Span(0, draws, 0, groups)
        self.name, self.number, self.flops = name, groups * draws, 0.0
        self.cases: Cases = {f"{name} all": partial(sampler.sample_span, task, span)}
        if not task.architecture.hidden:
            return
        below, above = layer_sizes(task, draws)
        numbers, key = (below + 1) * above, stream_key(0, draws)
        out = np.empty(numbers.max() + streams.STEP, dtype=np.float32)
        self.cases[f"{name} sampling"] = partial(sample_only, task, span)
        self.cases[f"{name} numbers"] = partial(fill_all, out, numbers, groups, key)
        dense = (below * above)[:, bool(task.inputs.encoding) :]
        if dense.shape[1] > 1:  # an output layer alone would say nothing
            self.flops = 2.0 * task.m * dense.sum(axis=1).mean() * groups

    def read(self, seconds: Any) -> tuple[Any, list[float], float]:
        """Return functions a second, the shares of the time, and GFLOP/s (empty, 0: not known)."""
        total = seconds[f"{self.name} all"]
        if len(self.cases) == 1:
            return self.number / total, [], 0.0
        sampling, numbers = (seconds[f"{self.name} {part}"] for part in ("sampling", "numbers"))
        parts = (numbers, sampling - numbers, total - sampling)
        shares = [float(np.median(part / total)) for part in parts]
        return self.number / total, shares, float(np.median(self.flops / parts[1])) / 1e9


def processes(report: Report, repeats: int, samples: int) -> None:
    """Time the import, and measure the peak memory of a run."""
    print("\n--- Import (wall clock) and memory, in processes of their own")
    command = [sys.executable, "-c", CHILD]
    numbers = [1000] * (repeats + 1) + [samples]  # the first fills the caches
    runs = [json.loads(subprocess.check_output([*command, str(n)])) for n in numbers]
    bare, full, lean, compiled, ready, *_ = zip(*runs[1:], strict=True)
    text = f"{np.median(bare):.4f} s, Numba {'not loaded' if all(lean) else 'LOADED'}  "
    report.note("import priorvol", text + report.verdict(np.median(bare), most=0.5), bare)
    text = f"{np.median(full):.3f} s, {max(compiled)} functions compiled; with 1,000 functions "
    report.note("from priorvol import collect", f"{text}drawn {np.median(ready):.3f} s", full)
    mebi = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss is in bytes or in KiB
    before, peak, rows = runs[-1][5] / mebi, runs[-1][7] / mebi, runs[-1][8] / 2**20
    text = f"{peak:,.0f} MiB ({before:,.0f} before the run; rows of the table: {rows:,.0f})"
    report.note(f"peak memory, {samples:,} at R = {R}", text, [peak, before, rows])


def one_core(report: Report, torch: Any, repeats: int, samples: int) -> float:
    """Time the package against the baselines; return GFLOP/s of the layers at R."""
    missing = "" if torch else " (torch is not installed: its row is left out)"
    print(f"\n--- One core, functions drawn and counted{missing}")
    one, grouped = (Parts(f"R = {r}", TASK, r, samples // n) for r, n in ((1, 20), (R, R)))
    for parts, draws in ((one, 1), (grouped, R)):  # as users run it, with the sums of its tables
        run = partial(collect, TASK, n_samples=parts.number, output_draws=draws, n_jobs=1)
        parts.cases[f"{parts.name} all"] = partial(run, progress=False)
    many = 8192
    kinds: list[Cases] = [{"NumPy loop with a dict": partial(numpy_loop, many)}]
    kinds += [{f"NumPy, {size} at once": partial(numpy_batches, many, size) for size in AT_ONCE}]
    if torch:
        run = partial(torch_batches, torch, many)
        kinds += [{f"torch, {size} at once": partial(run, size) for size in AT_ONCE}]
    cases = {name: run for kind in (*kinds, one.cases, grouped.cases) for name, run in kind.items()}
    take_turns(cases, 1)  # warms up
    seconds, _ = take_turns(cases, repeats)
    names = [min(kind, key=lambda name: np.median(seconds[name])) for kind in kinds]
    for name in names:
        report.rate(name, many / seconds[name])
    best = max(float(np.median(many / seconds[name])) for name in names)
    for parts, least in ((one, 6), (grouped, 100)):
        report.rate(f"priorvol {parts.name}, {parts.number:,}", parts.read(seconds)[0], best, least)
    top = collect(TASK, n_samples=samples, output_draws=R).ranks(102)
    constant = np.isin(top.texts(), ("0" * TASK.m, "1" * TASK.m))
    for name, chosen in (("constants", constant), ("100 other common", ~constant)):
        middle, most = np.median(top.inflation[chosen]), top.inflation[chosen].max()
        report.rate(f"  effective, {name}", grouped.read(seconds)[0] / middle, best)
        text = f"{middle:.4f} (largest {most:.4f}); effective sample size {cut(samples / middle)}"
        report.note(f"  median inflation, {name}", text, top.inflation[chosen])
    print("\n--- Shares of the time on one core")
    for parts in (one, grouped):
        rates, shares, gflops = parts.read(seconds)
        text = "random numbers {:.1%}, layers {:.1%}, counting {:.1%}".format(*shares)
        report.note(parts.name, f"{text} of {1e9 / np.median(rates):,.0f} ns a function", shares)
    text = f"{shares[2]:.1%}  {report.verdict(shares[2], most=0.25)}"
    report.note(f"counting {samples:,} at R = {R}", text, shares[2])
    return gflops


def arithmetic(report: Report, torch: Any, repeats: int, inside: float) -> float:
    """Report GFLOP/s of sgemm and of the layers ``inside`` sampling; return sgemm's."""
    print("\n--- Arithmetic on one core")
    cases, rates = {}, {}
    for size in (1024, 2048):
        a, c = np.ones((2, size, size), dtype=np.float32)
        cases[f"NumPy sgemm, {size}"] = partial(np.dot, a, a, out=c)
        if torch:
            a, c = torch.from_numpy(a), torch.from_numpy(c)
            cases[f"torch sgemm, {size}"] = partial(torch.mm, a, a, out=c)
    seconds, _ = take_turns(cases, max(repeats, 3))
    for name in cases:
        rates[name] = 2.0 * int(name.split()[-1]) ** 3 / float(np.median(seconds[name])) / 1e9
    best = max(rates.values())
    for name, rate in {**rates, f"layers within sampling, R = {R}": inside}.items():
        report.note(name, f"{cut(rate):>5} GFLOP/s, {rate / best:.0%} of the best sgemm", rate)
    return best


def lempel_ziv(report: Report, repeats: int) -> None:
    """Time K_LZ of 128-bit words."""
    print("\n--- K_LZ of 128-bit words on one core, ratio to 10^6/s")
    words = np.random.default_rng(0).integers(0, 2**64, (1 << 18, 2), dtype=np.uint64)
    table = collect(TASK, n_samples=1 << 19, n_jobs=1)
    every = {"random words": words, "sampled functions": table.functions}
    cases = {name: partial(complexity.k_lz, some, m=128) for name, some in every.items()}
    seconds, _ = take_turns(cases, repeats)
    for name, some in every.items():
        report.rate(f"{name}, {len(some):,}", len(some) / seconds[name], 1e6, 1)


def many_cores(report: Report, repeats: int, samples: int, draws: int) -> None:
    """Time `collect` with one worker, two and one a core."""
    run = partial(collect, TASK, n_samples=samples, output_draws=draws, progress=False)
    cases = {str(jobs): partial(run, n_jobs=jobs) for jobs in sorted({1, 2, joblib.cpu_count()})}
    processor, wall = take_turns(cases, repeats)
    single = float(np.median(samples / wall["1"]))
    for jobs, seconds in wall.items():
        name, least = f"R = {draws}, {samples:,}, workers: {jobs}", 1.8 if jobs == "2" else 0.0
        report.rate(name, samples / seconds, 0.0 if jobs == "1" else single, least)
        used = processor[jobs] / seconds
        report.note(f"  cores in use, R = {draws}, workers: {jobs}", f"{np.median(used):.2f}", used)


def architectures(report: Report, repeats: int, seconds: float, sgemm: float) -> None:
    """Report functions a second at R = 1 for other architectures."""
    print("\n--- Other architectures, R = 1, one core, with counting")
    tasks = {
        "7-40-40-1": TASK,
        "7-1, a perceptron": Task(Architecture(7)),
        "7-40-1": Task(Architecture(7, (40,))),
        "7-(64 x 8)-1": Task(Architecture(7, (64,) * 8)),
        "7-40-40-1 tanh": Task(Architecture(7, (40, 40), activation="tanh")),
        "7-(40 x 10)-1 tanh": Task(Architecture(7, (40,) * 10, activation="tanh")),
        "12-40-40-1 on 4,096 points": Task(Architecture(12, (40, 40)), inputs=boolean_cube(12)),
        "64-128-1 on 100 digits": Task(Architecture(64, (128,)), inputs=digits_inputs(range(100))),
        "7-1000-1000-1": Task(Architecture(7, (1000, 1000))),
    }
    every = []
    for name, task in tasks.items():
        _, spent = take_turns({"": partial(sampler.sample_span, task, Span(0, 1, 0, 32))}, 2)
        every.append(Parts(name, task, 1, 16 + int(32 * seconds / spent[""][1])))
    measured, _ = take_turns({k: run for each in every for k, run in each.cases.items()}, repeats)
    print(f"{'':<28}functions/s  numbers  layers  counting  GFLOP/s (of sgemm)")
    for parts in every:
        rates, shares, gflops = parts.read(measured)
        text = f"{parts.name:<28}{cut(np.median(rates)):>11}"
        text += "  {:7.1%} {:7.1%} {:9.1%}".format(*shares) if shares else ""
        print(text + (f"  {cut(gflops):>7} ({gflops / sgemm:.0%})" if gflops else ""))
        report.record[parts.name] = {"rates": rates.tolist(), "shares": shares, "gflops": gflops}


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--samples", type=float, help=f"functions at R = {R} (1e7; quick: 1e6)")
    parser.add_argument("--repeats", type=int, help="rounds, whose median is shown (5; quick: 3)")
    parser.add_argument("--quick", action="store_true", help="less of all, too little for targets")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    options = parser.parse_args()
    repeats = max(options.repeats or (3 if options.quick else 5), 1)
    samples = max(int(options.samples or (1e6 if options.quick else 1e7)) // R * R, 1000)
    report = Report()
    machine(report)
    processes(report, repeats, samples)  # first: this process is still small
    torch = importlib.import_module("torch") if importlib.util.find_spec("torch") else None
    sgemm = arithmetic(report, torch, repeats, one_core(report, torch, repeats, samples))
    lempel_ziv(report, repeats)
    print("\n--- Several cores: wall clock of collect(), ratio to one worker")
    many_cores(report, repeats, max(samples, 10**7), R)
    if not options.quick:
        many_cores(report, repeats, max(samples // 10, 1000), 1)
    architectures(report, min(repeats, 3), 0.1 if options.quick else 0.3, sgemm)
    print(f"\n{sum(report.met)} of {len(report.met)} targets met")
    if options.json:
        options.json.write_text(json.dumps(report.record, indent=1) + "\n")


if __name__ == "__main__":
    main()
