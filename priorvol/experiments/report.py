"""What an experiment prints: what was done, P_B by every method, agreement, and a verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from priorvol import bits
from priorvol.comparison.errors import error_law
from priorvol.comparison.report import Agreement, interval_text, p_text
from priorvol.experiments.sampling import WIDE
from priorvol.result import Estimate, probability_text
from priorvol.text import align, shorten

if TYPE_CHECKING:
    from priorvol.experiments.result import Experiment


def report(found: Experiment) -> str:
    """Return the report of an experiment.

    Parameters
    ----------
    found : Experiment
    """
    parts = [_heading(found), _training(found), _posterior(found)]
    if found.settings is not None:
        parts.append([f"P_SGD against P_B by {found.reference}", "", str(found.settings)])
    if found.widths is not None:
        parts.append(_widths(found))
    if found.against_estimates:
        parts.append(_estimates(found))
    parts.append(_verdict(found))
    return "\n\n".join("\n".join(part) for part in parts if part)


def _heading(found: Experiment) -> list[str]:
    lines = [f"P_SGD(f|S) and P_B(f|S): {found.task}"]
    lines += [found.about] if found.about else []
    target = shorten(bits.to_text(found.target[None], found.task.m)[0], 100)
    lines.append(f"{found.training_set}; {found.n_test:,} test inputs; target {target}")
    return lines


def _training(found: Experiment) -> list[str]:
    """Say how training went: what was reached, and what share of the ends fits S."""
    cells = [["training", "runs", "not reached", "median epoch", "functions", "ends fit S"]]
    for setting, ensemble in found.ensembles.items():
        for point, table in ensemble.tables.items():
            name = f"{setting}: {point}"
            tally = ensemble.tally.points[point]
            epoch = tally.quantile(0.5)
            cells.append(
                [name, f"{table.n_samples:,}", f"{tally.not_reached:,}"]
                + ["-" if epoch is None else f"{epoch:,}", f"{len(table):,}"]
                + [f"{found.fitting(name).p:.4g}"]
            )
    lines = align(cells, left=(0,))
    return [*lines, *(f"{name}: {each.configuration}" for name, each in found.ensembles.items())]


def _posterior(found: Experiment) -> list[str]:
    """Say P_B by every method, and why others are left out."""
    cells = [["P_B by", "draws", "functions", "P(target|S)", "mean test error"]]
    test = found.training_set.held_out(found.task.m)
    for name, table in found.samples.tables.items():
        law = error_law(table, found.target, test, found.level)
        chance = table.probability(found.target, level=found.level)
        cells.append(
            [name, f"{table.n_samples:,}", f"{len(table):,}", _probability(chance), str(law)]
        )
    for name, estimates in found.estimates.items():
        cells.append([name, "-", f"{len(estimates):,}", _probability(estimates[0]), "-"])
    lines = align(cells, left=(0, 3, 4))
    if found.samples.evidence is not None:
        lines.append(
            f"rejection accepts {found.samples.evidence}, of "
            f"{found.samples.evidence.n_samples:,} functions of the prior"
        )
    for name, table in found.samples.tables.items():
        if table.source.output_draws > 1:
            lines.append(f"{name}: {table.source}")
    for name, reason in (found.samples.omitted | found.omitted).items():
        lines.append(f"{name} is left out: {reason}")
    return lines


def _widths(found: Experiment) -> list[str]:
    assert found.widths is not None
    cells = [
        ["P_B at infinite width against finite width", "", ""],
        *_numbers(found.widths.agreement),
    ]
    return align(cells, left=(0, 1, 2))


def _numbers(found: Agreement) -> list[list[str]]:
    c, p = found.concordance, found.equality.p_value
    rows = [
        ["functions compared", f"{c.n_functions:,}", ""],
        ["Pearson of log P", str(c.pearson), _ceiling(found)],
        ["slope, noise in both", str(c.slope), ""],
        ["total variation within", str(found.total_variation or "-"), ""],
        ["p of equality", p_text(p), ""],
    ]
    return rows


def _ceiling(found: Agreement) -> str:
    text = interval_text(found.concordance.ceiling.get("pearson"), "+.3f")
    return f"perfect samplers {text}"


def _estimates(found: Experiment) -> list[str]:
    """Say how log P of every table goes with that of every estimation method."""
    cells = [["log P of draws", "against", "functions", "Pearson", "perfect samplers", "slope"]]
    ratios = [["ln(estimate / draws), nats", "", "mean", "spread, without counting noise"]]
    few = []
    for (name, method), comparison in found.against_estimates.items():
        c = comparison.agreement.concordance
        if math.isnan(c.pearson.value):
            few.append(name)
            continue
        shown = f"P_B by {name}" if name in found.samples.tables else name
        cells.append(
            [shown, method, f"{c.n_functions:,}", str(c.pearson)]
            + [interval_text(c.ceiling.get("pearson"), "+.3f"), str(c.slope)]
        )
        ratios.append([shown, method, c.log_ratio.mean_text(), c.log_ratio.sd_text()])
    lines = []
    if len(cells) > 1:
        lines = [*align(cells, left=(0, 1, 3, 4, 5)), "", *align(ratios, left=(0, 1, 2, 3)), ""]
    lines.append(
        f"Of {len(found.functions):,} functions: the target, and the likeliest of every table by "
        "half of its draws; compared on the other half."
    )
    if few:
        names = "; ".join(dict.fromkeys(few))
        lines.append(f"Too few functions with draws enough to compare: {names}.")
    return lines


def _verdict(found: Experiment) -> list[str]:
    """Say plainly whether training and sampling are told apart."""
    if found.settings is None:
        return ["No sampling of P_B was possible: nothing is said of the two as a whole."]
    apart, level = found.told_apart(), f"{100 * (1 - found.level):.3g}%"
    p = found.p_values()
    lines = []
    for row in found.settings:
        c, distance = row.agreement.concordance, row.agreement.total_variation
        parts, how = [], "untested against"
        if row.label in apart:
            how = "told apart from" if apart[row.label] else "not told apart from"
            parts.append(f"p {p_text(p[row.label])}")
        if not math.isnan(c.pearson.value):
            text = interval_text(c.ceiling.get("pearson"), ".3f")
            over = f" (perfect samplers {text})" if text != "-" else ""
            parts.append(f"Pearson {c.pearson.value:.3f}{over} over {c.n_functions:,} functions")
        if not math.isnan(c.slope.value):
            parts.append(f"slope {c.slope}")
        if distance is not None:
            parts.append(f"total variation {distance}")
        if not math.isnan(row.difference[0]):
            text = interval_text(row.difference, "+.4f")
            parts.append(f"mean test error {text} from P_B's")
        lines.append(f"{row.label}: {how} P_B; {', '.join(parts)}.")
    if apart:
        lines.append(
            f"P_SGD and P_B are told apart in {sum(apart.values())} of {len(apart)} cases (by all "
            f"functions or by mean test errors; Holm's correction, {level})."
        )
    if found.reference == WIDE:
        lines.append(
            "P_B is that of infinitely wide networks: the width is part of the difference."
        )
    return lines


def _probability(found: Estimate) -> str:
    value = probability_text(found.log_p)
    if found.is_exact or not found.has_error:
        return f"{value} ({'exact' if found.is_exact else 'no error given'})"
    low, high = (probability_text(end) for end in (found.low, found.high))
    return f"{value} [{low}, {high}]"
