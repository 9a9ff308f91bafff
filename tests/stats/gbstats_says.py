"""What gbstats says of sums, for ``gbstats.json``; it runs where gbstats is installed, and nothing else of egp's."""

import json
import sys
from importlib.metadata import version
from typing import Any

from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models.statistics import (
    RatioStatistic,
    RegressionAdjustedStatistic,
    SampleMeanStatistic,
    compute_theta,
)


def statistics(sums: dict[str, float]) -> dict[str, Any]:
    n = int(sums["units"])
    y, d, x = (
        SampleMeanStatistic(n=n, sum=sums[f"{name}sum"], sum_squares=sums[f"{name}sum_squares"])
        for name in ("", "denominator_", "covariate_")
    )
    return {
        "mean": y,
        "ratio": RatioStatistic(n=n, m_statistic=y, d_statistic=d, m_d_sum_of_products=sums["cross_sum"]),
        "mean, CUPED": RegressionAdjustedStatistic(
            n=n,
            post_statistic=y,
            pre_statistic=x,
            post_pre_sum_of_products=sums["covariate_cross_sum"],
            theta=0,
        ),
    }


arms = json.load(sys.stdin)
control, treatment = (statistics(arms[name]) for name in ("control", "treatment"))
theta = compute_theta(control["mean, CUPED"], treatment["mean, CUPED"])
for arm in (control, treatment):
    arm["mean, CUPED"].theta = theta
said = {}
for name in control:
    config = FrequentistConfig(difference_type="absolute")
    found = TwoSidedTTest(control[name], treatment[name], config).compute_result()
    said[name] = {
        "estimate": float(found.expected),
        "standard_error": float(found.uplift.stddev),
        "p_value": float(found.p_value),
    }
print(json.dumps({"gbstats": version("gbstats"), "sums": arms, "said": said}, indent=1))
