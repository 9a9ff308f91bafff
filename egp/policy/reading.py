"""Reading a policy: files, what they extend, and every mistake at its line."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.plan.typed_reader import ValueProblem, nearest, read
from egp.policy.error import PolicyError, invalid, invalid_at
from egp.policy.file import Override, PolicyFile, WaiverTerms
from egp.policy.layers import ALWAYS, OFF, DefaultsEntry, Layer, Settings, SettingValue
from egp.policy.locate import lock_folder
from egp.policy.model import Policy, Scope
from egp.policy.scope import Condition
from egp.policy.settings import entries_of, origin_of, read_settings
from egp.policy.shipped import policy_document, policy_names, policy_path
from egp.policy.tree import Tree, WorkingTree
from egp.rules.rule import Catalogue, Rule
from egp.yaml import Document, Path, Position, Span
from egp.yaml.files import real_path, repository_root
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.holdouts import SharedHoldout
    from egp.rules.custom.own_rule import OwnRule

STANDARD = "egp:standard"

_NAMING = ("rules", "tiers", "roles", "calendars", "gate", "not_an_experiment", "holdouts")
"""Keys whose mapping has names as keys."""


class _Files:
    """Policy files read so far: each once, with its document for positions."""

    def __init__(self, folder: str, tree: Tree, packaged: Mapping[str, Rule]) -> None:
        self.root = real_path(repository_root(folder) or folder)
        self.catalogue = Catalogue({**packaged})
        self.custom: dict[str, OwnRule] = {}
        self.extended: dict[str, str] = {}
        """Files of the repository that others build on: name → path."""
        self._tree = tree
        self._folders: dict[str, str] = {}
        self.digest = sha256()
        self.failures: list[Failure] = []
        self.documents: dict[str, Document] = {}
        self._layers: dict[str, tuple[PolicyFile, tuple[Layer, ...]]] = {}
        self.gates: dict[str, Settings] = {}
        """What each file sets of the gate's checks."""

    def layers_of(
        self, name: str, path: str, chain: tuple[str, ...] = ()
    ) -> tuple[PolicyFile, tuple[Layer, ...]]:
        """The file's own content, and the layers of everything it extends followed by its own."""
        if name not in self._layers:
            self._layers[name] = self._read(name, path, (*chain, name))
        return self._layers[name]

    def _read(self, name: str, path: str, chain: tuple[str, ...]) -> tuple[PolicyFile, tuple[Layer, ...]]:
        # A shipped policy lies where egp is installed, maybe by a link in the repository's own environment.
        is_shipped = name.startswith("egp:")
        documents = (
            [policy_document(real_path(path), name)] if is_shipped else self._tree.documents(path, name)
        )
        self._folders[name] = os.path.dirname(os.path.abspath(path))
        self.digest.update(documents[0].text.encode("utf-8", "surrogatepass"))
        document = self.documents[name] = documents[0]
        for fault in document.problems:
            self.failures.append(invalid(document, fault.message, fault.span, fault.help))
        if len(documents) > 1:
            span = documents[1].span(())
            self.failures.append(
                invalid(document, "a policy is one document", span, "remove what follows `---`")
            )
        problems: list[ValueProblem] = []
        content = read(PolicyFile, {} if document.problems else document.value, (), problems)
        if not is_shipped:  # what egp ships the tests read
            from egp.policy.meaning import meaningless

            problems.extend(meaningless(content))
        layers = self._extended(content.extends, document, ("extends",), chain)
        written = self._custom(document, content)
        settings, dated = read_settings(document, content.rules or {}, ("rules",), problems, self.catalogue)
        for rule_id, values in written.items():
            settings[rule_id] = {**values, **settings.get(rule_id, {})}
        own = Layer(
            name, settings, dated, self._defaults(document, content.defaults, ("defaults",), problems)
        )
        if content.gate:
            from egp.policy.gate_options import read_gate  # loads the checks that it names

            self.gates[name] = read_gate(document, content.gate, problems)
        for problem in problems:
            self.failures.append(invalid_at(document, problem))
        return content, (*layers, own)

    @staticmethod
    def _defaults(
        document: Document, written: object, path: Path, problems: list[ValueProblem]
    ) -> tuple[DefaultsEntry, ...]:
        if written is None:
            return ()
        from egp.policy.defaults import (
            read_defaults,
        )  # few policies have any yet, and no other one waits for it

        return read_defaults(document, written, path, problems)

    def metrics(self, layers: Sequence[Layer]) -> MetricCatalogue | None:
        """The catalogue of metrics that the files behind the layers name; None where none does."""
        contents = [*zip(layers, self.contents(layers), strict=True)]
        if not any(content.metrics for _, content in contents):
            return None
        from egp.policy.metrics import NamedPattern, read_catalogue

        named = [
            NamedPattern(self._folders[layer.name], pattern, self.documents[layer.name], ("metrics", at))
            for layer, content in contents
            for at, pattern in enumerate(content.metrics)
        ]
        catalogue, failures = read_catalogue(
            named,
            self.root,
            self._tree,
            lambda text: self.digest.update(text.encode("utf-8", "surrogatepass")),
        )
        self.failures += failures
        return catalogue

    def holdouts(self, layers: Sequence[Layer]) -> dict[str, SharedHoldout]:
        """The shared holdouts that the files behind the layers define."""
        contents = [*zip(layers, self.contents(layers), strict=True)]
        if not any(content.holdouts for _, content in contents):
            return {}
        from egp.policy.holdouts import read_holdouts  # few policies have any

        named = [(self.documents[layer.name], content.holdouts) for layer, content in contents]
        found, failures = read_holdouts(named)
        self.failures += failures
        return found

    def _custom(self, document: Document, content: PolicyFile) -> dict[str, dict[str, SettingValue]]:
        """The settings of the rules that a file writes itself; they join the catalogue."""
        if not content.custom:
            return {}
        from egp.rules.custom.reading import read_custom

        found = read_custom(
            document, content.custom, self.catalogue, lambda named: self._schema(named, document)
        )
        for mistake in found.mistakes:
            self.failures.append(invalid(mistake.document, mistake.message, mistake.span, mistake.help))
        settings: dict[str, dict[str, SettingValue]] = {}
        for own in found.rules:
            self.custom[own.id] = own
            self.catalogue.brought[own.id] = own.rule()
            settings[own.id] = {
                name: SettingValue(value, origin_of(document, (*own.at, name)))
                for name, value in own.settings()
            }
        return settings

    def _schema(self, written: str, document: Document) -> Document | tuple[str, str]:
        """The JSON Schema in a file, named from a policy's folder; or message and help why it cannot be read."""
        name = _name_from(document.path, written)
        path = self._tree.real(os.path.join(self._folders[document.path], written))
        if os.path.commonpath([self.root, path]) != self.root:
            return f"`{shown(written)}` lies outside the repository", "copy the schema into the repository"
        if not self._tree.has(path):
            return f"there is no schema `{shown(written)}`", "name a file relative to this policy's folder"
        self.extended[name] = path
        schema = self._tree.documents(path, name)[0]
        self.digest.update(schema.text.encode("utf-8", "surrogatepass"))
        return schema

    def settings(self) -> Iterator[tuple[Document, Path, str, dict[str, object]]]:
        """Every entry of a rule's setting in the files read: document, path, rule, and what it sets."""
        for name, (content, _) in self._layers.items():
            for own in self.custom.values():
                if own.document is self.documents[name]:
                    yield own.document, own.at, own.id, dict(own.settings())
            places: list[tuple[Path, dict[str, object]]] = [(("rules",), content.rules or {})]
            for at, override in enumerate(content.overrides):
                places.append((("overrides", at, "rules"), override.rules or {}))
            for path, rules in places:
                for rule_id, setting in rules.items():
                    for entry in entries_of(setting, (*path, rule_id)) if rule_id in self.catalogue else ():
                        yield self.documents[name], entry.path, rule_id, entry.settings

    def contents(self, layers: Sequence[Layer]) -> list[PolicyFile]:
        """What the files behind the layers say, in the same order."""
        return [self._layers[layer.name][0] for layer in layers]

    def _extended(
        self, names: Sequence[str], document: Document, path: Path, chain: tuple[str, ...]
    ) -> tuple[Layer, ...]:
        layers: dict[str, Layer] = {}
        for position, written in enumerate(names):
            at = (*path, position)
            name = _name_from(document.path, written)
            if name in chain:
                cycle = " → ".join([*chain[chain.index(name) :], name])
                self.failures.append(
                    invalid(
                        document, f"policies extend each other: {cycle}", document.span(at), "break the cycle"
                    )
                )
                continue
            found = self._resolve(name, written, document, at)
            if found:
                for layer in self.layers_of(name, found, chain)[1]:
                    layers.setdefault(layer.name, layer)
        return tuple(layers.values())

    def _resolve(self, name: str, written: str, document: Document, at: Path) -> str | None:
        """Path of an extended policy: shipped, or a file inside the repository, named from the extending one."""
        if name.startswith("egp:"):
            path = policy_path(name)
            if path is None:
                guess = nearest(name, policy_names())
                hint = f", did you mean `{guess}`?" if guess else ""
                advice = f"egp ships {', '.join(policy_names())}"
                self.failures.append(
                    invalid(document, f"egp ships no policy `{shown(name)}`{hint}", document.span(at), advice)
                )
            return path
        path = self._tree.real(os.path.join(self._folders[document.path], written))
        if os.path.commonpath([self.root, path]) != self.root:
            advice = "copy the policy into the repository"
            self.failures.append(
                invalid(
                    document, f"`{shown(written)}` lies outside the repository", document.span(at), advice
                )
            )
            return None
        if not self._tree.has(path):
            advice = "name a file relative to this policy's folder, or a shipped policy"
            self.failures.append(
                invalid(document, f"there is no policy file `{shown(written)}`", document.span(at), advice)
            )
            return None
        self.extended[name] = path
        return path

    def scopes(self, layers: Sequence[Layer], tiers: Collection[str]) -> Iterator[Scope]:
        """The overrides of all files, in the order of the layers."""
        for layer, content in zip(layers, self.contents(layers), strict=True):
            for at, override in enumerate(content.overrides):
                yield self._scope(override, at, self.documents[layer.name], layers, tiers)

    def _scope(
        self, override: Override, at: int, document: Document, base: Sequence[Layer], tiers: Collection[str]
    ) -> Scope:
        path: Path = ("overrides", at)
        problems: list[ValueProblem] = []
        when = self._condition(override, (*path, "when"), tiers, problems)
        if not override.paths and when == Condition():
            advice = "add `paths:` or `when: {tier: …}`; settings for all plans belong under `rules:`"
            problems.append(
                ValueProblem(path, "missing", "this override does not say for which plans", advice)
            )
        present = {layer.name for layer in base}
        extended = self._extended(override.extends, document, (*path, "extends"), ())
        for layer, content in zip(extended, self.contents(extended), strict=True):
            if content.overrides and layer.name not in present:
                message = (
                    f"{layer.name} has overrides of its own, and cannot be put on top of some plans only"
                )
                span = document.span((*path, "extends"))
                self.failures.append(invalid(document, message, span, "extend a policy without overrides"))
            if content.gate and layer.name not in present:
                message = f"{layer.name} sets options of the gate, which cannot hold for some plans only"
                span = document.span((*path, "extends"))
                self.failures.append(
                    invalid(document, message, span, "set them under `gate:` of this policy")
                )
        own = Layer(
            f"{document.path}#{at}",
            *read_settings(document, override.rules or {}, (*path, "rules"), problems, self.catalogue),
            self._defaults(document, override.defaults, (*path, "defaults"), problems),
        )
        if when.chosen and any(layer.defaults for layer in (*extended, own)):
            message = "what plans need not say may differ by path and tier, not by what their author chooses"
            problems.append(
                ValueProblem((*path, "when"), "wrong-type", message, "name `paths:` or `tier:` alone")
            )
        self.failures.extend(invalid_at(document, problem) for problem in problems)
        layers = (*(layer for layer in extended if layer.name not in present), own)
        return Scope(override.paths, when, layers, origin_of(document, path))

    def _condition(
        self, override: Override, path: Path, tiers: Collection[str], problems: list[ValueProblem]
    ) -> Condition:
        when = override.when
        if when is None:
            return Condition()
        from egp.policy.meaning import unknown_in  # few overrides are by anything but paths

        problems.extend(unknown_in(when, path, tiers))
        return Condition(**{name: getattr(when, name) or () for name in Condition._fields})


