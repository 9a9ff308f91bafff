"""LaunchDarkly in Terraform: `launchdarkly_feature_flag_environment`, with the `launchdarkly_feature_flag` it names.

`rollout_weights` are thousandths of a per cent, one for each variation in the order of the flag. Blocks (`fallthrough {}`)
and attributes (`fallthrough = {}`) are read alike, and references only to a flag or an environment in the same folder. Variables,
locals, modules, functions, conditionals, `dynamic` blocks, `count` and `for_each` are computed by Terraform, and what they
decide is not checked. The salt is LaunchDarkly's, and stands in no file. Needs `egp[terraform]`.

Reads:

```hcl
resource "launchdarkly_feature_flag" "buy_now" {
  key            = "pdp_buy_now"
  variation_type = "boolean"
  variations {
    value = false
    name  = "control"
  }
  variations {
    value = true
    name  = "buy_now"
  }
}

resource "launchdarkly_feature_flag_environment" "production" {
  flag_id = launchdarkly_feature_flag.buy_now.id
  env_key = "production"
  on      = true
  fallthrough {
    rollout_weights = [55000, 45000]
    bucket_by       = "account"
  }
  off_variation = 0
}
```

As:

```yaml
- flag: pdp_buy_now
  enabled: true
  off: control
  audiences: [{unit: user account, sticky: true, shares: {control: 55%, buy_now: 45%}}]
```

Not checked, saying "var.share is computed by Terraform":

```hcl
resource "launchdarkly_feature_flag_environment" "production" {
  flag_id = "shop/pdp_buy_now"
  env_key = "production"
  on      = true
  fallthrough = { rollout_weights = [50000, var.share] }
}
```
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from egp.plan.quantity import shown
from egp.record.rollouts import chain
from egp.record.rollouts.chain import ChainedRule
from egp.record.rollouts.formats.launchdarkly import (
    WITHDRAWN_BY,
    is_never,
    name_of,
    values_of,
    variation_names,
    weighed,
)
from egp.record.rollouts.part import Computed, Part
from egp.record.rollouts.reading import RolloutFile
from egp.record.rollouts.rollout import DEFAULT, REQUIRED, Rollout, Said, Unread
from egp.yaml.position import START

if TYPE_CHECKING:
    from egp.record.rollouts.hcl import HclDocument

READS_TOGETHER = True
SWITCHED_OFF = "false"
FLAG, SERVED = "launchdarkly_feature_flag", "launchdarkly_feature_flag_environment"
SEGMENT, ENVIRONMENT = "launchdarkly_segment", "launchdarkly_environment"


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every flag of the files that is configured for the environment."""
    try:
        from egp.record.rollouts.hcl import HclError, hcl_document
    except ImportError:
        reason = "Terraform needs the extra: pip install 'egp[terraform]'"
        yield from (Unread(each.path, START, reason) for each in files)
        return
    folders: dict[str, list[HclDocument]] = {}
    for file in files:
        try:
            folders.setdefault(os.path.dirname(file.path), []).append(hcl_document(file.text, file.path))
        except HclError as error:
            yield Unread(file.path, error.at, f"it cannot be read: {error}")
    declared = [_Declared(documents) for documents in folders.values()]
    flags = [each for folder in declared for each in folder.flags.values()]
    for folder in declared:
        for document in folder.documents:
            whole = Part(document, document.value)
            for _, resource in whole.get_all(SERVED):
                served = _served(document.path, environment, resource, folder, flags)
                if served is not None:
                    yield served
            for label, module in whole.get_all("module"):
                if _may_serve(label, module):
                    yield Unread(
                        document.path,
                        module.at,
                        f"the module {shown(label)} may serve flags, and Terraform computes it",
                    )


class _Declared:
    """What the files of one folder declare; resources refer to each other by labels, which no other folder knows."""

    def __init__(self, documents: Sequence[HclDocument]) -> None:
        self.documents = documents
        self.flags = dict(self._all(FLAG))
        self.segments = {
            name: json.dumps(_plain(each), sort_keys=True, default=str)
            for label, each in self._all(SEGMENT)
            for name in (f"{SEGMENT}.{label}", _key(each))
        }

    def _all(self, kind: str) -> Iterator[tuple[str, Part]]:
        for document in self.documents:
            yield from Part(document, document.value).get_all(kind)

    def key(self, part: Part) -> str | None:
        """A key that is written, or that of a flag or an environment which is referred to; None for what is computed."""
        if not isinstance(part.value, Computed):
            return part.name()
        for kind in (FLAG, ENVIRONMENT, f"data.{ENVIRONMENT}"):
            if label := part.value.refers_to(kind, "key"):
                found = dict(self._all(kind)).get(label)
                key = found.get("key") if found else None
                return key.text() if key else None
        return None


