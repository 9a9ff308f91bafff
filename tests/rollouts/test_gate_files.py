"""What a branch does to files of flags as a whole: moved, doubled, taken out, or with a flag that others require."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from egp.record.rollouts.reading import says_the_same
from egp.yaml import read_text
from tests.gate.calling import Call
from tests.rollouts.reading import read
from tests.rollouts.test_gate_changes import PLAN, READOUT, Shop, flag, the_move

FILE = "flags/pdp.flagd.yaml"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.take("day-14")
    return made


def answered(shop: Shop) -> Call:
    return shop.judged(READOUT)


def based(shop: Shop, files: dict[str, str], rollouts: str = "") -> None:
    """The base with other files, and rollouts of another format."""
    shop.git("checkout", "-q", "main")
    for path, text in files.items():
        shop.write(path, text)
    if rollouts:
        policy = (shop.folder / "egp.yaml").read_text(encoding="utf-8")
        shop.write("egp.yaml", f"{policy}  - {rollouts}\n")
    shop.commit()
    shop.git("checkout", "-q", "-B", "further")


def test_a_file_that_is_moved_and_serves_the_same_is_no_move(shop: Shop) -> None:
    (shop.folder / FILE).rename(shop.folder / "flags/elsewhere.flagd.yaml")
    told = answered(shop)
    assert (told.status, json.loads(told.out)["moves"]) == (0, [])


def test_a_file_that_is_moved_and_raises_is_judged(shop: Shop) -> None:
    (shop.folder / FILE).unlink()
    shop.write("flags/elsewhere.flagd.yaml", flag(90))
    told = answered(shop)
    assert (told.status, the_move(told)["outcome"]) == (1, "hold")


def test_a_file_that_is_moved_out_of_sight_cannot_be_judged(shop: Shop) -> None:
    (shop.folder / "hidden").mkdir()
    (shop.folder / FILE).rename(shop.folder / "hidden/pdp.flagd.yaml")
    assert answered(shop).status == 2


def test_a_flag_under_another_name_cannot_be_judged(shop: Shop) -> None:
    shop.write(FILE, flag(45).replace("pdp_buy_now:", "pdp_buy_later:"))
    assert answered(shop).status == 2


@pytest.mark.parametrize("raised", ["a", "b"])
def test_a_flag_that_two_files_have_is_judged_in_each(shop: Shop, raised: str) -> None:
    based(shop, {f"flags/{name}.flagd.yaml": flag(45) for name in ("a", "b")})
    for name in ("a", "b"):
        shop.write(f"flags/{name}.flagd.yaml", "# touched\n" + flag(90 if name == raised else 45))
    told = answered(shop)
    assert (told.status, the_move(told)["path"]) == (1, f"flags/{raised}.flagd.yaml")


def test_a_flag_of_which_nothing_can_be_read_before_and_after_is_not_passed(shop: Shop) -> None:
    block = (
        'resource "launchdarkly_feature_flag_environment" "x" {\n  for_each = var.flags\n  flag_id = "shop/pdp_buy_now"\n'
        '  env_key = "production"\n  on = true\n  fallthrough {\n    rollout_weights = [55000, 45000]\n  }\n}\n'
    )
    based(
        shop,
        {"flags/pdp.tf": block},
        '{files: "flags/*.tf", format: launchdarkly-terraform, environment: production}',
    )
    shop.write("flags/pdp.tf", block.replace("[55000, 45000]", "[10000, 90000]"))
    told = answered(shop)
    assert (told.status, "computed by Terraform" in told.out) == (2, True)


REQUIRING = """\
flags:
  pdp_buy_now:
    on: true
    salt: a
    variations: [{value: false, name: control}, {value: true, name: buy_now}]
    offVariation: 0
    prerequisites: [{key: checkout_v2, variation: 1}]
    fallthrough: {rollout: {variations: [{variation: 0, weight: 55000}, {variation: 1, weight: 45000}]}}
"""
REQUIRED = """\
flags:
  checkout_v2:
    on: true
    salt: b
    variations: [false, true]
    offVariation: 0
    fallthrough: {rollout: {variations: [{variation: 0, weight: 90000}, {variation: 1, weight: 10000}]}}
