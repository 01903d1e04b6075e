"""Checks of the pages as strangers get them: routes, cookies before a choice, the policy that is shown."""

from __future__ import annotations

from datetime import datetime

from flask import Flask, current_app
from werkzeug.http import parse_cookie
from werkzeug.test import TestResponse

from logicrm.core import promises, tenancy
from logicrm.core.access import Access
from logicrm.core.checks import Checked, check
from logicrm.core.workspaces import by_id
from logicrm.privacy import cookies_registry, probing, profile, versions
from logicrm.privacy.cookies_registry import UnknownCookie
from logicrm.privacy.profile_schema import ProfileError

#: Where a stranger may land first.
FIRST_PAGES = (
    "/", "/sign-in", "/privacy/policy", "/privacy/cookies", "/privacy/promises", "/privacy/preferences",
)  # fmt: skip


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


@check("routes", everywhere=True)
def every_route_is_guarded(now: datetime) -> Checked:
    """Addresses of the program, and how many of them do not say who may call them."""
    views = current_app.view_functions
    silent = [name for name, view in views.items() if not isinstance(getattr(view, "__access__", None), Access)]
    return Checked(len(views), len(silent))


@check("cookies", everywhere=True)
def nothing_optional_before_a_choice(now: datetime) -> Checked:
    """First pages, and how many cookies they set that are optional or unknown, or things that they load elsewhere."""
    answers = probing.get(_app(), FIRST_PAGES)
    return Checked(len(answers), sum(_optional(answer) + _foreign(answer) for answer in answers))


def _optional(answer: TestResponse) -> int:
    wrong = 0
    for header in answer.headers.getlist("Set-Cookie"):
        for name in list(parse_cookie(header.partition(";")[0])):
            try:
                wrong += not cookies_registry.find(name).essential
            except UnknownCookie:
                wrong += 1
    return wrong


def _foreign(answer: TestResponse) -> int:
    """1 when the page may load from anywhere but here."""
    allowed = answer.headers.get("Content-Security-Policy", "*")
    return int("http:" in allowed or "https:" in allowed or "*" in allowed)


@check("page")
def the_policy_is_shown_whole(now: datetime) -> Checked | None:
    """Promises of the policy that rules here, and how many of them do not stand on the page that strangers see."""
    here = tenancy.current()
    business = by_id(here) if here else None
    if business is None:
        return None
    made = promises.registry.all(versions.policy_in_force(business, now).name)
    [answer] = probing.get(_app(), [f"/w/{business.facts.slug}/privacy"])
    text = answer.get_data(as_text=True) if answer.status_code == 200 else ""
    return Checked(len(made), sum(1 for row in made if f'id="{row.anchor}"' not in text))


@check("policy")
def the_policy_holds_together(now: datetime) -> Checked | None:
    """Figures of the policy that rules here, read again, and how many of them contradict each other."""
    here = tenancy.current()
    if here is None:
        return None
    policy = versions.of_workspace(here, now)
    try:
        profile.from_data(dict(policy.data), file=policy.file)
        wrong = 0
    except ProfileError as refused:
        wrong = len(refused.problems)
    return Checked(len(policy.retention) + len(policy.purposes) + len(policy.recipients), wrong)


@check("contact")
def somebody_can_be_reached(now: datetime) -> Checked | None:
    """What a policy must state before strangers may rely on it, and how much of it is missing."""
    here = tenancy.current()
    if here is None:
        return None
    lacks = profile.before_publishing(versions.of_workspace(here, now))
    return Checked(len(profile.MUST_STATE), len(lacks))
