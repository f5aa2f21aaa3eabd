"""What one statement says about one request. Nothing here knows the engine.

Source: IAM JSON policy elements reference: Action, Resource, Principal, NotPrincipal; where AWS says nothing:
docs/differences.md.
"""

from __future__ import annotations

from typing import Any

from tests.oracle.conditions import block_holds
from tests.oracle.text import Exactly, Variable, fields, filled_in, glob, matches, parts

Statement = dict[str, Any]
Request = dict[str, Any]


def many(value: Any) -> list[Any]:
    """A lone value and a list of one are the same everywhere."""
    return value if isinstance(value, list) else [value]


def applies(statement: Statement, request: Request, kind: str, version: str) -> bool:
    """Whether action, resource and conditions are the request's. Whom it speaks of is another question."""
    return (
        _action_applies(statement, request["action"])
        and _resource_applies(statement, request, kind, version)
        and block_holds(statement.get("Condition", {}), request["keys"], statement["Effect"], version)
    )


# ── Action, NotAction ────────────────────────────────────────────────────────────────────────────────


def _action_applies(statement: Statement, action: str) -> bool:
    if "NotAction" in statement:
        return not any(_names_action(one, action) for one in many(statement["NotAction"]))
    return any(_names_action(one, action) for one in many(statement["Action"]))


def _names_action(pattern: str, action: str) -> bool:
    if pattern == "*":
        return True
    if pattern.count(":") != 1:
        return False
    service, name = pattern.lower().split(":")
    asked_service, asked_name = action.lower().split(":")
    if not name or any(one.isspace() for one in name):
        return False
    return glob(service, asked_service) and glob(name, asked_name)


# ── Resource, NotResource ────────────────────────────────────────────────────────────────────────────


def _resource_applies(statement: Statement, request: Request, kind: str, version: str) -> bool:
    if "NotResource" in statement:
        return not any(_names_resource(one, request, kind, version) for one in many(statement["NotResource"]))
    if "Resource" in statement:
        return any(_names_resource(one, request, kind, version) for one in many(statement["Resource"]))
    return True  # a policy that hangs on a resource may leave out which


def _names_resource(pattern: str | None, request: Request, kind: str, version: str) -> bool:
    if pattern == "*":
        return True
    if pattern is None:
        return False
    texts = request["resource"].split(":", 5)
    patterns = fields(parts(pattern, version))
    if len(texts) != 6 or (len(patterns) < 6 and not _may_be_short(pattern, kind)):
        return False
    patterns += [("*",)] * (6 - len(patterns))
    if any(isinstance(part, Variable | Exactly) for field in patterns[:5] for part in field):
        return False  # variables stand after the fifth colon only
    for field, text in zip(patterns, texts, strict=True):
        tokens = filled_in(field, request["keys"], wildcards=True)
        if tokens is None or not matches(tokens, text):
            return False
    return True


def _may_be_short(pattern: str, kind: str) -> bool:
    """Whether the fields that ``pattern`` lacks are stars; otherwise it names nothing."""
    if kind in ("resource", "trust", "endpoint"):
        return "*" in pattern
    if kind == "scp":
        return pattern.endswith("*")
    return kind != "rcp"


# ── Principal, NotPrincipal ──────────────────────────────────────────────────────────────────────────


def names_of(caller: Request) -> dict[str, str]:
    """All texts that stand for ``caller``: his own ARN, who is behind him, his account."""
    account, partition = caller["account"], caller.get("partition", "aws")
    iam, sts = f"arn:{partition}:iam::{account}:", f"arn:{partition}:sts::{account}:"
    kind = caller["type"]
    if kind in ("anonymous", "service", "provider"):
        return {}
    names = {"root": iam + "root", "account": account}
    if kind == "user":
        names |= {"entity": f"{iam}user{caller['path']}{caller['name']}", "id": caller["id"]}
    if kind == "role":
        names |= {"entity": f"{iam}role{caller['path']}{caller['name']}", "id": caller["id"]}
        names["session"] = f"{sts}assumed-role/{caller['name']}/{caller['session']}"
    if kind == "federated":
        names["session"] = f"{sts}federated-user/{caller['name']}"
        if caller.get("user"):
            behind = names_of({"type": "user", "account": account, "partition": partition, **caller["user"]})
            names |= {"entity": behind["entity"], "id": behind["id"]}
    return names


def standings(element: Any, caller: Request, bindings: dict[str, str] | None) -> set[str]:
    """How a Principal or NotPrincipal element speaks of ``caller``.

    everyone: a star. self: him and nobody else. behind: the role or user that his session comes from. account: all of
    his account. More than one when several entries do.
    """
    entries = {"AWS": ["*"]} if element == "*" else {kind: many(values) for kind, values in element.items()}
    found = set()
    if caller["type"] == "service" and caller["name"] in entries.get("Service", []):
        found.add("self")
    if caller["type"] == "provider" and caller["name"] in entries.get("Federated", []):
        found.add("self")
    for entry in entries.get("AWS", []):
        found |= {"everyone"} if entry == "*" else _standing(entry, caller, bindings)
    return found


def _standing(entry: str, caller: Request, bindings: dict[str, str] | None) -> set[str]:
    names = names_of(caller)
    if not names:
        return set()
    if entry in (names["account"], names["root"]):
        return {"account"}
    if entry == names.get("session"):
        bound = (bindings or {}).get(entry)
        return {"self"} if bound in (None, names.get("id")) else set()
    entity = "self" if caller["type"] == "user" else "behind"
    if "id" in names and entry == names["id"]:
        return {entity}
    if "entity" in names and _is_entity(entry, names, bindings):
        return {entity}
    return set()


def _is_entity(entry: str, names: dict[str, str], bindings: dict[str, str] | None) -> bool:
    """By the id that the entry stood for when it was saved; policies that keep no ids compare text."""
    if bindings is None:
        return entry == names["entity"]
    return ":iam:" in entry and bindings.get(entry) == names["id"]


def is_denied_by_not_principal(listed: set[str], caller: Request, *, has_boundary: bool) -> bool:
    """Whether a Deny that spares the listed ones denies ``caller``: all that he is must be listed."""
    if has_boundary:
        return True
    if "everyone" in listed:
        return False
    needed = {
        "user": {"self", "account"},
        "role": {"self", "behind", "account"},
        "federated": {"self", "behind", "account"} if caller.get("user") else {"self", "account"},
        "root": {"account"},
        "service": {"self"},
        "provider": {"self"},
    }
    return caller["type"] == "anonymous" or not needed[caller["type"]] <= listed
