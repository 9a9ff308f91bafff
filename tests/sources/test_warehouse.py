"""The warehouse gives the rows that counting gives, and gives nothing else away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from egp.plan.results import Evidence, StageCounts
from egp.plan.typed_reader import read
from egp.record.sources import ResultsError
from egp.record.sources.file import read_evidence
from egp.record.sources.tables import WarehouseTables
from egp.record.sources.warehouse.connection import connected
from egp.record.sources.warehouse.named import without_secrets
from egp.record.sources.warehouse.source import Warehouse
from tests.sources.results_folder import (
    STAGE_1,
    evidence,
    header,
    page_load,
    plan_named,
    plan_with,
    write_csv,
)
from tests.sources.warehouse_of_users import TABLES, USERS, counted, drawn_users, write_warehouse

AS_OF = "2023-02-07T08:00:00-08:00"


def from_warehouse(file: Path, head: str = "", tables: WarehouseTables = TABLES) -> Evidence:
    folder = file.parent
    (folder / "results.yaml").write_text(head or header(as_of=AS_OF), encoding="utf-8")
    source = Warehouse(f"duckdb:///{file}", tables, str(folder))
    return read_evidence(str(folder / "results.yaml"), plan_named(), str(folder), source)


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evidence]:
    """The warehouse, and the evidence of the same users counted into a file."""
    folder = tmp_path_factory.mktemp("warehouse")
    users = drawn_users()
    write_warehouse(folder / "users.db", users)
    return folder / "users.db", evidence(folder, counted(users), as_of=AS_OF)


def test_a_million_users_give_the_same_rows_as_a_file_to_the_last_digit(
    million: tuple[Path, Evidence],
) -> None:
    file, expected = million
    found = from_warehouse(file)
    assert not found.problems
    assert not expected.problems
    assert (
        sum(row.units for row in found.rows if (row.window, row.metric) == ("cohort", "refund_rate")) == USERS
    )
    assert found.rows == expected.rows
    assert found.digest == expected.digest


def small(folder: Path, exposures: str, events: str = "", at: str = "TIMESTAMP") -> Path:
    """A warehouse with a few rows, written as SQL values."""
    file = folder / "small.db"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            f"CREATE TABLE exposures (unit VARCHAR, experiment VARCHAR, variant VARCHAR, exposed_at {at})"
        )
        connection.execute(
            "CREATE TABLE events (unit VARCHAR, event VARCHAR, happened_at TIMESTAMP, value DOUBLE)"
        )
        connection.execute(f"INSERT INTO exposures VALUES {exposures}")
        if events:
            connection.execute(f"INSERT INTO events VALUES {events}")
    return file


NAMED = read(WarehouseTables, {"exposures": {"table": "exposures"}, "events": {"table": "events"}})


def served(unit: str, variant: str, at: str) -> str:
    return f"('{unit}', 'pdp-buy-now', '{variant}', '{at}')"


PAIR = f"{served('a', 'control', '2023-01-24 20:00')}, {served('b', 'control', '2023-01-24 21:00')}"


def test_what_a_warehouse_cannot_add_up_comes_from_the_file(tmp_path: Path) -> None:
    file = small(tmp_path, PAIR)
    alone = from_warehouse(file, tables=NAMED)
    write_csv(tmp_path / "quantiles.csv", [page_load(), page_load(variant="buy_now")])
    found = from_warehouse(file, header(as_of=AS_OF, more="aggregates: quantiles.csv"), NAMED)
    assert not found.problems
    assert len(found.rows) == len(alone.rows) + 2 > 2


def test_units_served_two_variants_are_left_out_and_told(tmp_path: Path) -> None:
    crossed = f"{served('c', 'control', '2023-01-24 20:00')}, {served('c', 'buy_now', '2023-01-25 20:00')}"
    found = from_warehouse(small(tmp_path, f"{PAIR}, {crossed}"), tables=NAMED)
    assert {(row.variant, row.units) for row in found.rows if row.window == "cohort"} == {("control", 2)}
    assert not found.problems
    assert found.counts == (StageCounts("test", 3, crossed=1),)


@pytest.mark.parametrize("at", ["TIMESTAMP", "TIMESTAMPTZ"])
def test_days_begin_at_midnight_of_the_plans_time_zone(tmp_path: Path, at: str) -> None:
    late = [served(unit, "control", "2023-01-24 07:59:59+00") for unit in "ab"]
    early = [served(unit, "control", "2023-01-24 08:00:00+00") for unit in "cd"]
    found = from_warehouse(small(tmp_path, ", ".join(late + early), at=at), tables=NAMED)
    days = {
        str(row.date): row.units
        for row in found.rows
        if (row.window, row.metric) == ("cohort", "refund_rate")
    }
    assert days == {"2023-01-23": 2, "2023-01-24": 2}


def test_outcomes_count_from_the_first_exposure_until_their_window_is_over(tmp_path: Path) -> None:
    events = ", ".join(
        f"('{unit}', 'refund_rate', '{at}', NULL)"
        for unit, at in (("a", "2023-01-24 19:59"), ("b", "2023-02-01 07:59"), ("c", "2023-02-01 08:00"))
    )
    rows = ", ".join(served(unit, "control", "2023-01-24 20:00") for unit in "abc")
    found = from_warehouse(small(tmp_path, rows, events), tables=NAMED)
    (cohort,) = (row for row in found.rows if (row.window, row.metric) == ("cohort", "refund_rate"))
    assert (cohort.units, cohort.sum) == (3, 1.0), "before the exposure, in the window, and after it"


def test_a_stage_has_the_units_served_in_it(tmp_path: Path) -> None:
    rows = [served(unit, "control", "2023-02-07 15:59:59") for unit in "ab"]
    rows += [served(unit, "buy_now", "2023-02-07 16:00:00") for unit in "abc"]
    head = header(as_of="2023-02-09T08:00:00-08:00", stages=[STAGE_1])
    found = from_warehouse(small(tmp_path, ", ".join(rows)), head, NAMED)
    assert not found.problems
    stages = {(row.stage, row.variant, row.units) for row in found.rows}
    assert stages == {("70%", "buy_now", 3)}, "02-07 is after the test, and before eight there was no stage"


def test_only_aggregates_leave_the_warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ibis.backends.duckdb import Backend

    fetched = []
    original = Backend.to_pyarrow

    def watched(backend: Backend, query: Any, **options: object) -> object:
        result = original(backend, query, **options)
        if hasattr(result, "schema"):  # and not a single value of the session
            fetched.append((result.schema.names, result.num_rows))
        return result

    monkeypatch.setattr(Backend, "to_pyarrow", watched)
    rows = ", ".join(served(f"u{number}", "control", "2023-01-24 20:00") for number in range(50))
    from_warehouse(small(tmp_path, rows), tables=NAMED)
    assert fetched
    assert all("unit" not in columns and rows <= 1 for columns, rows in fetched)


def test_duckdb_reads_its_own_file_and_nothing_else(tmp_path: Path) -> None:
    file = small(tmp_path, PAIR)
    (tmp_path / "secret.csv").write_text("secret\n", encoding="utf-8")
    with connected(f"duckdb:///{file}", str(tmp_path)) as session:
        for statement in (
            f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')",
            f"ATTACH '{tmp_path / 'other.db'}'",
            "SET enable_external_access = true",
            "SET lock_configuration = false",
            "DELETE FROM exposures",
            "CREATE TABLE t (a INT)",
            f"COPY exposures TO '{tmp_path / 'out.csv'}'",
        ):
            with pytest.raises(duckdb.Error):
                session.backend.raw_sql(statement)
    assert not (tmp_path / "out.csv").exists()


def test_names_are_quoted(tmp_path: Path) -> None:
    hostile = 'events"; DROP TABLE exposures; --'
    tables = read(WarehouseTables, {"exposures": {"table": "exposures"}, "events": {"table": hostile}})
    file = small(tmp_path, PAIR)
    with pytest.raises(ResultsError, match="there is no table"):
        from_warehouse(file, tables=tables)
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM exposures").fetchone() == (2,)


MISTAKES = [
    ({"exposures": {"table": "exposure"}, "events": {"table": "events"}}, "there is no table exposure"),
    (
        {"exposures": {"table": "exposures", "unit": "usr"}, "events": {"table": "events"}},
        "has no column usr",
    ),
    (
        {"exposures": {"table": "exposures", "variant": "varaint"}, "events": {"table": "events"}},
        "has no column varaint, did you mean variant\\?",
    ),
    (
        {"exposures": {"table": "exposures", "at": "unit"}, "events": {"table": "events"}},
        "holds no timestamps",
    ),
    ({}, "the policy names no tables"),
]


@pytest.mark.parametrize(("tables", "message"), MISTAKES)
def test_mistakes_in_the_names_are_told(tmp_path: Path, tables: dict[str, object], message: str) -> None:
    with pytest.raises(ResultsError, match=message):
        from_warehouse(small(tmp_path, PAIR), tables=read(WarehouseTables, tables))


def test_tables_whose_units_are_never_equal_are_named(tmp_path: Path) -> None:
    file = small(tmp_path, PAIR)
    with duckdb.connect(str(file)) as connection:
        connection.execute("ALTER TABLE events ALTER unit TYPE BIGINT")
    says = "the table events has its units as int64, and the table exposures as string"
    with pytest.raises(ResultsError, match=says):
        from_warehouse(file, tables=NAMED)


@pytest.mark.parametrize("type", ["INTEGER", "BIGINT"])
def test_units_of_another_width_are_the_same(tmp_path: Path, type: str) -> None:
    file = small(
        tmp_path,
        f"{served('1', 'control', '2023-01-24 20:00')}, {served('2', 'control', '2023-01-24 21:00')}",
    )
    with duckdb.connect(str(file)) as connection:
        connection.execute("ALTER TABLE exposures ALTER unit TYPE INTEGER")
        connection.execute(f"ALTER TABLE events ALTER unit TYPE {type}")
    found = from_warehouse(file, tables=NAMED)
    assert {row.units for row in found.rows if row.window == "cohort"} == {2}


def test_a_query_that_fails_repeats_nothing_of_the_tables(tmp_path: Path) -> None:
    file = small(tmp_path, PAIR)
    with duckdb.connect(str(file)) as connection:
        connection.execute("ALTER TABLE events ALTER value TYPE VARCHAR")
        connection.execute("INSERT INTO events VALUES ('a', 'cs_contacts', '2023-01-25', 'jo.customer')")
    with pytest.raises(ResultsError, match="the query of sums of test failed: ConversionException") as caught:
        from_warehouse(file, tables=NAMED)
    assert "jo.customer" not in repr(caught.value.failures)


URLS = [
    ("warehouse.db", "it is no url"),
    ("duckdb:///nowhere.db", "there is no such file|outside of the repository"),
    ("duckdb:////etc/passwd", "outside of the repository"),
    ("nosuchengine://user:secret@host/db", "egp opens no `nosuchengine`"),
]


@pytest.mark.parametrize(("url", "message"), URLS)
def test_urls_that_lead_nowhere(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(ResultsError, match=message) as caught, connected(url, str(tmp_path)):
        pass
    assert "secret" not in repr(caught.value.failures)


@pytest.mark.parametrize(
    "url",
    [
        "DUCKDB:///{outside}/new.db", "DuckDb:///{outside}/new.db", "duckdb:///../outside/new.db", "duckdb://{outside}/new.db",
        "duckdb:///%2e%2e/outside/new.db", "duckdb:///link/new.db", "duckdb:///link/secret.db", "duckdb:///:memory:", "duckdb://",
        "duckdb:///{outside}/new.db?read_only=false", "sqlite:///{outside}/new.db", "SQLite:///{outside}/new.db",
        "sqlite://{outside}/new.db", "file:///{outside}/new.db", "file:{outside}/new.db", "datafusion://{outside}/new.db",
        "polars://{outside}", "pyspark://{outside}", "parquet://{outside}/secret.db", "csv://{outside}/secret.db",
        "{outside}/new.db", " duckdb:///{outside}/new.db", "duckdb\n:///{outside}/new.db", "duckdb:///{outside}/new.db\0", "",
        "://{outside}/new.db", "sqlite\u200b:///{outside}/new.db", "jdbc:sqlite:///{outside}/new.db",
    ],
)  # fmt: skip
def test_no_spelling_of_a_url_reads_or_creates_a_file_outside(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    duckdb.connect(str(outside / "secret.db")).close()
    (inside / "link").symlink_to(outside)
    monkeypatch.chdir(inside)
    with pytest.raises(
        ResultsError, match=r"it is no url|egp opens no|outside of the repository|no such file"
    ):
        connected(url.format(outside=outside), str(inside)).__enter__()
    assert [each.name for each in outside.iterdir()] == ["secret.db"]
    assert [each.name for each in inside.iterdir()] == ["link"]


def test_the_case_of_a_scheme_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb.connect(str(tmp_path / "w.db")).close()
    monkeypatch.chdir(tmp_path)
    with connected("DUCKDB:///w.db", str(tmp_path)) as session:
        assert session.backend.raw_sql("SELECT 1").fetchall() == [(1,)]
    with (
        pytest.raises(ResultsError, match="could not be read: InvalidInput"),
        connected("DuckDB:///w.db", str(tmp_path)) as session,
    ):
        session.backend.raw_sql("CREATE TABLE t (a INTEGER)")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.db").write_text("root:x:0:0\n" * 5000, encoding="utf-8")
    with (
        pytest.raises(ResultsError, match="cannot connect") as caught,
        connected(f"duckdb:///{tmp_path / 'w.db'}", str(tmp_path)),
    ):
        pass
    assert "root:x" not in repr(caught.value.failures)


def test_a_plan_without_a_time_zone_has_no_days(tmp_path: Path) -> None:
    plan = plan_with(", timezone: America/Los_Angeles", "")
    file = small(tmp_path, PAIR)
    (tmp_path / "results.yaml").write_text(header(as_of=AS_OF), encoding="utf-8")
    source = Warehouse(f"duckdb:///{file}", NAMED, str(tmp_path))
    with pytest.raises(ResultsError, match="names no time zone"):
        read_evidence(str(tmp_path / "results.yaml"), plan, str(tmp_path), source)


def test_secrets_of_a_url_are_not_shown() -> None:
    assert without_secrets("snowflake://jo:pw@account/db?token=abc") == "snowflake://account/db"
    assert without_secrets("env:WAREHOUSE_URL") == "env:WAREHOUSE_URL"


@pytest.mark.parametrize(
    "url",
    [
        "postgres://jo:se?cret@host/db", "postgres://jo:se@cret@host/db", "postgres://jo:secret@host/db?x=1",
        "postgres://host/db?user=jo@home&password=secret", "postgres://jo:se/cret@host/db", "postgres:jo:secret@host",
        "jo:secret@host", "env:se cret", "postgres://jo:se#cret@host", "POSTGRES://jo:secret@host", "env:A=secret",
        "postgres://jo:se?cr@et@host/db?password=secret", "//jo:secret@host",
    ],
)  # fmt: skip
def test_no_spelling_of_a_url_tells_its_secret(url: str) -> None:
    told = without_secrets(url)
    assert not any(part in told for part in ("secret", "cret", "se?", "se@", "se/", "se#", "jo"))
