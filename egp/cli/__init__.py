"""The command line: arguments, one module a command, terminal manners; what is generated for docs and schemas.

May import every room. Read first: `main.py`, then `commands/check.py`.
"""
