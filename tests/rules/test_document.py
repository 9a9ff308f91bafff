"""The rules about the file itself, beyond what their pages show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from egp.advice.edits import changed
from egp.plan.experiment import read_experiment
from egp.plan.finding import Finding
from egp.rules.rule import load
from egp.rules.rule_inputs import PlanFile, Portfolio, PortfolioIndex, entry_of
from egp.yaml import Path, Span, pointer, read_text
from egp.yaml.edits import Setting
from tests.rules.examples import merged, plan_of, sound_text, sound_value


def findings_in(rule: str, text: str) -> list[Finding]:
    document = read_text(text)[0]
    plan, problems = read_experiment(document.value)
    return list(load(rule).check(PlanFile(document, plan, tuple(problems))))


def findings(rule: str, change: Mapping[str, object]) -> list[Finding]:
    return findings_in(rule, json.dumps(merged(sound_value(), dict(change))))


def said(found: list[Finding]) -> list[tuple[str, str]]:
    return [("" if isinstance(f.at, Span) else pointer(f.at), f.message) for f in found]


class TestMisspeltKeys:
    def test_a_misspelt_required_key_is_one_finding_that_speaks_for_the_missing_key(self) -> None:
        found = findings("valid-plan", {"primary_metrc": {"id": "x"}, "primary_metric": None})
        assert said(found) == [
            ("/primary_metrc", "unknown key `primary_metrc`, did you mean `primary_metric`?")
        ]
        assert found[0].on_key
        assert found[0].speaks_for == (("primary_metric",),)

    def test_a_misspelt_weight_is_not_missed_a_second_time(self) -> None:
        variants = [{"id": "control", "wieght": "50%", "control": True}, {"id": "new", "weight": "50%"}]
        assert [at for at, _ in said(findings("valid-plan", {"variants": variants}))] == [
            "/variants/0/wieght"
        ]

    def test_a_misread_weight_is_not_missed_a_second_time(self) -> None:
        found = findings("valid-plan", {"variants": {0: {"weight": 50}}})
        assert [at for at, _ in said(found)] == ["/variants/0/weight"]

    def test_another_missing_key_keeps_its_own_finding(self) -> None:
        places = [
            at
            for at, _ in said(
                findings("valid-plan", {"primary_metrc": {}, "primary_metric": None, "id": None})
            )
        ]
        assert sorted(places) == ["/id", "/primary_metrc"]

    def test_the_other_keys_still_count(self) -> None:
        change = {"titel": "x", "title": None, "schedule": {"end": "2023-01-01"}}
        assert [at for at, _ in said(findings("valid-plan", change))] == ["/titel", "/schedule/end"]


def test_text_that_is_no_yaml_is_reported_once() -> None:
    text = "id: [unclosed\n"
    assert list(load("valid-yaml").check(read_text(text)[0]))
    assert findings_in("valid-plan", text) == []


@pytest.mark.parametrize(
    ("text", "message"), [("- a\n- b\n", "this is a list"), ("just a text\n", "this is just")]
)
def test_yaml_that_is_no_plan_is_reported_as_a_plan(text: str, message: str) -> None:
    assert [f.message.startswith(message) for f in findings_in("valid-plan", text)] == [True]


def test_duplicate_keys_are_shown_at_both_places() -> None:
    (found,) = load("valid-yaml").check(read_text("id: a\ntype: rollout\nid: b\n")[0])
    assert isinstance(found.at, Span)
    assert found.at.start.line == 3
    (first,) = found.related
    assert isinstance(first.at, Span)
    assert first.at.start.line == 1


class TestWeights:
    def test_thirds_need_not_be_exact_in_binary(self) -> None:
        variants = [{"id": str(n), "weight": "10%", "control": n == 0} for n in range(10)]
        assert findings("valid-plan", {"variants": variants}) == []

    def test_the_help_makes_the_weights_add_up(self) -> None:
        variants = [{"id": "a", "weight": "50%", "control": True}, {"id": "b", "weight": "20%"}, {"id": "c"}]
        (found,) = findings("valid-plan", {"variants": variants})
        assert "`weight: 30%`" in found.advice.text
        assert findings("valid-plan", {"variants": [*variants[:2], {"id": "c", "weight": "30%"}]}) == []

    def test_weights_of_more_than_all_units_need_lowering(self) -> None:
        (found,) = findings("valid-plan", {"variants": {0: {"weight": "100%"}, 1: {"weight": "50%"}}})
        assert found.message == "the weights add up to 150 %; they must add up to 100 %"
        assert found.advice.text == "lower the others"


class TestTimeZones:
    @pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+8"])
    def test_known(self, zone: str) -> None:
        assert findings("valid-plan", {"schedule": {"timezone": zone}}) == []

    @pytest.mark.parametrize(
        "zone",
        ["Pacific", "PST8", "America", "../etc/passwd", "/etc/passwd", "localtime", "zone.tab", "A\x1b[31m",
         "America/Los_Angeles/", "America//New_York", "X" * 5000, "Ä", "\ud800", "posix/UTC", "UTC\n"],
    )  # fmt: skip
    def test_unknown_and_hostile(self, zone: str) -> None:
        document = read_text("{}")[0]
        plan, _ = read_experiment(merged(sound_value(), {"schedule": {"timezone": zone}}))
        (found,) = load("valid-plan").check(PlanFile(document, plan, ()))
        assert found.at == ("schedule", "timezone")
        assert found.message.isprintable()
        assert len(found.message) < 200

    def test_the_nearest_name_is_offered(self) -> None:
        (found,) = findings("valid-plan", {"schedule": {"timezone": "europe/berlin"}})
        assert found.advice.text == "set `timezone: Europe/Berlin`"


class TestOrderOfDates:
    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2023-01-23", "2023-01-23"),
            ("2023-01-23", "2023-01-23T12:00:00-08:00"),
            ("2023-01-23T09:00:00-08:00", "2023-01-23"),
            ("2023-01-23T09:00:00-08:00", "2023-01-23T18:00:00Z"),
            ("2023-01-23T09:00:00", "2023-01-23T09:00:01"),
            ("2023-01-23T09:00:00", "2023-01-23T12:00:00-08:00"),
            ("0001-01-01", "9999-12-31"),
        ],
    )
    def test_in_order(self, start: str, end: str) -> None:
        found = findings("valid-plan", {"schedule": {"start": start, "end": end}})
        assert [f for f in found if "year" not in f.message] == []

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2023-01-24", "2023-01-23"),
            ("2023-01-23", "2023-01-23T00:00:00-08:00"),
            ("2023-01-23T09:00:00-08:00", "2023-01-23T17:00:00Z"),
            ("2023-01-23T09:00:00-08:00", "2023-01-23T16:59:00Z"),
            ("2023-01-23T09:00:00", "2023-01-23T09:00:00"),
            ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"),
        ],
    )
    def test_not_in_order(self, start: str, end: str) -> None:
        found = findings("valid-plan", {"schedule": {"start": start, "end": end}})
        assert [f.at for f in found if "year" not in f.message] == [("schedule", "end")]


class TestWhatNoPlanCanMean:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"primary_metric": {"mde": "100%"}}, "the MDE of add_to_cart_rate is 100%, as much as the metric itself"),
            ({"primary_metric": {"mde": "150%"}}, "the MDE of add_to_cart_rate is 150%, as much as the metric itself"),
            ({"primary_metric": {"mde": "1000000bps"}}, "the MDE of add_to_cart_rate is 1000000bps, as much as the metric itself"),
            ({"guardrail_metrics": {2: {"quantile": "0.001%"}}}, "the quantile 0.001 % has 1.5 of 147,000 units beyond it"),
            ({"guardrail_metrics": {2: {"quantile": "99.999%"}}}, "the quantile 99.999 % has 1.5 of 147,000 units beyond it"),
            ({"guardrail_metrics": {2: {"quantile": 1e-5}}}, "the quantile 0.001 % has 1.5 of 147,000 units beyond it"),
            ({"sign_offs": {0: {"on": "0001-01-01"}}}, "sign_offs[0].on lies in the year 1"),
            ({"sign_offs": {0: {"on": "0900-12-31"}}}, "sign_offs[0].on lies in the year 900"),
            ({"sign_offs": {0: {"on": "9999-12-31"}}}, "sign_offs[0].on lies in the year 9999"),
        ],
    )  # fmt: skip
    def test_it_is_a_finding_however_it_is_written(self, change: dict[str, object], message: str) -> None:
        assert [each.message for each in findings("valid-plan", change)] == [message]


class TestUnits:
    @pytest.mark.parametrize(
        ("metric", "key"),
        [
            ({"kind": "mean", "baseline": "0.52 USD", "std_dev": "1.1 EUR"}, "std_dev"),
            ({"kind": "mean", "baseline": "0.52 USD", "std_dev": 1.1}, "std_dev"),
            ({"kind": "mean", "baseline": "0.52 USD", "mde": "0.02 EUR"}, "mde"),
            ({"kind": "mean", "baseline": "3", "target": "0.5pp"}, "target"),
            ({"kind": "mean", "baseline": "3s", "mde": "0.5 abs"}, "mde"),
            ({"kind": "ratio", "baseline": "12%", "mde": "0.005 abs"}, "mde"),
            ({"kind": "proportion", "mde": "5ms"}, "mde"),
            ({"kind": "proportion", "baseline": "100%"}, "baseline"),
            ({"kind": "proportion", "baseline": "12ms"}, "baseline"),
            ({"kind": "proportion", "baseline": "12"}, "baseline"),
            ({"kind": "mean", "baseline": "0.52 USD", "std_dev": "-1 USD"}, "std_dev"),
        ],
    )
    def test_mismatch(self, metric: Mapping[str, object], key: str) -> None:
        found = findings("valid-plan", {"guardrail_metrics": [{"id": "g", **metric}], "stop_rules": []})
        assert [f.at for f in found] == [("guardrail_metrics", 0, key)]

    @pytest.mark.parametrize(
        "metric",
        [
            {"kind": "mean", "baseline": "0.52 USD", "std_dev": "1.1 USD", "mde": "0.02 USD"},
            {
                "kind": "mean",
                "baseline": "1.9s",
                "std_dev": "5200ms",
                "mde": "40ms",
                "limit": {"max": "2100ms"},
            },
            {"kind": "mean", "baseline": 3, "std_dev": 2, "mde": "0.5 abs", "target": "2%"},
            {"kind": "ratio", "baseline": "12%", "std_dev": "30%", "mde": "0.5pp"},
            {"kind": "mean", "mde": "40ms", "target": "0.5pp"},
            {"kind": "mean", "baseline": -3, "mde": "2%"},
        ],
    )
    def test_agreement(self, metric: Mapping[str, object]) -> None:
        assert findings("valid-plan", {"guardrail_metrics": [{"id": "g", **metric}], "stop_rules": []}) == []

    def test_a_bare_rate_is_offered_with_its_sign(self) -> None:
        (found,) = findings("valid-plan", {"primary_metric": {"baseline": 0.031}})
        assert found.advice.text == "set `baseline: 3.1%`"

    def test_priors_and_decision_rule_are_held_to_their_metric(self) -> None:
        change = {
            "stop_rules": {0: {"prior": {"mean": "0pp", "std_dev": "3ms"}}},
            "decision_rule": {"min_ci_lower": "2 USD"},
        }
        places = [at for at, _ in said(findings("valid-plan", change))]
        assert places == ["/stop_rules/0/prior/std_dev", "/decision_rule/min_ci_lower"]


class TestReadings:
    """Both readings of a bare number; the numbers are worked out by hand."""

    @pytest.mark.parametrize(
        ("change", "readings", "replacements"),
        [
            (
                {"primary_metric": {"mde": 0.8}},
                "0.8 % relative is 12.00 % → 12.10 %; 0.8 pp absolute is 12.00 % → 12.80 %",
                "`mde: 0.8%`, or set `mde: 0.8pp`",
            ),
            (
                {"primary_metric": {"mde": 0.003}},
                "0.3 % relative is 12.00 % → 12.04 %; 0.3 pp absolute is 12.00 % → 12.30 %",
                "`mde: 0.3%`, or set `mde: 0.3pp`",
            ),
            (
                {"primary_metric": {"mde": "0.0003"}},
                "0.03 % relative is 12.000 % → 12.004 %; 0.03 pp absolute is 12.00 % → 12.03 %",
                "`mde: 0.03%`, or set `mde: 0.03pp`",
            ),
            (
                {"guardrail_metrics": {0: {"mde": 10}}},  # a refund rate is good when it falls
                "10 % relative is 3.10 % → 2.79 %; 10 pp absolute is 3.10 % → -6.90 %",
                "`mde: 10%`, or set `mde: 10pp`",
            ),
            (
                {"guardrail_metrics": {2: {"non_inferiority_margin": 40}}},
                "40 % relative is 1,900 ms → 2,660 ms; 40 ms absolute is 1,900 ms → 1,940 ms",
                "`non_inferiority_margin: 40%`, or set `non_inferiority_margin: 40ms`",
            ),
            (
                {"primary_metric": {"kind": "mean", "baseline": "0.52 USD", "std_dev": "1 USD", "mde": 0.02}},
                "2 % relative is 0.52 USD → 0.53 USD; 0.02 USD absolute is 0.52 USD → 0.54 USD",
                "`mde: 2%`, or set `mde: 0.02 USD`",
            ),
            (
                {"primary_metric": {"kind": "mean", "baseline": "4", "std_dev": "1", "mde": 0.1}},
                "0.1 % relative is 4.000 → 4.004; 0.1 absolute is 4.0 → 4.1",
                "`mde: 0.1%`, or set `mde: 0.1 abs`",
            ),
        ],
    )
    def test_in_numbers(self, change: Mapping[str, object], readings: str, replacements: str) -> None:
        (found,) = findings("ambiguous-quantity", change)
        assert readings in found.message
        assert replacements in found.advice.text

    @pytest.mark.parametrize("number", [1e300, 1e-300, "9" * 400, "-0.0", "1_000_000_000", 0])
    def test_sizes_without_sense_are_refused_in_few_words(self, number: object) -> None:
        change = {"primary_metric": {"mde": number}}
        (found,) = [*findings("ambiguous-quantity", change), *findings("valid-plan", change)]
        assert len(found.message) < 150
        assert "inf" not in found.message
        assert "→" not in found.message

    @pytest.mark.parametrize("replacement", ["0.3%", "0.3pp"])
    def test_both_replacements_pass(self, replacement: str) -> None:
        change = {"primary_metric": {"mde": replacement, "target": None}}
        assert findings("ambiguous-quantity", change) == findings("valid-plan", change) == []

    def test_every_place_of_a_change_is_covered(self) -> None:
        change = {
            "stop_rules": {0: {"prior": {"mean": 0.01, "std_dev": 2}, "harm_exceeds": 3}},
            "decision_rule": {"min_lift": 0.2},
            "co_primary_metrics": [{"id": "other", "mde": 3}],
        }
        found = findings("ambiguous-quantity", change)
        assert len(found) == 5
        assert findings("valid-plan", change) == []


class TestDuplicateIds:
    def found(self, ids: list[str], paths: list[str]) -> list[Finding]:
        entries = [
            entry_of(plan_of({**sound_value(), "id": name}), path, at)
            for at, (name, path) in enumerate(zip(ids, paths, strict=True))
        ]
        return list(load("duplicate-id").check(Portfolio(entries[0], PortfolioIndex(entries))))

    def test_the_offered_id_is_free(self) -> None:
        (found,) = self.found(["x", "x", "x-2", "x-3"], ["a.yaml", "b.yaml", "c.yaml", "d.yaml"])
        assert "`id: x-4`" in found.advice.text
        assert found.related[0].plan == "b.yaml"
        assert found.related[0].document == 1

    def test_documents_of_one_file_are_told_apart(self) -> None:
        (found,) = self.found(["x", "x"], ["a.yaml", "a.yaml"])
        assert found.message == "the id x is also used in document 2 of this file"

    def test_a_plan_without_an_id_shares_it_with_nobody(self) -> None:
        entries = [entry_of(plan_of({**sound_value(), "id": None}), path, 0) for path in ("a", "b")]
        assert list(load("duplicate-id").check(Portfolio(entries[0], PortfolioIndex(entries)))) == []


@pytest.mark.parametrize("written", ["1.10", "0123", "0x1F", "1e3", "12.0e1", "+7"])
def test_a_number_that_should_be_a_text_is_quoted_as_it_stands(written: str) -> None:
    (found,) = findings_in("valid-plan", sound_text().replace("revision: web-8841", f"revision: {written}"))
    assert found.message == f"revision: {written} is not a text"
    assert found.advice.text == f'set `revision: "{written}"`'


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("id", "007", "007"),
        ("unit", "1.50", "1.50"),
        ("data_access", "1.0e2", "1.0e2"),
        ("owner", "0.10", "0.10"),
    ],
)
def test_any_message_shows_a_number_as_it_stands(key: str, value: str, written: str) -> None:
    found = findings_in("valid-plan", json.dumps({**sound_value(), key: "HERE"}).replace('"HERE"', value))
    assert written in found[0].message + found[0].advice.text


@pytest.mark.parametrize("unseen", ["\0", "\x1b", "\u200b"])
def test_a_character_that_nobody_sees_is_one_finding(unseen: str) -> None:
    found = findings("valid-plan", {"owner": {"dri": f"@pdp{unseen}pm"}})
    assert [at for at, _ in said(found)] == ["/owner/dri"]
    assert found[0].advice.text


def texts(value: object, path: Path = ()) -> Iterator[Path]:
    """Where a text stands, numbers and days among them: the document holds all of them as texts."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from texts(item, (*path, at))
    elif isinstance(value, str):
        yield path


@pytest.mark.parametrize("note", ["TODO", "tbd", "FIXME: ask", "<fill in>"])
def test_a_note_in_place_of_a_value_passes_nowhere(note: str) -> None:
    sound = read_text(json.dumps(sound_value()))[0].value
    places = list(texts(sound))
    assert len(places) > 100
    for path in places:
        text = changed(json.dumps(sound), [Setting(path, note)])
        assert [each.at for each in findings_in("open-key", text)] == [path]
