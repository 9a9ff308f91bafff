"""Warehouses to run queries on: a throw-away PostgreSQL server, and Spark in this process through an entry point."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.sources.warehouse_of_kinds import World

PASSWORD = "not-to-be-told"
NOBODY = ("postgres", "nobody")
"""Users that a server may run as where the tests run as root, which PostgreSQL refuses."""

SPARK_ENTRY = """
def connect():
    import ibis
    from pyspark.sql import SparkSession

    return ibis.pyspark.connect(SparkSession.getActiveSession())
"""


def postgres_programs() -> Path | None:
    """The folder of initdb and pg_ctl, those of the newest release."""
    on_path = shutil.which("initdb")
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda each: float(each.split("/")[4]))
    return Path(on_path or found[-1]).parent if on_path or found else None


@contextmanager
def postgres_server() -> Iterator[str]:
    """The url of a server with an empty database, in a folder of its own; it is gone afterwards. Skips without PostgreSQL."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    as_user = _server_user()
    folder = Path(tempfile.mkdtemp(prefix="egp-pg-", dir="/tmp"))  # a socket's path is short
    try:
        data, secret = folder / "data", folder / "password"
        secret.write_text(PASSWORD)
        if as_user:
            for each in (folder, secret):
                shutil.chown(each, as_user)
        _run(
            [
                programs / "initdb",
                "-D",
                data,
                "-U",
                "egp",
                "-E",
                "UTF8",
                "-A",
                "scram-sha-256",
                f"--pwfile={secret}",
                "-N",
            ],
            as_user,
            folder,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c timezone=America/Los_Angeles"
        control = [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
        _run([*control, "-o", options, "start"], as_user, folder)
        try:
            yield f"postgres://egp:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], as_user, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server_user() -> str | None:
    if os.getuid():
        return None
    import pwd

    names = {each.pw_name for each in pwd.getpwall()}
    user = next((name for name in NOBODY if name in names), None)
    return user or pytest.skip("PostgreSQL does not run as root, and there is no user to run it as")


def _run(command: list[Any], user: str | None, folder: Path) -> None:
    subprocess.run(
        [str(part) for part in command], user=user, cwd=folder, check=True, timeout=120,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )  # fmt: skip


def fill_postgres(url: str, world: World) -> None:
    import psycopg

    exposures = "user_id text, experiment text, variant text, served_at timestamptz, is_new boolean, device text, ds date"
    events = "user_id text, name text, happened_at timestamp, value double precision, ds text"
    with (
        psycopg.connect(url.replace("postgres://", "postgresql://")) as connection,
        connection.cursor() as cursor,
    ):
        for name, columns, rows in (
            ("exposures", exposures, world.exposures),
            ("events", events, world.events),
        ):
            cursor.execute(f"CREATE TABLE {name} ({columns})")
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for row in rows.astype(object).where(rows.notna(), None).itertuples(index=False):
                    copy.write_row(row)
            cursor.execute(f"ANALYZE {name}")


def install_connection(folder: Path, name: str, source: str) -> None:
    """A package in the folder whose function `connect` is an entry point of this name."""
    metadata = folder / f"{name}_of_tests-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-of-tests\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[egp.warehouses]\n{name} = {name}_of_tests:connect\n")
    (folder / f"{name}_of_tests.py").write_text(source)


@contextmanager
def spark_session(world: World, folder: Path) -> Iterator[str]:
    """Where the tables are in Spark, its connection made by an entry point of an installed package. Skips without Java."""
    with spark_of(folder) as session:
        from pyspark.sql import functions as f

        world.exposures.to_parquet(folder / "exposures.parquet", coerce_timestamps="us")
        world.events.to_parquet(folder / "events.parquet", coerce_timestamps="us")
        session.read.parquet(str(folder / "exposures.parquet")).createOrReplaceTempView("exposures")
        events = session.read.parquet(str(folder / "events.parquet"))
        events = events.withColumn("ds", f.col("ds").cast("string")).withColumn(
            "value", f.expr("nullif(value, double('NaN'))")
        )
        events.createOrReplaceTempView("events")
        yield SPARK


SPARK = "entry-point:spark"


@contextmanager
def spark_of(folder: Path) -> Iterator[Any]:
    """A session of Spark that `SPARK` names. Skips without Java."""
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: apt-get install default-jre-headless")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    package = folder / "packages"
    install_connection(package, "spark", SPARK_ENTRY)
    assert pyspark
    settings = {
        "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", "spark.sql.codegen.wholeStage": "false", "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(folder / "spark"), "spark.log.level": "OFF",
        "spark.sql.execution.arrow.pyspark.enabled": "true", "spark.sql.adaptive.enabled": "false",
        # What lives for minutes is not worth optimising: the quick compiler alone, and no collector of its own threads.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }  # fmt: skip
    builder = SparkSession.builder.master("local[2]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    sys.path.insert(0, str(package))
    try:
        yield session
    finally:
        sys.path.remove(str(package))
        session.stop()
