"""The cookies of one session, by authority."""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie


class CookieJar:
    """What a browser would send back; paths and expiry dates are ignored."""

    def __init__(self) -> None:
        self._by_place: dict[str, dict[str, str]] = {}

    def header(self, netloc: str) -> str:
        """The Cookie header for `netloc`, empty without one."""
        jar = self._by_place.get(netloc)
        return "; ".join(f"{name}={value}" for name, value in jar.items()) if jar else ""

    def keep(self, netloc: str, set_cookies: Iterable[bytes]) -> None:
        """Takes in Set-Cookie headers; unreadable ones are ignored, as in browsers."""
        for text in set_cookies:
            try:
                parsed = SimpleCookie(text.decode("latin-1"))
            except CookieError:
                continue
            jar = self._by_place.setdefault(netloc, {})
            for name, morsel in parsed.items():
                if morsel["max-age"] == "0":
                    jar.pop(name, None)
                else:
                    jar[name] = morsel.coded_value
