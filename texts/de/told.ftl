# Die Anrede ist „Sie“; wo es ohne Anrede geht, ohne.

## Any field

field-required = Dieses Feld muss ausgefüllt werden.
field-null = Dieses Feld darf nicht null sein.
field-blank = Dieses Feld darf nicht leer sein.
field-too-long =
    { $max ->
        [one] Hier ist höchstens { $max } Zeichen erlaubt.
       *[other] Hier sind höchstens { $max } Zeichen erlaubt.
    }
field-null-characters = Nullzeichen sind nicht erlaubt.
field-control-characters = Steuerzeichen sind nicht erlaubt.
field-not-text = Das ist kein gültiger Text.
field-not-boolean = Hier ist nur Ja oder Nein möglich.
field-not-number = Geben Sie eine gültige Zahl ein.
field-not-email = Geben Sie eine gültige E-Mail-Adresse ein.
field-not-username = Geben Sie einen gültigen Benutzernamen ein.
field-not-date = Das Datum hat die falsche Form. Richtig ist: JJJJ-MM-TT.
field-not-date-time = Der Zeitpunkt hat die falsche Form. Richtig ist: JJJJ-MM-TTThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].
field-not-file = Die Datei muss als Data-URI gesendet werden.
field-not-language = Geben Sie ein Sprachkürzel ein, zum Beispiel de.
field-not-choice = „{ $shown }“ steht nicht zur Auswahl.
field-not-unique = Das ist bereits vergeben.
language-automatic = Automatisch
answers-refused = Diese Angaben werden nicht akzeptiert.
passwords-differ = Die Passwörter stimmen nicht überein.
username-taken = Der Benutzername ist bereits vergeben.

## Signing in

log-in = Anmelden
continue-button = Weiter
failed = Die Anmeldung ist fehlgeschlagen.
wrong-password = Das Passwort ist falsch
too-many-attempts = Zu viele Fehlversuche. Bitte beginnen Sie neu.
too-many-people =
    { $retry_after ->
        [one] Gerade melden sich zu viele Personen an. Versuchen Sie es in { $retry_after } Sekunde noch einmal.
       *[other] Gerade melden sich zu viele Personen an. Versuchen Sie es in { $retry_after } Sekunden noch einmal.
    }
too-many-requests =
    { $retry_after ->
        [one] Zu viele Anfragen. Versuchen Sie es in { $retry_after } Sekunde noch einmal.
       *[other] Zu viele Anfragen. Versuchen Sie es in { $retry_after } Sekunden noch einmal.
    }
nobody-said = Es ist noch nicht bekannt, um wen es geht.
nobody-proved = Es hat sich noch niemand ausgewiesen.
no-pending-login = Es gibt niemanden, der angemeldet werden könnte.
no-pending-user = Es ist nicht bekannt, um wen es geht.
account-inactive = Dieses Konto ist nicht aktiv.
account-cannot-sign-in = Mit diesem Konto ist keine Anmeldung möglich.
account-gone = Dieses Konto gibt es nicht mehr.
account-missing = Das Konto gibt es nicht.
sign-in-first = Bitte melden Sie sich zuerst an.
signed-in-already = Sie sind bereits angemeldet.
for-administrators = Das ist nur für die Administration.
for-outposts = Das ist nur für Outposts.
reached-from-another = Diese Seite ist nur über eine andere erreichbar.
reached-by-token = Diese Seite ist nur über einen Link mit Schlüssel erreichbar.
denied = Die Anfrage wurde abgelehnt.
does-not-apply = Dieser Ablauf ist nicht für Sie vorgesehen.
step-unknown = Der Schritt „{ $name }“ ({ $word }) kann von dieser Version von Lockgate nicht ausgeführt werden.
answers-another = Das ist die Antwort auf „{ $shown }“, gefragt ist aber „{ $expected }“.

## Second factors

