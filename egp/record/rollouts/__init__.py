"""What flag and deployment files serve: one neutral ``Rollout``, and one module a format in ``formats/``.

Read first: `rollout.py`, the noun; then a format, such as `formats/flagd.py`.
"""
