"""Aggregates computed where the data are: rows of units never leave the engine.

``source.py`` is what the gate requires. ``measures.py`` says what of a plan is computed, ``opened.py`` finds the tables,
``units.py`` writes the query of a stage and ``quantiles.py`` those of its quantiles, ``instants.py`` knows where days
begin, and ``connection.py`` which engines are opened, and how.
"""
