"""The digest: any benign edit keeps it, any material edit changes it, and no release of egp changes it."""

from __future__ import annotations

import json
import random
import re
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egp.plan.digest import _order, json_text, plan_digest
from egp.plan.experiment import Experiment, declarations
from egp.plan.typed_reader import TypedMapping, required_type
from egp.yaml import Path, pointer
from tests.integrity.editing import (
    at,
    leaves,
    other_plans,
    parts,
    plan_of,
    text_of,
    value_of,
    with_value,
    without,
)

TEXT = text_of("every-field")
VALUE = value_of(TEXT)
DIGEST = plan_digest(plan_of(VALUE))

GOLDEN = {
    "many-fields": "v1:sha256:d36152271ca0836c07c59e3f6b6d279cc209c32caa65f52da4f26e520b210bdd",
    "least": "v1:sha256:a48eba551a17ed5f3da87f9c43cd1733cfa5808b40e92a9e1f4e9e340c5f2fd3",
    "far-letters": "v1:sha256:bbd97e7eaeb3a5cf1f6fdb7b234c6137bc81390eda27dd2a09b4cd25a81e43b6",
}
"""Locks of other people's repositories hold such digests. They change with the version of the form, or never."""


def digest(text: str) -> str:
    return plan_digest(plan_of(value_of(text)))


def is_benign(path: Path) -> bool:
    keys = tuple(step for step in path if isinstance(step, str))
    above = [
        declarations().get(keys[:length]) for length in range(1, len(keys) + 1)
    ]  # None for a name in a mapping
    return any(each is not None and each.weight == "benign" for each in above)


def named(path: Path) -> str:
    return pointer(path)


@pytest.mark.parametrize("name", GOLDEN)
def test_digests_of_old_plans_stay(name: str) -> None:
    assert digest(text_of(name)) == GOLDEN[name]


def shapes(shape: type[TypedMapping]) -> dict[str, type[TypedMapping]]:
    """Every kind of part of a plan, by its name."""
    found = {shape.__name__: shape}
    for _, _, annotation, _ in shape.fields():
        members = [required_type(annotation), *getattr(required_type(annotation), "__args__", ())]
        for member in members:
            if isinstance(member, type) and issubclass(member, TypedMapping) and member.__name__ not in found:
                found.update(shapes(member))
    return found


INSTEAD = {"Holdout.of"}
"""What a plan says instead of other keys: its holdout is the policy's then, whose digests tests/metrics/test_holdouts.py compares."""


def test_the_tested_plan_has_every_field() -> None:
    asked = {f"{name}.{key}" for name, shape in shapes(Experiment).items() for key, *_ in shape.fields()}
    assert asked - fields_in(plan_of(VALUE)) == INSTEAD


def fields_in(value: object) -> set[str]:
    if isinstance(value, tuple):
        return {field for item in value for field in fields_in(item)}
    if not isinstance(value, TypedMapping):
        return set()
    found: set[str] = set()
    for key, attribute, _, declared in type(value).fields():
        item = getattr(value, attribute)
        if item != declared.default:
            found |= {f"{type(value).__name__}.{key}"} | fields_in(item)
    return found


ONE_WORD = ("design", "any_harm")
"""Keys that have one value, or none."""


@pytest.mark.parametrize("path", list(leaves(VALUE)), ids=named)
def test_another_value_is_another_digest_if_it_is_material(path: Path) -> None:
    others = list(other_plans(VALUE, path))
    if path[-1] in ONE_WORD:
        return  # there is no other word for it
    assert others
    digests = {plan_digest(plan) for plan in others}
    assert digests == {DIGEST} if is_benign(path) else DIGEST not in digests


NEEDED = [("type",), ("variants",), ("schedule",), ("primary_metric",)]
"""Without these, and without an id, nothing can be read."""


@pytest.mark.parametrize(
    "path",
    [path for path in (*leaves(VALUE), *parts(VALUE)) if path not in NEEDED and path[-1] != "id"],
    ids=named,
)
def test_what_is_taken_away_is_missed_if_it_is_material(path: Path) -> None:
    assert (plan_digest(plan_of(without(VALUE, path))) == DIGEST) is is_benign(path)


