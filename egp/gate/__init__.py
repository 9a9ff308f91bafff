"""From a plan, its registration and results to proceed, hold or roll back; one file a check.

May import `output` and the rooms below it. Read first: `judgement.py`, then `verdict.py`.
"""
