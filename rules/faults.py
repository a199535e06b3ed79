"""What a rule file may not say although each word of it is right: names of nothing, texts that
cannot be filled.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from parsers.user_yaml import Document, Fault, did_you_mean
from rules.rulefile import WrittenRules
from rules.templates import slips_of


def text_faults(
    document: Document, tree: Mapping[str, Any], path: Sequence[str | int], about: str
) -> Iterator[Fault]:
    """Every mistake in the texts of the rule at `path`."""
    for key in ("title", "body", "advice", "missed"):
        texts = tree.get(key)
        every = (
            texts.items()
            if isinstance(texts, dict)
            else (((), texts),)
            if isinstance(texts, str)
            else ()
        )
        for language, text in every:
            if isinstance(text, str):
                where = (*path, key, language) if isinstance(language, str) else (*path, key)
                yield from (document.fault(where, what) for what in slips_of(about, text))


def name_faults(
    document: Document,
    written: WrittenRules,
    quiets: Mapping[str, tuple[str, ...]],
    groups: Collection[str] | None,
) -> Iterator[Fault]:
    """Names of other things: rules that are quieted, groups that are notified. Faulty rules are
    asked too.

    `quiets`: what each rule that is known quiets. `groups`: None: not known, not checked.
    """
    ids = {*quiets, *(str(one.get("id")) for one in written.rules)}
    for name, patch in written.change.items():
        if name in quiets:
            yield from _quiet_faults(document, name, patch, ("change", name), ids, quiets)
            yield from _group_faults(document, patch, ("change", name), groups)
    for at, one in enumerate(written.rules):
        yield from _quiet_faults(document, str(one.get("id")), one, ("rules", at), ids, quiets)
        yield from _group_faults(document, one, ("rules", at), groups)


def _quiet_faults(
    document: Document,
    own: str,
    tree: Mapping[str, Any],
    path: Sequence[str | int],
    ids: Collection[str],
    quiets: Mapping[str, tuple[str, ...]],
) -> Iterator[Fault]:
    for key in ("quiets", "quiets_order"):
        for at, name in enumerate(_names(tree.get(key))):
            where = (*path, key, at)
            if name not in ids or name == own:
                yield document.fault(where, f"no other rule {name!r}{_rule_meant(name, ids)}")
            elif own in quiets.get(name, ()):
                yield document.fault(where, f"{name!r} quiets {own!r} too: neither would ever ring")


def _rule_meant(name: str, ids: Collection[str]) -> str:
    return did_you_mean(name, ids) or "; orderbell rules list shows them"


def _group_faults(
    document: Document,
    tree: Mapping[str, Any],
    path: Sequence[str | int],
    groups: Collection[str] | None,
) -> Iterator[Fault]:
    escalate = tree.get("escalate")
    wishes: list[tuple[tuple[str, ...], object]] = [(("notify",), tree.get("notify"))]
    wishes += (
        [(("escalate", "notify"), escalate.get("notify"))] if isinstance(escalate, dict) else []
    )
    for key, value in wishes if groups is not None else ():
        for at, name in enumerate(_names(value)):
            if name not in (groups or ()):
                known = (
                    f"; groups are {', '.join(groups or ()) or 'made under notify: in config.yaml'}"
                )
                hint = did_you_mean(name, groups or ()) or known
                yield document.fault((*path, *key, at), f"no notify group {name!r}{hint}")


def _names(value: object) -> tuple[str, ...]:
    """What a key that takes names holds; nothing when it is no list of names, which is told
    elsewhere.
    """
    names = value if isinstance(value, list) else [value]
    return tuple(name for name in names if isinstance(name, str))