"""


def test_a_flag_that_others_require_moves_them_also_in_another_file(shop: Shop) -> None:
    (shop.folder / FILE).unlink()
    based(
        shop,
        {"flags/pdp.ld.yaml": REQUIRING, "flags/checkout.ld.yaml": REQUIRED},
        '{files: "flags/*.ld.yaml", format: launchdarkly, environment: production}',
    )
    wider = REQUIRED.replace("90000", "50000").replace("10000", "50000")
    shop.write("flags/checkout.ld.yaml", wider)
    told = answered(shop)
    moves = {each["flag"]: each for each in json.loads(told.out)["moves"]}
    assert told.status == 2
    assert "its prerequisite checkout_v2 changes" in str(moves["pdp_buy_now"]["reasons"])
    shop.write("flags/checkout.ld.yaml", REQUIRED.replace("on: true", "on: false"))
    assert answered(shop).status == 0, "nobody is let in by a flag that is off"


def as_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def as_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def as_link(target: str) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        file.unlink()
        file.symlink_to(target)

    return write


def with_bytes(added: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(file.read_bytes() + added)


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "a pipe": as_pipe,
    "a folder": as_folder,
    "a link to nothing": as_link("nowhere.yaml"),
    "a link out of the repository": as_link("/etc/hostname"),
    "a device": as_link("/dev/null"),
    "too large": with_bytes(b"# and so on\n" * 100_000),
    "no UTF-8": with_bytes(b"# caf\xe9\n"),
    "a zero byte": with_bytes(b"# \0\n"),
}


@pytest.mark.parametrize("damage", UNREADABLE)
def test_a_file_that_a_branch_makes_unreadable_cannot_be_judged(shop: Shop, damage: str) -> None:
    UNREADABLE[damage](shop.folder / FILE)
    assert answered(shop).status == 2
    checked = shop.egp("check", PLAN, "--as-of", "2023-02-07")
    assert checked.status == 0
    if damage not in ("a folder", "a zero byte"):  # a file that is gone, and one that is text
        assert "warning[unread-rollout]" in checked.out


@pytest.mark.parametrize("damage", UNREADABLE)
def test_a_new_file_that_nobody_can_read_cannot_be_judged(shop: Shop, damage: str) -> None:
    shop.write("flags/second.flagd.yaml", "flags: {}\n")
    UNREADABLE[damage](shop.folder / "flags/second.flagd.yaml")
    assert answered(shop).status == (0 if damage == "a folder" else 2)  # in a folder there is no flag


def test_forbidden_files_are_no_flags(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """As without the permission to read it, which the tests may have whatever the file says."""
    opened = os.open

    def refusing(path: str, *rest: object, **named: object) -> int:
        if str(path).endswith(FILE):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    assert answered(shop).status == 2


@pytest.mark.parametrize("raised", [False, True])
def test_bytes_that_are_no_text_and_stay_as_the_base_has_them(shop: Shop, raised: bool) -> None:
    (shop.folder / "flags/old.flagd.yaml").write_bytes(b"# caf\xe9\nflags: {}\n")
    shop.commit()
    shop.git("branch", "-f", "main", "HEAD")
    shop.write(FILE, flag(90 if raised else 45))
    told = answered(shop)
    assert (told.status, len(json.loads(told.out)["moves"])) == ((1, 1) if raised else (0, 0))


WAIVED = (
    "target-below-mde",
    "--reason=r",
    "--ticket=X-1",
    "--approver=@xp-lead",
    "--role=experimentation_lead",
)
CATALOGUE = """\
facts: {events: {table: events, unit: user_id, at: happened_at}}
metrics:
  sign_ups: {label: Sign-ups, kind: proportion, direction: increase, fact: events, where: {name: x}, outcome_window: 0d}
"""


@pytest.mark.parametrize("command", [("check", PLAN), ("waive", PLAN, *WAIVED, "--expires=2023-03-01")])
def test_an_entry_that_cannot_be_read_is_told_of_a_plan_that_a_catalogue_completes(
    shop: Shop, command: tuple[str, ...]
) -> None:
    policy = (shop.folder / "egp.yaml").read_text(encoding="utf-8")
    shop.write("egp.yaml", f'{policy}metrics: ["metrics.yaml"]\n')
    shop.write("metrics.yaml", CATALOGUE)
    as_pipe(next((shop.folder / "egp.lock.d").glob("*/*")))
    told = shop.egp(*command, "--as-of", "2023-02-07")
    assert (told.status, "Traceback" in told.err) == (2, False)
    assert "cannot read the lock" in told.out + told.err


NAMED_OTHERWISE = """\
flags:
  pdp_buy_now:
    on: true
    salt: a
    variations: [{value: blue}, {value: red}]
    offVariation: 0
    fallthrough: {variation: 0}
