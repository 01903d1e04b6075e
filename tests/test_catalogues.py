"""The catalogues of translations: whole, true to the English, and calm when branches are merged."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Catalog, Message

from logicrm.core import languages
from tools import phrases

SPOKEN = [code for code in languages.LANGUAGES if code != "en"]
CATALOGUES = {path.parent.parent.name: phrases.read(path) for path in phrases.catalogues()}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|</?\w+[^>]*>")
TERM = re.compile(r"\(([a-z][a-z’' -]{5,})\)")  # "(data portability)"; not a figure, not an article of a law


def translated(language: str) -> Iterator[Message]:
    return (message for message in CATALOGUES[language] if message.id and phrases.full(message.string))


def forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return list(text) if isinstance(text, tuple | list) else [text]


def test_every_language_that_is_offered_has_a_catalogue() -> None:
    assert set(CATALOGUES) == set(SPOKEN) and len(SPOKEN) == 2


def test_the_catalogues_hold_what_the_program_says() -> None:
    said = {message.id for message in phrases.said() if message.id}
    for language, catalogue in CATALOGUES.items():
        held = {message.id for message in catalogue if message.id}
        assert said - held == set(), f"{language}: run `make phrases`"
        assert held - said == set(), f"{language}: run `make phrases`"


@pytest.mark.parametrize("language", SPOKEN)
def test_public_pages_are_translated_whole(language: str) -> None:
    share = phrases.share(CATALOGUES[language])
    print(f"{language}: {share.says()}")
    assert share.public_missing == []
    assert share.public_total > 1200


def test_a_missing_public_phrase_is_missed() -> None:
    catalogue = Catalog(locale="ro")
    for message in CATALOGUES["ro"]:
        catalogue.add(message.id, message.string, context=message.context)
    catalogue["Your rights"].string = ""
    assert phrases.share(catalogue).public_missing == ["Your rights"]


@pytest.mark.parametrize("language", SPOKEN)
def test_placeholders_and_markup_agree(language: str) -> None:
    wrong = []
    for message in translated(language):
        theirs, ours = forms(message.id), forms(message.string)
        wanted = sorted(PLACEHOLDER.findall(theirs[-1]))
        for number, text in enumerate(ours):
            found = sorted(PLACEHOLDER.findall(text))
            # The form for exactly one may say "a record" instead of "1 record", where the language has such a form.
            for_one = number == 0 and len(ours) > 1
            if found != wanted and not (for_one and set(wanted) - set(found) <= {"%(num)d", "%(num)s"}):
                wrong.append((message.id, text))
    assert wrong == []


@pytest.mark.parametrize("language", SPOKEN)
def test_plural_phrases_have_every_form(language: str) -> None:
    wanted = {"ro": 3, "vi": 1}[language]
    plurals = [message for message in translated(language) if isinstance(message.id, tuple)]
    assert len(plurals) > 50
    assert [message.id for message in plurals if len(forms(message.string)) != wanted] == []
    assert CATALOGUES[language].num_plurals == wanted
    begun = [message for message in CATALOGUES[language] if message.id and any(forms(message.string))]
    assert [message.id for message in begun if not phrases.full(message.string)] == []  # no form alone is empty


@pytest.mark.parametrize("language", SPOKEN)
def test_nothing_is_fuzzy_or_left_over_and_merges_stay_calm(language: str) -> None:
    path = phrases.TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    text = path.read_text()
    assert [message.id for message in CATALOGUES[language] if message.id and message.fuzzy] == []
    assert not CATALOGUES[language].obsolete
    assert not re.search(r"^#[:~|]|Creation-Date|Revision-Date|Last-Translator", text, re.M)
    assert phrases.written(phrases.read(path)) == path.read_bytes()


@pytest.mark.parametrize("language", SPOKEN)
def test_the_legal_term_stays_in_brackets(language: str) -> None:
    found = [m for m in translated(language) if any(TERM.search(text) for text in forms(m.id))]
    public = [m for m in found if not phrases.for_staff(m.id)]
    assert len(public) > 25
    assert [m.id for m in public if any(text.count("(") < forms(m.id)[0].count("(") for text in forms(m.string))] == []


def test_romanian_letters_have_commas_not_cedillas() -> None:
    assert [m.id for m in translated("ro") if any(set("şţŞŢ") & set(text) for text in forms(m.string))] == []


@pytest.mark.parametrize("language", SPOKEN)
def test_sentences_end_as_the_english_ones(language: str) -> None:
    def end(text: str) -> str:
        return text[-1:] if text[-1:] in ".?!:" else ""

    wrong = {forms(m.id)[0] for m in translated(language) if end(forms(m.id)[0]) != end(forms(m.string)[0])}
    assert wrong - {"No."} == set()  # a word cut short, which other languages write out
