"""SAML 2.0 responses of identity providers (SAML Core, Profiles section 4.1; W3C XML Signature, XML Encryption).

The order is the defence. A response is parsed once, by one hardened parser, and refused unless it has the one shape
that real providers send (``shape``). Then a signature is verified over a document that holds nothing but the signed
element (``signature``), and from then on only the bytes that were signed are read, parsed anew (``assertion``). What
the rest of the response says can refuse it, and nothing else.
"""

from __future__ import annotations
