"""The catalogue: what a file may say, every mistake at its line, and nothing that is passed over in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from egp.plan.catalogue import MetricCatalogue
from egp.policy.reading import read_policy
from tests.metrics.shop import PLAN, Shop

FACT = "facts: {events: {table: events, unit: user_id, at: happened_at}}\n"
RATE = "kind: proportion, direction: increase, fact: events"


def catalogue(shop: Shop) -> MetricCatalogue:
    found = read_policy(os.path.join(shop.root, "egp.yaml"), "egp.yaml").metrics
    assert found is not None
    return found


def test_the_catalogue_of_the_shop(shop: Shop) -> None:
    found = catalogue(shop)
    assert [*found.metrics] == [
        "add_to_cart_rate", "refund_rate", "revenue_per_user", "items_per_order", "p95_page_load",
    ]  # fmt: skip
    assert found.queries["orders"] == (shop.root / "sql/orders.sql").read_text(encoding="utf-8")
    assert found.stated("refund_rate") == {
        "kind": "proportion",
        "direction": "decrease",
        "outcome_window": "7d",
    }


def test_files_that_patterns_match_are_one_catalogue(shop: Shop) -> None:
    shop.edit("egp.yaml", '["metrics.yaml"]', '["metrics.yaml", "more/**/*.yaml"]')
    shop.write("more/search/rates.yaml", f"metrics: {{click_rate: {{{RATE}}}}}\n")
    shop.write("more/search/rates.txt", "no: catalogue\n")
    assert "click_rate" in catalogue(shop).metrics


ACCEPTED = {
    "a mean that counts rows": "kind: mean, direction: increase, fact: events",
    "a filter with a list": f"{RATE}, where: {{name: [a, b], is_new: true, items: 3}}",
    "a share of sessions": "kind: proportion, direction: increase, numerator: {fact: events, where: {name: a}}, denominator: {fact: events}",
    "keys of one's own": f"{RATE}, x-ticket: 12",
}


@pytest.mark.parametrize("definition", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(shop: Shop, definition: str) -> None:
    shop.write("metrics.yaml", f"{FACT}metrics: {{a: {{{definition}}}}}\n")
    assert [*catalogue(shop).metrics] == ["a"]


REJECTED = {
    "unknown key": (f"metrics: {{a: {{{RATE}, winsorise: 1%}}}}", "unknown key `winsorise`"),
    "misspelt key": (f"metrics: {{a: {{{RATE}, outcome_windw: 7d}}}}", "did you mean `outcome_window`?"),
    "no kind": ("metrics: {a: {direction: increase, fact: events}}", "metrics.a has no `kind`"),
    "unknown kind": ("metrics: {a: {kind: median, direction: increase, fact: events}}", "metrics.a.kind is median"),
    "unknown fact": (f"metrics: {{a: {{{RATE.replace('events', 'event')}}}}}", "did you mean `events`?"),
    "no fact": ("metrics: {a: {kind: mean, direction: increase}}", "is a mean and has no `fact`"),
    "ratio of one sum": (
        "metrics: {a: {kind: ratio, direction: increase, numerator: {fact: events}}}",
        "is a ratio and has no `denominator`",
    ),
    "ratio with a fact": (
        "metrics: {a: {kind: ratio, direction: increase, fact: events, numerator: {fact: events}, denominator: {fact: events}}}",
        "is a ratio, for which `fact` means nothing",
    ),
    "share with a fact": (
        f"metrics: {{a: {{{RATE}, numerator: {{fact: events}}, denominator: {{fact: events}}}}}}",
        "is a proportion, for which `fact` means nothing",
    ),
    "share of nothing": (
        "metrics: {a: {kind: proportion, direction: increase, numerator: {fact: events}}}",
        "is a proportion and has no `denominator`",
    ),
    "share of amounts": (
        "metrics: {a: {kind: proportion, direction: increase, numerator: {fact: events, value: amount}, denominator: {fact: events}}}",
        "numerator is of a share, which counts rows, so that `value` means nothing",
    ),
    "proportion with a value": (f"metrics: {{a: {{{RATE}, value: amount}}}}", "for which `value` means nothing"),
    "quantile of nothing": (
        "metrics: {a: {kind: quantile, quantile: 95%, direction: decrease, fact: events}}",
        "is a quantile and has no `value`",
    ),
    "unit": (f"metrics: {{a: {{{RATE}, value_unit: furlongs}}}}", "furlongs is no unit"),
    "filter": (f"metrics: {{a: {{{RATE}, where: {{name: {{is: a}}}}}}}}", "is compared with what no column can be"),
    "population of nothing": ("populations: {p: {fact: nothing}}", "there is no fact `nothing`"),
    "step without a name": ("equivalent: [{from: sha256:1, to: sha256:2, by: '@a', because: x}]", "does not say of which"),
    "step between no digests": (
        "equivalent: [{metric: a, from: x, to: y, by: '@a', because: x}]", "x is not the digest of a definition",
    ),
    "step that nobody reviewed": ("equivalent: [{metric: a, from: x, to: y, because: x}]", "has no `by`"),
    "invisible name": (f'metrics: {{"a\\u200bb": {{{RATE}}}}}', "nobody sees"),
    "no mapping": ("- a\n- b", "where a mapping of keys is meant"),
    "no yaml": ("metrics: {a: [", "the catalogue of metrics is invalid"),
    "two documents": ("metrics: {}\n---\nmetrics: {}", "a file of metrics is one document"),
    "cycle of anchors": ("metrics: &a {b: *a}", "the catalogue of metrics is invalid"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REJECTED.values(), ids=REJECTED)
def test_rejected(shop: Shop, text: str, message: str) -> None:
    has_facts = not text.startswith(("-", "facts"))
    shop.write("metrics.yaml", f"{FACT if has_facts else ''}{text}\n")
    places, messages = zip(*shop.mistakes(), strict=True)
    assert any(message in each for each in messages), messages
    assert all(place.startswith("metrics.yaml:") for place in places)


def test_a_fact_is_a_table_or_a_query(shop: Shop) -> None:
    shop.write("metrics.yaml", "facts: {a: {table: t, sql: q.sql, unit: u, at: t}, b: {unit: u, at: t}}\n")
    assert [message for _, message in shop.mistakes()] == [
        "the catalogue of metrics is invalid: facts.a has a table and a query",
        "the catalogue of metrics is invalid: facts.b has neither a table nor a query",
    ]


def test_what_is_defined_twice_is_refused_at_the_second_line(shop: Shop) -> None:
    shop.edit("egp.yaml", '["metrics.yaml"]', '["metrics.yaml", "more.yaml"]')
    shop.write(
        "more.yaml",
        f"exposures: {{table: t, unit: u, experiment: e, variant: v, at: t}}\nmetrics:\n  refund_rate: {{{RATE}}}\n",
    )
    first, exposures = (
        shop.line_of("metrics.yaml", "refund_rate:"),
        shop.line_of("metrics.yaml", "exposures:"),
    )
    assert shop.mistakes() == [
        (
            "more.yaml:1",
            f"the catalogue of metrics is invalid: the exposures are defined a second time; the first is in {exposures}",
        ),
        (
            "more.yaml:3",
            f"the catalogue of metrics is invalid: `refund_rate` is defined a second time; the first is in {first}",
        ),
    ]


def test_a_catalogue_that_is_missing_is_not_passed_over(shop: Shop) -> None:
    (shop.root / "metrics.yaml").unlink()
    where = shop.line_of("egp.yaml", "metrics.yaml")
    assert [place for place, _ in shop.mistakes()] == [where]
    status, said = shop.egp("check", PLAN, "--as-of=2023-01-17")
    assert status == 2
    assert "no file matches `metrics.yaml`, so no metric would be known" in said


@pytest.mark.parametrize("pattern", ["/etc/*.yaml", "../metrics.yaml", "a\\\\b.yaml"])
def test_a_pattern_that_leads_elsewhere_matches_nothing(shop: Shop, pattern: str) -> None:
    shop.edit("egp.yaml", '"metrics.yaml"', f'"{pattern}"')
    assert "no file matches the pattern" in shop.mistakes()[0][1]


def test_a_link_that_leads_out_is_not_followed(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.yaml"
    outside.write_text("password: hunter2\n", encoding="utf-8")
    (shop.root / "metrics.yaml").unlink()
    (shop.root / "metrics.yaml").symlink_to(outside)
    mistakes = shop.mistakes()
    assert "lies outside the repository" in mistakes[0][1]
    assert "hunter2" not in str(mistakes)


def test_a_query_outside_of_the_repository_is_not_read(
    shop: Shop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.sql"
    outside.write_text("hunter2", encoding="utf-8")
    shop.edit("metrics.yaml", "sql/orders.sql", os.path.relpath(outside, shop.root))
    assert "lies outside the repository" in shop.mistakes()[0][1]


def test_a_query_that_is_missing_or_empty_or_garbled(shop: Shop) -> None:
    query = shop.root / "sql/orders.sql"
    query.write_bytes(b"SELECT '\x1b[2J'")
    assert "escape character" in shop.mistakes()[0][1]
    query.write_bytes(b"\n")
    assert "is empty" in shop.mistakes()[0][1]
    query.unlink()
    assert shop.mistakes() == [
        (shop.line_of("metrics.yaml", "sql/orders.sql"), "the catalogue of metrics is invalid: there is no file sql/orders.sql")
    ]  # fmt: skip


def test_a_file_that_is_too_large_is_not_read(shop: Shop) -> None:
    (shop.root / "metrics.yaml").write_bytes(b"metrics: {}\n" + b"#" * 1_000_001)
    assert "at most" in shop.mistakes()[0][1]


def test_a_pipe_in_the_place_of_a_catalogue_does_not_block(shop: Shop) -> None:
    (shop.root / "metrics.yaml").unlink()
    os.mkfifo(shop.root / "metrics.yaml")
    assert "not a regular file" in shop.mistakes()[0][1]


def test_more_files_than_a_catalogue_has_are_refused(shop: Shop) -> None:
    shop.edit("egp.yaml", '["metrics.yaml"]', '["many/*.yaml"]')
    for number in range(201):
        shop.write(f"many/{number}.yaml", "metrics: {}\n")
    assert "more than 200 files" in shop.mistakes()[0][1]


def test_control_characters_of_a_catalogue_reach_no_terminal(shop: Shop) -> None:
    shop.write("metrics.yaml", f'{FACT}metrics: {{"a\\e[31mb": {{{RATE}}}}}\n')
    status, said = shop.egp("check", PLAN, "--as-of=2023-01-17")
    assert status == 2
    assert "\x1b" not in said


def test_a_policy_that_extends_another_has_its_catalogue(shop: Shop) -> None:
    shop.write("vendor/base.yaml", 'metrics: ["m/*.yaml"]\nrules: {}\n')
    shop.write(
        "vendor/m/a.yaml",
        f"{FACT.replace('events:', 'clicks:')}metrics: {{click_rate: {{{RATE.replace('events', 'clicks')}}}}}\n",
    )
    shop.edit("egp.yaml", '["egp:standard"]', '["egp:standard", "vendor/base.yaml"]')
    assert {"click_rate", "refund_rate"} <= catalogue(shop).metrics.keys()


def test_a_delegated_policy_adds_metrics_and_changes_none(shop: Shop) -> None:
    shop.edit("egp.yaml", "metrics:", 'delegates: ["search/**"]\nmetrics:')
    shop.write("search/egp.yaml", 'extends: ["egp:standard"]\nmetrics: ["metrics.yaml"]\n')
    shop.write(
        "search/metrics.yaml",
        f"{FACT.replace('events:', 'searches:')}metrics: {{refund_rate: {{{RATE.replace('events', 'searches')}}}}}\n",
    )
    shop.write(
        "search/plan.yaml",
        Path(shop.root, PLAN).read_text(encoding="utf-8").replace("mobile-buy-now", "other"),
    )
    status, said = shop.egp("check", "search/plan.yaml", "--as-of=2023-01-17")
    assert status == 2
    assert "the policy above has `refund_rate`, in metrics.yaml:" in said


def test_with_a_base_the_catalogue_is_that_of_the_base(shop: Shop) -> None:
    shop.commit("2023-01-16", "a shop")
    shop.edit("metrics.yaml", "  refund_rate:", f"  clicks: {{{RATE}}}\n  refund_rate:")
    shop.edit(PLAN, "id: add_to_cart_rate", "id: clicks")
    found = shop.found("--base=HEAD")
    assert ("known-metric", shop.line_of(PLAN, "id: clicks")) in [(each.rule, each.where) for each in found]
    assert "known-metric" not in {each.rule for each in shop.found()}