def _name_from(extending: str, written: str) -> str:
    """The name of a policy file as messages show it, when another one names it."""
    if written.startswith("egp:"):
        return written
    return os.path.normpath(os.path.join(os.path.dirname(extending), written)).replace(os.sep, "/")


def _idle(files: _Files, shown_as: str) -> list[Failure]:
    """What makes a policy judge nothing: options of rules that nobody adopts, or no rule at all."""
    settings = [*files.settings()]
    weighed = {rule_id for _, _, rule_id, setting in settings if "severity" in setting}.union(ALWAYS)
    unadopted = [
        invalid(
            document,
            f"{rule_id} is not adopted, and its options change nothing",
            document.span(path, key=True),
            f'add a severity, `{rule_id}: {{severity: error, ...}}`, or `extends: ["{STANDARD}"]`',
        )
        for document, path, rule_id, setting in settings
        if setting and rule_id not in weighed
    ]
    if unadopted or any(setting.get("severity", OFF) != OFF for *_, setting in settings):
        return unadopted
    document = files.documents[shown_as]
    start = document.span(()).start
    advice = f'add `extends: ["{STANDARD}"]`'
    return [invalid(document, "it adopts no rule, and would judge nothing", Span(start, start), advice)]


def read_policy(
    path: str,
    shown_as: str,
    tree: Tree | None = None,
    are_pins_held: bool = True,
    packaged: Mapping[str, Rule] | None = None,
) -> Policy:
    """The policy in a file. Raises PolicyError with every mistake, OSError when a file cannot be read.

    ``are_pins_held`` is False for the command that pins anew what has changed. ``packaged`` are rules that the command
    line brings along.
    """
    root = os.path.dirname(os.path.abspath(path))
    tree = tree or WorkingTree()
    files = _Files(root, tree, packaged or {})
    content, layers = files.layers_of(shown_as, path)
    contents = files.contents(layers)
    tiers = next((each.tiers for each in reversed(contents) if each.tiers), {})
    scopes = tuple(files.scopes(layers, dict.fromkeys(tiers.values())))
    metrics, holdouts = files.metrics(layers), files.holdouts(layers)
    failures = files.failures or _idle(files, shown_as) or [*_softened(files, layers, scopes)]
    if files.extended and are_pins_held:
        from egp.policy.pins import moved_pins  # a policy that builds on shipped ones alone needs no lock

        failures += moved_pins(files.extended, lock_folder(root, root), tree)
    if failures:
        raise PolicyError(failures)
    return Policy(
        name=shown_as,
        version=", ".join(filter(None, (_version(contents), _caution(contents)))),
        caution=_caution(contents),
        digest=f"sha256:{files.digest.hexdigest()}",
        root="" if shown_as.startswith("egp:") else root,
        layers=layers,
        scopes=scopes,
        plans=content.plans,
        delegates=content.delegates,
        tiers=tuple(tiers.items()),
        roles={role: holders for each in contents for role, holders in (each.roles or {}).items()},
        calendars={name: days for each in contents for name, days in (each.calendars or {}).items()},
        sources=next((each.sources for each in reversed(contents) if each.sources), None),
        rollouts=content.rollouts,
        not_an_experiment={
            flag: why for each in contents for flag, why in (each.not_an_experiment or {}).items()
        },
        gate=_gate(files.gates, layers),
        timezone=next((each.timezone for each in reversed(contents) if each.timezone), ""),
        waivers=_waiver_terms(contents),
        file=shown_as,
        extended=tuple(sorted(files.extended.values())),
        catalogue=files.catalogue,
        metrics=metrics,
        holdouts=holdouts,
        custom=tuple(files.custom.values()),
    )


