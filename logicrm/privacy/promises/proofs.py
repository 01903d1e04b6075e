"""What several promises share: a name for tests and evidence, and the code that enforces it."""

from __future__ import annotations

from collections.abc import Callable

from logicrm.core.promises import proof

RUN = "privacy.retention:run"


def _covers(data_class: str, event: str = "") -> Callable[[], bool]:
    """True once a table declares that its rows go by this figure of the policy."""

    def built() -> bool:
        from logicrm.privacy import retention

        return retention.covers(data_class, event)

    return built


# fmt: off
# The page and the file behind it -----------------------------------------------------------------
proof("policy.page", rule="privacy.policy:policy_document")
proof("policy.cookies", rule="privacy.policy:cookie_document")
proof("policy.contact", rule="privacy.profile:before_publishing")
proof("transfers", rule="privacy.profile_rules:check")
proof("transfers.void", rule="privacy.profile_reading:void")
proof("partners", rule="privacy.profile_rules:check")
proof("profiling", rule="privacy.profile_rules:check, privacy.profile_reading:purposes")
proof("rights.everywhere", rule="privacy.clocks:due")

# What is held, and why ---------------------------------------------------------------------------
proof("census", rule="core.pii:undeclared, privacy.profile:columns_without_rule")
proof("purposes", rule="privacy.profile:columns_without_rule")
proof("cards", rule="core.cards:numbers_in")
proof("terms", rule="accounts.services:make_user")
proof("age", rule="accounts.services:make_user")

# Who else receives it ----------------------------------------------------------------------------
proof("egress")
proof("egress.contracts", rule="privacy.datamap.rules:problems")
proof("egress.secrecy", rule="privacy.datamap.rules:problems")
proof("egress.partners", rule="privacy.datamap.rules:problems")
proof("egress.regions", rule="privacy.datamap.rules:problems")
proof("sources")

# Consent, advertising, messages ------------------------------------------------------------------
proof("gate.marketing")
proof("consent.opt_in")
proof("consent.withdraw")
proof("objection")
proof("unsubscribe", rule="core.mail:send, privacy.contact:stop")
proof("mail.classes")
proof("cookies.gate")
proof("cookies.centre")
proof("cookies.registry", rule="privacy.cookies_registry:put, privacy.cookies_registry:outside_policy")

# Rights ------------------------------------------------------------------------------------------
proof("clock.requests", rule="privacy.clocks:due")
proof("requests.intake")
proof("requests.answer")
proof("rectification")
proof("account.edit")
proof("export")
proof("export.portable")
proof("explain")
proof("erasure")
proof("erasure.grace", rule="privacy.deletion:schedule")
proof("erasure.minors", rule="privacy.deletion:schedule")
proof("erasure.certificate", rule="privacy.certificate:tally, privacy.deletion:plan")

# How long ----------------------------------------------------------------------------------------
proof("retention")
proof("retention.account", rule=RUN, built=_covers("account", "account_ended"))
proof("retention.account_unused", rule=RUN, built=_covers("account", "last_used"))
proof("retention.usage", rule=RUN, built=_covers("usage"))
proof("retention.support", rule=RUN, built=_covers("support"))
proof("retention.financial", rule=RUN, built=_covers("financial"))
proof("retention.marketing", rule=RUN, built=_covers("marketing", "consent_given"))
proof("retention.marketing_optout", rule=RUN, built=_covers("marketing", "opted_out"))
proof("retention.holds")
proof("termination")
proof("retention.while_used", rule="privacy.profile_reading:retention")

# Protection --------------------------------------------------------------------------------------
proof("roles", rule="core.access:install")
proof("isolation", rule="core.tenancy:install, core.tenancy:inside")
proof("passwords", rule="accounts.passwords:hashed")
proof("monitoring", rule="core.throttle:hit, core.audit:record")
proof("transit", rule="core.security:install")
proof("rest", rule="core.database:prepare, core.filecipher:encrypt")
proof("logs", rule="core.logs:redact")
