"""How surprising it is to count so few: bounds on lower tails, for counts that need not be whole.

Chernoff (1952): for a binomial X with n trials and probability p, and x <= n p,
P(X <= x) <= exp(-n KL(x / n, p)), KL the relative entropy of two coins; for a Poisson X with mean m, and x <= m,
P(X <= x) <= exp(-(m - x + x ln(x / m))). Both hold for every x, so that a test that requires a surprise of
-ln(alpha) errs in at most alpha.
"""

from __future__ import annotations

import math

from .errors import reject, require_share


def binomial_surprise(successes: float, trials: float, share: float) -> float:
    """-ln of a bound on P(X <= successes) of ``trials``, each a success with probability ``share``; in nats, 0 or more.

    Raises StatisticsInputError unless 0 <= successes <= trials and 0 < share < 1.
    """
    require_share("share", share)
    if not 0 <= successes <= trials or not math.isfinite(trials):
        reject("successes", f"{successes} of {trials} trials cannot be", "give 0 to as many as the trials")
    if successes >= trials * share:
        return 0.0
    seen = successes / trials
    lost = (1 - seen) * math.log((1 - seen) / (1 - share))
    return trials * (lost + (seen * math.log(seen / share) if seen else 0.0))


def poisson_surprise(count: float, mean: float) -> float:
    """-ln of a bound on P(X <= count) of a Poisson count with this mean; in nats, 0 or more.

    Raises StatisticsInputError unless count and mean are finite and not negative.
    """
    if not 0 <= count < math.inf or not 0 <= mean < math.inf:
        reject("count", f"{count} where {mean} are expected cannot be", "give numbers from 0 up")
    if count >= mean:
        return 0.0
    return mean - count + (count * math.log(count / mean) if count else 0.0)
