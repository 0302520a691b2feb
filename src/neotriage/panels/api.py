"""Panels from the PanelApp API: a version by number, or the one that the NHS signed off; lists are read page by page."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

from neotriage.errors import InputError, ResourceError

__all__ = ["PANELAPP", "fetch_panel", "get_url", "list_pages"]

PANELAPP = "https://panelapp.genomicsengland.co.uk/api/v1"
Get = Callable[[str], bytes | None]

_TIMEOUT_S = 60


def get_url(url: str) -> bytes | None:
    """What an address holds, None where the server says that there is no such thing (404).

    Raises:
        ResourceError: it cannot be reached, or answers with another error.
    """
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            found: bytes = answer.read()
            return found
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise ResourceError(f"{url}: {error}", fix="try again later") from None
    except OSError as error:
        raise ResourceError(f"{url}: {error}", fix="check the network, or give the panel as a file") from None


def fetch_panel(
    identifier: str, *, version: str = "", signed_off: bool = False, get: Get = get_url, base: str = PANELAPP
) -> str:
    """A panel as JSON text, as the API returns it; a signed-off one has its date under `signed_off`.

    Args:
        identifier: PanelApp's number of the panel.
        version: version wanted, '' the newest.
        signed_off: the version that the NHS signed off last; not together with `version`.
        get: reads an address.
        base: address of the API.

    Raises:
        InputError: no such panel or version, or none that is signed off.
        ResourceError: the API cannot be reached, or answers with something else.
    """
    date = ""
    if signed_off:
        version, date = _signed_off(identifier, get, base)
    url = f"{base}/panels/{quote(identifier)}/" + (f"?{urlencode({'version': version})}" if version else "")
    raw = get(url)
    panel = None if raw is None else _parsed(raw, url)
    if panel is None or "genes" not in panel or (version and str(panel.get("version")) != version):
        what = f"version {version} of panel {identifier}" if version else f"panel {identifier}"
        raise InputError(f"PanelApp has no {what}", fix="look the panel up at PanelApp")
    if date:
        panel["signed_off"] = date
    return json.dumps(panel, indent=1) + "\n"


def list_pages(url: str, get: Get) -> Iterator[dict[str, Any]]:
    """The entries of a list over all its pages.

    Raises:
        ResourceError: a page is missing, or there are fewer entries than the first page counts.
    """
    seen, count, following = 0, -1, url
    while following:
        raw = get(following)
        page = None if raw is None else _parsed(raw, following)
        if page is None or "results" not in page:
            raise ResourceError(f"{following}: not a page of a list", fix="try again later")
        count = int(page["count"]) if count < 0 else count
        seen += len(page["results"])
        yield from page["results"]
        following = page.get("next") or ""
    if seen != count:
        raise ResourceError(f"{url}: {seen} of {count} entries", fix="try again later")


def _signed_off(identifier: str, get: Get, base: str) -> tuple[str, str]:
    """Version and date of the panel's signed-off version."""
    for entry in list_pages(f"{base}/panels/signedoff/", get):
        if str(entry["id"]) == identifier:
            return str(entry["version"]), str(entry.get("signed_off") or "date not stated")
    raise InputError(f"PanelApp has no signed-off version of panel {identifier}", fix="give a version")


def _parsed(raw: bytes, url: str) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ResourceError(f"{url}: not JSON of the PanelApp API", fix="try again later")
    return found
