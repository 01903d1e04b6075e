"""Names, places and firms from which the demo is drawn. All of them are made up; domains end in .example."""

from __future__ import annotations

from dataclasses import dataclass

from logicrm.core.access import Role


@dataclass(frozen=True)
class Country:
    """Where somebody is from: how often, their names, cities with postcodes, and how a phone number begins."""

    code: str
    weight: int
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    phone: str  # E.164 up to the subscriber's last digits
    digits: int  # how many digits follow
    form: str  # of a firm


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COUNTRIES = (
    Country(
        "RO", 34,
        _words("Andrei Ioana Mihai Elena Ștefan Cristina Răzvan Anca Alexandru Țenea Bogdan Mădălina Vlad Ruxandra Sorin Lăcrămioara"),
        _words("Popescu Ionescu Dumitrescu Stănescu Șerban Țăranu Munteanu Rădulescu Gheorghiu Ciobanu Bălan Văcărescu Lungu Pârvu"),
        (("București", "010011"), ("Cluj-Napoca", "400001"), ("Timișoara", "300001"), ("Iași", "700019"),
         ("Constanța", "900001"), ("Brașov", "500001"), ("Oradea", "410001"), ("Sibiu", "550001")),
        ("Strada Depozitelor", "Calea Griviței", "Bulevardul Muncii", "Șoseaua Odăii", "Strada Fabricii"),
        "+40721", 6, "SRL",
    ),
    Country(
        "DE", 16, _words("Jürgen Anke Matthias Sabine Björn Ulrike Stefan Käthe Holger Petra Götz Annegret"),
        _words("Müller Schäfer Größmann Weiß Köhler Brandt Lüders Vogel Hoffmann Jäger Krüger Sommer"),
        (("Hamburg", "20457"), ("München", "80331"), ("Köln", "50667"), ("Nürnberg", "90402"), ("Duisburg", "47051")),
        ("Hafenstraße", "Industriestraße", "Am Güterbahnhof", "Speditionsweg"), "+49151", 8, "GmbH",
    ),
    Country(
        "VN", 14, ("Thị Hương", "Văn Đức", "Minh Anh", "Quốc Bảo", "Thùy Linh", "Hoàng Long", "Ngọc Ánh", "Đình Phúc"),
        _words("Nguyễn Trần Lê Phạm Hoàng Huỳnh Đặng Bùi Đỗ Võ"),
        (("Hà Nội", "100000"), ("Hải Phòng", "180000"), ("Đà Nẵng", "550000"), ("Thành phố Hồ Chí Minh", "700000")),
        ("Đường Lê Lợi", "Đường Trần Phú", "Phố Huế", "Đường Nguyễn Văn Linh"), "+8490", 7, "JSC",
    ),
    Country(
        "GB", 12, _words("James Olivia Harry Amelia George Niamh Rhys Charlotte Callum Eleanor Saoirse Tom"),
        _words("Smith O'Brien Taylor Davies Wright Thompson Clarke Hughes MacLeod Ashworth Penhaligon"),
        (("London", "E14 9GE"), ("Felixstowe", "IP11 3SY"), ("Manchester", "M17 1EH"), ("Southampton", "SO15 1HJ")),
        ("Dock Road", "Wharf Lane", "Station Road", "Trafford Way"), "+447700900", 3, "Ltd",
    ),
    Country(
        "UA", 9, _words("Олександр Наталія Сергій Оксана Володимир Ірина Андрій Юлія Богдан Ганна"),
        _words("Шевченко Коваленко Бондаренко Ткаченко Мельник Кравчук Поліщук Гончар Їжак"),
        (("Київ", "01001"), ("Одеса", "65000"), ("Львів", "79000"), ("Чернівці", "58000")),
        ("вулиця Портова", "вулиця Залізнична", "проспект Миру"), "+38067", 7, "LLC",
    ),
    Country(
        "GR", 6, _words("Γιώργος Μαρία Δημήτρης Ελένη Νίκος Κατερίνα Σπύρος Ιωάννα"),
        _words("Παπαδόπουλος Οικονόμου Γεωργίου Νικολαΐδης Αντωνίου Βλάχος"),
        (("Πειραιάς", "185 31"), ("Θεσσαλονίκη", "546 25"), ("Πάτρα", "262 21")),
        ("Ακτή Μιαούλη", "Οδός Λιμένος", "Λεωφόρος Νίκης"), "+30694", 7, "SA",
    ),
    Country(
        "AE", 5, _words("محمد فاطمة أحمد مريم خالد ليلى يوسف نورة"),
        _words("الحسن المنصوري الهاشمي النعيمي الزعابي الخطيب"),
        (("دبي", ""), ("أبوظبي", ""), ("الشارقة", "")), ("شارع الميناء", "شارع الشيخ زايد"), "+97150", 7, "FZE",
    ),
    Country(
        "PL", 4, _words("Łukasz Małgorzata Paweł Żaneta Grzegorz Agnieszka"),
        _words("Wiśniewski Wójcik Kowalczyk Zieliński Dąbrowska Łuczak"),
        (("Gdańsk", "80-001"), ("Wrocław", "50-001"), ("Łódź", "90-001")),
        ("ulica Portowa", "ulica Składowa", "aleja Pokoju"), "+48601", 6, "Sp. z o.o.",
    ),
)  # fmt: skip

