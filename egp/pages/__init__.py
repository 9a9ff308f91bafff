"""What people who do not read YAML get: memo, brief, status, history, power, measurements, rehearsals, plans, policies and rules shown.

May import every room but `cli`. Read first: `memo/page.py`.
"""
