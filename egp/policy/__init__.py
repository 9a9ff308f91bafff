"""Which rules judge, how heavily, which plans, from which day; which files are plans, and what became of them.

May import `rules` and the rooms below it. Read first: `model.py`.
"""
