"""Reading the catalogue of metrics that a policy names: every mistake at its line, each name defined once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from egp.plan.catalogue import (
    NAMED_PARTS,
    Exposures,
    Fact,
    MetricCatalogue,
    MetricDefinition,
    MetricsFile,
    names_in,
)
from egp.plan.finding import Failure
from egp.plan.names import is_plain
from egp.plan.quantity import shown
from egp.plan.typed_reader import TypedMapping, ValueProblem, label, nearest, read
from egp.policy.pattern import fixed_folder, matches
from egp.policy.tree import Tree
from egp.stats.values import NamedTuple
from egp.yaml import Document, Path, read_bytes
from egp.yaml.decoding import UnreadableContentError, check_characters, decode
from egp.yaml.files import is_inside

FILE = "metrics.yaml"
"""Where a catalogue is begun."""

_MOST_FILES = 200
_MOST_NAMES = 5_000
"""Metrics, facts or populations of a catalogue."""

_UNITS = ("us", "ms", "s")
_DIGEST_LENGTH = len("sha256:") + 64


class NamedPattern(NamedTuple):
    """A pattern of files, and where a policy states it."""

    folder: str
    """The policy's, which the pattern is relative to."""
    pattern: str
    document: Document
    at: Path


def read_catalogue(
    named: Sequence[NamedPattern], root: str, tree: Tree, seen: Callable[[str], None]
) -> tuple[MetricCatalogue, list[Failure]]:
    """The catalogue in the files that patterns match, and what is wrong with it. ``seen`` gets every text that was read."""
    reading = _Reading(root, tree, seen)
    for each in named:
        reading.read_all(each)
    if not reading.failures:
        reading.complete()
    return reading.catalogue, reading.failures


