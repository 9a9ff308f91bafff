"""Reading a policy: files, what they extend, and every mistake at its line."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256

from egp.document import Document, Path, Span, read_file
from egp.finding import SEVERITIES, Failure
from egp.policy.error import PolicyError
from egp.policy.file import Override, PolicyFile
from egp.policy.locate import repository_root
from egp.policy.model import ALWAYS, SETTINGS, Layer, Origin, Policy, Scope, Settings, Value
from egp.policy.params import read_params
from egp.quantity import shown
from egp.rule import index, load
from egp.shape import Problem, nearest, read
from egp.shipped import policy_names, policy_path

STANDARD = "egp:standard"


class _Files:
    """Policy files read so far: each once, with its document for positions."""

    def __init__(self, folder: str) -> None:
        self.root = os.path.realpath(repository_root(folder) or folder)
        self._folders: dict[str, str] = {}
        self.digest = sha256()
        self.failures: list[Failure] = []
        self.documents: dict[str, Document] = {}
        self._layers: dict[str, tuple[PolicyFile, tuple[Layer, ...]]] = {}

    def layers_of(
        self, name: str, path: str, chain: tuple[str, ...] = ()
    ) -> tuple[PolicyFile, tuple[Layer, ...]]:
        """The file's own content, and the layers of everything it extends followed by its own."""
        if name not in self._layers:
            self._layers[name] = self._read(name, path, (*chain, name))
        return self._layers[name]

    def _read(self, name: str, path: str, chain: tuple[str, ...]) -> tuple[PolicyFile, tuple[Layer, ...]]:
        documents = read_file(path, name)
        self._folders[name] = os.path.dirname(os.path.abspath(path))
        self.digest.update(documents[0].text.encode("utf-8", "surrogatepass"))
        document = self.documents[name] = documents[0]
        for fault in document.problems:
            self.failures.append(_failure(document, fault.message, fault.span, fault.help))
        if len(documents) > 1:
            span = documents[1].span(())
            self.failures.append(
                _failure(document, "a policy is one document", span, "remove what follows `---`")
            )
        problems: list[Problem] = []
        content = read(PolicyFile, {} if document.problems else document.value, (), problems)
        problems.extend(_unmatchable(content))
        layers = self._extended(content.extends, document, ("extends",), chain)
        own = Layer(name, _settings(document, content.rules or {}, ("rules",), problems))
        for problem in problems:
            self.failures.append(self._failure_of(document, problem))
        return content, (*layers, own)

    def settings(self) -> Iterator[tuple[Document, Path, str, dict[str, object]]]:
        """Every setting of a rule in the files read: document, path, rule, and what is written there."""
        for name, (content, _) in self._layers.items():
            places: list[tuple[Path, dict[str, object]]] = [(("rules",), content.rules or {})]
            for at, override in enumerate(content.overrides):
                places.append((("overrides", at, "rules"), override.rules or {}))
            for path, rules in places:
                for rule_id, setting in rules.items():
                    if rule_id in index() and isinstance(setting, dict):
                        yield self.documents[name], (*path, rule_id), rule_id, setting

    def contents(self, layers: Sequence[Layer]) -> list[PolicyFile]:
        """What the files behind the layers say, in the same order."""
        return [self._layers[layer.name][0] for layer in layers]

    def _failure_of(self, document: Document, problem: Problem) -> Failure:
        key = problem.kind == "unknown-key"
        return _failure(document, problem.message, document.span(problem.path, key=key), problem.help)

    def _extended(
        self, names: Sequence[str], document: Document, path: Path, chain: tuple[str, ...]
    ) -> tuple[Layer, ...]:
        layers: dict[str, Layer] = {}
        for position, written in enumerate(names):
            span = document.span((*path, position))
            name = _name_from(document.path, written)
            if name in chain:
                cycle = " → ".join([*chain[chain.index(name) :], name])
                self.failures.append(
                    _failure(document, f"policies extend each other: {cycle}", span, "break the cycle")
                )
                continue
            found = self._resolve(name, written, document, span)
            if found:
                for layer in self.layers_of(name, found, chain)[1]:
                    layers.setdefault(layer.name, layer)
        return tuple(layers.values())

    def _resolve(self, name: str, written: str, document: Document, span: Span) -> str | None:
        """Path of an extended policy: shipped, or a file inside the repository, named from the extending one."""
        if name.startswith("egp:"):
            path = policy_path(name)
            if path is None:
                guess = nearest(name, policy_names())
                hint = f", did you mean `{guess}`?" if guess else ""
                advice = f"egp ships {', '.join(policy_names())}"
                self.failures.append(
                    _failure(document, f"egp ships no policy `{shown(name)}`{hint}", span, advice)
                )
            return path
        path = os.path.realpath(os.path.join(self._folders[document.path], written))
        if os.path.commonpath([self.root, path]) != self.root:
            advice = "copy the policy into the repository"
            self.failures.append(
                _failure(document, f"`{shown(written)}` lies outside the repository", span, advice)
            )
            return None
        if not os.path.isfile(path):
            advice = "name a file relative to this policy's folder, or a shipped policy"
            self.failures.append(
                _failure(document, f"there is no policy file `{shown(written)}`", span, advice)
            )
            return None
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
        tier = (override.when and override.when.tier) or ""
        if not override.paths and not tier:
            advice = "add `paths:` or `when: {tier: …}`; settings for all plans belong under `rules:`"
            message = "this override does not say for which plans"
            self.failures.append(_failure(document, message, document.span(path), advice))
        if tier and tier not in tiers:
            self.failures.append(_unknown_tier(document, tier, (*path, "when", "tier"), tiers))
        present = {layer.name for layer in base}
        extended = self._extended(override.extends, document, (*path, "extends"), ())
        for layer, content in zip(extended, self.contents(extended), strict=True):
            if content.overrides and layer.name not in present:
                message = (
                    f"{layer.name} has overrides of its own, and cannot be put on top of some plans only"
                )
                span = document.span((*path, "extends"))
                self.failures.append(_failure(document, message, span, "extend a policy without overrides"))
        problems: list[Problem] = []
        own = Layer(
            f"{document.path}#{at}", _settings(document, override.rules or {}, (*path, "rules"), problems)
        )
        self.failures.extend(self._failure_of(document, problem) for problem in problems)
        layers = (*(layer for layer in extended if layer.name not in present), own)
        return Scope(override.paths, tier, layers)


