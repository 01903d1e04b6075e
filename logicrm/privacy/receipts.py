"""Consent receipts: the proof of a choice in the person's hands. JSON after Kantara's Consent Receipt 1.1, with the
fields of ISO/IEC TS 27560 beside it, signed so that a changed one is found out.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask_babel import force_locale

from logicrm.privacy import contact, cookies_registry, letters, signing, vocabulary
from logicrm.privacy.consent_models import Consent, CookieChoice
from logicrm.privacy.sites import Site

VERSION = "KI-CR-v1.1.0"
LONGEST = 100_000  # characters of a receipt that somebody pastes


def of_cookies(choice: CookieChoice, site: Site) -> dict[str, Any]:
    """The receipt of a choice about cookies. What was refused is in it as well: a no is worth proving too."""
    with force_locale("en"):
        purposes = [
            {
                "purpose": str(vocabulary.COOKIE_REASONS[name]),
                "purposeCategory": [f"cookies: {vocabulary.COOKIE_CATEGORIES[name]}"],
                "consentType": "EXPLICIT",
                "piiCategory": [one.name for one in cookies_registry.registered() if one.category == name] or ["none"],
                "primaryPurpose": False,
                "termination": choice.ends_at.date().isoformat(),
                "thirdPartyDisclosure": False,
            }
            for name in choice.allowed
        ]
    return _signed(
        site, str(choice.id), choice.at, choice.visitor_hash[:16], "cookie banner" if choice.how != "choose" else
        "cookie preference page", choice.language, "Cookies", purposes,
        {
            "event": [{"type": "consent given" if choice.allowed else "consent refused", "time": choice.at.isoformat(),
                       "duration_until": choice.ends_at.isoformat(), "method": choice.how}],
            "refused": list(choice.refused), "gpc": choice.gpc, "notice_version": choice.wording,
            "policy_hash": choice.policy_hash,
        },
    )  # fmt: skip


def of_consent(consent: Consent, site: Site) -> dict[str, Any]:
    """The receipt of a consent to be contacted; a withdrawn one says when it was withdrawn."""
    purpose = {
        "purpose": contact.in_english(consent.purpose),
        "purposeCategory": [f"contact by {consent.channel}"],
        "consentType": "EXPLICIT",
        "piiCategory": ["contact"],
        "primaryPurpose": False,
        "termination": consent.withdrawn_at.isoformat() if consent.withdrawn_at else "when you withdraw it",
        "thirdPartyDisclosure": False,
    }
    events = [{"type": "consent given", "time": consent.given_at.isoformat(), "method": consent.how}]
    if consent.withdrawn_at:
        events.append(
            {"type": "consent withdrawn", "time": consent.withdrawn_at.isoformat(), "method": consent.withdrawn_how}
        )
    return _signed(
        site, str(consent.id), consent.given_at, str(consent.subject_id), "web form", consent.language, "Contact",
        [purpose],
        {
            "event": events, "notice": consent.wording, "notice_version": consent.wording_hash,
            "policy_hash": consent.policy_hash,
        },
    )  # fmt: skip


def _signed(
    site: Site, number: str, at: datetime, principal: str, method: str, language: str, service: str,
    purposes: list[dict[str, Any]], record: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    who = site.profile.identity
    receipt: dict[str, Any] = {
        "version": VERSION,
        "jurisdiction": who.country,
        "consentTimestamp": int(at.timestamp()),
        "collectionMethod": method,
        "consentReceiptID": number,
        "publicKey": signing.public_key(),
        "language": language or "en",
        "piiPrincipalId": principal,
        "piiControllers": [
            {
                "piiController": who.controller,
                "onBehalf": False,
                "contact": "Privacy team",
                "address": {"streetAddress": ", ".join(who.address), "addressCountry": who.country},
                "email": who.privacy_email,
                "phone": "",
                "piiControllerUrl": letters.absolute("privacy.policy")
                if not site.slug
                else letters.absolute("notices.policy_of", slug=site.slug),
            }
        ],
        "policyUrl": letters.absolute("notices.policy_of", slug=site.slug)
        if site.slug
        else letters.absolute("privacy.policy"),
        "services": [{"service": service, "purposes": purposes}],
        "sensitive": False,
        "spiCat": [],
        "iso27560": {"schema_version": "ISO/IEC TS 27560:2023", "record_id": number, **record},
    }
    receipt["signature"] = {"algorithm": signing.ALGORITHM, "value": signing.sign(receipt)}
    return receipt


def genuine(text: str) -> bool | None:
    """True when this installation issued exactly this receipt, False when not or when it was changed; None when
    it is no receipt at all."""
    if len(text) > LONGEST:
        return None
    try:
        receipt = json.loads(text)
        signature = receipt.pop("signature")["value"]
        if receipt["version"] != VERSION or not isinstance(signature, str):
            return None
        return signing.holds(receipt, signature)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def as_file(receipt: dict[str, Any]) -> bytes:
    """The receipt as it is downloaded: JSON that people can read too."""
    return json.dumps(receipt, indent=2, ensure_ascii=False).encode() + b"\n"
