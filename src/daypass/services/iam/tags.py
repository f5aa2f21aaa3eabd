"""Tags on users, roles and customer managed policies, and their case rules (IAM User Guide, "Tags for IAM resources").

Keys of users and roles compare without case, and the newest spelling stays; keys of managed policies compare exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from daypass.errors import InvalidInput
from daypass.operations.call import Call
from daypass.operations.paging import Listing
from daypass.principals import Tags
from daypass.services.iam import quotas

_MOST_READINGS = 16

Keys = dict[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class TagRules:
    """``fold``: what of a key is compared. ``duplicate``: the text for a key given twice. ``order``: how lists sort."""

    fold: Callable[[str], str]
    duplicate: str
    order: Callable[[str], str]


WITHOUT_CASE = TagRules(
    str.lower, "Duplicate tag keys found. Please note that Tag keys are case insensitive.", lambda key: key
)
EXACT = TagRules(str, "Duplicate tag keys found.", lambda key: f"{len(key):03d}{key}")


def request_tags(call: Call) -> Tags:
    """The tags that the call brings, in its order; not checked yet."""
    return tuple((tag["Key"], tag["Value"]) for tag in call.params.get("Tags", ()))


def request_keys(tags: Tags) -> Keys:
    """What policies may ask about ``tags`` of a request: ``aws:RequestTag/KEY`` and ``aws:TagKeys``."""
    if not tags:
        return {}
    keys: Keys = {f"aws:RequestTag/{key}": value for key, value in tags}
    keys["aws:TagKeys"] = tuple(key for key, _ in tags)
    return keys


def readings(tags: Tags) -> list[Tags]:
    """Every way to read ``tags`` as condition keys. Those know no case, the tag keys of managed policies do.

    Whoever may do something must be allowed under each reading: ``env=dev`` beside ``ENV=prod`` is both.

    Raises:
        InvalidInput: more readings than anybody needs.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for tag in tags:
        alike.setdefault(tag[0].lower(), []).append(tag)
    if len(alike) == len(tags):
        return [tags]
    if prod(map(len, alike.values())) > _MOST_READINGS:
        raise InvalidInput("Too many tag keys differ only by case.")
    return list(product(*alike.values()))


def merged(old: Tags, new: Tags, rules: TagRules) -> Tags:
    """``old`` with ``new`` put in: a key that is there keeps its place and takes the new spelling and value.

    Raises:
        InvalidInput: ``new`` has a key twice, a key that is reserved, or too many that differ only by case.
        LimitExceeded: more than 50 tags afterwards.
    """
    _check(new, rules)
    tags = {rules.fold(key): (key, value) for key, value in old}
    tags.update({rules.fold(key): (key, value) for key, value in new})
    quotas.TAGS.require(len(tags))
    readings(tuple(tags.values()))  # what is stored can be read
    return tuple(tags.values())


def _check(tags: Tags, rules: TagRules) -> None:
    if len({rules.fold(key) for key, _ in tags}) < len(tags):
        raise InvalidInput(rules.duplicate)
    if any(key.lower().startswith("aws:") for key, _ in tags):
        raise InvalidInput("Tag keys that begin with aws: are reserved.")


def without(old: Tags, keys: Sequence[str], rules: TagRules) -> Tags:
    """``old`` less the tags named by ``keys``; a key that is not there does not matter."""
    gone = {rules.fold(key) for key in keys}
    return tuple(tag for tag in old if rules.fold(tag[0]) not in gone)


def as_sent(tags: Tags) -> list[dict[str, str]]:
    """Tags as result members, in their own order."""
    return [_shape(tag) for tag in tags]


def in_order(tags: Tags, rules: TagRules) -> list[dict[str, str]]:
    """Tags as result members, in the order of the resource's List…Tags."""
    return as_sent(tuple(sorted(tags, key=lambda tag: rules.order(tag[0]))))


def listing(tags: Tags, rules: TagRules) -> Listing[tuple[str, str]]:
    """Tags as a paged list."""
    return Listing.of("Tags", tags, lambda tag: rules.order(tag[0]), _shape)


def _shape(tag: tuple[str, str]) -> dict[str, str]:
    return {"Key": tag[0], "Value": tag[1]}
