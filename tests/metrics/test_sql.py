"""SQL as it counts for a digest: what no engine reads leaves no trace, and everything else does."""

from __future__ import annotations

import pytest

from egp.plan.sql import normalised

QUERY = "SELECT user_id, amount FROM orders WHERE status = 'paid' AND note <> 'a -- b'"


@pytest.mark.parametrize(
    "other",
    [
        "select user_id, amount from orders where status = 'paid' and note <> 'a -- b'",
        "SELECT user_id,amount\r\nFROM   orders\n\tWHERE status='paid' AND note<>'a -- b';\n",
        "-- what was paid\nSELECT user_id, amount /* both\n columns */ FROM orders WHERE status = 'paid' AND note <> 'a -- b'",
    ],
)
def test_comments_white_space_and_the_case_of_keywords_are_no_change(other: str) -> None:
    assert normalised(other) == normalised(QUERY)


@pytest.mark.parametrize(
    "other",
    [
        QUERY.replace("'paid'", "'Paid'"),
        QUERY.replace("a -- b", "a"),
        QUERY.replace("a -- b", "a  -- b"),
        QUERY.replace("amount", "Amount"),
        QUERY.replace("orders", '"orders"'),
        QUERY.replace("= 'paid'", "= 'paid' OR 1 = 1"),
        QUERY.replace("AND", "OR"),
        QUERY.replace("'paid'", "'pa' 'id'"),
        QUERY.replace("'paid'", "'pa''id'"),
        QUERY.replace("user_id, amount", "user_id, amount, 1"),
        QUERY.replace("SELECT", "SELECT /*+ SKEW(1) */"),
        QUERY.replace("SELECT", "SELECT /*! 1 */"),
    ],
)
def test_everything_else_is_one(other: str) -> None:
    assert normalised(other) != normalised(QUERY)


@pytest.mark.parametrize(
    "text",
    [
        r"SELECT 'it\'s' -- ' || secret",
        "SELECT $$ -- not a comment $$",
        "SELECT $tag$ /* text */ $tag$",
        "SELECT 'never ends -- ",
        'SELECT "never ends',
    ],
)
def test_what_dialects_read_differently_counts_as_it_is_written(text: str) -> None:
    assert normalised(text) == text.strip()


def test_a_comment_that_dialects_end_differently_hides_nothing() -> None:
    nested = "SELECT 1 /* a /* b */ , amount */"
    assert "amount" in normalised(nested)
