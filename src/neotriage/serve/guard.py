"""What stands between the network and the pages: address, Host header, the headers of every answer, errors without text.

A page's headers let it load from the server alone, keep no copy and tell no other site where it came from. A report page is the
one exception: it is one HTML file with its own inline scripts, so it runs in a sandbox of its own, without the workbench's
cookie, and may ask no network for anything.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import traceback

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neotriage.errors import InputError, MachineError

__all__ = ["REPORT_CSP", "Guard", "check_host", "listen"]

_LOG = logging.getLogger(__name__)

_LOOPBACK_NAMES = ("127.0.0.1", "::1", "localhost")
_PAGE_CSP = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
REPORT_CSP = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; worker-src blob:; "
    "img-src data: blob:; font-src data:; connect-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _PAGE_CSP,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "X-Robots-Tag": "noindex",
}


def check_host(host: str, *, is_known_unencrypted: bool) -> tuple[str, ...]:
    """The names under which the server may be asked for.

    Args:
        host: the address or name to bind.
        is_known_unencrypted: the user has said that an address beyond this machine is meant.

    Raises:
        InputError: the address is beyond this machine and nobody said so, or it is every address at once.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        is_local, is_every = host.casefold() == "localhost", not host
    else:
        is_local, is_every = address.is_loopback, address.is_unspecified
    if is_every:
        raise InputError(f"--host {host!r} is every address of this machine", fix="name the one address or name to be asked by")
    if is_local:
        return tuple(dict.fromkeys((*_LOOPBACK_NAMES, host.casefold())))
    if not is_known_unencrypted:
        raise InputError(
            f"--host {host} lets other machines in, and the page is not encrypted: passwords and findings pass in the clear",
            fix="leave --host out and reach the page through an SSH tunnel, or add --i-know-this-is-not-encrypted",
        )
    return (host.casefold(),)


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on; port 0 takes a free one.

    Raises:
        MachineError: the address or the port cannot be had.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise MachineError(f"cannot serve at {host}, port {port}: {error.strerror}", fix="choose another with --port") from None


class Guard:
    """ASGI layer around the whole application.

    Refuses a Host header that is not ours, as a page elsewhere that points its own name here would send (DNS rebinding). An
    error's own text may name a family or a gene, so the log gets its kind and its places in the code alone.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_started = False

        async def guarded(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if _host(Headers(scope=scope).get("host", "")) not in self.hosts:
            await PlainTextResponse("This is not the name of this server.\n", 400)(scope, receive, guarded)
            return
        try:
            await self.app(scope, receive, guarded)
        except Exception as error:  # noqa: BLE001 - the bug is logged, without what it says
            places = "".join(traceback.format_tb(error.__traceback__))
            _LOG.error("%s\n%s", type(error).__name__, places)
            if not is_started:
                await PlainTextResponse("An error of the workbench; its place is in the server's log.\n", 500)(
                    scope, receive, guarded
                )


def _host(header: str) -> str:
    """The host of a Host header, without port and brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0].casefold()
    return header.partition(":")[0].casefold()
