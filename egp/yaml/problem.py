"""What is wrong with a text that should be a document."""

from __future__ import annotations

from egp.stats.values import frozen
from egp.yaml.position import Span


@frozen
class Problem:
    """Why a text is not a document, in the words of somebody who writes plans, and what to do about it.

    Kinds: encoding, size, control-character, empty, syntax, tab, nesting, alias, merge, duplicate-key, key, tag, number.
    """

    kind: str
    message: str
    help: str
    span: Span
    related: tuple[tuple[Span, str], ...] = ()
