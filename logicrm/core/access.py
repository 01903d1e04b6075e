"""Who may call what. Every view says so, or the import fails.

    bp = Area("leads", __name__, url_prefix="/leads")

    @bp.get("/")
    @needs(May.VIEW_LEADS)
    def index(): ...

Kinds of callers: `@public` (anybody), `@signed_in` (any member), `@needs(May.X)` (a member whose
role grants X), `@portal` (an end customer who proved an address), `@token(Scope)` (a program).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint, Flask, abort, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from logicrm.core import tenancy
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _

View = TypeVar("View", bound=Callable[..., Any])


class Role(StrEnum):
    """What somebody is in a workspace."""

    OWNER = "owner"
    MANAGER = "manager"
    SALES = "sales"
    DISPATCHER = "dispatcher"
    DRIVER = "driver"
    SUPPORT = "support"
    DPO = "dpo"


class May(StrEnum):
    """One permission. A view that reads and one that writes never share one."""

    VIEW_TODAY = "view_today"
    VIEW_LEADS = "view_leads"
    EDIT_LEADS = "edit_leads"
    IMPORT_LEADS = "import_leads"
    VIEW_CUSTOMERS = "view_customers"
    EDIT_CUSTOMERS = "edit_customers"
    VIEW_SHIPMENTS = "view_shipments"
    EDIT_SHIPMENTS = "edit_shipments"
    ADD_EVENTS = "add_events"
    SCAN_SHIPMENTS = "scan_shipments"
    VIEW_PRIVACY = "view_privacy"
    EDIT_PRIVACY = "edit_privacy"
    VIEW_REQUESTS = "view_requests"
    HANDLE_REQUESTS = "handle_requests"
    VIEW_REGISTERS = "view_registers"
    EDIT_REGISTERS = "edit_registers"
    VIEW_JOBS = "view_jobs"
    EDIT_JOBS = "edit_jobs"
    VIEW_OUTBOX = "view_outbox"
    VIEW_PEOPLE = "view_people"
    EDIT_PEOPLE = "edit_people"
    VIEW_WORKSPACE = "view_workspace"
    EDIT_WORKSPACE = "edit_workspace"
    VIEW_TOKENS = "view_tokens"
    EDIT_TOKENS = "edit_tokens"
    VIEW_AUDIT = "view_audit"


_SALES = {May.VIEW_TODAY, May.VIEW_LEADS, May.EDIT_LEADS, May.IMPORT_LEADS, May.VIEW_CUSTOMERS, May.EDIT_CUSTOMERS,
          May.VIEW_SHIPMENTS}  # fmt: skip
_DISPATCH = {May.VIEW_TODAY, May.VIEW_CUSTOMERS, May.EDIT_CUSTOMERS, May.VIEW_SHIPMENTS, May.EDIT_SHIPMENTS,
             May.ADD_EVENTS, May.SCAN_SHIPMENTS}  # fmt: skip
_SUPPORT = {May.VIEW_TODAY, May.VIEW_CUSTOMERS, May.VIEW_SHIPMENTS, May.VIEW_REQUESTS, May.HANDLE_REQUESTS}
_DPO = {May.VIEW_TODAY, May.VIEW_PRIVACY, May.EDIT_PRIVACY, May.VIEW_REQUESTS, May.HANDLE_REQUESTS, May.VIEW_AUDIT,
        May.VIEW_REGISTERS, May.EDIT_REGISTERS}  # fmt: skip
_OWNER = set(May)

GRANTS: dict[Role, frozenset[May]] = {
    Role.OWNER: frozenset(_OWNER),
    Role.MANAGER: frozenset(
        _SALES | _DISPATCH | _SUPPORT | {May.VIEW_PRIVACY, May.VIEW_REGISTERS, May.VIEW_PEOPLE, May.VIEW_WORKSPACE}
    ),
    Role.SALES: frozenset(_SALES),
    Role.DISPATCHER: frozenset(_DISPATCH),
    Role.DRIVER: frozenset({May.VIEW_TODAY, May.ADD_EVENTS, May.SCAN_SHIPMENTS}),
    Role.SUPPORT: frozenset(_SUPPORT),
    Role.DPO: frozenset(_DPO),
}


class Scope(StrEnum):
    """What an API token may do."""

    READ_SHIPMENTS = "shipments:read"
    WRITE_EVENTS = "events:write"


@dataclass(frozen=True)
class WorkspaceFacts:
    """What pages and services need to know of the workspace without asking the database again."""

    id: uuid.UUID
    name: str
    slug: str
    time_zone: str
    currency: str
    language: str
    country: str
    profile: str
    policy: int = 0  # number of the newest published policy; 0: none, the profile's own text rules
    closes_at: datetime | None = None  # closed: nothing is changed any more, and then everything goes


@dataclass(frozen=True)
class Principal:
    """Who is calling, and where. Flask-Login's `current_user`."""

    user_id: uuid.UUID
    session_id: uuid.UUID
    name: str
    email: str
    role: Role
    workspace: WorkspaceFacts
    token: str = field(repr=False, default="")
    in_grace: bool = False  # deletion scheduled: only export, cancel and certificate remain
    fresh: bool = False  # authenticated within the last minutes: may export, delete, change roles
    language: str = ""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return self.token

    def may(self, permission: str) -> bool:
        """True when the role grants the permission (and no deletion is scheduled)."""
        return not self.in_grace and May(permission) in GRANTS[self.role]


