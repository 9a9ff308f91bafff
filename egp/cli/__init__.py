"""The command line: arguments, one module a command, terminal manners; what is generated for docs and schemas.

May import every room. Read first: `main.py`, then `commands/check.py`.
"""

import gc

gc.disable()  # what a run makes is needed to its end; looking for garbage took 15 % of it
