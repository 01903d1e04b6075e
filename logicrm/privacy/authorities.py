"""Where people can complain: the supervisory authorities by country, facts only (name and web address).

Source: the European Data Protection Board's list of members, and the authorities' own sites.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Authority:
    """A supervisory authority, called by the name that it gives itself."""

    name: str
    web: str


AUTHORITIES = {
    "AT": Authority("Österreichische Datenschutzbehörde", "https://www.dsb.gv.at"),
    "BE": Authority("Gegevensbeschermingsautoriteit / Autorité de protection des données", "https://www.dataprotectionauthority.be"),
    "BG": Authority("Комисия за защита на личните данни", "https://www.cpdp.bg"),
    "CH": Authority("Eidgenössischer Datenschutz- und Öffentlichkeitsbeauftragter", "https://www.edoeb.admin.ch"),
    "CY": Authority("Office of the Commissioner for Personal Data Protection", "https://www.dataprotection.gov.cy"),
    "CZ": Authority("Úřad pro ochranu osobních údajů", "https://www.uoou.gov.cz"),
    "DE": Authority("Die Bundesbeauftragte für den Datenschutz und die Informationsfreiheit", "https://www.bfdi.bund.de"),
    "DK": Authority("Datatilsynet", "https://www.datatilsynet.dk"),
    "EE": Authority("Andmekaitse Inspektsioon", "https://www.aki.ee"),
    "ES": Authority("Agencia Española de Protección de Datos", "https://www.aepd.es"),
    "FI": Authority("Tietosuojavaltuutetun toimisto", "https://tietosuoja.fi"),
    "FR": Authority("Commission nationale de l'informatique et des libertés (CNIL)", "https://www.cnil.fr"),
    "GB": Authority("Information Commissioner's Office", "https://ico.org.uk"),
    "GR": Authority("Αρχή Προστασίας Δεδομένων Προσωπικού Χαρακτήρα", "https://www.dpa.gr"),
    "HR": Authority("Agencija za zaštitu osobnih podataka", "https://azop.hr"),
    "HU": Authority("Nemzeti Adatvédelmi és Információszabadság Hatóság", "https://www.naih.hu"),
    "IE": Authority("Data Protection Commission", "https://www.dataprotection.ie"),
    "IS": Authority("Persónuvernd", "https://www.personuvernd.is"),
    "IT": Authority("Garante per la protezione dei dati personali", "https://www.garanteprivacy.it"),
    "LI": Authority("Datenschutzstelle", "https://www.datenschutzstelle.li"),
    "LT": Authority("Valstybinė duomenų apsaugos inspekcija", "https://vdai.lrv.lt"),
    "LU": Authority("Commission nationale pour la protection des données", "https://cnpd.public.lu"),
    "LV": Authority("Datu valsts inspekcija", "https://www.dvi.gov.lv"),
    "MT": Authority("Office of the Information and Data Protection Commissioner", "https://idpc.org.mt"),
    "NL": Authority("Autoriteit Persoonsgegevens", "https://www.autoriteitpersoonsgegevens.nl"),
    "NO": Authority("Datatilsynet", "https://www.datatilsynet.no"),
    "PL": Authority("Urząd Ochrony Danych Osobowych", "https://uodo.gov.pl"),
    "PT": Authority("Comissão Nacional de Proteção de Dados", "https://www.cnpd.pt"),
    "RO": Authority(
        "Autoritatea Națională de Supraveghere a Prelucrării Datelor cu Caracter Personal (ANSPDCP)",
        "https://www.dataprotection.ro",
    ),
    "SE": Authority("Integritetsskyddsmyndigheten", "https://www.imy.se"),
    "SI": Authority("Informacijski pooblaščenec", "https://www.ip-rs.si"),
    "SK": Authority("Úrad na ochranu osobných údajov", "https://dataprotection.gov.sk"),
    "US": Authority("Federal Trade Commission", "https://reportfraud.ftc.gov"),
    "VN": Authority(
        "Cục An ninh mạng và phòng, chống tội phạm sử dụng công nghệ cao (A05), Bộ Công an", "https://bocongan.gov.vn"
    ),
}  # fmt: skip

#: Where somebody in the European Union finds the authority of the own country.
IN_THE_UNION = Authority(
    "European Data Protection Board", "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en"
)


def authority_for(country: str) -> Authority:
    """The authority of a country (ISO 3166-1); the European list where we know none."""
    return AUTHORITIES.get(country, IN_THE_UNION)
