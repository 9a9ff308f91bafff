"""Everything that can be generated, in one place: ``python -m egp.cli.generate`` rewrites it, a test compares it.

Run from a checkout. Schemas come from the shapes, the rule reference from the rules' pages, the README's sample
from a real run.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping

from egp import stats
from egp.cli.compiled import LIST as COLD_START
from egp.cli.key_reference import key_references, keys_of_results
from egp.cli.rule_tables import rule_tables
from egp.plan.results import COLUMNS
from egp.policy.params import shown_value
from egp.policy.reading import shipped_policy
from egp.policy.shipped import ROOT, policy_names, policy_path
from egp.record.rollouts.reading import format_module, formats
from egp.rules.rule import FAMILIES, Rule, index
from egp.yaml import read_bytes
from egp.yaml.sha import sha256

IMPORTED = """
import os, sys
from egp.cli.main import main
out = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
status = main(sys.argv[1:])
sys.stdout.flush()
os.write(out, " ".join(each for each in sys.modules if each.startswith("egp.")).encode())
sys.exit(status)
"""
BLOCK = re.compile(r"(<!-- generated: (?P<command>[^\n]+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def generated_files() -> dict[str, str]:
    """Path relative to the checkout → content that the file must have."""
    files = {
        **rule_tables(),
        **_shipped_policies(),
        **schema_files(),
        **key_references(),
        "docs/rules/README.md": _rule_index(),
        "egp/stats/__init__.pyi": _statistics_stub(),
        f"egp/{COLD_START}": _cold_start(),
    }
    for name in formats():
        files[f"docs/rollouts/{name}.md"] = _format_page(name)
    for rule_id, rule in index().items():
        files[f"docs/rules/{rule_id}.md"] = _rule_page(rule)
    for path in (
        "README.md",
        "benchmarks/README.md",
        "docs/power.md",
        "docs/results.md",
        "docs/gate.md",
        "docs/explain.md",
        "docs/brief.md",
        "docs/status.md",
    ):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            files[path] = BLOCK.sub(_block, file.read())
    return files


def _shipped_policies() -> dict[str, str]:
    """What the shipped policies say, as data: judging by one of them parses no YAML of egp's own."""
    lines = [
        '"""What each shipped policy says, and the digest of the file that says it."""',
        "",
        "# Generated from policies/ by `python -m egp.cli.generate`.",
        "# fmt: off",
        "",
        "VALUES: dict[str, tuple[str, object]] = {",
    ]
    for name in policy_names():
        with open(policy_path(name) or "", "rb") as file:
            content = file.read()
        (document,) = read_bytes(content, name)
        lines.append(f"    {name!r}: ({sha256(content).hexdigest()!r}, {document.value!r}),")
    return {"egp/policy/shipped_table.py": "\n".join([*lines, "}"]) + "\n"}


def schema_files() -> dict[str, str]:
    """The published schemas by path."""
    from egp.cli.schemas import published

    return {
        path: text for name, schema in published().items() for path, text in _schema(name, schema).items()
    }


def _statistics_stub() -> str:
    """What `egp.stats` exports, for type checkers: at run time a module loads when one of its names is first used."""
    lines = ["# Generated from the table in `__init__.py` by `python -m egp.cli.generate`."]
    for module, names in stats.NAMES_OF_MODULE.items():
        lines += [
            f"from .{module} import {name} as {name}" for name in sorted(names.split(), key=_import_order)
        ]
    lines += ["", "NAMES_OF_MODULE: dict[str, str]", "__all__: list[str]"]
    return "\n".join(lines) + "\n"


def _cold_start() -> str:
    """What a check of one plan imports of egp: by a shipped policy, and registered under a policy of its repository's own."""
    plan = "experiments/pdp-buy-now.yaml"
    check = ("check", plan, "--as-of", "2023-01-18")
    with tempfile.TemporaryDirectory() as folder:
        for name in (".git", "experiments"):
            os.makedirs(os.path.join(folder, name))
        shutil.copy(os.path.join(ROOT, "examples", plan), os.path.join(folder, plan))
        found = {*_imported(folder, *check)}
        shutil.copy(os.path.join(ROOT, "examples", "egp.yaml"), folder)
        _imported(folder, "register", plan, "--as-of", "2023-01-17")
        found |= {*_imported(folder, *check)}
    return "\n".join([*sorted(found), ""])


