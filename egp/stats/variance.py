"""Factors on the number of units: variance reduction and clustering."""

from __future__ import annotations

from .errors import reject, require_correlation, require_non_negative, require_positive


def cuped_factor(correlation: float) -> float:
    """1 - rho^2, the share of the units that is still needed after CUPED (Deng, Xu, Kohavi & Walker 2013, eq.
    4).

    correlation: between outcome and covariate over all units of the experiment, those without a history
    included; the sign does not matter. The MDE shrinks by the square root. Error: correlation not strictly
    between -1 and 1.
    """
    require_correlation("correlation", abs(correlation))
    return 1.0 - correlation * correlation


def design_effect(mean_cluster_size: float, icc: float, cv_cluster_size: float = 0.0) -> float:
    """1 + ((cv^2 + 1) m - 1) ICC, the factor on units when clusters are randomised (Kish 1965; Eldridge,
    Ashby & Kerry 2006).

    mean_cluster_size: m, at least 1; icc: intra-cluster correlation in [0, 1]; cv_cluster_size: standard
    deviation of the cluster sizes over their mean. Errors: anything outside these ranges.
    """
    require_positive("mean_cluster_size", mean_cluster_size)
    if mean_cluster_size < 1.0:
        reject("mean_cluster_size", f"{mean_cluster_size:g} is below 1", "a cluster has at least one unit")
    if not 0.0 <= icc <= 1.0:
        reject("icc", f"{icc} is not in [0, 1]", "give the intra-cluster correlation as a share")
    require_non_negative("cv_cluster_size", cv_cluster_size)
    return 1.0 + ((cv_cluster_size * cv_cluster_size + 1.0) * mean_cluster_size - 1.0) * icc
