"""Options that comply: found by moving one input at a time, priced, and judged by the pipeline before they are offered."""
