"""A card number is known by its beginning, its length and its check digit; nothing else is taken for one."""

from __future__ import annotations

import random

import pytest

from logicrm.core.cards import numbers_in


@pytest.mark.promise("cards")
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("4111 1111 1111 1111", 1),
        ("please charge 5555-5555-5555-4444, thanks", 1),
        ("378282246310005", 1),
        ("2223003122003222", 1),
        ("6011111111111117 and 3530111333300000", 2),
        ("38520000023237", 1),
        ('{"note": "4111111111111111"}', 1),
        ("4111 1111 1111 1112", 0),  # the check digit is wrong
        ("9111111111111119", 0),  # no issuer begins so
        ("LC4111111111111111", 0),  # a waybill
        ("+40 721 555 012 345", 0),
        ("0197a4f0-4111-1111-1111-411111111111", 0),
        ("RO49AAAA1B31007593840000", 0),
        ("4111111111111111@example.com", 0),
        ("", 0),
    ],
)
def test_card_numbers_are_found(text: str, count: int) -> None:
    assert numbers_in(text) == count


def test_one_random_number_in_ten_has_a_good_check_digit_and_no_more() -> None:
    chance = random.Random(7)
    numbers = [f"4{chance.randrange(10**15):015d}" for _ in range(2000)]
    assert 140 <= sum(map(numbers_in, numbers)) <= 260