@pytest.mark.parametrize(
    "path", [path for path in parts(VALUE) if isinstance(at(VALUE, path), list)], ids=named
)
def test_an_item_that_stands_there_twice_is_another_plan(path: Path) -> None:
    items = at(VALUE, path)
    assert isinstance(items, list)
    assert (plan_digest(plan_of(with_value(VALUE, path, [*items, items[0]]))) == DIGEST) is is_benign(path)


def shuffled(value: object, chance: random.Random, path: Path = ()) -> object:
    """The same plan in another order: of keys everywhere, of items where order says nothing."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance, (*path, key)) for key in keys}
    if isinstance(value, list):
        items = [shuffled(item, chance, path) for item in value]
        if path != ("ramp",):
            chance.shuffle(items)
        return items
    return value


NAMED_BY_OTHERS = ("values", "where")
"""Mappings whose keys are names, and none of them one's own."""


def scattered(value: object, chance: random.Random) -> object:
    """The same with keys of one's own in every mapping."""
    if isinstance(value, dict):
        own = {f"x-{chance.randrange(9)}": chance.choice([1, "text", [2], {"id": "x"}, None])}
        whole = {
            key: item if key in NAMED_BY_OTHERS else scattered(item, chance) for key, item in value.items()
        }
        return {**own, **whole}
    return [scattered(item, chance) for item in value] if isinstance(value, list) else value


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_order_quotes_style_and_own_keys_say_nothing(seed: int) -> None:
    chance = random.Random(seed)
    edited = scattered(shuffled(VALUE, chance), chance)
    assert (
        digest(json.dumps(edited, indent=chance.choice([None, 1, 4]), ensure_ascii=chance.random() < 0.5))
        == DIGEST
    )


def test_the_order_of_the_ramp_says_something() -> None:
    ramp = at(VALUE, ("ramp",))
    assert isinstance(ramp, list)
    assert plan_digest(plan_of({**VALUE, "ramp": ramp[::-1]})) != DIGEST


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_comments_blank_lines_and_line_ends_say_nothing(data: st.DataObject) -> None:
    lines = TEXT.split("\n")
    number = data.draw(st.integers(0, len(lines) - 1))
    if not lines[number].startswith(("  A persistent", "  while shoppers", "owner")):  # there they are words
        lines.insert(number, data.draw(st.sampled_from(["# agreed", "", "   # why"])))
    text = data.draw(st.sampled_from(["\n", "\r\n", "\r"])).join(lines)
    assert digest(text) == DIGEST


def replaced(old: str, new: str) -> str:
    assert TEXT.count(old) >= 1, old
    return TEXT.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mde: 45bps", "mde: 0.45pp"),
        ("mde: 45bps", "mde: 45.0 bps"),
        ("mde: 45bps", "mde: 0.0045 abs"),
        ("baseline: 12%", "baseline: 0.12"),
        ("exposure: 90%", "exposure: 0.9"),
        ("alpha: 5%", "alpha: 5.00%"),
        ("limit: {max: 2100ms}", "limit: {max: 2.1s}"),
        ("non_inferiority_margin: 40ms", "non_inferiority_margin: 0.04s"),
        ("min_dwell: 48h", "min_dwell: 2d"),
        ("pre_period: 28d", "pre_period: 4w"),
        ("within: 24h", "within: 1440min"),
        ("140_000", "140k"),
        ("340_000", "340000"),
        ("units_per_week: 3.2M", "units_per_week: 3_200_000"),
        ("floor: 0.08 USD", "floor: 0.080USD"),
        ("max_minutes: 15", "max_minutes: 15.0"),
        ("spending_parameter: -4", "spending_parameter: -4.0"),
        ("p_success: 0.40", "p_success: 40%"),
        ("start: 2023-01-23T08:00:00-08:00", "start: 2023-01-23T16:00:00Z"),
        ("start: 2023-01-23T08:00:00-08:00", "start: 2023-01-23 17:00:00.000+01:00"),
        ("pauses: [2023-01-28/2023-01-29]", "pauses: [2023-01-28 / 2023-01-29]"),
        ("as_of: 2023-01-10", 'as_of: "2023-01-10"'),
        ("{mean: 0.5%, std_dev: 1%}", "{std_dev: 1%, mean: 0.5%}"),
        (", because the offer", ",\n  because   the offer"),
        ("hypothesis: >-", "hypothesis: |"),
        ("scroll.\nowner", "scroll.\n\n\nowner"),
        ("id: buy_now, weight: 50%,", "id: buy_now, weight: 50%, control: false,"),
        ("diagnostic_segments: [device]", "diagnostic_segments:\n  - &d device\nx-same: *d"),
    ],
)  # fmt: skip
def test_the_same_in_other_words(old: str, new: str) -> None:
    text = replaced(old, new)
    assert text != TEXT
    assert digest(text) == DIGEST