no-factor = Sie brauchen einen zweiten Faktor, um fortzufahren, und haben keinen. Bitten Sie Ihre Administration um Hilfe.
passkey-elsewhere = Ihr Passkey funktioniert an dieser Adresse nicht. Rufen Sie diese Website über ihren Namen auf.
passkey-refused = Dieser Passkey wurde nicht akzeptiert. Versuchen Sie es noch einmal oder auf einem anderen Weg.
passkey-not-made = Ihr Passkey konnte nicht eingerichtet werden.
passkey-stale = Das hat zu lange gedauert. Versuchen Sie es noch einmal.
passkey-unchecked = Dieser Passkey konnte nicht geprüft werden. Versuchen Sie es noch einmal.
passkey-unverified = Ihr Passkey muss prüfen, dass Sie es sind: per PIN, Fingerabdruck oder Gesicht.
passkey-already = Dieser Passkey ist bereits eingerichtet.
passkey-model = Passkeys dieses Modells sind hier nicht erlaubt. Verwenden Sie einen anderen.
passkeys-many = Sie haben zu viele Passkeys. Entfernen Sie zuerst einen.
wrong-code = Der Code ist ungültig. Prüfen Sie, ob die Uhr Ihres Geräts richtig geht, und versuchen Sie es noch einmal.
code-differs = Der Code stimmt nicht
too-many-codes =
    { $retry_after ->
        [one] Zu viele falsche Codes. Versuchen Sie es in { $retry_after } Sekunde noch einmal.
       *[other] Zu viele falsche Codes. Versuchen Sie es in { $retry_after } Sekunden noch einmal.
    }
device-unknown = Dieses Gerät gibt es nicht.
stage-unknown = Diese Auswahl gibt es nicht.
factor-app = Authenticator-App
factor-codes = Ersatzcodes
factor-passkey = Passkey

## Mail

email-sent = Die E-Mail wurde gesendet.
too-many-emails-one = Es wurden zu viele E-Mails angefordert. Bitte versuchen Sie es in 1 Minute noch einmal.
too-many-emails = Es wurden zu viele E-Mails angefordert. Bitte versuchen Sie es in { $minutes } Minuten noch einmal.
no-mail = Dieser Server kann gerade keine E-Mails senden. Bitten Sie Ihre Administration um Hilfe.
link-dead = Dieser Link wurde bereits benutzt oder ist abgelaufen.
link-outdated = Dieser Link führt nirgends mehr hin. Bitte beginnen Sie neu.

## Accounts

invitation-invalid = Die Einladung ist ungültig oder wurde nicht gefunden
invitation-used = Diese Einladung wurde bereits benutzt.
nothing-to-write = Es gibt nichts zu speichern.
name-needed = Ein neues Konto braucht einen Benutzernamen.
no-account-here = Hier kann kein Konto angelegt werden.
acting-as-another = Nicht, solange Sie im Namen einer anderen Person handeln: Beenden Sie das zuerst.

## Consent

about-to-sign-in = Sie melden sich bei { $app } an.
consent-stale = Diese Seite war nicht mehr aktuell. Bitte entscheiden Sie noch einmal.
offline-access = Zugriff behalten, während Sie nicht da sind

## Passwords

password-missing = Es wurde kein Passwort angegeben
password-unchecked = Das Passwort konnte nicht geprüft werden. Bitte versuchen Sie es später noch einmal.
password-leaked =
    { $leaked ->
        [one] Das Passwort steht auf { $leaked } Liste im Internet.
       *[other] Das Passwort steht auf { $leaked } Listen im Internet.
    }
password-used = Dieses Passwort wurde schon einmal verwendet. Bitte wählen Sie ein anderes.
password-expired = Das Passwort ist abgelaufen.
password-expired-days =
    { $days ->
        [one] Das Passwort ist vor { $days } Tag abgelaufen. Bitte ändern Sie es.
       *[other] Das Passwort ist vor { $days } Tagen abgelaufen. Bitte ändern Sie es.
    }
