"""Distributions over functions side by side: training against sampling, A against B.

`compare` joins two tables, or a table and estimates, function by function, and says as a whole how
far they agree: coefficients without counting noise and their ceiling, the spread of the log ratio,
agreement at equal test error, bounds on distances, a test of equality, test errors beside baselines
that take no network; and what two halves of either would give. `compare_settings` does so for many
tables against one reference, a row a setting.
"""

from priorvol.comparison.baselines import Baseline
from priorvol.comparison.comparing import compare
from priorvol.comparison.concordance import Concordance
from priorvol.comparison.distances import Bounds
from priorvol.comparison.equality import Equality
from priorvol.comparison.errors import ErrorLaw, Errors
from priorvol.comparison.estimates import functions_to_estimate
from priorvol.comparison.log_ratio import LogRatio
from priorvol.comparison.report import Agreement, Comparison, OneSided, Side
from priorvol.comparison.settings import compare_settings, settings_of
from priorvol.comparison.settings_report import SettingRow, SettingsComparison

__all__ = [
    "Agreement",
    "Baseline",
    "Bounds",
    "Comparison",
    "Concordance",
    "Equality",
    "ErrorLaw",
    "Errors",
    "LogRatio",
    "OneSided",
    "SettingRow",
    "SettingsComparison",
    "Side",
    "compare",
    "compare_settings",
    "functions_to_estimate",
    "settings_of",
]
