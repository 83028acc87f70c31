"""P_SGD against P_B on handwritten digits, even against odd: 2006.15191's MNIST experiment, scaled.

    python analysis/digits_sgd.py OUT [--runs N] [--jobs N]

trains 64-100-1 and 64-100-100-1 ReLU networks on 200 images to zero error (Adam, batches of 32,
cross-entropy and MSE), 10,000 runs of each, and takes P_B of the functions on 64 test images from
EP, from orthants, from posterior samples at infinite width, and from NNGP and NTK regression. It
keeps everything in OUT, prints the reports, draws OUT/digits_sgd.png and .pdf, and says what holds.
It goes on where it was interrupted.

What must hold here (else the exit code is 1): orthants agree with posterior samples, and EP with
orthants within half an order of magnitude. What the literature says, and is only reported: log
P_SGD and log P_B go together, and P_SGD and P_B are of one size (a factor of 10 at most on
average) for the likeliest functions. That experiment had 10,000 training images, 100 test images
and errors of a few percent.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

from priorvol import Architecture, Experiment, Prior, Task, experiment, labelled_data, plotting
from priorvol.comparison import Comparison
from priorvol.experiments import save_figures, save_results, setting_grid

DEPTHS = (1, 2)
PANELS = (
    ("adam, cross_entropy: zero_error", "orthant"),
    ("adam, mse: zero_error", "ntk"),
    ("infinite width", "orthant"),
)


def measure(depth: int, options: argparse.Namespace) -> Experiment:
    """Return the experiment of networks with so many hidden layers."""
    data = labelled_data(
        "digits", n_train=options.n_train, n_test=options.n_test, seed=options.seed
    )
    task = Task(
        Architecture(64, (options.width,) * depth),
        Prior(sigma_w=math.sqrt(2), sigma_b=0.1),
        data.inputs,
    )
    folder = options.out / f"{depth}_hidden"
    found = experiment(
        task,
        data.training_set,
        target=data.target,
        settings=setting_grid(optimizer="adam", batch_size=32, loss=("cross_entropy", "mse")),
        n_runs=options.runs,
        n_posterior=options.posterior,
        n_estimates=options.functions,
        seed=options.seed,
        about=str(data),
        store=folder,
        n_jobs=options.jobs,
    )
    save_results(found, folder)
    save_figures(found, folder)
    return found


def verdict(depth: int, found: Experiment) -> bool:
    """Print what holds; return whether the ways to P_B agree with each other."""
    wide = found.against_estimates["infinite width", "orthant"]
    passed = True
    c = wide.agreement.concordance
    if c.n_functions >= 3:
        common = found.estimates["orthant"][0].diagnostics["training_set_error"]
        error = math.hypot((c.log_ratio.mean_high - c.log_ratio.mean_low) / 3.92, common)
        good = abs(c.log_ratio.mean) < 4 * error
        passed = passed and good
        print(
            f"{_said(good)}: {depth} hidden: over {c.n_functions} functions, ln of orthants over "
            f"samples is {c.log_ratio.mean:+.3f} +- {error:.3f}"
        )
    else:
        print(f"{depth} hidden: too few functions of P_B are drawn often enough to be compared")
    pairs = zip(found.estimates["ep"], found.estimates["orthant"], strict=True)
    gaps = [ep.log10_p - exact.log10_p for ep, exact in pairs if math.isfinite(exact.log_p)]
    worst = max(gaps, key=abs)
    good = abs(worst) < 0.5
    passed = passed and good
    print(
        f"{_said(good)}: {depth} hidden: EP is within {abs(worst):.2f} of orthants in log10 P_B, "
        f"{sum(gaps) / len(gaps):+.2f} on average, over {len(gaps)} functions"
    )
    for name in found.tables:
        for method in ("orthant", "nngp", "ntk"):
            if method in found.estimates:
                print(f"  {depth} hidden, {name}, {method}: {_claim(found, name, method)}")
    return passed


def _said(good: bool) -> str:
    return "pass" if good else "FAIL"


def _claim(found: Experiment, name: str, method: str) -> str:
    """Say whether P_SGD and P_B go together, and are of one size, over the likeliest functions."""
    c = found.against_estimates[name, method].agreement.concordance
    if math.isnan(c.pearson.value):
        return f"{c.n_functions} functions are too few to compare"
    together = c.pearson.low > 0
    size = c.log_ratio.mean / math.log(10)
    alike = abs(size) < 1
    return (
        f"over {c.n_functions} functions with {c.mass[0]:.2f} of the runs, log P "
        f"{'go' if together else 'do not go'} together (Pearson {c.pearson}, slope {c.slope}); P_B "
        f"is 10^{size:+.2f} of P_SGD on average, {'of one size' if alike else 'not of one size'}"
    )


def draw(found: dict[int, Experiment], out: Path) -> None:
    """Draw P_SGD and samples of P_B against estimates, a row a depth."""
    with plotting.style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.0, 2.75 * len(found)))
        rows = figure.subplots(len(found), len(PANELS), squeeze=False)
        entries: dict[str, Any] = {}
        for (depth, one), row in zip(found.items(), rows, strict=True):
            for (name, method), ax in zip(PANELS, row, strict=True):
                comparison: Comparison = one.against_estimates[name, method]
                plotting.comparison_plot(comparison, ax)
                handles, labels = ax.get_legend_handles_labels()
                entries |= {
                    label: handle
                    for label, handle in zip(labels, handles, strict=True)
                    if not label.startswith("only")
                }
                ax.get_legend().remove()
                shown = name.removesuffix(": zero_error").removeprefix("adam, ")
                c = comparison.agreement.concordance
                text = f"{depth} hidden, {shown.replace('_', '-')}\n"
                if math.isfinite(c.pearson.value):
                    text += f"Pearson {c.pearson.value:.2f}, {c.n_functions} functions"
                ax.set_title(text, fontsize=6.5, loc="left")
        figure.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=4)
        for kind in ("png", "pdf"):
            figure.savefig(out / f"digits_sgd.{kind}", dpi=200)


def main() -> int:
    """Measure, draw and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for runs, reports and the figure")
    parser.add_argument("--runs", type=int, default=10_000, help="of each loss and depth")
    parser.add_argument("--posterior", type=int, default=100_000, help="samples of P_B")
    parser.add_argument("--functions", type=int, default=150, help="estimated")
    parser.add_argument("--n-train", type=int, default=200)
    parser.add_argument("--n-test", type=int, default=64)
    parser.add_argument("--width", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found, passed = {}, True
    for depth in DEPTHS:
        found[depth] = measure(depth, options)
        print(f"{found[depth]}\n", flush=True)
    for depth, one in found.items():
        passed = verdict(depth, one) and passed
    draw(found, options.out)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