@pytest.mark.parametrize("nothing", ["0%", "0pp", "0bps", "-0.0pp", "0 abs"])
def test_no_change_is_the_same_in_every_unit(nothing: str) -> None:
    zero, another = digest(replaced("min_ci_lower: 0.1%", "min_ci_lower: 0%")), f"min_ci_lower: {nothing}"
    assert digest(replaced("min_ci_lower: 0.1%", another)) == zero != DIGEST


def test_an_accent_is_the_same_however_it_is_encoded() -> None:
    one, two = (
        replaced("Only a gain ships.", f'"Only a {word} ships."') for word in ("pr\u00e9cis", "pre\u0301cis")
    )
    assert one != two
    assert digest(one) == digest(two)


def test_names_that_look_alike_are_not_the_same_name() -> None:
    one, two = (replaced("id: refunds", f'id: "{word}"') for word in ("caf\u00e9", "cafe\u0301"))
    assert digest(one) != digest(two)


def test_an_answer_that_is_empty_is_an_answer() -> None:
    assert digest(replaced("risk: [revenue, brand]", "risk: []")) != digest(
        replaced("risk: [revenue, brand]\n", "")
    )


def test_an_empty_list_is_no_list_where_that_is_the_default() -> None:
    assert digest(replaced("segments: [new_users, returning_users]", "segments: []")) == digest(
        replaced("segments: [new_users, returning_users]\n", "")
    )


def test_relative_and_absolute_changes_differ() -> None:
    assert digest(replaced("mde: 45bps", "mde: 0.45%")) != DIGEST


def test_without_a_zone_the_offset_decides_the_day() -> None:
    instants = ("2023-01-23T23:00:00-08:00", "2023-01-24T07:00:00Z")
    zoned = {digest(replaced("start: 2023-01-23T08:00:00-08:00", f"start: {each}")) for each in instants}
    text = replaced("  timezone: America/Los_Angeles\n", "")
    free = {digest(text.replace("start: 2023-01-23T08:00:00-08:00", f"start: {each}")) for each in instants}
    assert (len(zoned), len(free)) == (1, 2)


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_instants_at_the_ends_of_the_calendar_have_a_form(instant: str) -> None:
    assert digest(replaced("start: 2023-01-23T08:00:00-08:00", f"start: {instant}")) != DIGEST


@pytest.mark.parametrize("number", ["1e300", "-1e300", "5e-324", "0.1", "123456789.5"])
def test_numbers_of_every_size_have_a_form(number: str) -> None:
    assert digest(replaced("max_minutes: 15", f"max_minutes: {number}")) != DIGEST


def test_the_form_that_the_page_describes_is_the_one_that_is_digested() -> None:
    page = (FilePath(__file__).parents[2] / "docs" / "digest.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(yaml|json|text)\n(.*?)\n```", page, re.DOTALL))
    assert blocks["text"] == f"v1:sha256:{sha256(blocks['json'].encode()).hexdigest()}"
    assert blocks["text"] == digest(blocks["yaml"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
)


@given(JSON)
def test_the_form_is_written_as_json_writes_it(value: Any) -> None:
    assert json_text(value) == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@given(st.lists(JSON, max_size=6))
def test_items_are_in_the_order_in_which_they_were_in_the_first_release(items: list[Any]) -> None:
    """Which was that of their texts with spaces, and with letters beyond ASCII escaped."""
    assert sorted(items, key=_order) == sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
