"""Small runs whose reports are compared with what they should look like.

Their rules say what a scene wants said, so that no golden file depends on the wording of a real rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from types import ModuleType

from egp.check import check
from egp.output.report.model import Report
from egp.plan.finding import Failure, Finding, LineOfFile, NotChecked, Related, Suppression
from egp.policy.layers import ALWAYS, Layer, Origin, SettingValue
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder
from egp.rules.rule import index, rule_in
from egp.stats.values import replace
from egp.yaml import Position, Span
from tests.report.scene_rules import agreed_value, tidy_value

Said = Sequence[Finding | NotChecked]
AS_OF = date(2023, 1, 18)
POLICY = Policy(
    name="egp.yaml",
    version="2026.2",
    digest="sha256:" + "0" * 64,
    root="",
    layers=(
        Layer(
            "egp.yaml",
            {
                "agreed-value": {"severity": SettingValue("error", Origin("egp.yaml", 3))},
                "tidy-value": {"severity": SettingValue("warning", Origin("egp.yaml", 4))},
            },
        ),
    ),
)


@dataclass(frozen=True)
class Scene:
    """A plan, and what the two rules say about it."""

    plan: str
    agreed: Said = ()
    tidy: Said = ()
    path: str = "experiments/buy-now.yaml"
    failures: Sequence[Failure] = field(default=())
    waived: Mapping[str, Suppression] = field(default_factory=dict)
    """Rule → what lets its findings pass."""
    coming: Mapping[str, str] = field(default_factory=dict)
    """Rule → what the policy announces of it."""
    shadow: frozenset[str] = frozenset()
    """Rules whose findings have no effect."""


@contextmanager
def _saying(module: ModuleType, said: Said) -> Iterator[None]:
    module.said.extend(said)
    try:
        yield
    finally:
        module.said.clear()


@contextmanager
def scene_rules() -> Iterator[None]:
    """The rules of the scenes exist for as long as this lasts."""
    modules = {"agreed-value": agreed_value, "tidy-value": tidy_value}
    index().update({rule_id: rule_in(module, rule_id, "runtime") for rule_id, module in modules.items()})
    try:
        yield
    finally:
        for rule_id in modules:
            del index()[rule_id]


def report_of(scene: Scene) -> Report:
    """What egp finds in a scene."""
    finder = PlanFinder("/", (), "/")
    piped = finder.piped(scene.plan.encode(), scene.path)
    with _saying(agreed_value, scene.agreed), _saying(tidy_value, scene.tidy):
        report = check([piped], finder, POLICY, AS_OF, list_passes=True)
    _leave_out_what_no_policy_weighs(report)
    report.failures.extend(scene.failures)
    _weigh(report, scene)
    return report


def _weigh(report: Report, scene: Scene) -> None:
    """Waives, announces and sets apart as the scene says."""
    said = [
        replace(each, waiver=scene.waived.get(each.rule), coming=scene.coming.get(each.rule, ""))
        for each in report.diagnostics
    ]
    report.diagnostics = [each for each in said if each.rule not in scene.shadow]
    report.shadow = [each for each in said if each.rule in scene.shadow]


def _leave_out_what_no_policy_weighs(report: Report) -> None:
    """Scenes need not be whole plans."""
    report.diagnostics = [each for each in report.diagnostics if each.rule not in ALWAYS]
    report.unchecked = [each for each in report.unchecked if each.rule not in ALWAYS]
    report.passed = sum(each.rule not in ALWAYS for each in report.passes)
    report.passes = []


PLAN = """\
id: buy-now
type: superiority
schedule: {start: 2023-01-23, end: 2023-01-27}
variants:
  - {id: control, weight: 50%}
  - {id: buy_now, weight: 40%}
