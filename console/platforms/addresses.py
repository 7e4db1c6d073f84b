"""Addresses of services in the settings: whole, and such that nobody on the way reads what is sent there."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from rules.reading import Table


def service(table: Table, key: str, default: str, what: str) -> str:
    """The http(s) address at `key`, without a slash at its end; `what` it is the address of, with an example.

    Raises Refused.
    """
    written = table.text(key, default)
    try:
        parts = urlsplit(written)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username:
        table.refuse(key, f"must be the address of {what}")
    if parts.scheme == "http" and not is_local(host):
        table.refuse(key, "must begin with https://: over http:// anybody on the way reads the token")
    return written.rstrip("/")


def is_local(host: str) -> bool:
    """Whether that host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
