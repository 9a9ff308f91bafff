"""Dates of waivers are days in the policy's time zone, whichever clock the machine has."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest

from egp.cli.commands.options import judging_day
from tests.waivers.office import Office, rules_in

EXPIRES = "2023-02-16"


@pytest.mark.parametrize(
    ("instant", "holds"),
    [
        ("2023-02-16T23:59:59-08:00", True),
        ("2023-02-17T00:00:00-08:00", False),
        ("2023-02-17T07:59:59Z", True),
        ("2023-02-17T08:00:00Z", False),
        ("2023-02-17T16:59:59+09:00", True),
        ("2023-02-17T17:00:00+09:00", False),
        ("2023-02-16T23:59", True),
        ("2023-02-17T00:00", False),
        ("2023-02-16", True),
        ("2023-02-17", False),
    ],
)
def test_a_waiver_holds_until_its_day_ends_in_the_policys_time_zone(
    office: Office, instant: str, holds: bool
) -> None:
    office.waive(expires=EXPIRES)
    report = office.report(as_of=instant)
    assert (rules_in(report, waived=True) == ["stage-dwell"]) is holds
    assert office.status == (0 if holds else 1)
    assert report["as_of"] == ("2023-02-16" if holds else "2023-02-17")


def test_yesterday_a_minute_to_midnight_further_east_is_yesterday(office: Office) -> None:
    """In Auckland the day is over while much of the world still writes it."""
    office.house.edit("egp.yaml", "America/Los_Angeles", "Pacific/Auckland")
    office.waive(expires=EXPIRES)
    office.report(as_of="2023-02-16T10:59:00Z")  # 23:59 in Auckland
    assert office.status == 0
    refusal = office.refusal(as_of="2023-02-16T11:00:00Z")
    assert "it expired at the end of 2023-02-16" in refusal["message"]


@pytest.mark.parametrize("machine", ["Pacific/Auckland", "America/Los_Angeles"])
def test_today_is_the_policys(monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    monkeypatch.setenv("TZ", machine)
    time.tzset()
    try:
        far_east, far_west = judging_day(None, "Pacific/Kiritimati"), judging_day(None, "Pacific/Honolulu")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (far_east - far_west).days == 1


@pytest.mark.parametrize(
    ("stated", "timezone", "day"),
    [
        (date(2023, 2, 16), "Asia/Tokyo", date(2023, 2, 16)),
        (datetime(2023, 2, 16, 23, tzinfo=UTC), "Asia/Tokyo", date(2023, 2, 17)),
        (datetime(2023, 2, 16, 23, tzinfo=UTC), "", date(2023, 2, 16)),
        (datetime(2023, 2, 16, 23), "Asia/Tokyo", date(2023, 2, 16)),
    ],
)
def test_an_instant_falls_on_a_day(stated: date | datetime, timezone: str, day: date) -> None:
    assert judging_day(stated, timezone) == day


@pytest.mark.parametrize("command", ["rules", "policy show", "explain stage-dwell"])
def test_an_instant_chooses_the_settings_of_the_policys_day(office: Office, command: str) -> None:
    office.house.edit(
        "egp.yaml", "rules:\n", "rules:\n  stage-dwell: [{hours: 48}, {from: 2023-02-17, severity: info}]\n"
    )
    told = []
    for instant in ("2023-02-17T07:59:59Z", "2023-02-17T08:00:00Z"):
        assert office.house.egp(*command.split(), f"--as-of={instant}") == 0
        told.append(office.house.out)
    same_day = office.house.egp(*command.split(), "--as-of=2023-02-16")
    assert (same_day, told[0]) == (0, office.house.out)
    assert told[0] != told[1]


def test_without_a_day_settings_are_those_of_the_policys_today(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's day is another one all day long."""
    office.house.edit("egp.yaml", "America/Los_Angeles", "Pacific/Niue")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert office.house.egp("policy", "show") == 0
    finally:
        monkeypatch.undo()
        time.tzset()
    assert f"as of {judging_day(None, 'Pacific/Niue')}" in office.house.out
