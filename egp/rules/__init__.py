"""What is claimed: one file a rule in `<family>/<rule_id>.py`; what a rule is and may look at; custom rules.

May import `record` and the rooms below it. Read first: `rule.py`.
"""
