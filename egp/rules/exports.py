"""What a rule's module may say of the rule besides its check. None of it is loaded before it is requested.

- ``costs(broken)`` yields sentences: what breaking the rule costs this experiment, in numbers of its own.
- ``picture(broken)`` shows it: one picture, of that and of nothing else; None where the plan says too little to draw.
- ``LEVERS`` names the free inputs of a plan that free it from a violation, one of ``egp.advice.options.levers.LEVERS``.
- ``ways(broken)`` yields candidates: changes that follow from the rule alone, and that its findings do not offer by themselves.
  ``IS_READ_AS_TEXT`` says that there are such of a plan that cannot be read.
- ``by_hand(broken)`` says who does what where no edit of the plan alone complies; empty where it does not know.
- ``ACTOR``, one of ``ACTORS``, is who has to act, where that is not the plan's author.
- ``plain(params, plan)`` is what the rule insists on, in a sentence for people who read no statistics; ``CONTESTED``
  says that it is what they argue about first.
- ``ALWAYS_REJECTS`` says that it is an error under every policy, and not waivable.
- ``IS_WAIVED_IN_EMERGENCY`` says that it is the rule from which a raise without the gate is exempt; one rule has it.
- ``of_another_kind(document)`` is the finding about a file that is no plan; one rule has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from egp.stats.values import frozen

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.finding import Diagnostic
    from egp.yaml import Document, Path


@frozen
class Broken:
    """A rule that a plan breaks, with what its module needs to say more of that."""

    plan: Experiment
    at: Path
    """Where, the key that is missing there included."""
    document: Document
    """The text that the plan is read from."""
    written: object
    """The plain value there; None where there is none."""
    diagnostic: Diagnostic
    params: Any
    """The rule's options in force."""
    asked: Callable[[str], Any]
    """An option in force of any rule, by the name that it is known as; None where the policy does not adopt its rule."""
    roles: Mapping[str, tuple[str, ...]]
    """Role → who holds it."""


AUTHOR = "author"

ACTORS: Mapping[str, str] = {
    "administrator": "The author, and whoever administers the repository",
    AUTHOR: "The author and owner",
    "approvers": "The approvers",
    "registrar": "Whoever registers the plan and its changes",
    "owners": "The owner, together with the owners of the other plans",
}
"""Who can free a plan from a violation, in the order in which a memo turns to them."""
