"""What a good token may not ask for its session: AWS's claims in forms that they do not have."""

from __future__ import annotations

from typing import Any

from tests.federation.attacks.kit import Attack, Refusal, with_claims

NAMESPACE = "https://aws.amazon.com/"
ARN = "arn:aws:iam::111122223333:role/one"


def _unsupported(what: str) -> Refusal:
    return "InvalidIdentityToken", f"The {what} of the token are not in a supported format"


TAGS, TRANSITIVE = _unsupported("session tags"), _unsupported("transitive tag keys")
TWICE = _unsupported("session tags in two layouts")
SOURCE = "InvalidIdentityToken", 'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'
ROLES = "InvalidIdentityToken", "The roles claim is not in a supported format"
NO_ROLES = "InvalidIdentityToken", "The roles claim contains no valid role ARNs"


def _with(claim: str, value: Any) -> str:
    return with_claims(**{f"{NAMESPACE}{claim}": value})


def _tagged(value: Any) -> str:
    return _with("tags", {"principal_tags": value})


NESTED = [
    *(Attack(f"the tags are {tags!r}", _with("tags", tags), TAGS) for tags in ("a=b", 1, 0, False, True, [], ["a"], 1.5, "")),
    *(Attack(f"principal_tags are {tags!r}", _tagged(tags), TAGS) for tags in ("a=b", "", 1, 0, False, True, [], ["a"], [{"a": ["b"]}])),
    *(
        Attack(f"a tag is {value!r}", _tagged({"team": value}), TAGS)
        for value in ("blue", [], ["a", "b"], [["a"]], [1], [None], [True], {"0": "a"}, None, 1, "", [{}], ["a\0"], ["a\n"], ["a" * 257], ["<"])
    ),
    *(Attack(f"a tag is called {key!r}", _tagged({key: ["a"]}), TAGS) for key in ("", "a\0", "a\nb", "a" * 129, "<", "a*b", "\t", "${x}")),
    *(
        Attack(f"transitive_tag_keys are {keys!r}", _with("tags", {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": keys}), TRANSITIVE)
        for keys in ("team", [1], [None], [[]], {"team": 1}, [""], 1, True, False, 0, "")
    ),
    Attack("nested tags", _with("tags", {"principal_tags": {"team": ["blue"], "Kosten": [""]}, "transitive_tag_keys": ["team"]}), None),
    Attack("nested tags that are null", _with("tags", {"principal_tags": None, "transitive_tag_keys": None}), None),
    Attack("no tags, told so", _with("tags", {}), None),
]  # fmt: skip
FLAT = [
    *(
        Attack(f"a flat tag is {value!r}", _with("tags/principal_tags/team", value), TAGS)
        for value in (1, True, None, [], ["blue"], {}, "a\0", "a\n", "a" * 257, "<")
    ),
    *(Attack(f"a flat tag is called {key!r}", _with(f"tags/principal_tags/{key}", "a"), TAGS) for key in ("", "a\0", "a" * 129, "<")),
    *(Attack(f"flat transitive keys are {keys!r}", _with("tags/transitive_tag_keys", keys), TRANSITIVE) for keys in ("team", [1], {}, [""], 0, False)),
    Attack("tags in both layouts", with_claims(**{f"{NAMESPACE}tags": {"principal_tags": {"a": ["b"]}}, f"{NAMESPACE}tags/principal_tags/a": "c"}), TWICE),
    Attack("tags in one layout, their keys in the other", with_claims(**{f"{NAMESPACE}tags": {"principal_tags": {"a": ["b"]}}, f"{NAMESPACE}tags/transitive_tag_keys": ["a"]}), TWICE),
    Attack("flat tags", with_claims(**{f"{NAMESPACE}tags/principal_tags/a/b": "c", f"{NAMESPACE}tags/transitive_tag_keys": ["a/b"]}), None),
]  # fmt: skip
SOURCES = [
    *(
        Attack(f"the source identity is {source!r}", _with("source_identity", source), SOURCE)
        for source in ("", "a", "a" * 65, "aws:ada", "ada lovelace", "ada\n", "\u0430da", "a/b", "a:b", "*", 12, True, False, 0, [], ["ada"], {}, "ada\0", "${x}")
    ),
    Attack("a source identity", _with("source_identity", "ada@example.com"), None),
    Attack("a source identity that is null", _with("source_identity", None), None),
]  # fmt: skip
OPENED = [
    *(Attack(f"the roles are {roles!r}", _with("roles", roles), ROLES) for roles in (1, 0, True, False, {}, {ARN: 1}, [1], [ARN, 1], [None], [[ARN]], 1.5)),
    *(
        Attack(f"the roles are {roles!r}, none of them one", _with("roles", roles), NO_ROLES)
        for roles in ("", [], [""], ";", " ", "*", ["*"], "arn:aws:iam::111122223333:role/", "arn:aws:iam::111122223333:user/one", "arn:aws:iam::1:role/one", "arn:aws:iam::\u0661" + "1" * 11 + ":role/a", f"x{ARN}", "arn:aws:iam:::role/a", f"{ARN}\u00e9", "arn:aws:iam::111122223333:role/a b")
    ),
    Attack("roles in a list", _with("roles", [ARN, "no role"]), None),
    Attack("roles in a text", _with("roles", f" {ARN} ; {ARN}-two;"), None),
    Attack("roles that are null", _with("roles", None), None),
]  # fmt: skip

ATTACKS = [*NESTED, *FLAT, *SOURCES, *OPENED]