"""
LAUNCHDARKLY = '{files: "flags/*.ld.yaml", format: launchdarkly, environment: production}'


@pytest.mark.parametrize(
    "after",
    [
        "offVariation: 1\n    fallthrough: {variation: 1}",
        "offVariation: 1\n    fallthrough: {rollout: {variations: [{variation: 0, weight: 0}, {variation: 1, weight: 100000}]}}",
        "offVariation: 1\n    fallthrough: {rollout: {variations: [{variation: 0, weight: 10000}, {variation: 1, weight: 90000}]}}",
        "offVariation: 1\n    fallthrough: {variation: 0}",
    ],
)
def test_no_branch_says_which_variant_is_the_control(shop: Shop, after: str) -> None:
    (shop.folder / FILE).unlink()
    based(shop, {"flags/pdp.ld.yaml": NAMED_OTHERWISE}, LAUNCHDARKLY)
    shop.write(
        "flags/pdp.ld.yaml",
        NAMED_OTHERWISE.replace("offVariation: 0\n    fallthrough: {variation: 0}", after),
    )
    assert answered(shop).status in (1, 2)


@pytest.mark.parametrize("comment", ["# ours\n", "\n", "{}"])
def test_a_flag_whose_variants_the_plan_does_not_have_may_be_written_elsewhere(
    shop: Shop, comment: str
) -> None:
    text = (
        flag(45).replace("buy_now: true", "blue: 1, red: 2").replace("[buy_now, 45]", "[blue, 20], [red, 25]")
    )
    based(shop, {FILE: text})
    shop.write(FILE, comment + text if comment != "{}" else json.dumps(yaml_value(text)))
    assert (answered(shop).status, json.loads(answered(shop).out)["moves"]) == (0, [])


def yaml_value(text: str) -> object:
    return read_text(text, FILE)[0].value


COMPUTED = """\
locals {
  live = "staging"
}
resource "launchdarkly_feature_flag_environment" "x" {
  flag_id = "shop/pdp_buy_now"
  env_key = local.live
  on      = true
  fallthrough {
    rollout_weights = [55000, 45000]
  }
}
"""


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("locals {", "# ours\nlocals {", 0),
        ("[55000, 45000]", "[\n      55000, # the control\n      45000,\n    ]", 0),
        ('live = "staging"', 'live   =   "staging"', 0),
        ('live = "staging"', 'live = "production"', 2),
        ("[55000, 45000]", "[45000, 55000]", 2),
        ("on      = true", "on      = !true", 2),
    ],
)
def test_a_file_that_cannot_be_read_and_says_the_same_is_no_move(
    shop: Shop, old: str, new: str, status: int
) -> None:
    rollouts = '{files: "flags/*.tf", format: launchdarkly-terraform, environment: production}'
    based(shop, {"flags/pdp.tf": COMPUTED}, rollouts)
    assert old in COMPUTED
    shop.write("flags/pdp.tf", COMPUTED.replace(old, new))
    assert answered(shop).status == status


@pytest.mark.parametrize(
    ("was", "will", "is_same"),
    [
        ("a: 1", "# ours\na:   1", True),
        ("a: [b, c]", "a:\n- b\n- c", True),
        ("a: 1", "a: true", False),
        ("a: 1", 'a: "1"', False),
        ("a: [b, c]", "a: [c, b]", False),
        ("{{ x }}", "{{ x }} ", False),
        ("a: 1\na: 1", "a: 1\na: 1 # twice", False),
    ],
)
def test_values_are_compared_and_not_how_they_are_written(was: str, will: str, is_same: bool) -> None:
    assert says_the_same("flags/a.yaml", was, will) is is_same


LARGE = "# and so on\n" * 100_000 + "flags: {}\n"


def outside_of_text(shop: Shop) -> dict[str, Path]:
    """Files that are read behind a link or not at all, as the base has them."""
    shop.write("elsewhere/linked.yaml", flag(45).replace("pdp_buy_now", "linked"))
    shop.write("flags/large.flagd.yaml", LARGE)
    links = {
        "flags/linked.flagd.yaml": "../elsewhere/linked.yaml",
        "flags/nowhere.flagd.yaml": "nowhere.yaml",
        "flags/out.flagd.yaml": "/etc/hostname",
    }
    for path, target in links.items():
        (shop.folder / path).symlink_to(target)
    shop.commit()
    shop.git("branch", "-f", "main", "HEAD")
    return {path: shop.folder / path for path in (*links, "flags/large.flagd.yaml")}


def test_files_that_are_not_read_and_stay_as_they_are_are_no_move(shop: Shop) -> None:
    outside_of_text(shop)
    shop.write(FILE, "# ours\n" + flag(45))
    told = answered(shop)
    assert (told.status, json.loads(told.out)["moves"]) == (0, [])


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("flags/linked.flagd.yaml", as_link("../flags/large.flagd.yaml")),
        ("flags/linked.flagd.yaml", as_link("nowhere.yaml")),
        ("flags/nowhere.flagd.yaml", as_link("/etc/hostname")),
        ("flags/out.flagd.yaml", as_link("/etc/passwd")),
        ("flags/large.flagd.yaml", with_bytes(b"#")),
        ("flags/large.flagd.yaml", as_link("/etc/hostname")),
    ],
)
def test_files_that_are_not_read_and_are_changed_cannot_be_judged(
    shop: Shop, path: str, change: Callable[[Path], object]
) -> None:
    files = outside_of_text(shop)
    change(files[path])
    assert answered(shop).status == 2


def test_what_a_link_leads_to_is_judged(shop: Shop) -> None:
    (shop.folder / "elsewhere").mkdir()
    (shop.folder / FILE).rename(shop.folder / "elsewhere/pdp.yaml")
    (shop.folder / FILE).symlink_to("../elsewhere/pdp.yaml")
    shop.commit()
    shop.git("branch", "-f", "main", "HEAD")
    shop.write("elsewhere/pdp.yaml", flag(90))
    told = answered(shop)
    assert (told.status, the_move(told)["outcome"]) == (1, "hold")
    shop.write("flags/new.yaml", flag(90))
    (shop.folder / FILE).unlink()
    (shop.folder / FILE).symlink_to("new.yaml")
    assert answered(shop).status == 1


@pytest.mark.parametrize("name", ["0", '"off"', '"none"', '"baseline"'])
def test_what_is_called_off_is_a_treatment_where_the_default_has_another_name(shop: Shop, name: str) -> None:
    rules = f'[{{"force": {name}, "coverage": 0.45, "hashAttribute": "id", "hashVersion": 2}}]'
    text = f'{{"features": {{"pdp_buy_now": {{"defaultValue": 2.5, "rules": {rules}}}}}}}'
    line = '{files: "flags/*.gb.json", format: growthbook, environment: production}'
    (shop.folder / FILE).unlink()
    based(shop, {"flags/pdp.gb.json": text}, line)
    shop.write("flags/pdp.gb.json", text.replace("0.45", "1"))
    told = answered(shop)
    assert (told.status, the_move(told)["kind"]) == (1, "raise")


@pytest.mark.parametrize("value", ["var.colour", "local.red", '"${var.a}-b"'])
def test_a_variation_that_terraform_computes_has_the_same_name_in_every_call(value: str) -> None:
    text = (
        'resource "launchdarkly_feature_flag" "x" {\n  key = "pdp_buy_now"\n  variations {\n    value = '
        f"{value}\n  }}\n  variations {{\n    value = 2\n  }}\n}}\n"
        'resource "launchdarkly_feature_flag_environment" "x" {\n  flag_id = launchdarkly_feature_flag.x.id\n'
        '  env_key = "production"\n  on = true\n  fallthrough {\n    variation = 0\n  }\n}\n'
    )
    first, second = (read(text, "launchdarkly-terraform", "hcl").rollouts[0] for _ in range(2))
    assert first == second
    assert "object at" not in str(first)


UNKNOWN_HASH = """\
{
  "features": {
    "before": {"defaultValue": 1},
    "pdp_buy_now": {
      "defaultValue": false,
      "rules": [{"force": true, "coverage": 0.45, "hashAttribute": "id", "hashVersion": 3}]
    },
    "behind": {"defaultValue": 1}
  }
}
"""


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("0.45", "0.9", 2),
        ("0.45", "0.1", 2),
        ('"id"', '"session"', 2),
        ('"defaultValue": false', '"defaultValue":  false', 0),
    ],
)
def test_a_part_that_cannot_be_read_and_changes_is_not_passed(
    shop: Shop, old: str, new: str, status: int
) -> None:
    line = '{files: "flags/*.gb.json", format: growthbook, environment: production}'
    (shop.folder / FILE).unlink()
    based(shop, {"flags/pdp.gb.json": UNKNOWN_HASH}, line)
    assert old in UNKNOWN_HASH
    shop.write("flags/pdp.gb.json", UNKNOWN_HASH.replace(old, new))
    assert answered(shop).status == status
