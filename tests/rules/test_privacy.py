"""The rules about data access and personal data, beyond what their pages show."""

from __future__ import annotations

import pytest

from egp.plan.finding import DoesNotApply, Finding
from egp.rules.rule import load
from egp.yaml import Span, read_text
from tests.rules.examples import merged, plan_of, sound_text, sound_value

RULE = load("no-personal-data")


def found(text: str) -> list[Finding]:
    first, *others = read_text(text)
    for document in others:
        with pytest.raises(DoesNotApply):
            list(RULE.check(document))
    return list(RULE.check(first))


def covered(text: str, finding: Finding) -> str:
    """What the finding underlines, on one line."""
    assert isinstance(finding.at, Span)
    start, end = finding.at
    assert start.line == end.line
    return text.split("\n")[start.line - 1][start.column - 1 : end.column - 1]


SECRETS = [
    ("someone@mail.example", "an e-mail address", "someone@mail.example"),
    ("first.last+tag@a-b.mail.example", "an e-mail address", "first.last+tag@a-b.mail.example"),
    ("+491701234567", "a phone number", "+491701234567"),
    ("+1 415 555 0100", "a phone number", "+1 415 555 0100"),
    ("(415) 555-0100", "a phone number", "415) 555-0100"),
    ("203.0.113.254", "an IP address", "203.0.113.254"),
    ("user_id=8841207", "the id of a single user", "user_id=8841207"),
    ("userId: 8841207", "the id of a single user", "userId: 8841207"),
    ("Customer ID is C-8841207", "the id of a single user", "Customer ID is C-8841207"),
    ("device_id 3f2504e0-4f89-11d3-9a0c", "the id of a single user", "device_id 3f2504e0-4f89-11d3-9a0c"),
    ("ASIAIOSFODNN7EXAMPLE", "an access key", "ASIAIOSFODNN7EXAMPLE"),
    ("ghp_" + "a1B2" * 9, "an access key", "ghp_" + "a1B2" * 9),
    ("xoxb-1234567890-" + "a1B2" * 6, "an access key", "xoxb-1234567890-" + "a1B2" * 6),
    ("AIza" + "a1B2-" * 7, "an access key", "AIza" + "a1B2-" * 7),
    ("sk-proj-" + "a1B2" * 8, "an access key", "sk-proj-" + "a1B2" * 8),
    ("bearer " + "a1B2.c3D4-" * 3, "a bearer token", "bearer " + "a1B2.c3D4-" * 3),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "a web token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----", "a private key", "-----BEGIN OPENSSH PRIVATE KEY"),
    ("postgres://reader:s3cret@db.example/x", "a password in a link", "://reader:s3cret@"),
]


@pytest.mark.parametrize(("secret", "kind", "underlined"), SECRETS)
class TestFinds:
    def test_names_kind_and_place(self, secret: str, kind: str, underlined: str) -> None:
        text = f"{sound_text()}# é \N{GRINNING FACE} see {secret} there\n"
        (finding,) = found(text)
        assert finding.observed == kind
        assert covered(text, finding) == underlined

    def test_says_nothing_of_what_it_found(self, secret: str, kind: str, underlined: str) -> None:  # noqa: ARG002
        (finding,) = found(f"x-note: '{secret}'\n")
        said = finding.message + finding.advice.text + finding.observed + finding.required
        assert secret not in said
        assert underlined not in said
        assert not any(word in said for word in secret.split() if any(c.isdigit() for c in word))


@pytest.mark.parametrize(
    "innocent",
    [
        "@pdp-pm",
        "https://medium.example/@someone/a.b",
        "git@github.com:shop/pdp.git",
        "precision@10.5",
        "recall@k",
        "revision: 10.4.2.1",
        "in version 2.10.4.1",
        "1.2.3",
        "1.2.3.4.5",
        "999.1.1.1",
        "2023-01-23T08:00:00-08:00",
        "340_000",
        "1234567890",
        "+1.25 pp",
        "+12 345",
        "user_id is the randomisation unit",
        "user ids are hashed",
        "id: refund_rate_7d",
        "experiment_id 8841207",
        "0.34 × 0.52 − 0.66 × 0.07",
        "sha256:" + "0123456789abcdef" * 4,
        "task-force-of-the-search-team-in-europe",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "the bearer of good news about conversions",
    ],
)
def test_leaves_alone(innocent: str) -> None:
    assert not found(f"{sound_text()}# {innocent}\n")


def test_finds_at_the_ends_of_the_text() -> None:
    (first,) = found("+491701234567: x")
    assert covered("+491701234567: x", first) == "+491701234567"
    (last,) = found("x: 203.0.113.7")
    assert covered("x: 203.0.113.7", last) == "203.0.113.7"


def test_a_file_with_several_plans_is_looked_through_once() -> None:
    (finding,) = found("a: 1\n---\nb: someone@mail.example\n")
    assert isinstance(finding.at, Span)
    assert finding.at.start.line == 3


def test_names_no_more_than_twenty_places() -> None:
    text = "".join(f"x-{number}: someone{number}@mail.example\n" for number in range(30))
    assert len(found(text)) == 20


@pytest.mark.parametrize("access", ["Aggregates", "aggregates ", "user-level export", "aggregates, raw_logs"])
def test_data_access_is_compared_exactly(access: str) -> None:
    rule = load("aggregates-only")
    (finding,) = rule.check(plan_of(merged(sound_value(), {"data_access": access})), rule.params())
    assert finding.advice.text == "set `data_access: aggregates`"
