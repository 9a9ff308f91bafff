"""Questions without an answer: one clear line on standard error, what to change, exit status 2."""

from __future__ import annotations

import pytest

from egp.cli.main import main
from tests.power.asking import run, run_line

RATE = "--kind proportion --baseline 12%"
MEAN = "--kind mean --baseline 10 --std-dev 3"

CASES = [
    ("--mde 30bps", "--kind is missing"),
    ("--kind proportion --mde 30bps", "--baseline is missing"),
    (RATE, "one more number is needed: the size, or the change to find"),
    (f"{RATE} --power 80%", "one more number is needed: the size, or the change to find"),
    (f"{RATE} --margin", "one more number is needed: the size, or the change to find"),
    (f"{RATE} --mde 30bps --units 10k --power 80%", "--mde, --units and --power are all given"),
    (f"{RATE} --mde 30bps --days 14 --per-day 9k --power 80%", "--mde, --days and --power are all given"),
    (f"{RATE} --mde 30bps --margin 8%", "--mde and --margin are both given"),
    (f"{RATE} --units 10k --days 14 --per-day 2k", "--units and --days both give the size"),
    (f"{RATE} --days 14", "--days alone is no size"),
    (f"{RATE} --mde 0.003", "0.3% relative is 12.000 % → 12.036 %; 0.3pp absolute is 12.00 % → 12.30 %"),
    (f"{RATE} --margin 8", "8% relative is 12.00 % → 11.04 %; 8pp absolute is 12.00 % → 4.00 %"),
    (f"{MEAN} --mde 0.5", "0.5% relative is 10.000 → 10.050; 0.5 absolute is 10.00 → 10.50"),
    (f"{RATE} --mde 40ms", "--mde 40ms cannot be a change of a metric whose baseline is 12%"),
    (f"{RATE} --mde=-30bps", "--mde -30bps is negative"),
    (f"{RATE} --mde 0%", "--mde 0% is no change at all"),
    (f"{RATE} --mde 95pp", "--mde: a rate of 0.12 cannot become 1.07"),
    (f"{RATE} --margin 15pp", "--margin: a rate of 0.12 cannot decrease by 0.15"),
    ("--kind proportion --baseline 0% --mde 1pp", "--baseline: 0.0 is not strictly between 0 and 1"),
    ("--kind proportion --baseline 0% --margin --units 9", "--baseline: 0.0 is not strictly between 0 and 1"),
    ("--kind proportion --baseline 12 --mde 1pp", "--baseline: 12 has no unit where a share is meant"),
    ("--kind mean --baseline 0 --std-dev 1 --mde 2%", "--mde 2% is relative to a baseline of 0"),
    ("--kind mean --baseline 3 --mde 2%", "--std-dev is missing: a mean needs one"),
    ("--kind mean --baseline 3 --std-dev 0 --mde 2%", "--std-dev: 0.0 is not a positive finite number"),
    (
        "--kind mean --baseline 1900ms --std-dev 3 --mde 2%",
        "--std-dev 3 and --baseline 1900ms are in different units",
    ),
    (f"{RATE} --std-dev 3 --mde 2%", "--std-dev: a proportion has its standard deviation from its baseline"),
    (f"{MEAN} --units 1", "--units: an arm of 1 leaves 0 degrees of freedom"),
    (f"{RATE} --units 3", "--units: an arm of 3 finds no change"),
    (f"{RATE} --units 0", "--units 0 is no size"),
    (f"{RATE} --units 1.5", "--units: 1.5 is not a whole number"),
    (f"{RATE} --days 0 --per-day 1k", "--days 0 is no size"),
    (f"{RATE} --mde 30bps --per-day 0", "--per-day 0 is no size"),
    (f"{RATE} --mde 30bps --power 5%", "--power: 0.05 is not between alpha = 0.05 and 1"),
    (f"{RATE} --mde 30bps --power 100%", "--power: 1.0 is not between alpha = 0.05 and 1"),
    (f"{RATE} --mde 30bps --alpha 0%", "--alpha: 0.0 is not strictly between 0 and 1"),
    (f"{RATE} --mde 30bps --weights 50,40", "--weights 50,40 sum to 90 %"),
    (f"{RATE} --mde 30bps --weights 100", "names fewer than two variants"),
    (f"{RATE} --mde 30bps --weights 100,0", "a variant without weight sees nobody"),
    (f"{RATE} --mde 30bps --weights 50,50ms", "are not shares"),
    (f"{RATE} --mde 30bps --correlation 1", "--correlation: 1.0 is not in [0, 1)"),
    (f"{RATE} --mde 30bps --correlation nan", "--correlation: nan is not a number"),
    (
        "--kind quantile --baseline 1s --std-dev 3s --mde 2% --correlation 0.5",
        "--correlation: CUPED adjusts means",
    ),
    (f"{RATE} --mde 30bps --clusters 4", "--clusters 4 is not SIZE,ICC"),
    (f"{RATE} --mde 30bps --clusters 0.5,0.1", "--clusters: 0.5 is below 1"),
    (f"{RATE} --mde 30bps --clusters 4,2", "--clusters: 2.0 is not in [0, 1]"),
    (f"{RATE} --mde 30bps --power-scope decision", "--power-scope decision needs --guardrails"),
    (f"{RATE} --mde 30bps --guardrails 1001", "--guardrails 1001 are too many"),
    (f"{RATE} --mde 30bps --looks 0", "--looks 0: 0 looks are not computed"),
    (f"{RATE} --mde 30bps --looks 61 --spending pocock", "--looks 61: 61 looks are not computed"),
    (f"{RATE} --mde 30bps --looks 50%,25%,100%", "--looks 50%,25%,100% is no schedule"),
    (f"{RATE} --mde 30bps --looks 25%,50%", "--looks 25%,50% is no schedule"),
    (f"{RATE} --mde 30bps --looks 0.01%,100% --spending obrien-fleming", "--looks: the look at 0.0001"),
    (f"{RATE} --mde 30bps --spending pocock", "--spending needs --looks"),
    (f"{RATE} --mde 30bps --looks 5 --spending hwang-shih-decani", "needs --gamma"),
    (f"{RATE} --mde 30bps --looks 5 --spending hwang-shih-decani --gamma 800", "--gamma: 800 is too extreme"),
    (f"{RATE} --mde 30bps --looks 5 --spending pocock --gamma 1", "--gamma belongs to"),
    (f"{RATE} --mde 30bps --looks 5 --always-valid", "--always-valid allows any number of looks"),
    ("--kind rate --baseline 12%", "argument --kind: invalid choice: 'rate'"),
    ("plan.yaml --mde 2%", "--mde and a plan are both given"),
    ("--policy egp:standard", "--policy serves a plan"),
]


