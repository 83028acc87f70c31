"""How a comparison prints."""

from __future__ import annotations

import math

from priorvol.comparison.baselines import Baseline
from priorvol.comparison.errors import Errors
from priorvol.comparison.options import FEWEST_DRAWS
from priorvol.comparison.report import Agreement, Comparison, interval_text, p_text
from priorvol.text import align


def lines(found: Comparison) -> list[str]:
    """Return the lines of a comparison, for people."""
    level = f"{100 * found.level:g}%"
    shown = [f"{side.name}: {side.description}" for side in (found.a, found.b)]
    shown += ["", *_seen(found), ""]
    columns = [("A and B", found.agreement)]
    columns += [("A, halves", found.null_a)] if found.null_a else []
    columns += [("B, halves", found.null_b)] if found.null_b else []
    names = {"A and B": f"{found.a.name} and {found.b.name}"}
    names |= {"A, halves": f"halves of {found.a.name}", "B, halves": f"halves of {found.b.name}"}
    cells = [_column(names[key], each) for key, each in columns if each is not None]
    heading = ("", *_ROWS)
    shown += align(list(zip(heading, *cells, strict=True)), left=range(len(cells) + 1))
    equality = found.agreement.equality
    shown += ["", f"Test of equality: {equality.method}."]
    shown.append(
        f"Intervals are {level}; log P is compared on functions chosen by other draws of the "
        f"same tables, with {found.min_count} draws expected."
    )
    if any(side.output_draws not in (1, None) for side in (found.a, found.b)):
        shown.append("Draws come in groups: errors are clustered, or take a group as one draw.")
    shown += [
        no_halves(side.name)
        for side, null in ((found.a, found.null_a), (found.b, found.null_b))
        if null is None and found.nulls and side.output_draws is not None
    ]
    if found.n_shared:
        shown.append(
            f"Both sides used the same random numbers in {found.n_shared:,} draws or runs, and "
            "are not independent: no error or p-value here allows for that. Use another seed."
        )
    if found.agreement.concordance.reason:
        shown.append(f"No corrected coefficients: {found.agreement.concordance.reason}.")
    if found.errors is not None:
        shown += ["", *_errors(found, found.errors)]
    return shown


_ROWS = (
    "draws",
    "functions compared",
    "their share of the draws",
    "with no draw on a side",
    "Pearson of log P",
    "  perfect samplers",
    "Spearman",
    "  perfect samplers",
    "Pearson, noise taken off",
    "  test error alone gives",
    "  among equal test errors",
    "slope, noise in both",
    "slope, least squares",
    "  perfect samplers",
    "ln ratio of P: spread (nats)",
    "  mean",
    "total variation within",
    "Jensen-Shannon within (nats)",
    "p of equality",
)


def _column(name: str, found: Agreement) -> list[str]:
    c, equal = found.concordance, found.equal_errors
    ceilings = [
        interval_text(c.ceiling.get(key), "+.3f") for key in ("pearson", "spearman", "slope_naive")
    ]
    p = found.equality.p_value
    return [
        name,
        ", ".join(f"{n:,}" for n in found.draws if n) or "-",
        f"{c.n_functions:,}",
        ", ".join(f"{share:.3f}" for share in c.mass if not math.isnan(share)) or "-",
        f"{c.n_unseen[0]:,}, {c.n_unseen[1]:,}",
        str(c.pearson),
        ceilings[0],
        str(c.spearman),
        ceilings[1],
        str(c.pearson_corrected),
        *(["-", "-"] if equal is None else [str(equal.by_error), str(equal.within)]),
        str(c.slope),
        "-" if math.isnan(c.slope_naive) else f"{c.slope_naive:+.3f}",
        ceilings[2],
        c.log_ratio.sd_text(),
        c.log_ratio.mean_text(),
        "-" if found.total_variation is None else str(found.total_variation),
        "-" if found.jensen_shannon is None else str(found.jensen_shannon),
        p_text(p),
    ]


def no_halves(name: str) -> str:
    """Say why a table has no halves, and how to have them."""
    return (
        f"No halves of {name} are shown: they need {FEWEST_DRAWS} independent draws each, and one "
        "table of draws in groups cannot be split by them; give a second run of the same kind, of "
        "another seed, beside it."
    )


def _seen(found: Comparison) -> list[str]:
    """Say what each side holds that the other does not, and what neither does."""
    rows = []
    for side, only in ((found.a, found.only_a), (found.b, found.only_b)):
        other = found.b if side is found.a else found.a
        if only is not None:
            low, high = only.mass.interval
            rows.append(
                f"{only.n_functions:,} functions only of {side.name}, {only.mass.p:.4g} "
                f"[{low:.4g}, {high:.4g}] of its draws; each has P below {only.limit:.3g} "
                f"under {other.name}"
            )
        if side.missing is not None:
            low, high = side.missing.interval
            rows.append(
                f"mass never seen under {side.name}: {side.missing.p:.4g} [{low:.4g}, {high:.4g}]"
            )
    return [f"{found.n_listed:,} functions in all", *rows]


def _errors(found: Comparison, errors: Errors) -> list[str]:
    lines = [f"Mean error on {errors.n_test:,} test inputs"]
    for side, law in ((found.a, errors.a), (found.b, errors.b)):
        if law is not None:
            lines.append(f"  {side.name}: {law}")
    if not math.isnan(errors.difference):
        ends = f"[{errors.difference_low:+.4f}, {errors.difference_high:+.4f}]"
        lines.append(f"  {found.b.name} less {found.a.name}: {errors.difference:+.4f} {ends}")
    lines += ["and without a network", *baseline_lines(errors.baselines)]
    return lines


def baseline_lines(found: tuple[Baseline, ...]) -> list[str]:
    """Return a line a baseline: its mean error, and where its error lies."""
    lines = []
    for each in found:
        low, high = each.quantile(0.025), each.quantile(0.975)
        ends = "" if math.isnan(low) or low == high else f", 95% in [{low:.4f}, {high:.4f}]"
        lines.append(f"  {each.name}: {each.error:.4f}{ends}")
    return lines
