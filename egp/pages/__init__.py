"""What people who do not read YAML get: memo, brief, status, history, power, policies shown, tested and compared.

May import every room but `cli`. Read first: `memo/page.py`.
"""
