"""The words that programs and people write above the columns of a list of leads.

Facts collected from the exports of Salesforce, HubSpot, Pipedrive, Zoho, Act!, Outlook, Google
Contacts (both formats), Thunderbird, Krayin, Odoo and Mailchimp, and from sheets made by hand in
English, Romanian, Vietnamese, German, French, Spanish and Italian. Written folded (see
``folding.fold``): small letters, no diacritics.
"""

import re
from functools import cache

from logicrm.leads.importing.folding import fold_heading, words

_WORDS: dict[str, str] = {
    "first_name": """
        first name; firstname; given name; givenname; forename; prenume; prenumele; ten; vorname;
        rufname; prenom; nombre de pila; nome di battesimo; nombres; fname; first; contact first
        name; primer nombre; ten goi
    """,
    "last_name": """
        last name; lastname; surname; family name; familyname; nume de familie; ho; ho dem;
        nachname; familienname; zuname; nom de famille; apellido; apellidos; cognome; lname; last;
        contact last name; ho va dem; ho va ten dem
    """,
    "full_name": """
        full name; fullname; name; contact name; contact; contact person; person name; display name;
        file as; person; lead name; customer name; client name; nume; nume complet; nume si prenume;
        numele; persoana de contact; persoana contact; contact principal; nume contact; ho ten; ho
        va ten; ten day du; nguoi lien he; ten khach hang; khach hang; ten lien he; vollstandiger
        name; voller name; ansprechpartner; ansprechperson; kontakt; kontaktperson; anzeigename; nom
        complet; nom et prenom; nom prenom; nom; personne de contact; interlocuteur; nombre
        completo; nombre y apellidos; nombre; persona de contacto; contacto; nome completo; nome e
        cognome; nominativo; nome; persona di contatto; contatto; referente; delegat; client; customer; kunde;
        cliente; recipient; consignee; shipper name; primary contact; main contact
    """,
    "company": """
        company; company name; account name; account; organization; organisation; organization name;
        organisation name; business; business name; firm; employer; associated company; parent
        company; related company; firma; firmenname; unternehmen; unternehmensname; betrieb;
        gesellschaft; companie; compania; nume firma; nume companie; denumire; denumire firma;
        denumire societate; societate; societatea; numele firmei; organizatie; organizatia; cong ty;
        ten cong ty; doanh nghiep; ten doanh nghiep; to chuc; don vi; societe; entreprise; nom de l
        entreprise; nom societe; nom de la societe; raison sociale; organisme; empresa; nombre de la
        empresa; nombre empresa; razon social; compania; organizacion; compagnia; azienda; ragione
        sociale; nome azienda; societa; ditta; partner name; commercial partner; organization 1
        name; shipper; trading name; agentie; org; company account; organizationname; nha may; co
        quan; primary company; associated company name
    """,
    "job_title": """
        job title; jobtitle; title; job position; position; role; function; job; job function;
        designation; occupation; functie; functia; post; pozitie; chuc vu; chuc danh; vi tri;
        stelle; berufsbezeichnung; beruf; jobtitel; stellenbezeichnung; funktion; titel; fonction;
        poste; intitule du poste; titre; cargo; puesto; titulo; ruolo; posizione; mansione;
        qualifica; titolo; organization 1 title; organization title; profession; puesto de trabajo;
        chuc nang
    """,
    "email": """
        email; e mail; mail; email address; e mail address; emails; mail address; e mails; adresa
        email; adresa de email; adresa e mail; posta electronica; dia chi email; thu dien tu; hop
        thu; email adresse; e mail adresse; mailadresse; emailadresse; adresse email; adresse e
        mail; adresse mail; courriel; adresse electronique; mel; correo; correo electronico;
        direccion de correo; direccion de correo electronico; indirizzo email; indirizzo e mail;
        posta elettronica; indirizzo mail; primary email; work email; email work; business email;
        contact email; email 1; e mail 1 value; person email; secondary email; other email; email
        home; email other; personal email; additional email; email personal; email opt; second
        email; e mail 2 address; e mail 3 address; email id; emailid; company email; email bill;
        customer email; recipient email; additional email addresses; email normalized
    """,
    "phone": """
        phone; phone number; telephone; telephone number; contact numbers; tel; tel no; phone no; phones; office
        phone; work phone; business phone; phone work; direct phone; direct line; main phone;
        company phone; company main phone; contact phone; contact number; phone 1 value; primary
        phone; home phone; other phone; telefon; telefon fix; numar de telefon; numar telefon; nr
        telefon; nr de telefon; nr tel; telefon serviciu; telefon birou; dien thoai; so dien thoai;
        sdt; dt; so dt; dien thoai ban; dien thoai co dinh; telefonnummer; rufnummer; festnetz; tel
        nr; telefon geschaftlich; telefon gesch; tel gesch; telefon privat; telephone fixe; fixe;
        numero de telephone; tel fixe; no de telephone; n de telephone; telefono; numero de
        telefono; tlf; telefono fijo; numero di telefono; telefono fisso; telefono ufficio; recapito
        telefonico; phone home; phone other; car phone; business phone 2; home phone 2; callback;
        radio phone; company phone number; phone business; phone primary; person phone; account
        phone; landline; customer phone; recipient phone; telefono trabajo; hotline; telex free
        phone; sms; sms number; sms phone number; tel pro; telephone bureau
    """,
    "mobile": """
        mobile; mobile phone; mobile number; cell; cell phone; cellphone; cellular; mobile phone
        number; mobil; telefon mobil; numar mobil; nr mobil; telefon celular; di dong; so di dong;
        dien thoai di dong; dtdd; handy; handynummer; mobilnummer; mobiltelefon; mobilfunk;
        portable; telephone portable; tel portable; tel mobile; gsm; telephone mobile; numero de
        portable; movil; celular; telefono movil; numero de movil; cellulare; telefono cellulare;
        numero di cellulare; phone mobile; mobile no; whatsapp; whatsapp number; whatsapp phone
        number; zalo; so zalo; zalo phone; handphone; mobile 1; m
    """,
    "website": """
        website; web site; web page; webpage; web; url; site; homepage; home page; company website;
        website url; site web; pagina web; internet; adresa web; adresa site; trang web; webseite;
        internetseite; internetadresse; website 1 value; sitio web; web de la empresa; sito; sito
        web; sito internet; company domain name; domain; domain name; company domain; web page 1;
        business web page; webadresse; site internet; website address; personal web page
    """,
    "street": """
        street; street address; address; address 1; address line 1; address line; street 1; address
        street; street line 1; address1; address line1; mailing street; business street; business
        address street; work address; work address line 1; billing street; address 1 street; address
        1 formatted; adresa; strada; adresa sediu; sediu; sediu social; adresa postala; adresa
        completa; strada si numar; strada si nr; dia chi; so nha; duong; dia chi cong ty; strasse;
        strasse und hausnummer; strasse hausnummer; strasse nr; anschrift; adresse; rue; adresse
        postale; adresse 1; voie; direccion; calle; domicilio; direccion 1; calle y numero;
        indirizzo; via; indirizzo 1; address 2; address line 2; address line 3; street 2; address2;
        address line2; address line3; street line 2; street3; work address 2; work address line 2;
        business street 2; business street 3; address 1 extended address; complement d adresse;
        adresszusatz; adresse 2; bloc; full address; address full; sub premise; house number;
        hausnummer; house no; address 3; mailing address; organization address; company address;
        person postal address; location; organization address of organization; address street 1;
        address street 2
    """,
    "city": """
        city; town; locality; city town; town city; mailing city; business city; work city; billing
        city; address city; address 1 city; oras; orasul; localitate; localitatea; oras localitate;
        thanh pho; tp; stadt; ort; wohnort; ortschaft; ville; commune; localite; ciudad; poblacion;
        localidad; municipio; citta; comune; localita; municipality; quan huyen; suburb
    """,
    "region": """
        region; state; province; county; state province; state region; state county; mailing state;
        business state; work state; billing state; address state; address region; address 1 region;
        state code; province state; territory state; judet; judetul; regiune; sector; jud; tinh;
        tinh thanh; tinh thanh pho; vung; bundesland; kanton; departement; region departement;
        estado; provincia; comunidad autonoma; regione; prov; state or province; admin area;
        administrative area; federal state; canton; departamento
    """,
    "postcode": """
        postcode; post code; postal code; zip; zip code; zipcode; zip postal code; zip postcode;
        mailing zip; billing zip; business postal code; work zipcode; work zip; address zip; address
        postal code; address zip code; address 1 postal code; postal; postalcode; postal zip code;
        pin code; pincode; eircode; cod postal; codul postal; ma buu dien; ma buu chinh;
        postleitzahl; plz; code postal; cp; codigo postal; cap; codice postale; codice avviamento
        postale; c p; zip code postal code; tracking postal code
    """,
    "country": """
        country; country region; country territory; country code; nation; mailing country; business
        country; business country region; work country; billing country; address country; address 1
        country; country name; tara; quoc gia; nuoc; dat nuoc; land; staat; pays; pais; paese;
        nazione; stato; destination country; tara de origine; iso country; country iso; land region;
        pais region; stato nazione
    """,
    "source": """
        source; lead source; leadsource; original source; source name; lead source name; channel;
        lead channel; referral source; acquisition source; sursa; sursa lead; sursa contactului;
        provenienta; canal; nguon; nguon khach hang; nguon goc; kenh; quelle; herkunft; lead quelle;
        leadquelle; akquisekanal; origine; canal d acquisition; source du prospect; provenance;
        fuente; origen; origen del lead; fuente de prospecto; fonte; provenienza; fonte lead; utm
        source; how did you hear about us; original traffic source; person source; latest source;
        referred by; campaign source; first conversion; source origin; acquisition channel;
        marketing channel
    """,
    "status": """
        status; stage; lead status; lead stage; pipeline stage; deal stage; lifecycle stage; state
        of lead; stare; stadiu; etapa; status lead; faza; trang thai; giai doan; tinh trang; phase;
        stufe; stadium; statut; etape; statut du prospect; estado del lead; fase; estatus;
        situazione; contact status; opportunity stage; sales stage; lead pipeline stage; lead state;
        deal status; pipeline status; stage name; status name; etapa del negocio; estado lead; stato
        lead
    """,
    "owner_email": """
        owner; lead owner; contact owner; owner email; owner name; assigned to; account owner;
        record owner; salesperson; sales person; sales rep; salesrep; account manager; responsible;
        deal owner; hubspot owner; record manager; responsabil; agent; agent vanzari; asignat;
        proprietar; nguoi phu trach; nhan vien; nhan vien phu trach; phu trach; verantwortlich;
        verantwortlicher; zustandig; besitzer; inhaber; betreuer; vertriebsmitarbeiter; bearbeiter;
        proprietaire; responsable; commercial; charge d affaires; assigne a; propietario; asignado
        a; comercial; vendedor; responsabile; proprietario; venditore; assegnato a; assigned user;
        assigned user name; company owner; organization owner; lead owner email; nhan vien kinh
        doanh; sales owner; assignee; user name; contact owner email; owner alias
    """,
    "value": """
        value; lead value; deal value; amount; deal amount; expected revenue; opportunity amount;
        estimated value; potential value; potential; budget; price; total; lead worth; valoare;
        valoare estimata; suma; buget; gia tri; gia tri du kien; so tien; doanh thu du kien; ngan
        sach; wert; betrag; auftragswert; volumen; umsatz erwartet; erwarteter umsatz; valeur;
        montant; revenu attendu; revenu espere; valor; importe; monto; ingreso estimado; ingresos
        esperados; presupuesto; valore; importo; ricavo previsto; total value; weighted value;
        person deals value; amount in company currency; deal size; estimated revenue; planned
        revenue; ganancia esperada; expected value; quote amount; contract value; opportunity value;
        worth
    """,
    "currency": """
        currency; currency code; deal currency; currency iso code; moneda; valuta; tien te; loai
        tien; don vi tien te; wahrung; devise; monnaie; divisa; lead currency; iso currency; value
        currency; currency of value; amount currency
    """,
    "note": """
        note; notes; description; comment; comments; remark; remarks; memo; message; details; info;
        information; additional information; background; about; summary; observatii; mentiuni;
        comentarii; comentariu; descriere; nota; mesaj; detalii; note interne; ghi chu; mo ta; noi
        dung; thong tin them; y kien; notiz; notizen; bemerkung; bemerkungen; anmerkung;
        anmerkungen; beschreibung; kommentar; remarque; remarques; commentaire; commentaires;
        observations; notas; observaciones; comentario; descripcion; osservazioni; commento;
        commenti; descrizione; annotazioni; lead description; internal notes; requirements; body;
        lead notes; contact notes; requirement; enquiry; inquiry; text; nhu cau; yeu cau; cerere;
        necesidades; contact description; last note; noidung; anfrage; nachricht; mensaje;
        messaggio; demande
    """,
    "tags": """
        tags; tag; label; labels; categories; category; groups; group; group membership; keywords;
        etichete; eticheta; categorie; categorii; grup; grupuri; nhan; the; nhom; phan loai;
        schlagworte; schlagwort; kategorie; kategorien; gruppe; gruppen; etiquettes; etiquette;
        categories groupes; groupe; mots cles; etiquetas; etiqueta; categoria; categorias; grupo;
        etichetta; etichette; categorie contatto; gruppo; segment; segments; lists; list name; id
        ds; person label; contact tags; lead labels; label names; tag names; category names; lists
        membership; stichworte; listen
    """,
    "external_id": """
        id; record id; contact id; lead id; account id; person id; external id; customer id; client
        id; reference; ref; ref no; reference number; uid; uuid; guid; unique id; system id; cod
        client; id client; identificator; nr crt; ma; ma khach hang; ma kh; stt; kundennummer;
        kunden nr; kundennr; nummer; identifiant; reference client; numero client; code client; id
        cliente; codigo; codigo cliente; numero de cliente; codice; codice cliente; contact record
        id; company id; organization id; order id; lead number; customer number; account number;
        oracle id; contact no; customer no; object id; hs object id; unique identifier; euid; leid;
        record no; salesforce id; crm id; zoho id; id contact
    """,
    "created_on": """
        created on; created at; created; date created; created date; create date; created time;
        creation date; creation time; lead created; date added; added on; date; record created;
        entry date; add time; lead created time; data crearii; data adaugarii; data creare; creat
        la; adaugat la; data; data inregistrarii; ngay tao; ngay them; ngay; thoi gian tao;
        erstellt; erstellt am; erstelldatum; anlagedatum; angelegt am; datum; erstellungsdatum; date
        de creation; cree le; ajoute le; date d ajout; fecha; fecha de creacion; creado el; fecha de
        alta; data di creazione; creato il; data creazione; data inserimento; optin time; signup
        date; sign up date; lead created at; person created; deal created; registered on; lead add
        time; deal created on; contact created; fecha creacion; received on; date received
    """,
    "industry": """
        industry; sector of activity; business type; branch; vertical; industry sector; line of
        business; industrie; domeniu; domeniu de activitate; domeniul; ramura; nganh; nganh nghe;
        linh vuc; linh vuc kinh doanh; branche; wirtschaftszweig; secteur; secteur d activite;
        activite; sector de actividad; industria; actividad; giro; settore; settore di attivita;
        attivita; market segment; company industry; industry name; sic description; business sector;
        industry type; activitate; domeniu activitate; market
    """,
    "company_size": """
        company size; employees; number of employees; no of employees; size; employee count;
        employee range; headcount; staff; num employees; numar de angajati; numar angajati; nr
        angajati; nr de angajati; angajati; marime firma; dimensiune; marime companie; so nhan vien;
        so luong nhan vien; quy mo; quy mo cong ty; mitarbeiter; mitarbeiterzahl; anzahl
        mitarbeiter; mitarbeiteranzahl; unternehmensgrosse; firmengrosse; effectif; effectifs;
        nombre d employes; nombre de salaries; taille; taille de l entreprise; empleados; numero de
        empleados; tamano; tamano de la empresa; n de empleados; dipendenti; numero dipendenti;
        numero di dipendenti; dimensione azienda; dimensioni azienda; organization size; employees
        range; size of company; team size
    """,
    "tax_code": """
        tax code; tax id; tax number; vat; u st id nr; u st id; vat number; vat no; vat id; vat code; vat registration
        number; tin; ein; tax registration number; tax identification number; company registration
        number; registration number; company number; gst number; gstin; abn; cui; cif; cod fiscal;
        cui cif; cod unic de inregistrare; nr reg com; cod tva; ma so thue; mst; steuernummer; ust
        id; ustid; ust idnr; umsatzsteuer id; ust id nr; uid nummer; ust nr; numero de tva; n tva;
        siret; siren; numero siret; numero siren; tva intracommunautaire; n tva intracommunautaire;
        nif; nit; rfc; ruc; cuit; numero de identificacion fiscal; partita iva; p iva; piva; codice
        fiscale; organization vat; nif cif; cif nif; c u i; id fiscal; numero tva; cod inregistrare
        fiscala; vat tax id; federal tax id; tax reg no
    """,
    "consent_marketing": """
        consent marketing; marketing consent; opt in; optin; email opt in; newsletter; subscribed;
        accepts marketing; subscription status; email consent; consent; gdpr consent; marketing opt in; newsletter
        consent; newsletter subscription; consimtamant; consimtamant marketing; acord marketing;
        acord gdpr; abonat; abonat newsletter; abonare newsletter; dong y; dong y nhan tin; dong y
        nhan email; dong y tiep thi; nhan ban tin; einwilligung; marketing einwilligung;
        werbeeinwilligung; newsletter abonniert; einwilligung marketing; consentement; consentement
        marketing; accepte la newsletter; abonne; abonne newsletter; consentimiento; acepta
        marketing; acepta publicidad; suscrito; consenso; consenso marketing; iscritto; iscritto
        newsletter; marketing status; email marketing consent; marketing emails; accepts email
        marketing; permission to mail; email subscription; marketing permission; marketing
        permissions; subscribed to newsletter; wants newsletter; marketing contact status; legal
        basis for marketing
    """,
    # Known, and rightly left alone.
    "-": """
        problem; fax; fax number; business fax; home fax; other fax; work fax; telex; pager;
        birthday; birthdate; birth date; date of birth; anniversary; data nasterii; ngay sinh;
        geburtstag; geburtsdatum; date de naissance; anniversaire; fecha de nacimiento; cumpleanos;
        data di nascita; compleanno; assistant; assistant name; assistant phone; asst phone;
        assistant s name; assistant s phone; manager; manager s name; spouse; children; reports to;
        gender; sex; hobby; hobbies; initials; suffix; name suffix; name prefix; prefix; salutation;
        anrede; civilite; titlu; tratamiento; trattamento; xung ho; danh xung; gioi tinh; middle
        name; additional name; nickname; phonetic first name; phonetic last name; phonetic middle
        name; email opt out; opt out; has opted out of email; has opted out of fax; fax opt out; do
        not call; unsubscribed; do not contact; unsubscribed from all email; email bounced; rating;
        type; lead type; ticker symbol; ownership; sic code; naics code; annual revenue; revenue;
        company revenue; turnover; umsatz; chiffre d affaires; cifra de afaceri; doanh thu;
        facturacion; fatturato; photo; avatar; picture; language; preferred language; last modified;
        last modified date; modified on; modified date; modified time; updated at; update time; last
        updated; last changed; last activity; last activity date; last contacted; next activity;
        next activity date; expected close date; close date; closed at; lost reason; lost time; won
        time; lost; won; department; abteilung; departament; phong ban; service; departamento;
        reparto; twitter; facebook; linkedin; skype; instagram; linkedin url; linkedin bio; twitter
        username; facebook page; screen name; aim; messenger; im; lead score; score; hubspot score;
        probability; xac suat; member rating; latitude; longitude; gmtoff; dstoff; timezone; time
        zone; cc; optin ip; confirm ip; confirm time; last seen; priority; private; sensitivity;
        mileage; billing information; account; directory server; government id number;
        organizational id number; office location; user 1; user 2; user 3; user 4; custom 1; custom
        2; custom 3; custom 4; user id; lead source 2; person type; pipeline; lead pipeline id; lead
        type id; lead source id number; closed; closed on; open deals; won deals; lost deals; total
        activities; done activities; activities to do; email messages count; tracking number;
        courier; tracking key; tracking account number; origin country; tracking origin country;
        tracking state; tracking ship date; order path; number of pages; web id; is converted;
        converted; converted date; birth year; birth month; birth day; po box; subject; event 1
        value; relation 1 value; im 1 value; notes date; email type; do not mail; exchange rate;
        visible to; created by; modified by; last modified by
    """,
}

