"""The file is YAML that can be read in only one way.

A plan that cannot be read cannot be judged, and a key written twice means something else to every tool that
reads it. egp reads YAML 1.2 in UTF-8 and reports each of these at its place: broken syntax (brackets and
quotes left open, a missing space after a colon, wrong indentation, tabs, markers of a merge conflict), a key
written twice (the first one is the one that is read on), other encodings, control characters, tags that are no
part of YAML, aliases that refer to nothing or to themselves or stand for too much, mappings as keys, numbers
too long to be numbers, nesting beyond 100 levels, an empty file, and a file larger than a megabyte. What could
still be read is judged by the other rules as well.

Passes:

```yaml
x-notes: "yes, no and on are texts in YAML 1.2"
```

Passes (whole file):

```yaml
id: pdp-buy-now
owner: &team {team: pdp, dri: "@pdp-pm"}
x-reviewer: *team
```

Fails at `text`, saying "the '{' is not closed" (whole file):

```yaml
id: pdp-buy-now
schedule: {start: 2023-01-23, end: 2023-02-05
```

Fails at `text`, saying "a space is missing after the ':'" (whole file):

```yaml
id:pdp-buy-now
type: superiority
```

Fails at `text`, saying "a conflict marker that a merge left" (whole file):

```yaml
id: pdp-buy-now
<<<<<<< HEAD
type: superiority
=======
type: rollout
>>>>>>> pdp-rollout
```

Fails at `text`, saying "title" (whole file):

```yaml
id: pdp-buy-now
title: Persistent Buy Now button
title: Sticky Buy Now button
```

Fails at `text`, saying "a tab at the start of the line" (whole file):

```yaml
owner:
␉team: pdp
```

Fails at `text`, saying "empty" (whole file):

```yaml
# title: Persistent Buy Now button
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.finding import Finding, Related
from egp.yaml import Document

if TYPE_CHECKING:
    from egp.plan.remedy import Candidate
    from egp.rules.exports import Broken


def check(document: Document) -> Iterator[Finding]:
    for problem in document.problems:
        related = tuple(Related(span, label) for span, label in problem.related)
        yield Finding(problem.span, problem.message.rstrip("."), help=problem.help, related=related)


ALWAYS_REJECTS = True
"""An error under every policy, and not waivable."""


def ways(broken: Broken) -> Iterator[Candidate]:
    """One of two lines with the same key goes; which of them is true only the author knows."""
    from egp.plan.remedy import Candidate, TradeOff
    from egp.plan.wording import listing
    from egp.yaml.edits import LineRemoval

    numbers = [
        broken.diagnostic.place.span.start.line,
        *(each.place.span.start.line for each in broken.diagnostic.related),
    ]
    if len(set(numbers)) < 2:
        return
    for number in sorted(set(numbers)):
        if _is_whole(broken.document, number):
            kept = listing(str(other) for other in sorted(set(numbers)) if other != number)
            words = f"keep line {kept} and remove line {number}"
            price = f"open only if line {kept} is the one that is meant"
            yield Candidate((LineRemoval(number),), words, TradeOff.EVIDENCE, price, lever=f"line {number}")


def _is_whole(document: Document, number: int) -> bool:
    """Whether a line holds a key with its value, and nothing else."""
    key, colon, value = document.line(number).partition(":")
    return bool(colon and value.strip() and key == key.strip())


IS_READ_AS_TEXT = True
"""Whether there are ways out of it although the plan cannot be read."""
