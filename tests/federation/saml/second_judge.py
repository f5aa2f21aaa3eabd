"""The other judge of XML signatures: xmlsec, in a process of its own, since some documents end it.

    python second_judge.py CERTIFICATE < documents       a document in base64 a line, a verdict a line

It accepts a document when any signature in it is good: it knows nothing of SAML, and what it verifies is not what a
reader reads. That is what a profile is for.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path

GOOD, BAD, ENDED = "good", "bad", "ended"


def judge(documents: Sequence[bytes], certificate: bytes) -> list[str]:
    """A verdict each: ``GOOD``, ``BAD``, or that it ended the judge."""
    verdicts: list[str] = []
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate)
        file.flush()
        while len(verdicts) < len(documents):
            asked = "".join(f"{b64encode(document).decode()}\n" for document in documents[len(verdicts) :])
            done = subprocess.run(
                [sys.executable, Path(__file__), file.name],
                input=asked, capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            verdicts += done.stdout.split()
            if done.returncode < 0:
                verdicts.append(ENDED)
            elif done.returncode:
                raise RuntimeError(done.stderr)
    return verdicts


def _main() -> None:
    import xmlsec

    xmlsec.enable_debug_trace(False)
    key = xmlsec.Key.from_file(sys.argv[1], xmlsec.KeyFormat.CERT_PEM)
    for line in sys.stdin:
        print(GOOD if _is_good(b64decode(line), key) else BAD, flush=True)


def _is_good(document: bytes, key: object) -> bool:
    import xmlsec
    from lxml import etree

    try:
        root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
        xmlsec.tree.add_ids(root, ["ID"])
    except (etree.XMLSyntaxError, ValueError, xmlsec.Error):
        return False
    signatures = list(root.iter("{http://www.w3.org/2000/09/xmldsig#}Signature"))
    return any(_verifies(signature, key) for signature in signatures)


def _verifies(signature: object, key: object) -> bool:
    import xmlsec

    context = xmlsec.SignatureContext()
    context.key = key
    try:
        context.verify(signature)
    except (xmlsec.Error, ValueError):
        return False
    return True


if __name__ == "__main__":
    _main()
