"""A plan's file holds no personal data and no secrets.

Plans live in git, where everybody can read them and nothing is ever really deleted. egp looks through the whole text,
comments included, for e-mail addresses, phone numbers, IP addresses, ids of single users, access keys, bearer and web
tokens, passwords in links and private keys. The message says which kind and where, and never repeats what it found.
People are named by role or handle, as in `@pdp-pm`. A file with several plans is looked through once, with its first
one, and at most 20 places of a file are named.

Passes (whole file):

```yaml
id: sound-plan
owner: {team: pdp, dri: "@pdp-pm"}
revision: 10.4.2.1
hypothesis: 340_000 users saw precision@10 rise by +1.25 on 2023-01-23, see https://dash.example/@pdp/view.html
links: ["git@github.com:shop/pdp.git"]
```

Fails at `text`, saying "an e-mail address" (whole file):

```yaml
id: sound-plan
owner: {dri: someone.else+pdp@mail.example}
```

Fails at `text`, saying "a phone number" (whole file):

```yaml
owner: {contact: "+1 (415) 555-0100"}
```

Fails at `text`, saying "a phone number" (whole file):

```yaml
owner: {contact: "415-555-0100"}
```

Fails at `text`, saying "an IP address" (whole file):

```yaml
hypothesis: requests from 203.0.113.7 are slow   # and others
```

Fails at `text`, saying "the id of a single user" (whole file):

```yaml
hypothesis: it works for user_id 8841207
```

Fails at `text`, saying "a bearer token" (whole file):

```yaml
x-curl: "-H 'Authorization: Bearer 0123456789abcdefghijkl'"
```

Fails at `text`, saying "a web token" (whole file):

```yaml
x-session: eyJhbGciOiJub25lIn0.eyJzdWIiOiJleGFtcGxlIn0.
```

Fails at `text`, saying "an access key" (whole file):

```yaml
# AKIAIOSFODNN7EXAMPLE
id: sound-plan
```

Fails at `text`, saying "a private key" (whole file):

```yaml
x-key: |
  -----BEGIN RSA PRIVATE KEY-----
```

Fails at `text`, saying "a password in a link" (whole file):

```yaml
links: ["https://reader:not-so-secret@warehouse.example/pdp"]
```
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from egp.plan.finding import DoesNotApply, Finding
from egp.stats.values import NamedTuple
from egp.yaml import Document
from egp.yaml.position import SourceText

if TYPE_CHECKING:
    from egp.rules.exports import Broken


_MOST_FINDINGS = 20

Place = tuple[int, int]
"""First character and the one after the last."""

# A pattern costs more than all signs together, so the text is searched in two cheap shapes of itself first: one with
# digits as 0, letters in lower case and separators as _, and one with letters and digits as a and all else blank.
_CAPITALS, _DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
_WORDS = bytes.maketrans(
    (_CAPITALS + _DIGITS + " -").encode(),
    (_CAPITALS.lower() + "0" * 10 + "__").encode(),
)
_RUNS = bytes(97 if chr(code) in _CAPITALS + _CAPITALS.lower() + _DIGITS else 32 for code in range(256))
_LONG_RUN = b"a" * 16


class _Kind(NamedTuple):
    """Something that must not be in a plan. Patterns are bounded, so that looking takes time linear in the text."""

    name: str
    pattern: str
    """Compiled when a sign requires it: most runs need one or two of them."""
    signs: tuple[bytes, ...]
    """One of them is in a shape of every text in which the pattern can be found."""
    advice: str
    place: Callable[[str, int, int], Place | None] = lambda text, start, end: (start, end)  # noqa: ARG005
    """Where a match at this place of the text really is one; None where it is something else."""


def _unjoined(text: str, start: int, end: int) -> Place | None:
    """Neither preceded nor followed by what would make it a part of something longer."""
    joined = _joins(text[start - 1 : start]) or _joins(text[end : end + 1])
    return None if joined else (start, end)


def _joins(character: str) -> bool:
    return bool(character) and (character.isalnum() or character in "_-+")


def _address(text: str, start: int, end: int) -> Place | None:
    """Of the internet, not the number of a build."""
    before = text[max(0, start - 40) : start].rpartition("\n")[2].lower()
    numbered = any(word in before for word in ("revision", "version", "build"))
    longer = before.endswith(".") or re.match(r"\.?[0-9]", text[end : end + 2]) is not None
    possible = all(int(octet) < 256 for octet in text[start:end].split("."))
    return _unjoined(text, start, end) if possible and not longer and not numbered else None


def _mail(text: str, start: int, end: int) -> Place | None:
    """With the name before the sign, which is a person's and not that of a protocol."""
    name = re.search(r"[\w.%+-]{1,64}\Z", text[max(0, start - 64) : start])
    if name is None or name[0] == "git" or _joins(text[end : end + 1]):
        return None
    return start - len(name[0]), end


