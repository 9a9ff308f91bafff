"""From paths of a plan to places in its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from egp.check.answers import RuleOutcome, severity_of
from egp.plan.finding import (
    CATALOGUE,
    EARLIER,
    PINNED,
    Advice,
    Diagnostic,
    Finding,
    Place,
    Related,
    RelatedPlace,
    Unchecked,
)
from egp.policy.model import Adopted
from egp.stats.values import NamedTuple, replace
from egp.yaml import Document, Path, Span, pointer
from egp.yaml.sha import sha256

Elsewhere = Callable[[str, int], "tuple[Document, Path] | None"]
"""What ``Related.plan`` and ``Related.document`` mean: a document, and the path in it that others are below."""


class Placer:
    """Turns paths of one document into places."""

    def __init__(
        self,
        document: Document,
        experiment: str,
        elsewhere: Elsewhere,
        secrets: Sequence[Span] = (),
        flag: str = "",
    ) -> None:
        self.document = document
        self.experiment = experiment
        self.elsewhere = elsewhere
        self.secrets = secrets
        self._flag = flag or None
        self._fingerprints: dict[str, int] = {}
        self._blotted: dict[int, str] = {}

    def diagnostic(self, adopted: Adopted, finding: Finding) -> Diagnostic:
        found = self._located(finding)
        place, missing = found.place, found.missing
        rule = adopted.rule.id
        is_of_text = isinstance(finding.at, Span)
        named = self._flag if isinstance(finding.at, Span) else named_pointer(self.document, finding.at)
        return Diagnostic(
            rule=rule,
            severity=severity_of(adopted, finding),
            message=finding.message,
            place=place,
            experiment=self.experiment,
            missing=missing,
            observed=finding.observed,
            required=finding.required,
            advice=self._advice(finding, found),
            related=(*self._left_open(finding, found), *filter(None, map(self._related, finding.related))),
            fingerprint=self._fingerprint(rule, finding.message if is_of_text or named is None else named),
            named=named,
            line=self._line_of(found),
            coming="" if finding.impossible and not adopted.shadow else adopted.coming,
            impossible=finding.impossible,
            secret=finding.secret,
            is_open=not (missing or isinstance(finding.at, Span)) and self._is_open(finding.at),
        )

    def _is_open(self, at: Path) -> bool:
        own = self.document.own
        return own.exists(at) and own.scalar(at) == ""

    def _located(self, finding: Finding) -> Located:
        if finding.source is None:
            return located(self.document, finding.at, finding.on_key)
        document, at = finding.source
        return located(document, at, on_key=True)

    def _line_of(self, found: Located) -> str:
        number = found.place.span.start.line
        return self._line(number) if found.document is self.document.own else found.document.line(number)

    def _left_open(self, finding: Finding, found: Located) -> Iterator[RelatedPlace]:
        """Where the plan would say what others say for it."""
        if finding.source or found.document is self.document.own or isinstance(finding.at, Span):
            return
        own, at = self.document.own, finding.at
        while at and not own.exists(at):
            at = at[:-1]
        span = own.span(at or ("id",), key=True)
        place = Place(own.path, own.index, pointer(at), span)
        yield RelatedPlace(place, "the plan leaves it open", self._line(span.start.line))

    def _advice(self, finding: Finding, found: Located) -> Advice:
        """Of edits of the plan's own file, and without the remedies that would repeat what must not be repeated."""
        if self.document.is_completed:
            from egp.plan.own_edits import in_own_file

            whole, offer = self.document, finding.advice
            finding = replace(finding, remedies=lambda: in_own_file(offer.remedies, whole))
            if found.document is not whole.own:
                # Who looks at a line of the policy must see that it is the plan that is edited, and where.
                advice = finding.advice
                finding = replace(
                    finding,
                    at=(),
                    remedies=lambda: [
                        replace(each, before=f"in {whole.path} {each.before}") for each in advice.remedies
                    ],
                )
        if not self.secrets:
            return finding.advice
        secrets = [excerpt for span in self.secrets if (excerpt := self._text_at(span))]
        harmless = [
            each
            for each in finding.advice.remedies
            if not any(secret in str(each.edits) for secret in secrets)
        ]
        return replace(finding, remedies=harmless).advice

    def _text_at(self, span: Span) -> str:
        line = self.document.line(span.start.line)
        last = span.end.column - 1 if span.end.line == span.start.line else len(line)
        return line[span.start.column - 1 : last].strip()

    def _line(self, number: int) -> str:
        """The source line, with what must not be repeated blotted out."""
        line = self.document.line(number)
        if not self.secrets:
            return line
        if number not in self._blotted:
            self._blotted[number] = self._without_secrets(line, number)
        return self._blotted[number]

    def _without_secrets(self, line: str, number: int) -> str:
        for start, end in self.secrets:
            if start.line <= number <= end.line:
                first = start.column - 1 if number == start.line else 0
                last = end.column - 1 if number == end.line else len(line)
                line = line[:first] + "*" * (last - first) + line[last:]
        return line

    def unchecked(self, outcome: RuleOutcome) -> Unchecked:
        return Unchecked(
            outcome.adopted.rule.id,
            outcome.adopted.severity,
            self.document.path,
            self.document.index,
            self.experiment,
            "" if outcome.reason else pointer(outcome.missing or ()),
            outcome.blocked_by,
            outcome.reason,
        )

    def _related(self, related: Related) -> RelatedPlace | None:
        if not related.plan:
            here = located(self.document, related.at)
            return RelatedPlace(here.place, related.label, self._line_of(here))
        if related.plan == CATALOGUE:
            return self._in_catalogue(related)
        found = self.elsewhere(related.plan, related.document)
        if found is None:
            return None
        document, above = found
        there = located(document, related.at if isinstance(related.at, Span) else (*above, *related.at))
        line = there.document.line(there.place.span.start.line)
        return RelatedPlace(there.place, related.label, line, related.plan in (EARLIER, PINNED))

    def _in_catalogue(self, related: Related) -> RelatedPlace | None:
        supplied = self.document.supplied
        part, name = map(str, related.at[:2])
        found = supplied.catalogue.places.get((part, name)) if supplied and supplied.catalogue else None
        if found is None:
            return None
        document, at = found
        place, _ = place_in(document, at, on_key=True)
        return RelatedPlace(place, related.label, document.line(place.span.start.line))

    def _fingerprint(self, rule: str, where: str) -> str:
        """Survives moves of lines, files and list items that have an id."""
        text = "\n".join((rule, self.experiment or self.document.path, where))
        repeated = self._fingerprints[text] = self._fingerprints.get(text, 0) + 1
        text = text if repeated == 1 else f"{text}\n{repeated}"
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def named_pointer(document: Document, at: Path) -> str:
    """The pointer with list items named by their id."""
    value, steps = document.value, []
    for step in at:
        item = _item(value, step)
        named = item.get("id") if isinstance(item, dict) and isinstance(step, int) else None
        steps.append(named if isinstance(named, str) else step)
        value = item
    return pointer(tuple(steps))


