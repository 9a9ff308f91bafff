"""Who wants what, and what it would take for them to agree; who overruled what the gate says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from egp.advice.choices import chosen
from egp.output.page.model import Block, Notice, Paragraph, Points, Section
from egp.plan.quantity import shown
from egp.plan.wording import called, listing
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from egp.pages.brief.scene import Scene
    from egp.pages.brief.worth import Launch
    from egp.record.lock import Decided


class StandingPosition(NamedTuple):
    """A position, with the option of the page that it amounts to."""

    who: str
    on: date | None
    wants: str
    letter: str
    """Empty for what is no option of this page."""
    because: str
    agrees_if: str


def positions_of(scene: Scene) -> list[StandingPosition]:
    """The latest position of each, of those that are about this moment: before the launch those without a date or
    with an earlier one, afterwards those since."""
    latest: dict[str, StandingPosition] = {}
    for held in _stated(scene):
        latest.pop(held.who, None)
        latest[held.who] = held
    return list(latest.values())


def _stated(scene: Scene) -> Iterator[StandingPosition]:
    for each in scene.plan.positions:
        if _is_of_now(scene, each.on):
            yield _held(scene, called(each.by, "somebody"), each.on, each.wants, each.because, each.agrees_if)
    entry = scene.registration
    for said in entry.positions if entry else ():
        if _is_of_now(scene, said.on):
            who = f"{shown(said.role)} ({shown(said.by)})" if said.by else shown(said.role)
            yield _held(scene, who, said.on, said.wants, said.because, said.agrees_if)


def _is_of_now(scene: Scene, on: date | None) -> bool:
    if on is not None and on > scene.day:
        return False
    begin = scene.first_exposed
    was_before = on is None or begin is None or on < begin
    return was_before != scene.in_flight


def _held(
    scene: Scene, who: str, on: date | None, wants: str | None, because: str | None, agrees_if: str | None
) -> StandingPosition:
    letter = chosen(wants or "", scene.letters)
    return StandingPosition(who, on, wants or "", letter, because or "", agrees_if or "")


def is_disagreement(held: list[StandingPosition]) -> bool:
    return len({each.letter or each.wants for each in held}) > 1


def _option(held: StandingPosition, letters: dict[str, str]) -> str:
    return f"{held.letter} ({letters[held.letter]})" if held.letter else shown(held.wants)


def positions_section(scene: Scene, launch: Launch | None = None) -> Iterator[Section]:
    """``launch`` is what the options would come to before there is a result."""
    held = positions_of(scene)
    if not held:
        return
    letters, closed = dict(scene.letters), scene.closed
    missed = {letter: launch.would(letter) for letter in letters if launch.missed(letter)} if launch else {}
    blocks: list[Block] = [Points([_in_words(each, letters, closed, missed) for each in held])]
    if is_disagreement(held) and (shut := [each.letter for each in held if closed.get(each.letter)]):
        offered = listing([letter for letter in letters if not closed[letter]], "or")
        blocks.append(
            Paragraph(
                f"They disagree, and {listing(dict.fromkeys(shut))} is closed by what was agreed before any result: what is to be "
                f"chosen is {offered}."
            )
        )
    yield Section("Who wants what, and what it would take to agree", blocks)


def shown_words(text: str) -> str:
    """A person's words on one line."""
    return " ".join(text.split())


def _in_words(
    held: StandingPosition, letters: dict[str, str], closed: Mapping[str, str], missed: Mapping[str, str]
) -> str:
    """ "pm wants D (go on), which is closed: the gate says roll back. Because … Would agree if …"."""
    state = ""
    if held.letter:
        shut = closed.get(held.letter)
        fails = f" and as assumed {missed[held.letter]}" if held.letter in missed else ""
        state = f", which is closed: {shut}" if shut else f", which is open{fails}"
    because = f" Because {shown_words(held.because)}." if held.because else ""
    agrees = shown_words(held.agrees_if)
    would = (
        f"Would agree if {agrees}."
        if agrees
        else "What it would take to agree is not said: that is the first question."
    )
    return f"{held.who} wants {_option(held, letters)}{state}.{because} {would}"


def overruled(scene: Scene) -> Iterator[Block]:
    """Every decision for a closed option that was overruled, for as long as the experiment has pages."""
    entry = scene.registration
    for each in entry.decisions if entry else ():
        if each.overruled is not None and (each.on is None or each.on <= scene.day):
            yield Notice("overruled", overruled_in_words(each), "bad")


def overruled_in_words(decided: Decided) -> str:
    """ "on 2023-01-27 vp_commerce (@vp) chose D (go on), which was closed: the gate says hold. Why: …"."""
    by = decided.overruled
    assert by is not None
    option = f"{decided.option} ({decided.means})" if decided.means else shown(decided.option)
    who = f"{by.role} ({by.by})" if by.by else shown(by.role)
    return f"on {decided.on} {who} chose {option}, which was closed: {by.closed}. Why: {shown_words(by.because or '')}"