@pytest.mark.parametrize(("arguments", "message"), CASES, ids=[arguments for arguments, _ in CASES])
def test_one_line_that_names_the_option(arguments: str, message: str) -> None:
    result = run_line(arguments)
    assert result.status == 2
    assert result.out == ""
    first, second = result.err.splitlines()
    assert first.startswith("egp: ")
    assert message in first
    assert second.startswith("  help: ")


def test_the_command_alone_says_how_to_ask() -> None:
    result = run()
    assert result.status == 2
    assert "egp power --kind KIND --baseline VALUE" in result.err
    assert "--mde 30bps" in result.err


HOSTILE = [
    "",
    " ",
    "%",
    "9" * 400,
    "1e400",
    "nan%",
    "-inf",
    "\x1b[31m1%",
    "٣%",
    "1%\n2%",
    "0x10",
    "1__0",
    "1,,2",
    "{}",
]
OPTIONS = [
    "baseline", "mde", "margin", "units", "days", "per-day", "power", "alpha", "std-dev", "weights", "correlation",
    "clusters", "guardrails", "looks", "gamma",
]  # fmt: skip


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_refused_or_answered(option: str, value: str) -> None:
    arguments = {"kind": "mean", "baseline": "10", "std-dev": "3"} | {"units": "1000"} | {option: value}
    if option == "days":
        del arguments["units"]
        arguments["per-day"] = "1000"
    result = run(*(f"--{name}={text}" for name, text in arguments.items()))
    assert "\x1b" not in result.out + result.err
    if result.status == 2:
        assert result.err.startswith("egp: ")
        assert len(result.err.splitlines()) == 2
    else:
        # Nothing was said: the smallest margin is asked for.
        assert (option, value) == ("margin", "")
        assert "rule out" in result.out


@pytest.mark.parametrize(
    "definition", ["units of the smallest variant", "control first", "all variants together"]
)
def test_help_defines_the_terms(definition: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["power", "--help"])
    assert stop.value.code == 0
    assert definition in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("baseline", ["-4USD", "-4.00USD", "-.5", "-4", "-40%", "-200ms"])
def test_a_value_may_be_negative_with_or_without_its_unit(baseline: str) -> None:
    apart = run("--kind", "mean", "--baseline", baseline, "--std-dev", "10", "--mde", "5%")
    joined = run("--kind", "mean", f"--baseline={baseline}", "--std-dev", "10", "--mde", "5%")
    assert apart == joined
    assert "expected one argument" not in apart.err


def test_another_value_with_a_dash_is_told_how_it_is_written() -> None:
    asked = run("--kind", "mean", "--baseline", "-x")
    assert asked.status == 2
    assert "--baseline=-x" in asked.err