def _imported(folder: str, *arguments: str) -> list[str]:
    """The modules of egp that a command imports there."""
    run = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([ROOT, *sys.path])},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()


def _import_order(name: str) -> tuple[bool, bool, str]:
    """Constants, classes, functions, as ruff sorts them."""
    return not name.isupper(), name.islower(), name


def _schema(name: str, schema: dict[str, object]) -> dict[str, str]:
    """The file of a schema; its name is a URN, because it is read from the package and served by no host."""
    named = {"$schema": schema["$schema"], "$id": f"urn:egp:schema:{name}", **schema}
    return {f"schemas/{name}.schema.json": json.dumps(named, indent=2, ensure_ascii=False) + "\n"}


def _format_page(name: str) -> str:
    """The page of a format of rollouts: its module's docstring."""
    return f"# {name}\n\n{(format_module(name).__doc__ or '').strip()}\n"


def _rule_page(rule: Rule) -> str:
    lines = [f"# {rule.id}", "", rule.page.text, "", "## Settings", ""]
    lines += ["| policy | severity |", "|---|---|"]
    for policy in policy_names():
        values = {layer.name: layer.settings.get(rule.id, {}) for layer in shipped_policy(policy).layers}
        severity = next(
            (v["severity"].value for v in reversed(values.values()) if "severity" in v), "not adopted"
        )
        waivable = next((v["waivable"].value for v in reversed(values.values()) if "waivable" in v), True)
        lines.append(f"| `{policy}` | {severity}{'' if waivable else ', not waivable'} |")
    params = rule.options
    if params:
        lines += ["", "| option | default | meaning |", "|---|---|---|"]
        for name, option in params.items():
            lines.append(f"| `{name}` | {_cell(shown_value(option.default))} | {option.meaning} |")
    if rule.yields_to:
        lines += [
            "",
            f"Silent when {', '.join(_link(other) for other in sorted(rule.yields_to))} reports the cause.",
        ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _link(rule_id: str) -> str:
    return f"[{rule_id}]({rule_id}.md)"


def _rule_index() -> str:
    lines = [
        "# Rules",
        "",
        "Every rule recomputes or compares. The examples on the pages are run as tests; each is a",
    ]
    lines += ["change to [the sound plan](../../egp/rules/sound_plan.yaml), `null` taking a key away.", ""]
    for family in FAMILIES:
        rules = [rule for rule in index().values() if rule.family == family]
        if rules:
            lines += [f"## {family}", "", "| rule | requires |", "|---|---|"]
            lines += [f"| {_link(rule.id)} | {rule.page.summary} |" for rule in rules]
            lines.append("")
    return "\n".join(lines)


def _block(match: re.Match[str]) -> str:
    """A block of the README: the output of the command it names, or the text of the file it names."""
    command = match["command"]
    verb, _, rest = command.partition(" ")
    makers: dict[str, Callable[[str], str]] = {
        "egp": _transcript,
        "file": _file_block,
        "columns": _column_table,
        "keys": lambda _: keys_of_results(),
        "checks": _gate_checks,
        "speed": _speed,
    }
    return f"{match[1]}{makers[verb](rest)}{match[3]}"


def _transcript(arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "egp", *arguments.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"```console\n$ egp {arguments}\n{run.stdout}{run.stderr}```\n"


def _gate_checks(_: str) -> str:
    """The page of every check of the gate, with its options."""
    from egp.rules.gate_check import checks

    parts = []
    for check in checks():
        summary, _, reasons = check.page.text.partition("\n\n")
        parts += [f"### {check.id}", "", f"**{summary}**", "", reasons, ""]
        for name, option in check.options.items():
            parts += [f"`{name}` ({shown_value(option.default)}): {option.meaning}.", ""]
    return "\n".join(parts)


def _speed(what: str) -> str:
    """What egp costs beside its peers, as `python -m benchmarks.speed` measured it: a table, or a sentence."""
    with open(os.path.join(ROOT, "benchmarks", "speed.json"), encoding="utf-8") as file:
        measured = json.load(file)
    one: dict[str, dict[str, float]] = measured["one"]
    fewer, more = measured["many"].values()
    counts = [int(count) for count in measured["many"]]
    if what == "table":
        about = (
            f"CPU of whole processes and wall time, medians of {measured['runs']} interleaved runs on one plan and of "
            f"{measured['rounds']} on {counts[0]:,}; yamllint and check-jsonschema on {counts[0]:,}, and all on "
            f"{counts[1]:,}, ran once. CPython {measured['python']}, {measured['cores']} cores. The growth is the power "
            "of the number of plans that CPU rises with from the one to the other."
        )
        return "\n".join([*_speed_rows(one, fewer, more, counts), "", about]) + "\n"
    least, load = one["python -c pass"]["cpu"], fewer["PyYAML CSafeLoader, loading only"]["cpu"]
    start = [
        f"{one[name]['cpu'] / least:.1f}"
        for name in ("egp check, a shipped policy", "egp check, and a registered plan", "yamllint")
    ]
    many = [
        f"{fewer[name]['cpu'] / load:.1f}"
        for name in ("egp check, a policy of one's own, one process", "yamllint")
    ]
    return (
        f"A check of one plan takes {start[0]} times the CPU of `python -c pass`, {start[1]} times where the plan is registered\n"
        f"under a policy of one's own; yamllint takes {start[2]} times. {counts[0]:,} plans take {many[0]} times the CPU of PyYAML's C\n"
        f"loader merely reading them, and yamllint {many[1]} times ([measured](benchmarks/README.md) from the wheel).\n"
    )


def _speed_rows(
    one: dict[str, dict[str, float]],
    fewer: dict[str, dict[str, float]],
    more: dict[str, dict[str, float]],
    counts: list[int],
) -> list[str]:
    """One row a command, with what it takes on one plan, on many and on very many; empty where it was not measured."""
    heads = ["", "one plan: CPU, ms", "wall, ms", "of `python -c pass`"]
    heads += [f"{counts[0]:,} plans: CPU, s", "wall, s", "of CSafeLoader"]
    heads += [f"{counts[1]:,} plans: CPU, s", "wall, s", "MB", "growth"]
    rows = [heads, ["---"] * len(heads)]
    least, load = one["python -c pass"]["cpu"], fewer["PyYAML CSafeLoader, loading only"]["cpu"]
    for name in dict.fromkeys([*one, *fewer]):
        row = [name]
        found = one.get(name)
        row += (
            [f"{found['cpu']:.1f}", f"{found['wall']:.1f}", f"{found['cpu'] / least:.1f} ×"]
            if found
            else [""] * 3
        )
        many = fewer.get(name)
        row += (
            [f"{many['cpu']:.2f}", f"{many['wall']:.2f}", f"{many['cpu'] / load:.2f} ×"] if many else [""] * 3
        )
        most = more.get(name)
        if many and most:
            growth = math.log(most["cpu"] / many["cpu"]) / math.log(counts[1] / counts[0])
            row += [f"{most['cpu']:.1f}", f"{most['wall']:.1f}", f"{most['mb']:.0f}", f"{growth:.2f}"]
        else:
            row += [""] * 4
        rows.append(row)
    return [f"| {' | '.join(row)} |" for row in rows]


def _file_block(path: str) -> str:
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return f"```{os.path.splitext(path)[1][1:]}\n{file.read()}```\n"


def _column_table(_: str) -> str:
    lines = ["| column | holds |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{column}` | {meaning} |" for column, meaning in COLUMNS.items())]) + "\n"


def main() -> int:
    """Rewrites what differs, removes pages of rules that were removed, and names both."""
    if _rewrite(rule_tables()):  # everything else is made from what they say, by an egp that reads them anew
        return subprocess.run([sys.executable, "-m", __spec__.name], check=False).returncode
    files = generated_files()
    for kind in ("rules", "rollouts"):
        folder = os.path.join(ROOT, "docs", kind)
        os.makedirs(folder, exist_ok=True)
        for name in sorted(os.listdir(folder)):
            if f"docs/{kind}/{name}" not in files:
                os.remove(os.path.join(folder, name))
                sys.stdout.write(f"removed docs/{kind}/{name}\n")
    _rewrite(files)
    return 0


def _rewrite(files: Mapping[str, str]) -> bool:
    """Writes the files that differ, and says whether any did."""
    stale = {path: content for path, content in files.items() if _on_disk(path) != content}
    for path, content in stale.items():
        with open(os.path.join(ROOT, path), "w", encoding="utf-8", newline="\n") as file:
            file.write(content)
        sys.stdout.write(f"wrote {path}\n")
        sys.stdout.flush()
    return bool(stale)


def _on_disk(path: str) -> str | None:
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