@dataclass(frozen=True)
class Access:
    """A view's declaration."""

    kind: str  # public, signed_in, needs, portal, token
    may: May | None = None
    scope: Scope | None = None
    in_grace: bool = False
    closing: bool = False  # also while the workspace is closed and nothing else is changed any more


class Undeclared(TypeError):
    """A view does not say who may call it."""


def _declare(view: View, access: Access) -> View:
    if hasattr(view, "__access__"):
        raise Undeclared(f"{view.__name__} declares its access twice")
    view.__access__ = access  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    """Anybody may call it."""
    return _declare(view, Access("public"))


def signed_in(view: View) -> View:
    """Any member of the workspace, whatever the role."""
    return _declare(view, Access("signed_in"))


def in_grace(view: View) -> View:
    """Any member, also one whose account is scheduled for deletion."""
    return _declare(view, Access("signed_in", in_grace=True))


def needs(may: May, *, closing: bool = False) -> Callable[[View], View]:
    """A member whose role grants `may`. `closing`: may write in a workspace that is closed, too."""
    return lambda view: _declare(view, Access("needs", may=may, closing=closing))


def portal(view: View) -> View:
    """An end customer who proved an address in this browser."""
    return _declare(view, Access("portal"))


def token(scope: Scope) -> Callable[[View], View]:
    """A program with an API token of this scope. No cookie is read."""
    return lambda view: _declare(view, Access("token", scope=scope))


class Area(Blueprint):
    """A blueprint that refuses a view without a declaration, and one that both reads and writes."""

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        if view_func is not None:
            if not hasattr(view_func, "__access__"):
                raise Undeclared(f"{self.name}.{view_func.__name__}: say who may call it (@needs, @public …)")
            methods = {m.upper() for m in options.get("methods") or ("GET",)}
            if methods - {"GET", "HEAD", "OPTIONS"} and methods & {"GET"}:
                raise Undeclared(f"{self.name}.{view_func.__name__}: one view for GET, another for POST")
            if methods - {"GET", "HEAD", "OPTIONS", "POST"}:
                raise Undeclared(f"{self.name}.{view_func.__name__}: only GET and POST (forms know no others)")
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)


Loader = Callable[[], Any]


def install(app: Flask) -> None:
    """Check every request before its view runs."""
    app.extensions["logicrm.token_loader"] = None
    app.extensions["logicrm.portal_loader"] = None
    app.before_request(_check)


def load_tokens_with(app: Flask, loader: Callable[[Scope], bool]) -> None:
    """Register who turns an Authorization header into a workspace; it enters the workspace and says yes or no."""
    app.extensions["logicrm.token_loader"] = loader


def load_portal_with(app: Flask, loader: Callable[[], bool]) -> None:
    """Register who turns the portal's cookie into a person; it enters the portal scope and says yes or no."""
    app.extensions["logicrm.portal_loader"] = loader


def _check() -> Response | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:  # no such route: 404 or 405 follows
        return None
    access: Access | None = getattr(view, "__access__", None)
    if access is None:
        raise Undeclared(f"{request.endpoint} does not say who may call it")
    if access.kind == "public":
        return None
    if access.kind == "token":
        if not current_app.extensions["logicrm.token_loader"](access.scope):
            abort(401)
        if _writes() and (place := tenancy.current()):
            from logicrm.core import workspaces  # it reads these facts

            business = workspaces.by_id(place)
            _refuse_closed(business.facts if business else None)
        return None
    if access.kind == "portal":
        if not current_app.extensions["logicrm.portal_loader"]():
            return _to_sign_in(url_for("portal.door", slug=(request.view_args or {})["slug"]))
        return None
    if not current_user.is_authenticated:
        return _to_sign_in(url_for("accounts.sign_in", next=_here()))
    principal: Principal = current_user._get_current_object()
    tenancy.enter(principal.workspace.id)
    g.principal = principal
    if principal.in_grace and not access.in_grace:
        return redirect(url_for("privacy.mine"), 303)
    if access.kind == "needs" and not principal.may(access.may or ""):
        abort(403)
    if _writes() and not (access.in_grace or access.closing):
        _refuse_closed(principal.workspace)
    return None


def _writes() -> bool:
    return request.method not in ("GET", "HEAD", "OPTIONS")


def _refuse_closed(facts: WorkspaceFacts | None) -> None:
    """A workspace that its owner has closed is read, taken along or reopened, and nothing else."""
    if facts is not None and facts.closes_at is not None:
        raise Refused(_("This workspace is closed: everything can be read and taken along, nothing can be changed."))


def _here() -> str | None:
    if request.method != "GET":
        return None
    return request.full_path if request.query_string else request.path


def _to_sign_in(url: str) -> Response:
    if request.headers.get("HX-Request") == "true":
        # A 303 would land the sign-in page inside a table.
        return Response("", 401, {"HX-Redirect": url})
    return redirect(url, 303)


def principal() -> Principal:
    """The member who calls. Only for views that are not public; services take ids as arguments."""
    who: Principal = g.principal
    return who


def principal_or_none() -> Principal | None:
    """The member who calls, also on public pages; None for strangers."""
    if "principal" in g:
        return g.principal  # type: ignore[no-any-return]
    return current_user._get_current_object() if current_user and current_user.is_authenticated else None
