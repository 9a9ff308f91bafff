"""What changes a plan or a record: options and their price, repairs, new files, platforms' files, measuring,
rehearsing, register, amend, waive, decide, baseline.

May import `check` and the rooms below it. Read first: `options/solver.py`.
"""
