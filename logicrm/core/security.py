"""Headers on every answer, and the refusal of writes that another site sends.

Beside the CSRF token (flask-wtf) a write must come from this site by the browser's own word:
`Sec-Fetch-Site`, or `Origin` where a browser does not send it. Token-bearing programs send neither
cookie nor those headers, and are let through by their token alone.
"""

from __future__ import annotations

from flask import Flask, abort, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from logicrm.core.access import Access, View

CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
}

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask) -> None:
    """Attach proxies, host check, isolation and headers."""
    if app.config["PROXIES"]:
        hops = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    app.before_request(_refuse_other_sites)
    app.after_request(_headers)


def any_site(view: View) -> View:
    """A write that other sites may send, because only what is in its address counts: one-click unsubscribing."""
    view.__any_site__ = True  # type: ignore[attr-defined]
    return view


def _refuse_other_sites() -> None:
    if request.method in SAFE_METHODS:
        return
    view = current_app.view_functions.get(request.endpoint or "")
    access: Access | None = getattr(view, "__access__", None)
    if (access is not None and access.kind == "token") or getattr(view, "__any_site__", False):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            abort(403)
    else:
        origin = request.headers.get("Origin")
        if origin is not None and origin not in (current_app.config["BASE_URL"], request.host_url.rstrip("/")):
            abort(403)


def content_security_policy() -> str:
    """The policy in force. It follows consent: while nothing optional is loaded, nothing optional is allowed."""
    return "; ".join(f"{name} {value}" for name, value in CSP.items())


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_security_policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(self), microphone=(), browsing-topics=()")
    if current_app.config["HTTPS"]:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint not in ("static", "asset"):
        # Pages hold personal data: no cache, shared or private, keeps them.
        headers.setdefault("Cache-Control", "no-store")
        response.vary.add("Cookie")
    return response
