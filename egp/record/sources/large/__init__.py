"""Files with too many rows for an object each: read and judged by columns, by pyarrow.

``sources/batches.py`` opens them, ``sound.py`` tells the rows in which nothing is wrong, by the same functions and formulas that read rows one
by one, and has all others read one by one. ``rows.py`` has what is left: what it means between rows, the digest, and the rows that the
gate compares. Nothing here is imported before a file has so many rows.
"""