class Located(NamedTuple):
    """A place, the first key of the path that its mapping lacks, and the document that has it."""

    place: Place
    missing: str
    document: Document


def located(document: Document, at: Path | Span, on_key: bool = False) -> Located:
    """Where a path is written: in the plan's file, or where others say what it leaves out. The pointer is the plan's."""
    place, missing = place_in(document, at, on_key)
    if isinstance(at, Span) or missing:
        return Located(place, missing, document.own)
    source, there = document.source_of(at)
    if source is not document.own:
        found, _ = place_in(source, there, on_key)
        place = Place(found.path, found.document, place.pointer, found.span)
    return Located(place, missing, source)


def place_in(document: Document, at: Path | Span, on_key: bool = False) -> tuple[Place, str]:
    """The place, and the first key of the path that its mapping lacks."""
    if isinstance(at, Span):
        return Place(document.path, document.index, "", at), ""
    present = at
    while not document.exists(present):
        present = present[:-1]
    missing = str(at[len(present)]) if len(present) < len(at) else ""
    span = document.span(present, key=on_key or bool(missing))
    if span.end.line > span.start.line and present and isinstance(present[-1], str):
        span = document.span(present, key=True)  # of a value over many lines its key says enough
    return Place(document.path, document.index, pointer(present), span), missing


def _item(value: object, step: str | int) -> object:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None