"""

HOSTILE = (
    "\x1b[31mred\x1b[0m ::error::owned ##[stop-commands]x | `a` **b** <script>alert(1)</script> ]]> &amp; @everyone "
    "[x](https://evil.example) www.evil.example #1 %0A::warning::owned\n::error file=a,line=1::owned\r\u202e\x00\ufffe\ud800"
)
"""What somebody would write into a plan who wants a report to say or do something else."""
HOSTILE_PATH = f"experiments/{HOSTILE}/a:b,c%d é.yaml".replace("\x00", "").replace("\ud800", "\udcff")
"""The same as far as a file system takes it, with a byte that is not UTF-8."""

SCENES = {
    "nothing-found": Scene(PLAN),
    "error-and-warning": Scene(
        PLAN,
        agreed=[
            Finding(
                ("schedule", "end"),
                "the plan runs 5 days at full exposure; the policy requires 14",
                observed="5 days",
                required="14 days",
                help="set `end: 2023-02-05`",
            )
        ],
        tidy=[Finding(("type",), "superiority is a long word", help="say it shorter")],
    ),
    "missing-key": Scene(
        PLAN,
        agreed=[Finding(("schedule", "timezone"), "the plan names no time zone", help="add `timezone:`")],
    ),
    "value-over-many-lines": Scene(
        PLAN,
        agreed=[
            Finding(
                ("variants",),
                "the weights add up to 90 %",
                observed="90 %",
                required="100 %",
                help="raise one",
            )
        ],
    ),
    "related-place": Scene(
        PLAN + "layer: buttons\nfeature_flag: buttons\n",
        agreed=[
            Finding(
                ("feature_flag",),
                "the flag has the name of the layer",
                help="give one of the two another name",
                related=(Related(("layer",), "the layer"),),
            )
        ],
    ),
    "same-place": Scene(
        PLAN,
        agreed=[
            Finding(
                ("schedule", "end"), "the run is short", "5 days", "14 days", help="set `end: 2023-02-05`"
            ),
            Finding(("layer",), "the plan names no layer", help="add `layer:`"),
        ],
        tidy=[
            Finding(
                ("schedule", "end"),
                "the run ends on a Friday",
                "Friday",
                "Sunday",
                help="let it end on a Sunday",
                related=(Related(("schedule", "start"), "it starts on a Monday"),),
            ),
            Finding(("owner",), "the plan names no owner", help="add `owner:`"),
        ],
    ),
    "not-filled-in": Scene(
        "id: buy-now\ntitle:   # TODO\nlayer:\nrisk:\nrevision:\nowner: {team: , dri: x}\nunit: user\n",
        agreed=[
            Finding(
                ("revision",), "the plan does not say which build is tested, so that nobody can repeat it"
            ),
            Finding(("owner", "team"), "the owner names no team"),
            Finding(("unit",), "the unit is not the one that is agreed", help="set `unit: account`"),
        ],
        tidy=[Finding((key,), f"{key} is left open") for key in ("title", "layer", "risk")],
    ),
    "span-of-the-text": Scene(
        "id: buy-now\nhypothesis: >-\n  A button that stays\n  lifts the rate.\nlayer: pdp\n",
        agreed=[
            Finding(Span(Position(3, 5), Position(4, 8)), "two lines belong together", observed="two lines")
        ],
    ),
    "long-message": Scene(
        PLAN,
        agreed=[
            Finding(
                ("schedule", "end"),
                "the plan runs for five days, and the policy requires fourteen consecutive days at full exposure, so that "
                "every weekday is covered twice and nobody decides on a Monday",
                observed="5 days from Monday to Friday, no weekend among them",
                required="14 consecutive days at full exposure",
                help="set `end: 2023-02-05`, or require less exposure over more days; a shorter run needs another policy",
            )
        ],
    ),
    "long-line": Scene(
        "id: buy-now\nowner: {team: pdp, dri: '@pdp-pm', contact: '#pdp-experiments-on-the-product-detail-page'}; ".replace(
            "; ", "\n"
        )
        + "rollback: {method: feature_flag, to: control, owner: '@pdp-oncall-in-the-west', max_minutes: 1500, "
        "comms: comms/rollback-of-the-persistent-button.md}\n",
        agreed=[
            Finding(
                ("rollback", "max_minutes"),
                "a day is too long",
                observed="1500",
                required="60",
                help="say 60",
            )
        ],
        tidy=[
            Finding(("rollback", "comms"), "a long name", help="shorten it"),
            Finding(("rollback", "method"), "a short name", help="lengthen it"),
        ],
    ),
    "wide-characters": Scene(
        "id: buy-now\ntitle: 購入ボタン\nlayer: e\u0301te\u0301\nowner: {team: 検索チーム, dri: '😀 pm', contact: '#abc'}\n",
        agreed=[
            Finding(
                ("owner", "team"),
                "the team 検索チーム is unknown",
                observed="検索チーム",
                required="pdp",
                help="say pdp",
            ),
            Finding(("owner", "contact"), "behind wide characters", observed="#abc", help="move it"),
        ],
        tidy=[
            Finding(
                ("layer",),
                "letters with accents of their own",
                observed="e\u0301te\u0301",
                help="compose them",
            )
        ],
    ),
    "not-checked": Scene(PLAN, tidy=[NotChecked(("statistics", "power"))]),
    "missing-input": Scene(
        PLAN, agreed=[NotChecked(("statistics", "power"))], tidy=[NotChecked(("statistics", "power"))]
    ),
    "waived": Scene(
        PLAN,
        agreed=[
            Finding(
                ("schedule", "end"),
                "the plan runs 5 days at full exposure; the policy requires 14",
                "5 days",
                "14 days",
                help="set `end: 2023-02-05`",
            )
        ],
        tidy=[Finding(("type",), "superiority is a long word", help="say it shorter")],
        waived={
            "agreed-value": Suppression(
                "waiver",
                LineOfFile("waivers.yaml", 4),
                "the sale ends on Friday",
                "EXP-7",
                "@xp-lead",
                "experimentation_lead",
                date(2023, 1, 16),
                date(2023, 2, 1),
            ),
            "tidy-value": Suppression("baseline", LineOfFile("egp-baseline.yaml", 3)),
        },
    ),
    "waived-by-hostile-words": Scene(
        PLAN,
        agreed=[Finding(("schedule", "end"), HOSTILE)],
        waived={
            "agreed-value": Suppression(
                "waiver", LineOfFile(f"experiments/{HOSTILE}.yaml", 4), HOSTILE, HOSTILE, HOSTILE
            )
        },
    ),
    "shadow": Scene(
        PLAN,
        agreed=[
            Finding(
                ("schedule", "end"), "the run is short", "5 days", "14 days", help="set `end: 2023-02-05`"
            )
        ],
        tidy=[Finding(("type",), "superiority is a long word", help="say it shorter")],
        coming={"tidy-value": "becomes an error on 2026-12-01"},
        shadow=frozenset({"agreed-value"}),
    ),
    "hostile": Scene(
        PLAN,
        agreed=[
            Finding(
                ("schedule", "end"),
                f"end: {HOSTILE}",
                HOSTILE,
                HOSTILE,
                help=HOSTILE,
                related=(Related(("schedule", "start"), HOSTILE),),
            ),
        ],
        tidy=[NotChecked(("statistics", HOSTILE))],
        path=HOSTILE_PATH,
        failures=[
            Failure(HOSTILE, HOSTILE, "", Span(Position(1, 1), Position(1, 3)), HOSTILE, HOSTILE),
        ],
        coming={"agreed-value": HOSTILE},
    ),
    "could-not-judge": Scene(
        PLAN,
        failures=[
            Failure("nowhere.yaml", "there is no such file or folder"),
            Failure("plans", "no plan in this folder", help="plans end in .yaml or .yml"),
            Failure(
                "egp.yaml",
                "the policy is invalid: there is no rule `minimum-runtme`, did you mean `minimum-runtime`?",
                "",
                Span(Position(12, 3), Position(12, 17)),
                "  minimum-runtme: {severity: error}",
                "`egp rules` lists all rules",
            ),
        ],
    ),
}
WIDTHS = (40, 60, 100)
