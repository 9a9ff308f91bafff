"""What an expression speaks of, read from its text."""

from __future__ import annotations

import pytest

from egp.rules.custom.expression import EACH, first_path, missing_path, spoken


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("plan.id == 'x'", [("id",)]),
        ("plan.owner.dri.size() > 1", [("owner", "dri")]),
        ("plan['owner'][\"dri\"] == plan.ramp[0].treated", [("owner", "dri"), ("ramp", 0, "treated")]),
        ("'plan.title' == plan.id // plan.layer", [("id",)]),
        ("plan.sign_offs.exists(s, s.role == 'legal')", [("sign_offs",), ("sign_offs", EACH, "role")]),
        (
            "plan.ramp.filter(r, r.treated != '').all(q, q.min_dwell != '')",
            [("ramp",), ("ramp", EACH, "treated"), ("ramp", EACH, "min_dwell")],
        ),
        ("plan.a.all(x, x.b.all(y, y.c))", [("a",), ("a", EACH, "b"), ("a", EACH, "b", EACH, "c")]),
        ("plan.a.map(x, x).all(y, y.c)", [("a",)]),
        ("plan['a'][0].b[plan.c]", [("a", 0, "b"), ("c",)]),
        ("tier == 'critical'", []),
        ("{'plan': 1}.plan == 1", []),
    ],
)
def test_paths_of_an_expression(expression: str, paths: list[tuple[object, ...]]) -> None:
    assert list(spoken(expression).paths) == paths


def test_strings_and_comments_say_nothing() -> None:
    assert spoken("r'plan.a' == '''plan.b''' // plan.c").paths == ()


def test_names_that_loops_declare() -> None:
    assert spoken("[1].all(a, plan.x.map(b, b).exists(c, c == a))").declared == {"a", "b", "c"}


def test_the_first_path_ends_where_a_loop_begins() -> None:
    assert first_path("plan.sign_offs.exists(s, s.role == 'legal')") == ("sign_offs",)
    assert first_path("tier == 'x' || plan.owner.dri == 'y'") == ("owner", "dri")
    assert first_path("tier == 'x'") == ()


PLAN = {"owner": {"dri": "@a"}, "ramp": [{"treated": "5%", "min_dwell": "48h"}, {"treated": "9%"}]}


@pytest.mark.parametrize(
    ("expression", "key", "path"),
    [
        ("plan.owner.team == 'x'", "team", ("owner", "team")),
        ("plan.owner.dri == plan.layer", "layer", ("layer",)),
        ("plan.ramp.all(r, r.min_dwell != '')", "min_dwell", ("ramp", 1, "min_dwell")),
        ("plan.ramp.filter(r, true).all(r, r.min_dwell != '')", "min_dwell", ("ramp", 1, "min_dwell")),
        ("plan.holdout.share == ''", "holdout", ("holdout",)),
        ("{'a': 1}['b'] == 1", "b", None),
        ("plan.owner.dri == 'x'", "dri", None),
    ],
)
def test_where_a_plan_lacks_a_key(expression: str, key: str, path: tuple[object, ...] | None) -> None:
    assert missing_path(expression, key, PLAN) == path


def test_a_million_places_are_not_all_searched() -> None:
    plan = {"a": [{"b": [{"c": 1}] * 1000}] * 1000}
    assert missing_path("plan.a.all(x, x.b.all(y, y.c == 1 || y.d == 1))", "zzz", plan) is None