def _name_from(extending: str, written: str) -> str:
    """The name of a policy file as messages show it, when another one names it."""
    if written.startswith("egp:"):
        return written
    return os.path.normpath(os.path.join(os.path.dirname(extending), written)).replace(os.sep, "/")


def _unmatchable(content: PolicyFile) -> Iterator[Problem]:
    """Patterns that no plan's path can match."""
    patterns: list[tuple[Path, str]] = [(("plans", at), pattern) for at, pattern in enumerate(content.plans)]
    for number, override in enumerate(content.overrides):
        patterns += [
            (("overrides", number, "paths", at), pattern) for at, pattern in enumerate(override.paths)
        ]
    for path, pattern in patterns:
        if "\\" in pattern or not {"", ".", ".."}.isdisjoint(pattern.split("/")):
            advice = (
                "write it relative to the policy's folder, with `/` between folders and without `.` and `..`"
            )
            yield Problem(path, "wrong-type", f"no plan matches the pattern `{shown(pattern)}`", advice)


def _unknown_tier(document: Document, tier: str, path: Path, tiers: Collection[str]) -> Failure:
    guess = nearest(tier, tiers)
    hint = f", did you mean `{guess}`?" if guess else ""
    known = f"tiers are {', '.join(tiers)}" if tiers else "name the tiers of surfaces under `tiers:`"
    return _failure(document, f"there is no tier `{shown(tier)}`{hint}", document.span(path), known)


def _settings(document: Document, rules: dict[str, object], path: Path, problems: list[Problem]) -> Settings:
    settings: dict[str, dict[str, Value]] = {}
    for rule_id, setting in rules.items():
        at = (*path, rule_id)
        if rule_id not in index():
            problems.append(_unknown_rule(rule_id, at))
        elif not isinstance(setting, dict):
            advice = "write `{severity: error}`, with the rule's options beside it"
            problems.append(Problem(at, "wrong-type", f"the setting of {rule_id} is no mapping", advice))
        else:
            settings[rule_id] = _setting(document, rule_id, setting, at, problems)
    return settings


