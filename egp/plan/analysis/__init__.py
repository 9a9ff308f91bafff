"""The way from a plan's words to ``egp.stats``: what several rules compute of a plan, computed once."""