def _version(contents: Sequence[PolicyFile]) -> str:
    """The version of the policy on top."""
    return next((each.version for each in reversed(contents) if each.version), "")


def _caution(contents: Sequence[PolicyFile]) -> str:
    """What any of the files has every report say."""
    return ", ".join(dict.fromkeys(each.caution for each in contents if each.caution))


def _waiver_terms(contents: Sequence[PolicyFile]) -> WaiverTerms | None:
    """Who may waive, as the policy on top says; and for how long, as the last one says that does."""
    stated = [each.waivers for each in contents if each.waivers]
    if not stated:
        return None
    terms = WaiverTerms()
    terms.approvers = stated[-1].approvers
    terms.attested_by = next((each.attested_by for each in reversed(stated) if each.attested_by), None)
    terms.longest = next((each.longest for each in reversed(stated) if each.longest is not None), None)
    return terms


def _gate(gates: Mapping[str, Settings], layers: Sequence[Layer]) -> Settings:
    if not gates:
        return {}
    from egp.policy.gate_options import together

    return together(gates.get(layer.name, {}) for layer in layers)


def _softened(files: _Files, layers: Sequence[Layer], scopes: Sequence[Scope]) -> Iterator[Failure]:
    """Overrides by which a plan's author could escape a rule that nobody may waive."""
    if not any(scope.when.chosen for scope in scopes):
        return
    from egp.policy.softening import softenings  # loads every rule that such an override speaks of

    for softening in softenings(layers, scopes, files.catalogue):
        document = files.documents[softening.origin.path]
        start = Position(softening.origin.line, softening.origin.column)
        span = Span(start, Position(start.line, start.column + len(softening.setting)))
        yield invalid(document, softening.message, span, softening.help)


def shipped_policy(name: str = STANDARD, packaged: Mapping[str, Rule] | None = None) -> Policy:
    """A shipped policy by name. Raises PolicyError for an unknown name."""
    path = policy_path(name)
    if path is None:
        guess = nearest(name, policy_names())
        hint = f", did you mean {guess}?" if guess else ""
        known = f"egp ships {', '.join(policy_names())}"
        raise PolicyError([Failure(shown(name), f"egp ships no policy of this name{hint}", help=known)])
    return read_policy(path, name, packaged=packaged)
