"""What is observed and remembered: git, results, the lock, changes of a plan, waivers.

May import `plan` and the rooms below it. Read first: `lock/registration.py` and `sources/file.py`.
"""
