"""Namespaces and names of SAML 2.0, XML Signature and XML Encryption."""

from __future__ import annotations

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
XENC11 = "{http://www.w3.org/2009/xmlenc11#}"

ASSERTION, ENCRYPTED_ASSERTION, RESPONSE = f"{SAML}Assertion", f"{SAML}EncryptedAssertion", f"{SAMLP}Response"
SIGNATURE = f"{DS}Signature"

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
NAME_ID_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
