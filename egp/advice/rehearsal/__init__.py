"""The plan rehearsed on its population's past, without a treatment, day by day through the gate.

Read first ``rehearse.py``. ``timeline.py`` says on which days a life calls the gate, ``starts.py`` where in history lives begin,
``halves.py`` splits units at random, ``evidence.py`` makes the rows of a day, ``effects.py`` puts an effect into them, ``judging.py``
calls the gate, ``computed.py`` says what the plan computes, and ``tally.py`` compares.
"""
