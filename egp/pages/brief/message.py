"""The message that goes out with a rollback: the plan's own template with a closed set of names filled in.

Nothing in a template is evaluated. It is text in which ``{{name}}`` stands for a fact; what a fact says is not looked
at for further names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from egp.output.page.model import Block, Command, Paragraph, Section
from egp.pages.brief.tripped import tripped_plainly
from egp.pages.brief.who import deadline
from egp.plan.analysis.statements import stated
from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.plan.typed_reader import nearest
from egp.plan.wording import listing, significant
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import TooLargeError, read_regular, real_path, repository_root

if TYPE_CHECKING:
    from egp.pages.brief.scene import Scene

_NAME = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
NOT_STATED = "not stated"
_ENDINGS = (".md", ".txt")
"""Of files that a brief may quote: whatever else lies in a repository stays there."""


class MessageError(Exception):
    """A template that cannot be filled in."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def facts(scene: Scene) -> dict[str, str]:
    """What a template may name, and what stands in its place. There are no other names."""
    plan, entry = scene.plan, scene.registration
    rollback, escalation, owner = plan.rollback, plan.escalation, plan.owner
    decided = entry.decisions[-1].because if entry and entry.decisions else ""
    stated_here = {
        "experiment": plan.id,
        "title": plan.title or plan.id,
        "team": owner.team if owner else "",
        "owner": owner.dri if owner else "",
        "as_of": scene.when,
        "stage": scene.judgement.readout.stage.name if scene.judgement else "",
        "reasons": "; ".join(tripped_plainly(scene)) or decided,
        "rolled_back_to": rollback.to if rollback else "",
        "method": rollback.method if rollback else "",
        "rollback_owner": rollback.owner if rollback else "",
        "within_minutes": significant(rollback.max_minutes, 3) if rollback and rollback.max_minutes else "",
        "escalation": escalation.to if escalation else "",
        "escalation_deadline": deadline(scene),
        "policy": scene.policy.title,
    }
    return {name: fact or NOT_STATED for name, fact in stated_here.items()}


def message_section(scene: Scene) -> tuple[Section, Failure | None]:
    """The message, or what is wrong with its template; a rollback is reported in either case."""
    title = "The message that goes out"
    try:
        return Section(title, [Command(message(scene), "text")], folded=True), None
    except MessageError as error:
        blocks: list[Block] = [Paragraph(f"It cannot be written: {error}.", "bad")]
        if error.failure.help:
            blocks.append(Paragraph(f"What to do: {error.failure.help}."))
        return Section(title, blocks, "bad"), error.failure


def message(scene: Scene) -> str:
    """The template with its names filled in. Raises MessageError."""
    path, text = _template(scene)
    known = facts(scene)
    for line, problem, help in _problems(text, known):
        raise _fault(f"{path}:{line}", problem, help)
    return _NAME.sub(lambda found: known[found[1].strip()], text)


def _problems(text: str, known: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    """(line, what is wrong, what to do) of every placeholder that is none."""
    for found in _NAME.finditer(text):
        name = found[1].strip()
        if name not in known:
            guess = nearest(name, known)
            hint = f", did you mean {{{{{guess}}}}}?" if guess else ""
            problem = f"unknown placeholder {{{{{shown(name)}}}}}{hint}"
            yield _line(text, found.start()), problem, f"the placeholders are {listing(known)}"
    rest = _NAME.sub(lambda found: " " * len(found[0]), text)
    if "{{" in rest:
        yield _line(text, rest.index("{{")), "a placeholder is not closed", "end it with }}"


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _template(scene: Scene) -> tuple[str, str]:
    """Path and text of the plan's template: beside the plan, else at the root of the policy or of the repository."""
    named = stated(scene.plan.rollback.comms if scene.plan.rollback else None)
    if not named:
        advice = "set `rollback.comms: comms/rollback.md`"
        raise _fault(scene.candidate.document.path, "the plan names no template of the message", advice)
    if not named.lower().endswith(_ENDINGS) or any(part.startswith(".") for part in _folders(named)):
        raise _fault(
            named, "a template is a text that people read", f"name one that ends in {listing(_ENDINGS, 'or')}"
        )
    root = real_path(repository_root(scene.finder.folder) or scene.root)
    folders = [os.path.dirname(scene.candidate.source.path), scene.policy.root, scene.root]
    for folder in filter(None, folders):
        found = real_path(os.path.join(folder, named))
        if os.path.commonpath([root, found]) != root:
            raise _fault(named, "the template lies outside the repository", "commit the file itself")
        if os.path.lexists(found):
            return named, _read(found, named)
    raise _fault(
        named, "there is no such template", f"write it; it may have the placeholders {listing(facts(scene))}"
    )


def _folders(path: str) -> list[str]:
    """The parts of a path, without the steps that lead upwards or nowhere."""
    return [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]


def _read(path: str, named: str) -> str:
    if not os.path.isfile(path):
        raise _fault(named, "the template is not a file", "")
    try:
        return read_regular(path, MAX_BYTES).decode("utf-8")
    except TooLargeError:
        raise _fault(named, "the template is too large for a message", "") from None
    except UnicodeDecodeError:
        raise _fault(named, "the template is not UTF-8 text", "save it as UTF-8") from None
    except OSError as error:
        raise _fault(named, f"cannot read the template: {error.strerror}", "") from None


def _fault(path: str, message: str, help: str) -> MessageError:
    return MessageError(Failure(path, message, help=help))