class _Reading:
    def __init__(self, root: str, tree: Tree, seen: Callable[[str], None]) -> None:
        self.catalogue = MetricCatalogue()
        self.failures: list[Failure] = []
        self._root = root
        self._tree = tree
        self._seen = seen
        self._documents: dict[str, Document] = {}

    def read_all(self, named: NamedPattern) -> None:
        """The files of a pattern; one that matches none is a mistake, since what it names would be unknown in silence."""
        try:
            paths = list(self._paths(named))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._at(
                named.document, named.at, f"cannot look for metrics: {reason}", "make the folder readable"
            )
            return
        if not paths:
            message = f"no file matches `{shown(named.pattern)}`, so no metric would be known"
            self._at(named.document, named.at, message, "write the catalogue, or correct the pattern")
        for path in paths:
            if path not in self._documents:
                self._read(path, named)

    def _paths(self, named: NamedPattern) -> Iterator[str]:
        if not any(sign in named.pattern for sign in "*?"):
            path = os.path.join(named.folder, named.pattern)
            if self._tree.has(path) or os.path.lexists(path):
                yield path
            return
        start = os.path.normpath(os.path.join(named.folder, fixed_folder(named.pattern)))
        for path in self._tree.below(start):
            inside = os.path.relpath(path, named.folder).replace(os.sep, "/")
            if path.endswith((".yaml", ".yml")) and matches(inside, named.pattern):
                yield path

    def _name(self, path: str, named: NamedPattern) -> str:
        """The file as messages show it: as the policy that names it is."""
        beside = os.path.dirname(named.document.path)
        inside = os.path.relpath(path, named.folder)
        return os.path.normpath(os.path.join(beside, inside)).replace(os.sep, "/")

    def _read(self, path: str, named: NamedPattern) -> None:
        name = self._name(path, named)
        if len(self._documents) >= _MOST_FILES:
            if len(self._documents) == _MOST_FILES:
                message = f"more than {_MOST_FILES} files of metrics match"
                self._at(named.document, named.at, message, "define metrics of one area in one file")
            return
        content = self._content(path, name, named.document, named.at, "metrics")
        if content is None:
            return
        documents = read_bytes(content, name)
        document = self._documents[path] = documents[0]
        self._seen(document.text)
        for fault in document.problems:
            line = document.line(fault.span.start.line)
            self.failures.append(Failure(name, _invalid(fault.message), "", fault.span, line, fault.help))
        if len(documents) > 1:
            self._at(documents[1], (), "a file of metrics is one document", "remove what follows `---`")
        if not document.problems:
            self._add(document, path)

    def _content(self, path: str, name: str, document: Document, at: Path, what: str) -> bytes | None:
        """What a file has, as far as it lies in the repository and can be read."""
        if not is_inside(self._tree.real(path), self._tree.real(self._root)):
            message = f"{shown(name)} lies outside the repository"
            self._at(document, at, message, "copy the file into the repository")
            return None
        try:
            content = self._tree.content(path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._at(
                document, at, f"cannot read the {what} in {shown(name)}: {reason}", "make the file readable"
            )
            return None
        if content is None:
            self._at(document, at, f"there is no file {shown(name)}", "name a file of the repository")
        else:
            self.catalogue.files += (path,)
        return content

    def _add(self, document: Document, path: str) -> None:
        problems: list[ValueProblem] = []
        content = read(MetricsFile, document.value, (), problems)
        for problem in problems:
            self._problem(document, problem)
        if problems:
            return
        if content.exposures is not None:
            self._add_exposures(content.exposures, document, path)
        for part in NAMED_PARTS:
            for name, definition in (getattr(content, part) or {}).items():
                self._define(part, name, definition, document, path)
        for at, each in enumerate(content.equivalent):
            self._mind_steps(each.from_, each.to, each.metric, each.population, document, ("equivalent", at))
        self.catalogue.equivalent += content.equivalent

    def _add_exposures(self, exposures: Exposures, document: Document, path: str) -> None:
        at: Path = ("exposures",)
        if self.catalogue.exposures is not None:
            self._twice("exposures", "", document, at)
            return
        self.catalogue.exposures = exposures
        self.catalogue.places["exposures", ""] = document, at
        self._mind_rows("", exposures, document, at, path)

    def _define(self, part: str, name: str, definition: TypedMapping, document: Document, path: str) -> None:
        at = (part, name)
        known: dict[str, TypedMapping] = getattr(self.catalogue, part)
        if name in known:
            self._twice(part, name, document, at)
            return
        if not (0 < len(name) <= 100 and is_plain(name) and name == name.strip()):
            self._at(document, at, f"{shown(name)} cannot be an id", "write 1 to 100 printable characters")
        if len(known) == _MOST_NAMES:
            self._at(document, at, f"more than {_MOST_NAMES:,} {part}", "check that this is the right file")
        if len(known) >= _MOST_NAMES:
            return
        known[name] = definition
        self.catalogue.places[at] = document, at
        if isinstance(definition, Fact):
            self._mind_rows(name, definition, document, at, path)

    def _twice(self, part: str, name: str, document: Document, at: Path) -> None:
        first, place = self.catalogue.places[part, name]
        line = first.span(place, key=True).start.line
        what = f"`{shown(name)}` is" if name else "the exposures are"
        message = f"{what} defined a second time; the first is in {first.path}:{line}"
        self._at(document, at, message, "keep one of the two", key=True)

    def _mind_rows(self, name: str, rows: Fact | Exposures, document: Document, at: Path, path: str) -> None:
        """Exactly one of a table and a query says where rows are; the query's text is read."""
        if (rows.table is None) == (rows.sql is None):
            found = "neither a table nor a query" if rows.table is None else "a table and a query"
            self._at(document, at, f"{label(at)} has {found}", "write one of `table:` and `sql:`", key=True)
        elif rows.sql is not None:
            place = os.path.normpath(os.path.join(os.path.dirname(path), rows.sql))
            shown_as = os.path.normpath(os.path.join(os.path.dirname(document.path), rows.sql))
            at = (*at, "sql")
            content = self._content(place, shown_as.replace(os.sep, "/"), document, at, "query")
            if content is not None:
                self._query(name, content, rows.sql, document, at)

    def _query(self, name: str, content: bytes, written: str, document: Document, at: Path) -> None:
        try:
            decoded = decode(content)
            check_characters(decoded)
        except UnreadableContentError as error:
            self._at(
                document, at, f"the query in {shown(written)}: {error.refusal.message}", error.refusal.help
            )
            return
        if not decoded.text.strip():
            self._at(document, at, f"{shown(written)} is empty", "write the query into it")
        self._seen(decoded.text)
        self.catalogue.queries[name] = decoded.text

    def _mind_steps(
        self, before: str | None, now: str | None, metric: str | None, population: str | None,
        document: Document, at: Path,
    ) -> None:  # fmt: skip
        if (metric is None) == (population is None):
            message = f"{label(at)} does not say of which definition"
            self._at(document, at, message, "add one of `metric:` and `population:`", key=True)
        for key, digest in (("from", before), ("to", now)):
            if digest is not None and not (digest.startswith("sha256:") and len(digest) == _DIGEST_LENGTH):
                message = f"{label((*at, key))}: {shown(digest)} is not the digest of a definition"
                self._at(document, (*at, key), message, "copy it from the finding that names the change")

    def complete(self) -> None:
        """What files say of each other."""
        catalogue = self.catalogue
        for name, population in catalogue.populations.items():
            document, at = catalogue.places["populations", name]
            self._mind_fact(population.fact, document, (*at, "fact"))
            self._mind_filter(population.where, document, (*at, "where"))
        for name, metric in catalogue.metrics.items():
            document, at = catalogue.places["metrics", name]
            for problem in _inconsistent(metric, at):
                self._problem(document, problem)
            self._mind_fact(metric.fact, document, (*at, "fact"))
            self._mind_filter(metric.where, document, (*at, "where"))
            for key in ("numerator", "denominator"):
                part = getattr(metric, key)
                if part is not None:
                    self._mind_fact(part.fact, document, (*at, key, "fact"))
                    self._mind_filter(part.where, document, (*at, key, "where"))

    def _mind_fact(self, fact: str | None, document: Document, at: Path) -> None:
        if fact is None or fact in self.catalogue.facts:
            return
        guess = nearest(fact, self.catalogue.facts)
        hint = f", did you mean `{guess}`?" if guess else ""
        known = ", ".join(sorted(self.catalogue.facts)[:10]) or "none"
        self._at(
            document, at, f"there is no fact `{shown(fact)}`{hint}", f"facts of the catalogue are {known}"
        )

    def _mind_filter(self, where: dict[str, object] | None, document: Document, at: Path) -> None:
        for column, value in names_in(where):
            if not isinstance(value, (str, int, float, bool)):
                message = f"{label((*at, column))} is compared with what no column can be"
                self._at(
                    document,
                    (*at, column),
                    message,
                    "write a text, a number, true or false, or a list of them",
                )

    def _problem(self, document: Document, problem: ValueProblem) -> None:
        on_key = problem.kind == "unknown-key"
        message = problem.message.replace("the plan has no", "this has no")
        self._at(document, problem.path, message, problem.help, key=on_key)

    def _at(self, document: Document, at: Path, message: str, help: str, key: bool = False) -> None:
        span = document.span(at, key=key)
        line = document.line(span.start.line)
        self.failures.append(Failure(document.path, _invalid(message), "", span, line, help))


def _invalid(message: str) -> str:
    return f"the catalogue of metrics is invalid: {message}"


def _inconsistent(metric: MetricDefinition, at: Path) -> Iterator[ValueProblem]:
    """What the kind of a metric requires, and what it has no use for."""
    is_share = metric.kind == "proportion" and (metric.numerator or metric.denominator) is not None
    of_two = metric.kind == "ratio" or is_share
    needed = {
        "numerator": of_two, "denominator": of_two, "fact": not of_two,
        "quantile": metric.kind == "quantile", "value": metric.kind == "quantile",
    }  # fmt: skip
    useless = {
        "numerator": not of_two, "denominator": not of_two, "fact": of_two, "where": of_two,
        "value": of_two or metric.kind == "proportion", "quantile": metric.kind != "quantile",
        "cap": metric.kind in ("proportion", "quantile"),
    }  # fmt: skip
    for key, is_needed in needed.items():
        if is_needed and getattr(metric, key) is None:
            message = f"{label(at)} is a {metric.kind} and has no `{key}`"
            yield ValueProblem((*at, key), "missing", message, f"add `{key}:`")
    for key, is_useless in useless.items():
        if is_useless and getattr(metric, key) is not None:
            message = f"{label(at)} is a {metric.kind}, for which `{key}` means nothing"
            yield ValueProblem((*at, key), "wrong-type", message, f"remove `{key}:`")
    for key in ("numerator", "denominator") if is_share else ():
        part = getattr(metric, key)
        if part is not None and part.value is not None:
            message = f"{label((*at, key))} is of a share, which counts rows, so that `value` means nothing"
            yield ValueProblem(
                (*at, key, "value"), "wrong-type", message, "remove `value:`, or make it a ratio"
            )
    unit = metric.value_unit
    if unit is not None and unit not in _UNITS and not (len(unit) == 3 and unit.isascii() and unit.isupper()):
        message = f"{label((*at, 'value_unit'))}: {shown(unit)} is no unit"
        yield ValueProblem(
            (*at, "value_unit"), "wrong-type", message, "write us, ms, s or a currency, as in USD"
        )


def joined(above: MetricCatalogue, own: MetricCatalogue | None) -> tuple[MetricCatalogue, list[Failure]]:
    """Two catalogues as one, and what both of them define: a delegated policy adds metrics, and changes none."""
    if own is None or own is above:
        return above, []
    twice = [
        place for place in own.places if place in above.places and own.places[place] != above.places[place]
    ]
    failures = []
    for part, name in twice:
        (document, at), (first, there) = own.places[part, name], above.places[part, name]
        span, line = document.span(at, key=True), first.span(there, key=True).start.line
        what = f"`{shown(name)}`" if name else "the exposures"
        message = _invalid(f"the policy above has {what}, in {first.path}:{line}")
        excerpt = document.line(span.start.line)
        failures.append(
            Failure(document.path, message, "", span, excerpt, "remove it here, or have it changed there")
        )
    both = MetricCatalogue(
        above.exposures or own.exposures,
        {**own.facts, **above.facts},
        {**own.populations, **above.populations},
        {**own.metrics, **above.metrics},
        (*above.equivalent, *own.equivalent),
        {**own.queries, **above.queries},
        {**own.places, **above.places},
        (*above.files, *own.files),
    )
    return both, failures