_ROLE = "name people by role or handle, as in `@pdp-pm`"
_AGGREGATE = "describe users in aggregate, and remove the line from the history too"
_REVOKE = "revoke it, and remove it from the file and from the history"

_KINDS = (
    _Kind("a password in a link", r"://[^\s/@:]{1,64}:[^\s/@]{1,128}@", (b"://",), _REVOKE),
    _Kind(
        "an e-mail address",
        r"@[0-9-]{0,63}[A-Za-z][A-Za-z0-9-]{0,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}",
        (b"@",),
        _ROLE,
        _mail,
    ),
    _Kind("a private key", r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY", (b"private_key",), _REVOKE),
    _Kind(
        "an access key",
        r"(?<![A-Za-z0-9_-])(?:A[KS]IA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}"
        r"|xox[abeprs]-[A-Za-z0-9-]{10,255}|AIza[A-Za-z0-9_-]{35}|[rs]k[_-][A-Za-z0-9_-]{20,255})(?![A-Za-z0-9_-])",
        (_LONG_RUN, b"aiza"),
        _REVOKE,
    ),
    _Kind(
        "a web token",
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{0,4000}",
        (_LONG_RUN,),
        _REVOKE,
    ),
    _Kind("a bearer token", r"[Bb]earer {1,4}[A-Za-z0-9._~+/-]{20,4000}", (b"bearer_",), _REVOKE),
    _Kind("a phone number", r"\+[1-9](?:[ .()-]{0,2}[0-9]){8,14}", (b"+0",), _ROLE, _unjoined),
    _Kind("a phone number", r"[0-9]{3}[)-] ?[0-9]{3}-[0-9]{4}", (b"000_0000",), _ROLE, _unjoined),
    _Kind(
        "an IP address",
        r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}",
        (b".0.", b".00.", b".000."),
        _AGGREGATE,
        _address,
    ),
    _Kind(
        "the id of a single user",
        r"(?i:user|customer|member|device)[_ -]?(?i:ids?)\b[\"'`]?(?: is)?[ :=#\[]{0,3}[\"'`]?"
        r"(?=[A-Za-z-]{0,36}[0-9])[A-Za-z0-9-]{5,64}",
        (b"er_id", b"erid", b"ce_id"),
        _AGGREGATE,
    ),
)


def check(document: Document) -> Iterator[Finding]:
    if document.index:
        raise DoesNotApply
    found = _found(document.text)
    if found:
        source = SourceText(document.text)
        for place, kind in sorted(found, key=lambda hit: hit[0]):
            yield Finding(
                source.span(*place),
                f"the file holds {kind.name}, and everybody who can read the repository can read it",
                observed=kind.name,
                required="no personal data, no secrets",
                help=kind.advice,
                secret=True,
            )


def _found(text: str) -> list[tuple[Place, _Kind]]:
    """Places of what must not be there, the first few of them, each named once."""
    raw = text.encode("utf-8", "surrogatepass")
    words, runs = raw.translate(_WORDS), raw.translate(_RUNS)
    found: list[tuple[Place, _Kind]] = []
    for kind in _KINDS:
        for sign in kind.signs:
            if sign in (runs if sign is _LONG_RUN else words):
                break
        else:
            continue
        for match in re.finditer(kind.pattern, text):
            place = kind.place(text, *match.span())
            if place and not any(place[0] < end and start < place[1] for (start, end), _ in found):
                found.append((place, kind))
                if len(found) == _MOST_FINDINGS:
                    return found
    return found


ACTOR = "administrator"
"""Who has to act on it."""


def by_hand(broken: Broken) -> str:
    """Who takes it out, and what is left of it."""
    start = broken.diagnostic.place.span.start
    return (
        f"The author looks at line {start.line}, from column {start.column} on: {broken.diagnostic.help}. Every version stays in git: "
        "whoever administers the repository decides whether to rewrite its history."
    )
