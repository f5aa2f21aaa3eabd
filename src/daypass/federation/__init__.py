"""Verification of OpenID Connect tokens and SAML assertions. Keys and time are handed in.

An engine: no network, no clock. Values that were read and not yet verified are called ``unverified``; what a
``verify…`` function returns is proved. Whatever is wrong raises ``InvalidIdentityToken`` or ``ExpiredIdentityToken``.
"""

from __future__ import annotations
