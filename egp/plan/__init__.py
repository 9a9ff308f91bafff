"""The nouns: a plan, its quantities, results and findings; the registered analysis as numbers.

May import `yaml` and `stats`. Read first: `experiment.py`, then `analysis/registered.py`.
"""