def _may_serve(label: str, module: Part) -> bool:
    """Whether a module may be of flags: it is named so, or is given something of that name."""
    source = module.get("source")
    names = [label, str(source.value if source else ""), *(name for name, _ in module.items())]
    return any(word in each.lower() for each in names for word in ("flag", "launchdarkly"))


def _key(resource: Part) -> str:
    key = resource.get("key")
    return (key.name() if key else None) or "\0"


def _served(
    path: str, environment: str, resource: Part, folder: _Declared, flags: Sequence[Part]
) -> Rollout | Unread | None:
    env = resource.get("env_key")
    named = folder.key(env) if env else None
    if env is None or named is None:
        at = (env or resource).at
        reason = (env.computed or "it is no text") if env else "it names no environment"
        return Unread(path, at, f"whether it is {shown(environment)} is not known: {reason}")
    if named != environment:
        return None
    key, flag, reason = _flag_of(resource, folder, flags)
    if key is None:
        return Unread(path, resource.at, reason)
    for each in ("count", "for_each"):
        repeated = resource.get(each)
        if repeated is not None:
            return Unread(path, repeated.at, f"`{each}` is computed by Terraform", key.value)
    return _rollout(path, environment, key, flag, resource, folder)


def _ignored(resource: Part) -> Part | None:
    """Where Terraform leaves alone what somebody changes elsewhere: then the file does not say what is served."""
    return next(
        (named for each in _blocks(resource, "lifecycle") if (named := each.get("ignore_changes"))), None
    )


def _flag_of(
    resource: Part, folder: _Declared, flags: Sequence[Part]
) -> tuple[Said[str] | None, Part | None, str]:
    """The key of the flag that is configured, its resource where the files have it, and else why not."""
    named = resource.get("flag_id")
    if named is None:
        return None, None, "it names no flag"
    if isinstance(named.value, Computed):
        flag = folder.flags.get(named.value.refers_to(FLAG, "id"))
        key = flag.get("key") if flag else None
        if key is None or key.computed:
            return None, None, f"the flag it is for is not in these files: {named.computed}"
        return Said(key.name() or "", named.at), flag, ""
    text = named.text()
    if not text:
        return None, None, named.computed or "its flag_id is no text"
    key_text = text.rpartition("/")[2]
    for among in (folder.flags.values(), flags):
        found = [each for each in among if _key(each) == key_text]
        if len(found) == 1:
            return Said(key_text, named.at), found[0], ""
    return Said(key_text, named.at), None, ""


def _rollout(
    path: str,
    environment: str,
    key: Said[str],
    flag: Part | None,
    resource: Part,
    folder: _Declared,
) -> Rollout:
    variations = _variations(flag) if flag else []
    names = variation_names(flag) if flag and variations else None
    reading = _Serving([name_of(each) for each in variations] or _booleans(flag))
    steps = [*_targets(resource, reading), *_rules(resource, reading, folder.segments)]
    if (ignored := _ignored(resource)) is not None:
        steps.insert(
            0, ChainedRule(ignored.at, (), unread="`ignore_changes` leaves what is served to LaunchDarkly")
        )
    if unknown := resource.get("dynamic"):
        steps.insert(0, ChainedRule(unknown.at, (), unread="a `dynamic` block is computed by Terraform"))
    fallthrough = _one(resource, "fallthrough") or _one(resource, "flag_fallthrough")
    if fallthrough is not None:
        steps.append(reading.step(fallthrough, ""))
    on, off = resource.get("on") or resource.get("targeting_enabled"), resource.get("off_variation")
    archived = flag.get("archived") if flag else None
    switches = (on, off, archived)
    unread = [Unread(path, each.at, each.computed, key.value) for each in switches if each and each.computed]
    off_variant = (
        Said(names(off) if names else reading.name(off), off.at) if off and not off.computed else None
    )
    found = chain.audiences(steps, off_variant.value if off_variant else DEFAULT, key.at)
    unread += chain.unread_in(found, path, key.value)
    required = [each.get("flag_key") for each in _blocks(resource, "prerequisites")]
    return Rollout(
        format="launchdarkly-terraform",
        path=path,
        document=0,
        flag=key,
        environment=environment,
        enabled=_enabled(resource, on, archived),
        default=off_variant,
        off=off_variant,
        variants=tuple(Said(name_of(each), each.at) for each in variations),
        values=values_of(variations),
        terms=tuple(
            f"{REQUIRED}{json.dumps(_plain(each), sort_keys=True, default=str)}"
            for each in _blocks(resource, "prerequisites")
        ),
        prerequisites=tuple(Said(folder.key(each) or "", each.at) for each in required if each),
        audiences=found,
        withdrawn_by=WITHDRAWN_BY,
        unread=tuple(unread),
    )


