"""One file a format: its name is the format's, its docstring the format's page, the examples on the page its tests.

A module has ``read(files, environment)``, which yields a ``Rollout`` for every flag or deployment of the files of one
line of the policy, and ``Unread`` for what it cannot say. It never raises for anything that a file holds.
``READS_TOGETHER`` says whether a file may be needed to read another one, ``WITHDRAWN_BY`` how a treatment is withdrawn, and
``SWITCHED_OFF``, where the format has one, is the word that turns a flag off.
"""
