"""A comment waives nothing.

Linters of code are silenced by a comment beside the line. A plan is a promise to others, and its author is not who exempts it: a waiver
has an approver, a reason and a last day. A comment such as `egp: ignore` reads as if the rule were waived, and it is not.

Passes:

```yaml
schedule: {start: 2023-01-23, end: 2023-02-05}  # two whole weeks
```

Fails at `text`, saying "this comment waives nothing" (whole file):

```yaml
id: short
schedule: {start: 2023-01-23, end: 2023-01-27}  # egp: ignore[minimum-runtime]
```

Fails at `text`, saying "this comment waives nothing" (whole file):

```yaml
# egp: disable
id: short
```

Passes:

```yaml
title: "What `# egp: ignore` means to readers"
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egp.plan.finding import Finding
from egp.yaml import Document
from egp.yaml.position import Position, Span

_WORDS = ("ignore", "disable", "noqa", "nolint", "skip", "allow")
_IGNORE = (
    rf"^(?P<before>(?:[^#'\"\n]|\"[^\"\n]*\"|'[^'\n]*')*)(?<![^\s])(?P<comment>#[ \t]*egp[ \t]*[: ][ \t]*(?:{'|'.join(_WORDS)})\b"
    r"(?:[\[: (=-]*(?P<rule>[a-z]+(?:-[a-z0-9]+)+))?[^\n\r]*)"
)


def check(document: Document) -> Iterator[Finding]:
    if document.index or "egp" not in document.text:  # the text is that of the whole file
        return
    text = document.text.casefold()
    if not any(word in text for word in _WORDS):
        return
    for found in re.finditer(_IGNORE, document.text, re.MULTILINE | re.IGNORECASE):
        line = document.text.count("\n", 0, found.start()) + 1
        begin = len(found["before"]) + 1
        rule = found["rule"] or "RULE"
        yield Finding(
            Span(Position(line, begin), Position(line, begin + len(found["comment"]))),
            "this comment waives nothing",
            required="a waiver, which has an approver, a reason and a last day",
            help=f"remove the comment; what may be waived is waived by egp waive PLAN {rule}",
        )
