"""How many rows a file of aggregates has at most. One with more is no file of aggregates."""

from __future__ import annotations

MAX_BYTES = 50_000_000
MAX_ROWS = 200_000
"""Of a file whose rows are read one by one."""

LARGE_BYTES = 200_000_000
LARGE_ROWS = 1_000_000
"""Of one that is read by columns."""

FEW_BYTES = 2_000_000
FEW_ROWS = 20_000
"""Which are read one by one in any case: to import pyarrow takes as long."""
