"""P_SGD against P_B on handwritten digits, even against odd: 2006.15191's MNIST experiment, scaled.

    python analysis/digits_sgd.py OUT [--runs N] [--jobs N]

trains 64-100-1 and 64-100-100-1 ReLU networks on 200 images to zero error (Adam, batches of 32,
cross-entropy and MSE), 10,000 runs of each, and takes P_B of the functions on 64 test images from
EP, from orthants, from posterior samples at infinite width, and from NNGP and NTK regression. On 64
images few functions of the posterior come twice, so samples are also held against orthants, and
against training, on the first 16 of them. It keeps everything in OUT, prints the reports, draws
OUT/digits_sgd.png and .pdf, says what holds, and goes on where it was interrupted.

What must hold (else the exit code is 1): orthants agree with posterior samples, and EP with
orthants within half an order of magnitude. What the literature says, and is only reported: log
P_SGD and log P_B go together, and are of one size (a factor of 10 at most on average), for the
likeliest functions. That experiment had 10,000 training images, 100 test images and errors of a few
percent.

Measured (some ten minutes of one core, by its parts): orthants agree with samples, +0.003 +- 0.021
and -0.013 +- 0.018
in ln for one and two hidden layers, and EP is within 0.04 in log10. Training is far more
concentrated than the 0-1 posterior: its mean test error is 0.07 to 0.09 against 0.16, and the 50 to
60 functions compared, with half to four fifths of the runs, have 10^-2.6 to 10^-3.1 of their share
under P_B. There log P hardly go together after cross-entropy (Pearson 0.11 and 0.15, with
intervals that hold 0) and somewhat after MSE (0.45 and 0.48). On 16 images they do, with slopes
of 2.6 to 3.9. The NTK is closest to training with MSE: Pearson 0.59 and 0.75, P 10^-1.2 and 10^-0.4
of P_SGD. So on this scale P_SGD is not P_B, nor of its size.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from priorvol import (
    Architecture,
    Experiment,
    Prior,
    Task,
    bits,
    compare,
    experiment,
    labelled_data,
    plotting,
    posterior,
    posterior_estimates,
)
from priorvol.comparison import Comparison, functions_to_estimate
from priorvol.experiments import save_results, setting_grid
from priorvol.experiments.sampling import chains
from priorvol.posterior_sampling import chain_steps

DEPTHS = (1, 2)
FEW = 16
CROSS_ENTROPY, MSE = "adam, cross_entropy: zero_error", "adam, mse: zero_error"


class Few(NamedTuple):
    """Posterior samples on the first test images, against estimates and against training."""

    estimates: dict[str, Comparison]
    training: dict[str, Comparison]
    common_error: float


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
    return found


def on_few_images(found: Experiment, folder: Path, options: argparse.Namespace) -> Few:
    """Return how samples compare with estimates and with training on the first test images."""
    kept = range(len(found.training_set) + FEW)
    narrow = found.task
    task = Task(narrow.architecture, narrow.prior, narrow.inputs.subset(kept)).wide()
    training_set = found.training_set
    number, length = chains(options.posterior, chain_steps(task, training_set))
    table = posterior(
        task,
        training_set,
        n_samples=number,
        chain_length=length,
        seed=options.seed,
        n_jobs=options.jobs,
        store=folder / "few_images",
    )
    functions = functions_to_estimate(table, max_functions=60)
    estimates = {
        method: posterior_estimates(task, training_set, functions, method=method, **how)
        for method, how in (("ep", {}), ("orthant", {"relative_error": 0.02}))
    }
    word = bits.unpack(found.target[None], narrow.m)[:, : task.m]
    return Few(
        {
            method: compare(table, each, functions=functions, names=("samples", method))
            for method, each in estimates.items()
        },
        {
            name: compare(table, each.restrict(kept), target=word, names=("samples", "training"))
            for name, each in found.tables.items()
        },
        estimates["orthant"][0].diagnostics["training_set_error"],
    )


def verdict(depth: int, found: Experiment, few: Few) -> bool:
    """Print what holds; return whether the ways to P_B agree with each other."""
    c = few.estimates["orthant"].agreement.concordance
    ratio = c.log_ratio
    error = math.hypot((ratio.mean_high - ratio.mean_low) / 3.92, few.common_error)
    passed = good = abs(ratio.mean) < 4 * error
    print(
        f"{_said(good)}: {depth} hidden: over {c.n_functions} functions on {FEW} images, ln of "
        f"orthants over samples is {ratio.mean:+.3f} +- {error:.3f}; Pearson {c.pearson}"
    )
    pairs = zip(found.estimates["ep"], found.estimates["orthant"], strict=True)
    gaps = [ep.log10_p - exact.log10_p for ep, exact in pairs if math.isfinite(exact.log_p)]
    worst = max(gaps, key=abs)
    good = abs(worst) < 0.5
    print(
        f"{_said(good)}: {depth} hidden: EP is within {abs(worst):.2f} of orthants in log10 P_B, "
        f"{sum(gaps) / len(gaps):+.2f} on average, over {len(gaps)} functions"
    )
    for name in found.tables:
        for method in ("orthant", "nngp", "ntk"):
            against = found.against_estimates[name, method]
            print(f"  {depth} hidden, {name}, {method}: {_claim(against, 1)}")
        print(
            f"  {depth} hidden, {name}, samples on {FEW} images: {_claim(few.training[name], -1)}"
        )
    return passed and good


def _said(good: bool) -> str:
    return "pass" if good else "FAIL"


def _claim(comparison: Comparison, sign: int) -> str:
    """Say whether P_SGD and P_B go together, and are of one size, over the likeliest functions."""
    c = comparison.agreement.concordance
    if math.isnan(c.pearson.value):
        return f"{c.n_functions} functions are too few to compare"
    size = sign * c.log_ratio.mean / math.log(10)
    together = "go" if c.pearson.low > 0 else "are not seen to go"
    text = (
        f"over {c.n_functions} functions with {c.mass[0 if sign > 0 else 1]:.2f} of the runs, log "
        f"P {together} together (Pearson {c.pearson}, slope {c.slope}); P_B is 10^{size:+.2f} of "
        f"P_SGD on average: {'of one size' if abs(size) < 1 else 'not of one size'}"
    )
    if not math.isnan(comparison.p_value):
        text += f"; p of equality {comparison.p_value:.2g}"
    return text


def draw(found: dict[int, tuple[Experiment, Few]], out: Path) -> None:
    """Draw P_SGD against estimates and samples of P_B, a row a depth."""
    with plotting.style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.0, 2.75 * len(found)))
        rows = figure.subplots(len(found), 3, squeeze=False)
        entries: dict[str, Any] = {}
        for (depth, (one, few)), row in zip(found.items(), rows, strict=True):
            panels = {
                f"cross-entropy, {one.n_test} images": one.against_estimates[
                    CROSS_ENTROPY, "orthant"
                ],
                f"MSE, {one.n_test} images": one.against_estimates[MSE, "ntk"],
                f"cross-entropy, {FEW} images": replace(few.training[CROSS_ENTROPY], errors=None),
            }
            for (title, comparison), ax in zip(panels.items(), row, strict=True):
                plotting.comparison_plot(comparison, ax, colorbar=False)
                handles, labels = ax.get_legend_handles_labels()
                for label, handle in zip(labels, handles, strict=True):
                    entries.setdefault(
                        "not drawn: 95% limit" if label.startswith("only") else label, handle
                    )
                ax.get_legend().remove()
                c = comparison.agreement.concordance
                text = f"{depth} hidden, {title}\n"
                if math.isfinite(c.pearson.value):
                    text += f"Pearson {c.pearson.value:.2f}, {c.n_functions} functions"
                ax.set_title(text, fontsize=6.5, loc="left")
        figure.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=4)
        for kind in ("png", "pdf"):
            figure.savefig(out / f"digits_sgd.{kind}", dpi=120)


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
    found: dict[int, tuple[Experiment, Few]] = {}
    for depth in DEPTHS:
        one = measure(depth, options)
        print(f"{one}\n", flush=True)
        found[depth] = one, on_few_images(one, options.out / f"{depth}_hidden_few", options)
    passed = [verdict(depth, *each) for depth, each in found.items()]
    draw(found, options.out)
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
