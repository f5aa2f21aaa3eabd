"""What a token of the issuer's own making may not say: of whom, for whom, and when it is."""

from __future__ import annotations

from typing import Any

from tests.federation.attacks.kit import (
    AUDIENCE,
    CLIENT,
    DROP,
    EARLY,
    HOST,
    ISSUER,
    NO_JWT,
    NO_URL,
    NOW,
    OTHER_CLIENT,
    Attack,
    expired,
    missing,
    payload,
    too_old,
    unknown,
    with_claims,
    with_payload,
)

REQUIRED = ("iss", "sub", "aud", "iat", "exp")

MISSING = [
    *(Attack(f"there is no {name}", with_claims(**{name: DROP}), missing(name)) for name in REQUIRED),
    *(Attack(f"{name} is null", with_claims(**{name: None}), missing(name)) for name in REQUIRED),
    *(Attack(f"{name} is empty", with_claims(**{name: ""}), missing(name)) for name in REQUIRED),
    *(
        Attack(f"`{name.upper()}` is not {name}", with_claims(**{name: DROP, name.upper(): "x"}), missing(name))
        for name in REQUIRED
    ),
    Attack("aud is an empty list", with_claims(aud=[]), missing("aud")),
    Attack("there are no claims", with_payload(b"{}"), missing("iss")),
]

# ── when ─────────────────────────────────────────────────────────────────────────────────────────────

_NO_TIMES: list[Any] = [
    NOW + 0.5, True, False, -1, -(2**63), 10**15, 2**64, 10**300, [NOW], {"$date": NOW}, " ", "tomorrow",
    "2030-01-01T00:00:00Z", f" {NOW}", f"{NOW}\n", f"+{NOW}", f"-{NOW}", f"{NOW}.0", f"{NOW}e0", f"0x{NOW:x}",
    f"{NOW:_}", "\uff11" * 10, "\u0661" * 10, "9" * 16, "NaN", "Infinity",
]  # fmt: skip
_NO_NUMBERS = [
    f"{NOW}.0",
    "1.79e9",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "0x10",
    "01",
    "+1",
    "1.",
    ".5",
    "1_000",
    "9" * 5_000,
]

TIMES = [
    *(
        Attack(f"{name} is {str(value)[:30]!r}", with_claims(**{name: value}), NO_JWT)
        for name in ("iat", "exp", "nbf")
        for value in _NO_TIMES
    ),
    *(
        Attack(
            f"{name} is written {literal[:20]}",
            with_payload(payload(**{name: "@"}).replace(b'"@"', literal.encode())),
            NO_JWT,
        )
        for name in ("iat", "exp")
        for literal in _NO_NUMBERS
    ),
    Attack("times as texts of digits", with_claims(iat=str(NOW), exp=str(NOW + 60)), None),
    Attack("it is over", with_claims(exp=NOW - 3_600), expired(NOW - 3_600)),
    Attack("it is over for as long as clocks may differ", with_claims(exp=NOW - 300), expired(NOW - 300)),
    Attack("it is over for a second less", with_claims(exp=NOW - 299), None),
    Attack("it ended in 1970", with_claims(exp=0), expired(0)),
    Attack("it ended in 1970, as text", with_claims(exp="0"), expired(0)),
    Attack("it was made five minutes from now", with_claims(iat=NOW + 300), None),
    Attack("it was made a second later", with_claims(iat=NOW + 301), EARLY),
    Attack("it was made next year", with_claims(iat=NOW + 31_536_000, exp=NOW + 2 * 31_536_000), EARLY),
    Attack("it begins five minutes from now", with_claims(nbf=NOW + 300), None),
    Attack("it begins a second later", with_claims(nbf=NOW + 301), EARLY),
    Attack("it begins a second later, as text", with_claims(nbf=str(NOW + 301)), EARLY),
    Attack("it was made a day and five minutes ago", with_claims(iat=NOW - 86_700), None),
    Attack("it was made a second earlier", with_claims(iat=NOW - 86_701), too_old(86_701)),
    Attack("it was made in 1970 and lives on", with_claims(iat=0, exp=NOW + 60), too_old(NOW)),
    Attack("it lives a hundred years", with_claims(exp=NOW + 3_153_600_000), None),
]

