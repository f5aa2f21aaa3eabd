"""As much of a browser as a sign-in needs: it follows redirects, keeps cookies, fills in forms and submits them."""

from __future__ import annotations

import ssl
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, and what it says unless something else is filled in. No button is pressed."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """What was found at ``url``, and the forms in it."""

    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self.url, self.text = url, text
        self.forms: list[Form] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(urljoin(self.url, said.get("action", ""))))
        elif tag == "input" and self.forms and "name" in said and said.get("type") != "submit":
            self.forms[-1].fields[said["name"]] = said.get("value", "")

    def form(self, name: str) -> Form:
        """The form that has a field of that name.

        Raises:
            AssertionError: there is none; shows the page.
        """
        found = next((form for form in self.forms if name in form.fields), None)
        assert found, f"{self.url} has no form with {name}:\n{self.text[:4000]}"
        return found


class Browser:
    """A person's browser, new and without a past."""

    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(cookies, urllib.request.HTTPSHandler(context=trust))
        self._opener.addheaders = [("Accept", "text/html")]  # by which some tell people from programs

    def open(self, url: str, form: bytes | None = None) -> Page:
        """The page at ``url``."""
        with self._opener.open(url, form, timeout=60) as answer:
            return Page(answer.url, answer.read().decode())

    def submit(self, form: Form, **filled: str) -> Page:
        """The page that comes of the form when ``filled`` is filled in."""
        return self.open(form.action, urlencode({**form.fields, **filled}).encode())
