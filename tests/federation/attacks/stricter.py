"""Where daypass and PyJWT differ about a token of the table, and why: patterns of cases, as ``re.match`` reads them."""

from __future__ import annotations

_DIGITS = "AWS takes whole seconds, as a number or digits; what else Python can read as a number is none"
_TEXTS = "two readers of JSON could read two things in it (RFC 8259, sections 4 and 8; RFC 7493, section 2)"

STRICTER = {
    r"crit names b64|b64 without crit": "no issuer of AWS's needs extensions, and AWS was not seen to take one",
    r"sub is empty": "AWS asks for the claim, and an empty one names nobody",
    r"(iat|exp|nbf) is '.?1790000000(\.[05]|\\n)?'": _DIGITS,
    r"(iat|exp) is written 1": _DIGITS,
    r"(iat|nbf) is '(True|False|-1|-9223372036854775808)'": _DIGITS,
    r"(iat|exp|nbf) is '1_790_000_000'": _DIGITS,
    r"(iat|nbf) is '[\uff11\u0661]+'": _DIGITS,
    r"exp is '(1000000000000000|18446744073709551616|10{29}|9999999999999999)'": "nobody means a time in millions of years",
    r"it was made (a second earlier|in 1970 and lives on)": "AWS refuses tokens that are too old, whatever their end",
    r"aud is \['sts.amazonaws.com', ''\]": "a list with an empty client is no list of clients",
    r"(two clients|one client twice|ours among others|a thousand), and": "of several, `azp` says for whom the token is (AWS)",
    r"ours, given to another party|azp is": "`azp` is compared in place of `aud` (AWS); PyJWT does not know it",
    r"sub is of 1,025 characters": "as in SAML; nobody is called so",
    r"sub has the character": "an answer in XML cannot tell whom the token names",
    r"of 20,001 characters": "the longest that the API takes",
    r"the (signature padded|payload padded, and)": "RFC 7515, section 2: all trailing `=` characters omitted",
    r"the (payload|header) is .*(byte order mark|UTF-16|UTF-32)": _TEXTS,
    r"the payload is (.*surrogate|the other half|a pair|half a pair)": _TEXTS,
    r"the (payload|header) is (NaN|an endless number)": _TEXTS,
    r"the (payload|header) is .* twice": _TEXTS,
    r"the key set: its use is None": "a use that is no text is none that anybody knows",
    r"the (key set: its|curve's key: its) key_ops": "AWS takes no key that tells its operations",
    r"the (key set: its [en]|curve's key: its x) is (padded|with white space)": "RFC 7518, section 2: as in a token",
    r"the (key set: its|curve's key: its) x5c": "AWS compares the certificate with the key; PyJWT does not look",
    r"a hundred and one(?!, )|a hundred and one of curves$": "AWS takes no key of a family that has more than a hundred",
}

LAXER = {
    r"another's, given to ours": "`azp` is compared in place of `aud` (AWS); PyJWT does not know it",
    r"sub is (a number|zero)": "AWS takes numbers and tells them as text",
    r"the key set: (its alg is|private members)": "`alg` of a key is passed over (AWS), and so is what is not public",
}
