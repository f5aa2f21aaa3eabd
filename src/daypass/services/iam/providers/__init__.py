"""The identity providers that an account trusts, of OpenID Connect and of SAML, and their encryption keys."""