# ── for whom ─────────────────────────────────────────────────────────────────────────────────────────

_NOBODY = [
    "client", CLIENT.upper(), f"{CLIENT} ", f" {CLIENT}", f"{CLIENT}\0", f"{CLIENT}/", f"https://{CLIENT}", CLIENT[:-1],
    f"{CLIENT},{OTHER_CLIENT}", "*", "s*", ".*", "null", "true", "sts.amazonaws.com.evil.example",
    "st\u0455.amazonaws.com",
    "\uff53ts.amazonaws.com", f"{CLIENT}\u200b", f"['{CLIENT}']", "\x01",
]  # fmt: skip
_NO_AUDIENCES: list[Any] = [
    0, 1, 1.5, True, False, {}, {CLIENT: 1}, {"0": CLIENT}, [None], [0], [True], [[CLIENT]], [{}], [""], [CLIENT, None],
    [CLIENT, 1], [CLIENT, ""], [CLIENT, [CLIENT]],
]  # fmt: skip

AUDIENCES = [
    *(Attack(f"aud is {aud!r}", with_claims(aud=aud), AUDIENCE) for aud in _NOBODY),
    *(Attack(f"aud is a list of {aud!r}", with_claims(aud=[aud]), AUDIENCE) for aud in _NOBODY[:6]),
    *(
        Attack(f"aud is {aud!r}, of no form", with_claims(aud=aud), missing("aud") if aud in ("", []) else NO_JWT)
        for aud in _NO_AUDIENCES
    ),
    Attack("the one client", with_claims(aud=CLIENT), None),
    Attack("the one client, in a list", with_claims(aud=[CLIENT]), None),
    Attack("the other client", with_claims(aud=[OTHER_CLIENT]), None),
    Attack("two clients, and not which", with_claims(aud=[CLIENT, OTHER_CLIENT]), AUDIENCE),
    Attack("one client twice, and not which", with_claims(aud=[CLIENT, CLIENT]), AUDIENCE),
    Attack("ours among others, and not which", with_claims(aud=["api", CLIENT]), AUDIENCE),
    Attack("a thousand, and not which", with_claims(aud=[CLIENT] * 200), AUDIENCE),
    Attack("two clients, and which", with_claims(aud=[CLIENT, "api"], azp=CLIENT), None),
    Attack("two clients, and another party", with_claims(aud=[CLIENT, OTHER_CLIENT], azp="api"), AUDIENCE),
    Attack("ours, given to another party", with_claims(azp="api"), AUDIENCE),
    Attack("another's, given to ours", with_claims(aud="api", azp=CLIENT), None),
    *(
        Attack(f"azp is {azp!r}", with_claims(azp=azp), AUDIENCE)
        for azp in ("", 0, False, True, [], {}, [CLIENT], {"azp": CLIENT}, CLIENT.upper(), f"{CLIENT} ", "*", 1.5)
    ),
    Attack("azp is null", with_claims(azp=None), None),
    Attack("azp is null, of two clients", with_claims(aud=[CLIENT, OTHER_CLIENT], azp=None), AUDIENCE),
]

# ── by whom ──────────────────────────────────────────────────────────────────────────────────────────

