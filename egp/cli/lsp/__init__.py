"""The language server: what `egp check` and `egp explain` know, in the editor, as the text is typed.

Read first: `server.py`, which speaks the protocol; `judging.py` says what is judged, and everything else answers one
question of an editor. No module but `server.py` waits for anything.
"""