password-needs-character = Ein Passwort braucht ein Zeichen.
password-needs-characters = Ein Passwort braucht mindestens { $least } Zeichen.
password-needs-digit = Ein Passwort braucht eine Ziffer.
password-needs-digits = Ein Passwort braucht mindestens { $least } Ziffern.
password-needs-capital = Ein Passwort braucht einen Großbuchstaben.
password-needs-capitals = Ein Passwort braucht mindestens { $least } Großbuchstaben.
password-needs-small = Ein Passwort braucht einen Kleinbuchstaben.
password-needs-smalls = Ein Passwort braucht mindestens { $least } Kleinbuchstaben.
password-needs-symbol = Ein Passwort braucht ein Sonderzeichen.
password-needs-symbols = Ein Passwort braucht mindestens { $least } Sonderzeichen.
password-weak = Das Passwort ist zu schwach.
weak-rows = Gerade Reihen von Tasten sind leicht zu erraten.
weak-patterns = Kurze Muster auf der Tastatur sind leicht zu erraten.
weak-repeats = Wiederholungen wie „aaa“ sind leicht zu erraten.
weak-repeated-words = Wiederholungen wie „abcabcabc“ sind kaum schwerer zu erraten als „abc“.
weak-top-10 = Das ist eines der zehn häufigsten Passwörter.
weak-top-100 = Das ist eines der hundert häufigsten Passwörter.
weak-common = Das ist ein sehr häufiges Passwort.
weak-similar = Das ähnelt einem häufigen Passwort.
weak-sequences = Folgen wie abc oder 6543 sind leicht zu erraten.
weak-years = Jahreszahlen der letzten Zeit sind leicht zu erraten.
weak-word = Ein einzelnes Wort ist leicht zu erraten.
weak-dates = Daten sind oft leicht zu erraten.
weak-names-alone = Vor- und Nachnamen allein sind leicht zu erraten.
weak-names = Häufige Vor- und Nachnamen sind leicht zu erraten.
better-words = Verwenden Sie mehrere Wörter, aber keine gängige Wendung.
better-no-symbols = Sonderzeichen, Ziffern oder Großbuchstaben sind nicht nötig.
better-another-word = Fügen Sie noch ein oder zwei Wörter hinzu, am besten ungewöhnliche.
better-capitals = Großbuchstaben helfen nicht viel.
better-all-capitals = Nur Großbuchstaben sind fast so leicht zu erraten wie nur Kleinbuchstaben.
better-reversed = Rückwärts geschriebene Wörter sind kaum schwerer zu erraten.
better-substitutions = Naheliegende Ersetzungen wie „@“ für „a“ helfen nicht viel.
better-pattern = Verwenden Sie ein längeres Tastaturmuster mit mehr Richtungswechseln.
better-repeats = Vermeiden Sie wiederholte Wörter und Zeichen.
better-sequences = Vermeiden Sie Folgen.
better-years = Vermeiden Sie Jahreszahlen der letzten Zeit.
better-own-years = Vermeiden Sie Jahreszahlen, die mit Ihnen zu tun haben.
better-own-dates = Vermeiden Sie Daten und Jahreszahlen, die mit Ihnen zu tun haben.

## Policies

country-refused = Ihre IP-Adresse gehört zu keinem erlaubten Land.
network-refused = Ihre IP-Adresse gehört zu keinem erlaubten Netz.
distance-large = Der Abstand zum Ort Ihrer letzten Anmeldung ist zu groß.
distance-impossible = Vom Ort Ihrer letzten Anmeldung ist dieser so schnell nicht zu erreichen.
may-not-change =
    { $what ->
        [name] Sie dürfen Ihren Namen nicht ändern.
        [username] Sie dürfen Ihren Benutzernamen nicht ändern.
       *[other] Sie dürfen Ihre E-Mail-Adresse nicht ändern.
    }

## What is missing

needs-groups = Sie müssen Mitglied einer dieser Gruppen sein: { $names }.
needs-one-of = Es würde genügen, eines davon zu ändern:
needs-login = Sie müssen sich anmelden.
needs-active = Ihr Konto ist nicht aktiv.
needs-group = Sie müssen Mitglied der Gruppe { $name } sein.
needs-not-group = Mitglieder der Gruppe { $name } sind ausgeschlossen.
needs-user = Das ist nur für Konten freigegeben, die namentlich Zugriff erhalten haben.
needs-not-user = Ihr Konto ist namentlich ausgeschlossen.
needs-check = Die Bedingung { $name } ist nicht erfüllt.
needs-not-check = Die Bedingung { $name } ist erfüllt, darf es aber nicht sein.
needs-mfa = Sie müssen sich mit einem zweiten Faktor anmelden.
needs-superuser = Sie brauchen Administrationsrechte.
needs-membership-ended = Ihre Mitgliedschaft in der Gruppe { $name } endete: { $moment }.
needs-membership-ahead = Ihre Mitgliedschaft in der Gruppe { $name } beginnt: { $moment }.
needs-ended = Der Zugriff für { $whom } endete: { $moment }.
needs-ahead = Der Zugriff für { $whom } beginnt: { $moment }.
needs-permission = Nichts gibt Ihnen Zugriff.
needs-forbidden = Die Richtlinie { $policy } verbietet es.
needs-error = Eine Richtlinie konnte nicht ausgewertet werden, und was sich nicht auswerten lässt, wird verweigert.

## Applications and devices

