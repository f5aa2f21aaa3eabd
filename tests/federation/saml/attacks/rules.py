"""For whom, for which role and with which tags: what a provider says for others, or lets its users choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.workshop import Workshop, written

RECIPIENT, AUDIENCE = "not meant for this recipient", "required audience"
PAIR = "doesn't contain the requested Role and Metadata"
TAGS = "session tags of the assertion|Duplicate tag keys|transitive tag key|exactly one value|aws:|tags"


def attacks() -> Iterator[Attack]:
    """Each of them signed by the provider."""
    for recipient in RECIPIENTS:
        yield Attack(f"for the recipient {recipient!r}", _good(recipient=recipient), RECIPIENT)
    for audiences in AUDIENCES:
        yield Attack(f"for the audiences {audiences!r}", _good(audiences=audiences), AUDIENCE)
    for value in PAIRS:
        yield Attack(f"the role {value!r}", _role(value), PAIR)
    for name in ROLE_NAMES:
        yield Attack(f"the role under the name {name!r}", _attributes_only(name), PAIR)
    for name, why in SESSION_NAMES.items():
        yield Attack(f"the session name {name!r}", _saying({"RoleSessionName": name}), why)
    for name, (attributes, why) in ATTRIBUTES.items():
        yield Attack(name, _saying(attributes), why)
    for name, provider, role in ASKED:
        yield Attack(name, _good(), ".+", provider, role)


def _good(**changes: object) -> Callable[[Workshop], bytes]:
    return lambda shop: written(shop.good(**changes))


def _saying(attributes: dict[str, object]) -> Callable[[Workshop], bytes]:
    return lambda shop: written(shop.good(attributes=attributes))


def _role(value: str) -> Callable[[Workshop], bytes]:
    """``{r}`` and ``{p}`` stand for the role and the provider that are asked for."""
    return lambda shop: written(shop.good(attributes={"Role": value.format(r=shop.role, p=shop.provider)}))


def _attributes_only(name: str) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        pair = shop.attributes["Role"]
        return written(shop.good(attributes={"Role": [], name: pair}))

    return make


RECIPIENTS = (
    "https://signin.aws.amazon.com/saml/",
    "https://signin.aws.amazon.com/saml?x",
    "https://signin.aws.amazon.com/saml#x",
    "https://signin.aws.amazon.com/saml ",
    "https://signin.aws.amazon.com/SAML",
    "https://SIGNIN.aws.amazon.com/saml",
    "https://signin.aws.amazon.com:443/saml",
    "https://user@signin.aws.amazon.com/saml",
    "http://signin.aws.amazon.com/saml",
    "https://signin.aws.amazon.com/saml/acs/SAMLSPAAAAAAAAAAAAAAAA",
    "https://signin.aws.amazon.com/saml/acs/",
    "https://signin.aws.amazon.com/saml/acs/*",
    "https://signin.aws.amazon.com.evil.example/saml",
    "https://evil.example/https://signin.aws.amazon.com/saml",
    "https://evil.example/signin.aws.amazon.com/saml",
    "https://a.b.signin.aws.amazon.com/saml",
    "https://.signin.aws.amazon.com/saml",
    "https://evil.example#.signin.aws.amazon.com/saml",
    "https://\u0430.signin.aws.amazon.com/saml",
    "https://s\u0456gnin.aws.amazon.com/saml",
    "https://signin.amazonaws.cn/saml",
    "https://signin.amazonaws-us-gov.com/saml",
    "urn:amazon:webservices",
    "https://idp.example/sso",
    "*",
)
AUDIENCES: Sequence[Sequence[str]] = (
    (),
    ("urn:amazon:webservices:",),
    ("URN:AMAZON:WEBSERVICES",),
    ("urn:amazon:webservices:cn-north-1",),
    ("urn:amazon:webservices:govcloud",),
    ("urn:amazon:webservices urn:amazon:webservices",),
    ("urn:amazon:webservices,urn:other",),
    ("urn:amazon:webservice\u0455",),
    ("urn:amazon:webservices\u00a0",),
    ("\u2003urn:amazon:webservices",),
    ("urn:amazon:*",),
    ("*",),
    ("urn:other", "https://other.example"),
    ("https://signin.aws.amazon.com/saml/",),
    ("https://sub.sub.signin.aws.amazon.com/saml",),
)
PAIRS = (
    "{r}",
    "{p}",
    "{r},",
    ",{p}",
    ",",
    "",
    "{r},{p},",
    ",{r},{p}",
    "{r},,{p}",
    "{r},{p},{r}",
    "{r},{r}",
    "{p},{p}",
    "{r};{p}",
    "{r} {p}",
    "{r}|{p}",
    "{r}\uff0c{p}",
    "{r}\u060c{p}",
    "{r}x,{p}",
    "{r},{p}x",
    "{r}/,{p}",
    "x{r},{p}",
    "*,{p}",
    "{r},*",
    "arn:aws:iam::*:role/*,{p}",
    "arn:aws:iam::*:role/staff,{p}",
    "arn:aws:iam::123456789012:role/staff,{p}",
    "arn:aws:iam::123456789012:saml-provider/corp,{r}",
    "arn:aws:iam:::role/staff,{p}",
    "arn:aws:sts::123456789012:assumed-role/staff/ada,{p}",
    "staff,{p}",
    "role/staff,corp",
    "{r}\u00a0,{p}",
    "\u2003{r},{p}",
    "{r},\u200b{p}",
    "{r}\u200b,{p}",
    "{r}\x85,{p}",
    "{r},{p}\u3000",
    '"{r}","{p}"',
    "'{r}','{p}'",
    "[{r},{p}]",
    "{r}\\,{p}",
    "{r}%2C{p}",
    "{r}&#44;{p}",
)
PAIRS += tuple(
    f"arn:aws:iam::{{r}}:{change},{{p}}" for change in ("role/STAFF", "role/Staff", "role/st\u0430ff", "Role/staff")
)

_PREFIX = "https://aws.amazon.com/SAML/Attributes/"
ROLE_NAMES = (
    "urn:Role",
    "role:Role",
    f"{_PREFIX}role",
    f"{_PREFIX}ROLE",
    f"{_PREFIX}Role ",
    f" {_PREFIX}Role",
    f"{_PREFIX}Role/",
    f"{_PREFIX}/Role",
    f"{_PREFIX}Roles",
    f"{_PREFIX}Role\u200b",
    f"{_PREFIX}R\u043ele",
    f"{_PREFIX}Role:x",
    "http://aws.amazon.com/SAML/Attributes/Role",
    "https://AWS.amazon.com/SAML/Attributes/Role",
    "https://aws.amazon.com/saml/attributes/Role",
    "https://www.amazonaws.cn/SAML/Attributes/Role",
    "https://evil.example/https://aws.amazon.com/SAML/Attributes/Role",
    "https://aws.amazon.com.evil.example/SAML/Attributes/Role",
)

_FORM = r"RoleSessionName in AuthnResponse must match"
SESSION_NAMES: dict[object, str] = {
    "": _FORM,
    "a": _FORM,
    "x" * 65: _FORM,
    "a b": _FORM,
    "a/b": _FORM,
    "a:b": _FORM,
    "a*": _FORM,
    "ada\u00a0": _FORM,
    "\u2003ada": _FORM,
    "ada\u200b": _FORM,
    "\u0430da": _FORM,
    "ada\u0661": _FORM,
    "ada\n": _FORM,
    " ada": _FORM,
    "ada ": _FORM,
    ("ada", "root"): "exactly one value",
    ("ada", "ada"): "exactly one value",
    (): "exactly one value|is required",
}

_SOURCE = "Source Identity must match"
ATTRIBUTES: dict[str, tuple[dict[str, object], str]] = {
    "the session name twice": ({f"{_PREFIX}RoleSessionName": ["ada", "root"]}, "exactly one value"),
    **{
        f"the source identity {text[:12]!r}": ({"SourceIdentity": text}, _SOURCE)
        for text in ("", "a", "aws:ada", "x" * 65, "a b", "a/b", "ada\u00a0", " ada", "\u0430da", "ada\n")
    },
    "two source identities": ({"SourceIdentity": ["ada", "root"]}, "exactly one value"),
    **{
        f"the duration {text[:12]!r}": ({"SessionDuration": text}, "SessionDuration")
        for text in ("", "0", "899", "43201", "-900", "900.0", "9e2", "+900", "0x384", "\u0669\u0660\u0660", "9" * 500)
    },
    "two durations": ({"SessionDuration": ["900", "43200"]}, "exactly one value"),
    **{
        f"the tag {key[:12]!r}": ({f"PrincipalTag:{key}": "x"}, TAGS)
        for key in ("", "aws:x", "AWS:x", "Aws:x", "x" * 129, "a*b", "a\nb", "a\tb", "a\u200bb", "a;b", "a\x85b")
    },
    **{
        f"the value {value[:12]!r} of a tag": ({"PrincipalTag:team": value}, TAGS)
        for value in ("x" * 257, "a*", "a\nb", "a\tb", "a,b", "a\u200bb", "\u202eb", "a'b", "a${b}")
    },
    "two values of a tag": ({"PrincipalTag:team": ["blue", "red"]}, TAGS),
    "no value of a tag": ({"PrincipalTag:team": []}, TAGS),
    "a tag twice by its case": ({"PrincipalTag:team": "a", "PrincipalTag:TEAM": "b"}, TAGS),
    "fifty-one tags": ({f"PrincipalTag:t{n}": "x" for n in range(51)}, TAGS),
    "a transitive tag that is none": ({"TransitiveTagKeys": "team"}, TAGS),
    "an empty transitive tag": ({"PrincipalTag:team": "a", "TransitiveTagKeys": ""}, TAGS),
    "one transitive tag of two that is none": ({"PrincipalTag:team": "a", "TransitiveTagKeys": ["team", "x"]}, TAGS),
}  # fmt: skip

_ACCOUNT = "arn:aws:iam::123456789012:"
ASKED = (
    ("asked for a provider of another account", f"{_ACCOUNT}saml-provider/corp", ""),
    ("asked for a role of another account", "", f"{_ACCOUNT}role/staff"),
    ("asked for a provider and a role of another account", f"{_ACCOUNT}saml-provider/corp", f"{_ACCOUNT}role/staff"),
)
