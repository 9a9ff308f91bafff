"""SQL as it counts for a digest: what no engine reads leaves no trace.

Comments, white space and the case of keywords do not count, strings and quoted names do to the letter. Where dialects
differ in what a character means, the text counts as it is written: to call a change a change costs a review, to miss one
costs a registration its meaning.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`)"""
    r"""|(?P<comment>--[^\n]*|/\*(?![+!])(?:[^*]|\*(?!/))*\*/)"""
    r"""|(?P<space>\s+)|(?P<word>\w+)|(?P<other>.)""",
    re.DOTALL,
)
_DIFFERS = re.compile(r"[\\$]")
"""A backslash ends a string in one dialect and not in the next; a dollar sign may begin one."""

_KEYWORDS = frozenset(
    [
        "all",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "between",
        "by",
        "case",
        "cast",
        "coalesce",
        "count",
        "cross",
        "current",
        "date",
        "day",
        "desc",
        "distinct",
        "else",
        "end",
        "except",
        "exists",
        "extract",
        "false",
        "fetch",
        "filter",
        "first",
        "following",
        "for",
        "from",
        "full",
        "group",
        "having",
        "if",
        "ilike",
        "in",
        "inner",
        "intersect",
        "interval",
        "into",
        "is",
        "join",
        "last",
        "lateral",
        "left",
        "like",
        "limit",
        "month",
        "natural",
        "not",
        "null",
        "nulls",
        "offset",
        "on",
        "or",
        "order",
        "outer",
        "over",
        "partition",
        "preceding",
        "qualify",
        "range",
        "right",
        "row",
        "rows",
        "select",
        "sum",
        "then",
        "timestamp",
        "true",
        "unbounded",
        "union",
        "unnest",
        "using",
        "values",
        "when",
        "where",
        "window",
        "with",
        "within",
        "year",
    ]
)


def normalised(sql: str) -> str:
    """The text that counts: tokens with one space between them, keywords in small letters, without comments."""
    text = sql.replace("\r\n", "\n").strip()
    if _DIFFERS.search(text):
        return text
    tokens = []
    for found in _TOKEN.finditer(text):
        kind, token = found.lastgroup, found.group()
        if kind == "other" and token in "'\"`":
            return text  # a quote that does not end: no engine reads this, and so nothing is left out of it
        if kind in ("comment", "space"):
            continue
        tokens.append(token.lower() if kind == "word" and token.lower() in _KEYWORDS else token)
    return " ".join(tokens[:-1] if tokens[-1:] == [";"] else tokens)