configuration-error = Fehler in der Konfiguration
client-error = Unbekannter Client
redirect-error = Falsche Rücksprungadresse
request-error = Fehlerhafte Anfrage
malformed-request = Unlesbare Anfrage
access-denied-title = Zugriff verweigert
too-many-tries-title = Zu viele Versuche
no-login-flow = Es gibt keinen Ablauf für die Anmeldung.
no-logout-flow = Es gibt keinen Ablauf für die Abmeldung.
no-authorization-flow = Die Anwendung hat keinen Ablauf für die Autorisierung.
client-not-this = Die Client-Kennung (client_id) gehört nicht zu dieser Anwendung.
client-unknown = Die Client-Kennung (client_id) fehlt oder ist ungültig.
return-not-this = Die Adresse für die Rückkehr gehört nicht zu dieser Anwendung.
redirect-wrong = Die Adresse für die Weiterleitung (redirect_uri) fehlt, ist ungültig oder passt nicht.
request-unreadable = Die Anfrage ist nicht lesbar: { $error }.
flow-not-for-you = Der Ablauf vor dieser Seite ist nicht für Sie vorgesehen.
device-tries = Zum Schutz der Konten warten Sie bitte eine Minute, bevor Sie einen weiteren Code eingeben.
device-code-unknown = Diesen Code gibt es nicht, oder er ist zu alt. Sehen Sie auf Ihr Gerät und geben Sie den Code noch einmal ein.
device-page-old = Diese Seite war zu lange geöffnet, oder Ihr Browser speichert keine Cookies. Bitte versuchen Sie es noch einmal.
device-code-needed = Geben Sie den Code ein, den Ihr Gerät anzeigt.

## Forward auth

login-failed = Anmeldung fehlgeschlagen
login-cannot-start = Diese Anwendung kann keine Anmeldung beginnen: Ihr Provider hat kein Cookie-Geheimnis.
login-answered = Die Anmeldeseite hat geantwortet: { $error }.
login-code-unknown = Die Anmeldung konnte nicht abgeschlossen werden: Der Code ist unbekannt, benutzt oder zu alt.
login-forged = Die Anmeldung konnte nicht abgeschlossen werden: Sie wurde nicht hier begonnen.
login-elsewhere = Die Anmeldung konnte nicht abgeschlossen werden: Sie wurde in einem anderen Browser begonnen, oder ihr Cookie ist weg.
login-late = Die Anmeldung konnte nicht abgeschlossen werden: Sie hat zu lange gedauert.

## Whether it is a person

captcha-unchecked = Ob Sie ein Mensch sind, konnte nicht geprüft werden. Bitte versuchen Sie es gleich noch einmal.
captcha-wrong-retry = Die Prüfung wurde nicht bestanden. Vielleicht hilft ein neuer Versuch.
captcha-wrong = Die Prüfung wurde nicht bestanden

## Phones

phone-number-wrong = Geben Sie eine Telefonnummer mit Ländervorwahl ein, etwa +49 151 23456789.
phone-number-taken = Diese Telefonnummer kann nicht eingerichtet werden: Sie wird schon verwendet.
message-sent = Nachricht gesendet.
too-many-messages = Es wurden zu viele Nachrichten angefordert. Bitte versuchen Sie es in { $minutes } Minuten noch einmal.
messages-not-sent = Dieser Server kann gerade keine Nachrichten senden. Bitte wenden Sie sich an die Administration.
duo-not-yet = Duo hat von Ihrem Telefon noch nichts gehört. Aktivieren Sie es dort zuerst.
duo-code-ended = Dieser Code ist abgelaufen. Hier ist ein neuer.
duo-unable = Duo kann gerade nicht gefragt werden. Bitte nehmen Sie einen anderen Weg oder wenden Sie sich an die Administration.
push-waiting = Bestätigen Sie die Anfrage auf Ihrem Telefon und fahren Sie dann fort.
push-denied = Die Anfrage wurde auf dem Telefon abgelehnt.
push-ended = Auf dem Telefon hat niemand rechtzeitig geantwortet. Versuchen Sie es noch einmal oder nehmen Sie einen anderen Weg.
push-too-often = Das Telefon wurde zu oft gefragt. Bitte versuchen Sie es in { $minutes } Minuten noch einmal.

## Guessing

too-many-wrong-passwords = 
    { $retry_after ->
        [one] Zu viele falsche Passwörter. Versuchen Sie es in { $retry_after } Sekunde noch einmal.
       *[other] Zu viele falsche Passwörter. Versuchen Sie es in { $retry_after } Sekunden noch einmal.
    }
delete-tick = Setzen Sie das Häkchen, wenn Ihr Konto gelöscht werden soll.
too-many-messages-one = Es wurden zu viele Nachrichten angefordert. Bitte versuchen Sie es in 1 Minute noch einmal.
push-too-often-one = Das Telefon wurde zu oft gefragt. Bitte versuchen Sie es in 1 Minute noch einmal.
show-factor-first = Melden Sie sich zuerst erneut mit einem zweiten Faktor an: Das letzte Mal war ohne oder ist länger als 15 Minuten her.
