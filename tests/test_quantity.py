"""Quantities: what people write, what it means, and what is refused with which advice."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.plan import quantity
from egp.plan.quantity import Interval, Measure, MetricChange, QuantityError, shown

PACIFIC = timezone(timedelta(hours=-8))
HUGE = "9" * 400


@pytest.mark.parametrize(
    ("text", "fraction"),
    [
        ("50%", 0.5), (" 50 % ", 0.5), ("+5%", 0.05), ("0.1%", 0.001), ("33.33%", 0.3333), ("0%", 0.0), ("100%", 1.0),
        ("1/3", 1 / 3), (" 2 / 5 ", 0.4), ("1/1", 1.0), ("0/4", 0.0), ("0.5", 0.5), (0.5, 0.5), (0, 0.0), (1e-7, 1e-7), ("1_0%", 0.1),
    ],
)  # fmt: skip
def test_share(text: object, fraction: float) -> None:
    assert quantity.share(text) == fraction


@pytest.mark.parametrize(
    ("text", "complaint", "advice"),
    [
        (50, "50 has no unit where a share is meant", "write 50%"),
        ("1", "1 has no unit where a share is meant", "write 1%"),
        ("101%", "101% is outside 0% to 100%", "between 0% and 100%"),
        ("-5%", "-5% is outside 0% to 100%", "between 0% and 100%"),
        (-0.5, "-0.5 is outside 0% to 100%", "between 0% and 100%"),
        ("4/3", "4/3 is more than a whole", "write a fraction such as 1/3"),
        ("1/0", "1/0 is not a share", "as in 50%"),
        ("1/12345", "1/12345 is not a share", "as in 50%"),
        ("5pp", "5pp is not a share", "write 5% if a share is meant"),
        ("half", "half is not a share", "as in 50%"),
        (True, "true is not a share", "as in 50%"),
        (None, "null is not a share", "as in 50%"),
        ([], "a list is not a share", "as in 50%"),
        ({}, "a mapping is not a share", "as in 50%"),
        ("", '"" is not a share', "as in 50%"),
        (math.nan, "nan is not a share", "as in 50%"),
        (math.inf, "inf is not a share", "as in 50%"),
    ],
)
def test_what_is_no_share(text: object, complaint: str, advice: str) -> None:
    _refused(quantity.share, text, complaint, advice)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (340_000, 340_000), ("340_000", 340_000), ("1_200_000", 1_200_000), ("1.2M", 1_200_000), ("3.5k", 3500),
        ("3K", 3000), ("2 M", 2_000_000), ("1.5B", 1_500_000_000), (0, 0), (5.0, 5), (1e5, 100_000), ("0.0003M", 300),
    ],
)  # fmt: skip
def test_count(text: object, number: int) -> None:
    result = quantity.count(text)
    assert result == number
    assert isinstance(result, int)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1.5", "1.5 is not a whole number"),
        ("1.2345k", "1.2345k is not a whole number"),
        (-1, "-1 is not a whole number"),
        ("12%", "12% is not a count"),
        ("1.2m", "1.2m is not a count"),
        ("1,200", "1,200 is not a count"),
        ("_1", "_1 is not a count"),
        ("1__0", "1__0 is not a count"),
        (True, "true is not a count"),
    ],
)
def test_what_is_no_count(text: object, complaint: str) -> None:
    _refused(quantity.count, text, complaint, "340_000 or 1.2M")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("48h", timedelta(hours=48)), ("14d", timedelta(days=14)), ("2w", timedelta(days=14)), ("0d", timedelta()),
        ("90 min", timedelta(minutes=90)), ("1.5h", timedelta(minutes=90)), ("30s", timedelta(seconds=30)),
        ("250ms", timedelta(milliseconds=250)),
    ],
)  # fmt: skip
def test_duration(text: str, length: timedelta) -> None:
    assert quantity.duration(text) == length


@pytest.mark.parametrize(
    ("text", "complaint", "advice"),
    [
        (14, "14 has no unit", "write 14d, 14h"),
        ("14 days", "14 days is not a length of time", "48h, 14d or 2w"),
        ("-1d", "-1d is not a length of time a plan can have", "48h, 14d or 2w"),
        ("900_000d", "900_000d is not a length of time a plan can have", "48h, 14d or 2w"),
        ("1e3d", "1e3d is not a length of time", "48h, 14d or 2w"),
        (None, "null is not a length of time", "48h, 14d or 2w"),
    ],
)
def test_what_is_no_duration(text: object, complaint: str, advice: str) -> None:
    _refused(quantity.duration, text, complaint, advice)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("12%", 0.12, "share"), ("1900ms", 1.9, "s"), ("1.9s", 1.9, "s"), ("15us", 15e-6, "s"),
        ("0.52 USD", 0.52, "USD"), ("0.52USD", 0.52, "USD"), (0.042, 0.042, ""), ("0.042", 0.042, ""), (-3, -3.0, ""),
    ],
)  # fmt: skip
def test_measure(text: object, value: float, unit: str) -> None:
    measure = quantity.measure(text)
    assert (measure.value, measure.unit) == (value, unit)
    assert str(measure) == str(text)


@pytest.mark.parametrize("text", ["12 parsecs", "3d", "0.5 usd", "5pp"])
def test_what_is_no_measure(text: str) -> None:
    _refused(quantity.measure, text, f"{text} has a unit egp does not know", "12%, 1900ms, 0.52 USD")


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("8%", 0.08, "relative"), ("-5%", -0.05, "relative"), ("45bps", 0.0045, "points"), ("1bp", 0.0001, "points"),
        ("0.8pp", 0.008, "points"), ("40ms", 0.04, "s"), ("0.02 USD", 0.02, "USD"), ("3 abs", 3.0, "abs"),
        ("0%", 0.0, "relative"),
    ],
)  # fmt: skip
def test_change(text: str, value: float, unit: str) -> None:
    change = quantity.change(text)
    assert (change.value, change.unit) == (value, unit)
    assert change.relative == (unit == "relative")


@pytest.mark.parametrize("bare", [0.003, "0.003", 3, "-1", 0])
def test_a_bare_number_is_an_ambiguous_change(bare: object) -> None:
    with pytest.raises(QuantityError, match="has no unit where a change is meant") as refusal:
        quantity.change(bare)
    assert refusal.value.kind == "ambiguous"
    assert "5% for a relative change" in refusal.value.advice
    assert "0.5pp or 50bps for an absolute change" in refusal.value.advice


@pytest.mark.parametrize("text", ["5 percent", "5permil", "2d", "1.2M"])
def test_what_is_no_change(text: str) -> None:
    with pytest.raises(QuantityError, match="has a unit egp does not know") as refusal:
        quantity.change(text)
    assert refusal.value.kind == "quantity"


def test_a_relative_change_is_a_part_of_the_baseline_whatever_its_sign() -> None:
    assert quantity.change("10%").absolute(-2.0) == pytest.approx(0.2)
    assert quantity.change("10%").absolute(2.0) == pytest.approx(0.2)
    assert quantity.change("30bps").absolute(0.12) == 0.003


def test_the_same_quantity_in_other_words_is_equal() -> None:
    assert quantity.change("30bps") == quantity.change("0.3pp")
    assert quantity.measure("1900ms") == quantity.measure("1.9s")
    assert quantity.change("3%") != quantity.change("3pp")


@pytest.mark.parametrize("text", ["0.52", "0.52 usd", "0.52 dollars", "52%", 0.52])
def test_money_names_its_currency(text: object) -> None:
    _refused(quantity.money, text, "names no currency", "as in 0.52 USD")


def test_money() -> None:
    assert quantity.money(" 0.00003 USD ") == Measure(0.00003, "USD", "0.00003 USD")


def test_moment() -> None:
    assert quantity.moment("2023-01-23") == date(2023, 1, 23)
    assert quantity.moment("2023-01-23T08:00:00-08:00") == datetime(2023, 1, 23, 8, tzinfo=PACIFIC)
    assert quantity.moment("2023-01-23 08:00:00-08:00") == datetime(2023, 1, 23, 8, tzinfo=PACIFIC)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2023-02-30", "2023-02-30 is not a date in the calendar"),
        ("2023-01-23T25:00", "2023-01-23T25:00 is not a date in the calendar"),
        ("23.01.2023", "23.01.2023 is not a date"),
        ("2023-1-3", "2023-1-3 is not a date"),
        ("20230123", "20230123 is not a date"),
        (20230123, "20230123 is not a date"),
        ("2023-01-23 ", "2023-01-23  is not a date"),
        ("2023-W04-1", "2023-W04-1 is not a date"),
        ("", '"" is not a date'),
    ],
)
def test_what_is_no_moment(text: object, complaint: str) -> None:
    _refused(quantity.moment, text, complaint, "2023-01-23")


def test_a_day_has_no_time() -> None:
    _refused(
        quantity.day, "2023-01-23T08:00:00-08:00", "has a time where a date is meant", "write the date alone"
    )


def test_interval_has_both_ends() -> None:
    days = quantity.interval("2023-01-28 / 2023-01-29")
    assert days == Interval(date(2023, 1, 28), date(2023, 1, 29))
    assert days.days == 2
    assert date(2023, 1, 28) in days
    assert date(2023, 1, 29) in days
    assert date(2023, 1, 30) not in days
    assert str(days) == "2023-01-28 to 2023-01-29"
    assert str(quantity.interval("2023-01-28")) == "2023-01-28"


@pytest.mark.parametrize(
    ("text", "complaint", "advice"),
    [
        ("2023-01-29/2023-01-28", "ends before it starts", "write the earlier date first"),
        ("2023-01-29/", '"" is not a date', "2023-01-23"),
        (5, "5 is not a date or an interval", "2023-01-28/2023-01-29"),
    ],
)
def test_what_is_no_interval(text: object, complaint: str, advice: str) -> None:
    _refused(quantity.interval, text, complaint, advice)


READERS: list[Callable[[object], object]] = [
    quantity.share, quantity.count, quantity.duration, quantity.measure, quantity.money, quantity.change,
    quantity.moment, quantity.day, quantity.interval,
]  # fmt: skip


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("unit", ["", "%", " USD", "M", "d", "pp"])
def test_a_number_beyond_all_measure_is_refused_in_a_short_line(
    read: Callable[[object], object], unit: str
) -> None:
    beyond: tuple[object, ...] = (f"{HUGE}{unit}", f"0.{HUGE}{unit}", 10**400, -(10**400), 1e300)
    for value in beyond:
        with pytest.raises(QuantityError) as refusal:
            read(value)
        assert len(str(refusal.value)) < 150
        assert len(refusal.value.advice) < 150


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(
    value=st.one_of(
        st.text(max_size=30), st.integers(), st.floats(), st.booleans(), st.none(), st.binary(max_size=3)
    )
)
def test_hostile_values_are_read_or_refused(read: Callable[[object], object], value: object) -> None:
    result = _result_or_refusal(read, value)
    if isinstance(result, QuantityError):
        assert str(result).isprintable()
        assert result.advice
    number = result.value if isinstance(result, (Measure, MetricChange)) else result
    assert not isinstance(number, float) or math.isfinite(number)


def _result_or_refusal(read: Callable[[object], object], value: object) -> object:
    try:
        return read(value)
    except QuantityError as refusal:
        return refusal


NUMBERS = st.decimals(
    min_value="-1000000", max_value=1_000_000, places=4, allow_nan=False, allow_infinity=False
)


@given(points=st.integers(-10_000, 10_000))
def test_basis_points_are_hundredths_of_points_exactly(points: int) -> None:
    sign, whole = ("-" if points < 0 else ""), abs(points)
    assert quantity.change(f"{points}bps") == quantity.change(f"{sign}{whole // 100}.{whole % 100:02}pp")


@given(number=NUMBERS)
def test_a_percentage_is_the_float_nearest_to_its_decimal(number: object) -> None:
    assert quantity.change(f"{number}%").value == float(f"{number}e-2")


@given(number=st.integers(0, 10**15), group=st.sampled_from(["_", ","]))
def test_underscores_group_digits_and_commas_do_not(number: int, group: str) -> None:
    grouped = f"{number:,}".replace(",", group)
    if group == "_" or number < 1000:
        assert quantity.count(grouped) == number
    else:
        _refused(quantity.count, grouped, "is not a count", "340_000")


@given(thousands=st.integers(0, 10**9))
def test_thousands_and_millions_are_exact(thousands: int) -> None:
    assert quantity.count(f"{thousands}k") == thousands * 1000
    assert quantity.count(f"{thousands / 1000:.3f}M") == thousands * 1000


@given(hours=st.integers(0, 20_000))
def test_durations_in_hours_and_days_agree(hours: int) -> None:
    assert quantity.duration(f"{hours * 24}h") == quantity.duration(f"{hours}d")


@given(text=st.text())
def test_shown_is_one_short_printable_line(text: str) -> None:
    assert shown(text).isprintable()
    assert 0 < len(shown(text)) <= 60


def test_shown_replaces_what_a_terminal_would_obey() -> None:
    assert shown("a\x1b[31mb\u202ec\nd") == "a\ufffd[31mb\ufffdc\ufffdd"


def _refused(read: Callable[[object], object], value: object, complaint: str, advice: str) -> None:
    with pytest.raises(QuantityError) as refusal:
        read(value)
    assert complaint in str(refusal.value)
    assert advice in refusal.value.advice
    assert refusal.value.kind == "quantity"


@pytest.mark.parametrize("written", ["-0%", "-0.0%", "-0"])
def test_a_share_of_minus_nothing_is_refused_as_every_other_below_nothing(written: str) -> None:
    with pytest.raises(QuantityError, match="outside 0% to 100%"):
        quantity.share(written)
