"""What is observed and remembered: git, results, flag files, the lock, the ledger, changes of a plan, waivers.

May import `plan` and the rooms below it. Read first: `lock/registration.py` and `sources/file.py`.
"""
