"""What identity providers say, verified: OpenID Connect tokens and SAML assertions. Keys and time are handed in.

An engine: no network, no clock. What is read but not yet proved is called ``unverified``; what comes back from a
``verify…`` is proved, and whatever is wrong raises ``InvalidIdentityToken`` or ``ExpiredIdentityToken``.
"""

from __future__ import annotations