#: Latin letters for addresses of people whose names are written otherwise.
LATIN = {
    **dict(zip("абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", _words("a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch _ iu ia"), strict=True)),
    **dict(zip("αβγδεζηθικλμνξοπρσςτυφχψω", _words("a v g d e z i th i k l m n x o p r s s t y f ch ps o"), strict=True)),
    **dict(zip("ابتثجحخدذرزسشصضطظعغفقكلمنهويىةأإآؤئ", _words("a b t th j h kh d dh r z s sh s d t z a gh f q k l m n h w y a a a i a u e"), strict=True)),
}  # fmt: skip

FIRM_FIRST = _words(
    "Carpathia Danube Baltic Nordwind Lotus Meridian Atlas Azure Amber Pontica Aurora Delta Mekong Transylvan Hansa "
    "Vistula Aegean Gulf Thames Rhein Dacia Saigon Bosphor Kestrel Juniper Polaris Cobalt Orion Sequoia Harbour"
)
FIRM_SECOND = _words(
    "Logistics Logistics Logistics Logistics Freight Cargo Transport Timber Foods Textiles Pharma Motors Glass Steel "
    "Furniture Electronics Ceramics Organics Robotics Printing"
)
INDUSTRIES = (
    "Furniture",
    "Food",
    "Textiles",
    "Automotive",
    "Pharmaceuticals",
    "Electronics",
    "Building materials",
    "Retail",
)
SIZES = ("1–9", "10–49", "50–249", "250+")
JOBS = ("Logistics manager", "Owner", "Purchasing", "Head of supply chain", "Office manager", "Export clerk", "")
#: (source, how often): most come in by the website.
SOURCES = (
    ("Website", 44),
    ("Referral", 18),
    ("Trade fair", 12),
    ("Cold call", 9),
    ("LinkedIn", 8),
    ("Newsletter", 5),
    ("", 4),
)
TAGS = ("cold chain", "customs", "ADR", "groupage", "full truck", "sea freight", "air freight", "urgent", "key account")
NEXT_STEPS = (
    "Send the quote for two pallets a week", "Call about customs papers", "Agree a pickup day", "Send references",
    "Ask for yearly volumes", "Visit the warehouse", "",
)  # fmt: skip
NOTES = (
    "Ships two to three pallets a week to Hamburg, wants one price per pallet.",
    "Has a carrier now and is unhappy with late pickups on Fridays.",
    "Needs temperature between 2 and 8 °C, with a log for each trip.",
    "Asked whether we can do customs to the UK. Sent our checklist.",
    "Prefers e-mail; decides together with the warehouse manager.",
    "Wants to try us with one groupage load first.",
)
CALLS = (
    "Called. Busy this week, asked to be called again on Tuesday.",
    "Talked through the quote; the fuel surcharge is the open point.",
    "No answer, left a message.",
    "Good call: volumes go up from next quarter.",
)
EMAILS = ("Sent the quote with the transit times.", "Sent references and our insurance certificate.")
TASKS = (
    "Call back about the quote", "Send the rates for Poland", "Check the customs papers", "Confirm the pickup window",
    "Prepare the offer for sea freight", "Ask for the packing list",
)  # fmt: skip
GOODS = (
    "Office chairs, 2 pallets", "Ceramic tiles", "Car parts, returnable crates", "Olive oil in tins", "Printed catalogues",
    "Medical gloves", "Coffee, green, in bags", "LED lamps", "Machine parts", "Wooden furniture, flat-packed",
)  # fmt: skip

STAFF = (
    (Role.OWNER, "Ilinca Vasilescu", "Managing director"),
    (Role.MANAGER, "Matei Dragomir", "Operations manager"),
    (Role.SALES, "Sofia Marinescu", "Sales"),
    (Role.DISPATCHER, "Radu Călinescu", "Dispatcher"),
    (Role.DRIVER, "Gabriel Toma", "Driver"),
    (Role.SUPPORT, "Nadia Petrescu", "Customer support"),
    (Role.DPO, "Tudor Albu", "Data protection officer"),
)