def _enabled(resource: Part, on: Part | None, archived: Part | None) -> Said[bool] | None:
    """Whether anybody is served more than the off variation; None where that is computed."""
    if any(each and each.computed for each in (on, archived)):
        return None
    if archived is not None and archived.value is True:
        return Said(False, archived.at)
    return Said(on is not None and on.value is True, (on or resource).at)


def _variations(flag: Part) -> list[Part]:
    return _blocks(flag, "variations")


def _booleans(flag: Part | None) -> list[str]:
    """A boolean flag that declares no variations has these two."""
    kind = flag.get("variation_type") if flag else None
    return ["true", "false"] if kind is not None and kind.value == "boolean" else []


def _blocks(part: Part, key: str) -> list[Part]:
    """Blocks of a name, or the list in an attribute."""
    found = part.get(key)
    if found is None:
        return []
    return list(found.list()) if isinstance(found.value, list) else [found]


def _one(part: Part, key: str) -> Part | None:
    return next(iter(_blocks(part, key)), None)


class _Serving:
    """What a block serves: one variation, or several by weights."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def name(self, index: Part) -> str:
        number = index.number()
        if number is not None and number == int(number) and 0 <= number < len(self._names):
            return self._names[int(number)]
        return f"variation {shown(index.value)}"

    def step(self, part: Part, condition: str) -> ChainedRule:
        if part.computed:
            return ChainedRule(part.at, (), condition, unread=part.computed)
        variation, weights = part.get("variation"), part.get("rollout_weights")
        if weights is not None and not (isinstance(weights.value, list) and not weights.value):
            return self._split(weights, part, condition)
        if variation is None:
            return ChainedRule(part.at, (), condition, unread="it names neither a variation nor weights")
        if variation.computed:
            return ChainedRule(variation.at, (), condition, unread=variation.computed)
        return ChainedRule(variation.at, chain.everybody(self.name(variation), variation.at), condition)

    def _split(self, weights: Part, part: Part, condition: str) -> ChainedRule:
        read_weights = []
        for position, each in enumerate(weights.list()):
            number = each.number()
            if number is None or number < 0:
                return ChainedRule(each.at, (), condition, unread=each.computed or "a weight is no number")
            name = self._names[position] if position < len(self._names) else f"variation {position}"
            read_weights.append((name, number, each.at))
        if weights.computed:
            return ChainedRule(weights.at, (), condition, unread=weights.computed)
        by, kind = part.get("bucket_by"), part.get("context_kind")
        for named in (by, kind):
            if named is not None and named.computed:
                return ChainedRule(named.at, (), condition, unread=named.computed)
        return weighed(read_weights, weights, condition, by, kind, None)


def _targets(resource: Part, reading: _Serving) -> Iterator[ChainedRule]:
    for key in ("targets", "context_targets", "user_targets"):
        for each in _blocks(resource, key):
            if each.computed:
                yield ChainedRule(each.at, (), f"{key} that Terraform computes", unread=each.computed)
                continue
            values = each.get("values")
            who = "" if values is None else ", ".join(value.name() or "…" for value in values.list())
            if (values is not None and values.computed) or who:
                yield reading.step(each, f"targets {shown(who or (values.computed if values else ''))}")


def _rules(resource: Part, reading: _Serving, segments: Mapping[str, str]) -> Iterator[ChainedRule]:
    for each in _blocks(resource, "rules"):
        if any(map(is_never, _blocks(each, "clauses"))):
            continue
        clauses = [_plain(clause) for clause in _blocks(each, "clauses")]
        condition = (
            json.dumps(clauses, ensure_ascii=False, sort_keys=True, default=str) if clauses else "a rule"
        )
        step = reading.step(each, condition)
        names = [
            text for name, text in segments.items() if f'"{name}"' in condition or f"{name}." in condition
        ]
        step.means = "".join(names)
        yield step


def _plain(part: Part) -> object:
    """A value as JSON, what is computed by its own words."""
    if isinstance(part.value, Computed):
        return part.value.reason
    if isinstance(part.value, dict):
        return {name: _plain(each) for name, each in part.items() if not name.startswith("__")}
    if isinstance(part.value, list):
        return [_plain(each) for each in part.list()]
    return part.value
