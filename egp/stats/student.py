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
from .roots import bracketed_root

_PANEL_NODES = 64
_PANEL_WIDTH = 4.0
_DROP = 41.0
_NEARLY_NORMAL_DF = 200.0
_NEARLY_NORMAL_T = 8.0


def student_sf(t: float, df: float) -> float:
    """P(T_df > t), upper tail of the central t."""
    if _is_nearly_normal(t, df):
        return normal_sf(_normal_of(t, df))
    return noncentral_t_sf(t, df, 0.0)


def _is_nearly_normal(t: float, df: float) -> bool:
    """Where `_normal_of` keeps 11 digits of the tail, and most of them 14."""
    return _NEARLY_NORMAL_DF <= df < math.inf and abs(t) <= _NEARLY_NORMAL_T


def _normal_of(t: float, df: float) -> float:
    """The z with the tail that t has (Hill 1970, Communications of the ACM 13, algorithm 395)."""
    a = df - 0.5
    b = 48.0 * a * a
    y = a * math.log1p(t * t / df)
    bend = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b) + y + 3.0
    return math.copysign((bend / b + 1.0) * math.sqrt(y), t)


def noncentral_t_sf(t: float, df: float, ncp: float) -> float:
    """P(T > t) for T non-central t with `df` degrees of freedom and non-centrality `ncp`."""
    require_finite("t", t)
    require_finite("ncp", ncp)
    return math.fsum(share * normal_sf(t * w - ncp) for w, share in scale_distribution(df, _tilt(t)))


def t_upper(tail: float, df: float) -> float:
    """The t that leaves probability `tail` above it."""
    require_share("tail", tail)
    if tail >= 0.5:
        return -t_upper(1.0 - tail, df) if tail > 0.5 else 0.0
    return _t_upper(tail, df)


@lru_cache(maxsize=4096)
def _t_upper(tail: float, df: float) -> float:
    z = z_upper(tail)
    t = z * (1.0 + (z * z + 1.0) / (4.0 * df))
    if _is_nearly_normal(t, df):
        for _ in range(20):
            # Close to proportional: each step gains the digits that df has.
            step = (z / _normal_of(t, df) - 1.0) * t
            t += step
            if abs(step) <= 1e-15 * t:
                break
        return t
    for _ in range(100):
        weights = scale_distribution(df, _tilt(t))
        value = math.fsum(share * normal_sf(t * w) for w, share in weights)
        density = math.fsum(share * w * normal_pdf(t * w) for w, share in weights)
        step = value * math.log(value / tail) / density
        if abs(step) <= 1e-14 * (1.0 + t):
            break
        # Far out on a heavy tail the root is many times as far: there the step is one of log t.
        t = t + step if step < t else t * math.exp(step / t)
    return t


def _tilt(t: float) -> float:
    """t^2 on a coarse grid: it only decides where the nodes lie, and few grids make few tables."""
    square = t * t
    return 25.0 * math.pow(4.0, math.ceil(0.5 * math.log2(square / 25.0))) if square > 25.0 else 0.0


@lru_cache(maxsize=512)
def scale_distribution(df: float, tilt: float = 0.0) -> tuple[tuple[float, float], ...]:
    """Nodes w of W = sqrt(chi2_df / df) and their probabilities, which sum to 1.

    Integrated over log w, where the density is smooth for any df. `tilt` extends the nodes down to where
    exp(-tilt w^2 / 2) moves the mass: deep tails of T live at small W.
    """
    if not 1.0 <= df < math.inf:
        reject("df", f"{df} degrees of freedom are not at least 1", "give each arm at least two units")
    below, above = _log_reach(df)
    below -= 0.5 * math.log1p(tilt / df)
    panels = max(2, math.ceil((above - below) / _PANEL_WIDTH))
    width = (above - below) / panels
    points = []
    for panel in range(panels):
        nodes, weights = scaled_nodes(below + panel * width, below + (panel + 1) * width, _PANEL_NODES)
        points += [
            (s, weight * math.exp(df * _log_shape(s))) for s, weight in zip(nodes, weights, strict=True)
        ]
    total = math.fsum(mass for _, mass in points)
    return tuple((math.exp(s), mass / total) for s, mass in points)


def _log_shape(s: float) -> float:
    """The log density of log W over df, 0 at its peak."""
    return s - 0.5 * math.expm1(2.0 * s)


def _log_reach(df: float) -> tuple[float, float]:
    """Where the density of log W has fallen to e^-DROP of its peak, on both sides."""
    depth = _DROP / df

    def excess(s: float) -> float:
        return _log_shape(s) + depth

    return bracketed_root(excess, -depth - 0.5, 0.0, 1e-6), bracketed_root(excess, 0.0, depth + 1.0, 1e-6)