def _setting(
    document: Document, rule_id: str, setting: dict[str, object], path: Path, problems: list[Problem]
) -> dict[str, Value]:
    read_values: dict[str, object] = {}
    if "severity" in setting:
        read_values["severity"] = _severity(setting["severity"], (*path, "severity"), problems)
    if "waivable" in setting:
        read_values["waivable"] = setting["waivable"]
        if not isinstance(setting["waivable"], bool):
            message = f"waivable is {shown(setting['waivable'])}"
            problems.append(Problem((*path, "waivable"), "wrong-type", message, "write true or false"))
    options = {name: value for name, value in setting.items() if name not in SETTINGS}
    if options:
        read_values.update(vars(read_params(load(rule_id), options, path, problems)))
    return {
        name: Value(value, Origin(document.path, document.span((*path, name), key=True).start.line))
        for name, value in read_values.items()
    }


def _severity(value: object, path: Path, problems: list[Problem]) -> object:
    known = (*SEVERITIES, "off")
    if value in known:
        return value
    guess = nearest(value, known) if isinstance(value, str) else ""
    hint = f", did you mean `{guess}`?" if guess else ""
    problems.append(
        Problem(path, "wrong-type", f"severity is {shown(value)}{hint}", f"write one of {', '.join(known)}")
    )
    return "off"


def _unknown_rule(rule_id: str, path: Path) -> Problem:
    guess = nearest(rule_id, index())
    hint = f", did you mean `{guess}`?" if guess else ""
    return Problem(
        path, "unknown-key", f"there is no rule `{shown(rule_id)}`{hint}", "`egp rules` lists all rules"
    )


def _failure(document: Document, message: str, span: Span, help_text: str) -> Failure:
    line = document.line(span.start.line)
    return Failure(document.path, f"the policy is invalid: {message}", "", span, line, help_text)


def _idle(files: _Files, shown_as: str) -> list[Failure]:
    """What makes a policy judge nothing: options of rules that nobody adopts, or no rule at all."""
    settings = [*files.settings()]
    weighed = {rule_id for _, _, rule_id, setting in settings if "severity" in setting}.union(ALWAYS)
    unadopted = [
        _failure(
            document,
            f"{rule_id} is not adopted, and its options change nothing",
            document.span(path, key=True),
            f'add a severity, `{rule_id}: {{severity: error, ...}}`, or `extends: ["{STANDARD}"]`',
        )
        for document, path, rule_id, setting in settings
        if setting and rule_id not in weighed
    ]
    if unadopted or any(setting.get("severity", "off") != "off" for *_, setting in settings):
        return unadopted
    document = files.documents[shown_as]
    start = document.span(()).start
    advice = f'add `extends: ["{STANDARD}"]`'
    return [_failure(document, "it adopts no rule, and would judge nothing", Span(start, start), advice)]


def read_policy(path: str, shown_as: str) -> Policy:
    """The policy in a file. Raises PolicyError with every mistake, OSError when a file cannot be read."""
    root = os.path.dirname(os.path.abspath(path))
    files = _Files(root)
    content, layers = files.layers_of(shown_as, path)
    contents = files.contents(layers)
    tiers = next((each.tiers for each in reversed(contents) if each.tiers), {})
    scopes = tuple(files.scopes(layers, dict.fromkeys(tiers.values())))
    failures = files.failures or _idle(files, shown_as)
    if failures:
        raise PolicyError(failures)
    return Policy(
        name=shown_as,
        version=next((each.version for each in reversed(contents) if each.version), ""),
        digest=f"sha256:{files.digest.hexdigest()}",
        root="" if shown_as.startswith("egp:") else root,
        layers=layers,
        scopes=scopes,
        plans=content.plans,
        tiers=tuple(tiers.items()),
        roles={role: holders for each in contents for role, holders in (each.roles or {}).items()},
        calendars={name: days for each in contents for name, days in (each.calendars or {}).items()},
        sources=next((each.sources for each in reversed(contents) if each.sources), None),
    )


def shipped_policy(name: str = STANDARD) -> Policy:
    """A shipped policy by name. Raises PolicyError for an unknown name."""
    path = policy_path(name)
    if path is None:
        guess = nearest(name, policy_names())
        hint = f", did you mean {guess}?" if guess else ""
        known = f"egp ships {', '.join(policy_names())}"
        raise PolicyError([Failure(shown(name), f"egp ships no policy of this name{hint}", help=known)])
    return read_policy(path, name)
