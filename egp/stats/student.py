"""Student's t, central and non-central, for any real number of degrees of freedom from 1 up.

T = (Z + ncp) / W with W = sqrt(chi2_df / df), so every tail is an average over W of a normal tail: P(T > c) =
E[Phi(ncp - c W)]. The density of W is integrated by Gauss-Legendre and normalised by its own sum, which keeps
the precision where log-gamma differences would lose it. Series-based non-central t routines fail at the sizes
of A/B tests; this form does not.
"""

from __future__ import annotations

import math
from functools import lru_cache

from .errors import reject, require_finite, require_share
from .normal import normal_pdf, normal_sf, z_upper
from .quadrature import scaled_nodes

_NODES = 128
_SPREAD = 9.0


def student_sf(t: float, df: float) -> float:
    """P(T_df > t), upper tail of the central t."""
    return noncentral_t_sf(t, df, 0.0)


def student_two_sided_p(t: float, df: float) -> float:
    """P(|T_df| >= |t|)."""
    return 2.0 * student_sf(abs(t), df)


def noncentral_t_sf(t: float, df: float, ncp: float) -> float:
    """P(T > t) for T non-central t with `df` degrees of freedom and non-centrality `ncp`."""
    require_finite("t", t)
    require_finite("ncp", ncp)
    return math.fsum(share * normal_sf(t * w - ncp) for w, share in scale_distribution(df, _tilt(t, df)))


def t_upper(tail: float, df: float) -> float:
    """The t that leaves probability `tail` above it."""
    require_share("tail", tail)
    if tail > 0.5:
        return -t_upper(1.0 - tail, df)
    return _t_upper(tail, df)


@lru_cache(maxsize=4096)
def _t_upper(tail: float, df: float) -> float:
    t = z_upper(tail)
    t *= 1.0 + (t * t + 1.0) / (4.0 * df)
    for _ in range(100):
        weights = scale_distribution(df, _tilt(t, df))
        value = math.fsum(share * normal_sf(t * w) for w, share in weights)
        density = math.fsum(share * w * normal_pdf(t * w) for w, share in weights)
        step = value * math.log(value / tail) / density
        t += step
        if abs(step) <= 1e-14 * (1.0 + abs(t)):
            break
    return t


def _tilt(t: float, df: float) -> float:
    """t^2 on a coarse grid: it only decides where the nodes lie, and few grids make few tables."""
    return float(min(round(t * t / 25.0) * 25, 1600))


@lru_cache(maxsize=512)
def scale_distribution(df: float, tilt: float = 0.0) -> tuple[tuple[float, float], ...]:
    """Nodes w of W = sqrt(chi2_df / df) and their probabilities, which sum to 1.

    `tilt` extends the nodes down to where exp(-tilt w^2 / 2) moves the mass: deep tails of T live at small W.
    """
    if not 1.0 <= df < math.inf:
        reject("df", f"{df} degrees of freedom are not at least 1", "give each arm at least two units")
    centre = math.sqrt(df / (df + tilt))
    low = max(0.0, centre - _SPREAD / math.sqrt(df + tilt))
    nodes, weights = scaled_nodes(low, 1.0 + _SPREAD / math.sqrt(df), _NODES)
    masses = [weight * _relative_density(w, df) for w, weight in zip(nodes, weights, strict=True)]
    total = math.fsum(masses)
    return tuple((w, mass / total) for w, mass in zip(nodes, masses, strict=True))


def _relative_density(w: float, df: float) -> float:
    """The density of W at w over its value at 1."""
    off = w - 1.0
    return math.exp((df - 1.0) * math.log1p(off) - df * (off + 0.5 * off * off))
