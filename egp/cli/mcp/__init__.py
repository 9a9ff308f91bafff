"""egp for programs that speak the Model Context Protocol: questions, no changes.

Read first: `server.py`, which declares the tools; `asking.py` runs the command that answers, `roots.py` says what may be named.
"""