_PHRASES = {
    field: [phrase for phrase in (" ".join(part.split()) for part in listed.split(";")) if phrase]
    for field, listed in _WORDS.items()
}

FIELDS = tuple(field for field in _PHRASES if field != "-")

# Words that say which of several, not what: dropped when the whole phrase is unknown.
QUALIFIERS = words("""
        mailing billing primary main work business office home other shipping personal private
        second secondary additional alternate alternative default lead contact person people client
        customer company account organization organisation deal prospect opportunity my your the of
        de du la le del di dei el al for his her value values address adress street current full new
        1 2 3 4 5 principal principala firma contactului clientului khach hang kh lien he cong ty
        geschaftlich privat gesch firmen kunden kontakt entreprise societe client empresa cliente
        azienda professionnel professionnelle pro perso personnel lavoro ufficio casa trabajo
        opcional optional required obligatoriu bat buoc pflichtfeld official direct raw text field
        custom no nr number info input legal registered
    """)
# Of two columns that fit one field, the one with such a word gives way.
LESSER = words(
    """
    other shipping home secondary second private privat personal alternate alternative additional
    perso personnel casa ship delivery 2 3 4 5 invoice
    """
)


@cache
def phrases() -> dict[str, str]:
    """Return folded heading → field, or "-" for a heading that has no place with us."""
    return {phrase: field for field, listed in reversed(list(_PHRASES.items())) for phrase in listed}


_PLACED = re.compile(
    r"^(e mail|email|phone|address|website|organization|organisation|im|event|relation|custom field) \d+ (type|label)$"
)


def known(folded: str) -> str | None:
    """Return the field that a folded heading names exactly, "-" if it is known to have none, or None."""
    if _PLACED.match(folded):
        return "-"
    return phrases().get(folded) or (None if " " in folded else _squashed().get(folded))


@cache
def _squashed() -> dict[str, str]:
    """Return the phrases of several words without their spaces: databases shout ANNUALREVENUE."""
    return {phrase.replace(" ", ""): field for phrase, field in phrases().items() if " " in phrase and len(phrase) > 6}


def is_known_heading(text: str) -> bool:
    """Tell whether a cell is a heading that we have met, or one of ours for an unnamed column."""
    if len(text) > 80:
        return False
    folded = fold_heading(text)
    if known(folded) or re.match(r"^(column|coloana|cot|spalte|colonne|columna|colonna) ?\d+$", folded):
        return True
    kept = [word for word in folded.split() if word not in QUALIFIERS]
    return bool(kept) and len(kept) < len(folded.split()) and " ".join(kept) in phrases()
