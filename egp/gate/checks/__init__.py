"""The checks of the gate, one module each: its docstring is its page, ``check`` reads it off the evidence."""