_OTHERS = [
    f"{ISSUER}/", f"{ISSUER}//", f"{ISSUER}/.", f"{ISSUER}/../one", f"{ISSUER}?", f"{ISSUER}?a=b", f"{ISSUER}#", f"{ISSUER} ",
    f"{ISSUER}\t", f"{ISSUER}\0", f"{ISSUER}\n", f"{ISSUER};x", f"{ISSUER}%2f", "https://login.example.com",
    "https://login.example.com/", "https://login.example.com/realms", "https://login.example.com/realms/One",
    "https://login.example.com/realms/on", "https://LOGIN.example.com/realms/one", "https://login.example.com:443/realms/one",
    "https://login.example.com:8443/realms/one", "https://user@login.example.com/realms/one",
    "https://login.example.com@attacker.example/realms/one", "https://attacker.example/login.example.com/realms/one",
    "https://login.example.com./realms/one", "https://login.example.com\\realms\\one", "https:///login.example.com/realms/one",
    "https://https://login.example.com/realms/one", "https://login.ex\u0430mple.com/realms/one",
    "https://login\u3002example\u3002com/realms/one", "https://\uff4cogin.example.com/realms/one", "https://attacker.example",
    "https://", "https://*", "https://169.254.169.254/", "https://[::1]/", "https://login.example.com/realms%2fone",
    "https://sts.amazonaws.com", "https://accounts.google.com",
]  # fmt: skip
_NO_URLS = [
    HOST, f"http://{HOST}", f"HTTPS://{HOST}", f"Https://{HOST}", f" {ISSUER}", f"\ufeff{ISSUER}", f"//{HOST}", f"ftp://{HOST}",
    f"file://{HOST}", "data:application/json,{}", "javascript:alert(1)", "accounts.google.org", "*", "https:/" + HOST,
    f"https:{HOST}", f"https//{HOST}", "urn:issuer", "\0",
]  # fmt: skip

ISSUERS = [
    *(Attack(f"iss is {iss!r}", with_claims(iss=iss), unknown(iss.replace("\0", "…"))) for iss in _OTHERS),
    *(Attack(f"iss is {iss!r}, no URL of AWS's", with_claims(iss=iss), NO_URL) for iss in _NO_URLS),
    *(
        Attack(f"iss is {iss!r}, no text", with_claims(iss=iss), missing("iss"))
        for iss in (0, 1, True, False, [], [ISSUER], {}, {"iss": ISSUER}, 1.5)
    ),
    Attack(
        "iss is of 10,000 characters",
        with_claims(iss=f"{ISSUER}/{'a' * 10_000}"),
        unknown(f"{ISSUER}/{'a' * 300}"[:255]),
    ),
]

# ── of whom ──────────────────────────────────────────────────────────────────────────────────────────

SUBJECTS = [
    *(
        Attack(f"sub is {sub!r}, no text", with_claims(sub=sub), missing("sub") if sub == [] else NO_JWT)
        for sub in (True, False, 1.5, [], ["ada"], {}, {"sub": "ada"}, [[]], 1e300)
    ),
    Attack("sub is of 1,025 characters", with_claims(sub="a" * 1_025), NO_JWT),
    Attack("sub is a number of 1,025 digits", with_claims(sub=10**1_024), NO_JWT),
    *(
        Attack(f"sub has the character {ord(bad):#x}", with_claims(sub=f"ada{bad}"), NO_JWT)
        for bad in "\0\1\x08\n\x0b\x1b\x1f\x7f\x85\ufffe\uffff"
    ),
    Attack("sub is of 1,024 characters", with_claims(sub="a" * 1_024), None),
    Attack("sub is of one character", with_claims(sub="a"), None),
    Attack("sub is a number", with_claims(sub=12_345), None),
    Attack("sub is zero", with_claims(sub=0), None),
    Attack("sub is a path", with_claims(sub="repo:org/name:ref:refs/heads/main"), None),
    Attack("sub has letters of anybody", with_claims(sub="Ада \U0001f511"), None),
    Attack("sub has marks of XML", with_claims(sub="<a>&amp;]]>"), None),
]

ATTACKS = [*MISSING, *TIMES, *AUDIENCES, *ISSUERS, *SUBJECTS]
