# Die Anrede ist „Sie“; wo es ohne Anrede geht, ohne.

## Said in many places

go-on = Weiter
cancel = Abbrechen
allow = Erlauben
deny = Ablehnen
or = oder
error-title = Fehler: { $title }
try-again = Erneut versuchen
start-again = Neu beginnen
sign-in = Anmelden
sign-out = Abmelden
sign-out-of-everything = Überall abmelden
not-you = Nicht Sie?
switch-account = Konto wechseln
your-applications = Ihre Anwendungen
back-to-applications = Zurück zu Ihren Anwendungen
request-id = Anfrage

## Signing in

to-continue-html = weiter zu <strong>{ $application }</strong>
password = Passwort
show = Anzeigen
hide = Verbergen
forgot-password = Passwort vergessen?
cannot-sign-in = Probleme beim Anmelden?
new-here = Neu hier?
create-account = Konto anlegen
continue-with = Weiter mit { $source }
email = E-Mail
username = Benutzername
email-or-username = E-Mail oder Benutzername
email-or-sign-in-name = E-Mail oder Anmeldename
username-or-sign-in-name = Benutzername oder Anmeldename
sign-in-name = Anmeldename
stay-signed-in-question = Auf diesem Gerät angemeldet bleiben? Sie werden dann seltener gefragt. Wählen Sie „Nein“ auf einem Gerät, das auch andere benutzen.
stay-signed-in = Angemeldet bleiben
do-not-stay-signed-in = Nein

## Second factors

code-from = Code von { $device }
use-device = { $device } verwenden
confirm-with-passkey = Bestätigen Sie mit Fingerabdruck, Gesicht, PIN oder Sicherheitsschlüssel.
type-code-from-email = Ihnen wurde eine E-Mail mit einem Code geschickt. Geben Sie den Code hier ein.
type-code-from-app = Öffnen Sie Ihre Authenticator-App und geben Sie den Code ein, den sie anzeigt.
type-kept-code = Geben Sie einen der Codes ein, die Sie aufbewahrt haben. Jeder gilt einmal.
choose-second-step = Schützen Sie Ihr Konto mit einem zweiten Schritt. Wählen Sie, wie Sie bestätigen möchten, dass Sie es sind:
use-a-passkey = Passkey verwenden
create-a-passkey = Passkey erstellen
passkey-setup = Mit einem Passkey melden Sie sich per Fingerabdruck, Gesicht, PIN oder Sicherheitsschlüssel an. Niemand kann ihn erraten, und er gilt nur hier.
passkeys-missing = Dieser Browser kann an dieser Adresse keine Passkeys verwenden.
passkey-known = Dieser Passkey ist bereits eingerichtet.
passkey-failed = Das hat nicht geklappt. Versuchen Sie es noch einmal oder auf einem anderen Weg.
passkeys-need-scripts = Passkeys brauchen JavaScript. Schalten Sie es ein oder wählen Sie einen anderen Weg.
set-up = Einrichten
scan-code = Scannen Sie diesen Code mit Ihrer Authenticator-App.
qr-code = QR-Code mit Ihrem Schlüssel
cannot-scan = Scannen nicht möglich?
open-app-html = Auf diesem Gerät: <a href="{ $address }">App öffnen</a>. Oder geben Sie diesen Schlüssel in die App ein:
type-code-shown-now = Geben Sie den Code ein, den die App jetzt anzeigt
keep-codes = Bewahren Sie diese Codes dort auf, wo nur Sie sie finden. Jeder lässt Sie einmal hinein, wenn Ihre anderen Geräte nicht erreichbar sind. Sie werden nicht noch einmal angezeigt, und frühere Codes gelten ab jetzt nicht mehr.
codes-kept = Ich habe sie aufbewahrt
code-sent-to-html = Eine E-Mail mit einem Code wurde an <strong>{ $address }</strong> geschickt.
code-from-email = Code aus der E-Mail
codes-by-email = Die Codes werden an eine Ihrer E-Mail-Adressen geschickt. Der erste zeigt, dass sie Ihnen gehört.
send-code = Code senden
send-another-code = Neuen Code senden

## Mail on its way

check-your-email = Sehen Sie in Ihre E-Mails
email-on-its-way = Wenn es zu Ihrer Eingabe ein Konto gibt, ist eine E-Mail mit einem Link an dessen Adresse unterwegs. Öffnen Sie den Link, um fortzufahren, in diesem oder einem anderen Browser.
email-sent-again = Die E-Mail wurde noch einmal gesendet.
send-again = Noch einmal senden
is-this-you = Sind Sie das?
link-opened = Sie haben einen Link geöffnet, mit dem sich die Person anmeldet, der dieses Konto gehört. Er gilt einmal: Fahren Sie fort, wenn Sie das sind.

## Consent

would-like-to-html = <strong>{ $application }</strong> möchte:
also-new = Und neu, seit Sie es zuletzt erlaubt haben:

## Fields

optional = optional
please-choose = Bitte wählen …
as-browser-says = Wie im Browser eingestellt

## The way of a flow

one-moment = Einen Moment
taking-you-there = Sie werden weitergeleitet.
taking-you-there-or-press = Sie werden weitergeleitet. Wenn nichts geschieht, wählen Sie „Weiter“.
redirecting-to = Weiterleitung zu { $application }
applications-being-told = Ihre Anwendungen werden benachrichtigt. Gleich geht es von selbst weiter.
signing-out = Abmeldung
page-too-old = Diese Seite war zu lange geöffnet, oder Ihr Browser speichert keine Cookies. Bitte versuchen Sie es noch einmal.
page-out-of-date = Die Seite war nicht mehr aktuell. Hier geht es weiter.
did-not-work = Das hat nicht geklappt
went-wrong-logged = Auf unserer Seite ist etwas schiefgegangen. Der Fehler wurde protokolliert; von Ihren Eingaben wurde nichts gespeichert.

## Signing out

you-have-signed-out = Sie sind abgemeldet
signed-out = Sie sind abgemeldet.
signed-out-of-both-html = Sie sind bei <strong>{ $application }</strong> und bei { $brand } abgemeldet.
signed-out-of-html = Sie sind bei <strong>{ $application }</strong> abgemeldet.
still-signed-in = Bei { $brand } sind Sie weiterhin angemeldet; andere Anwendungen öffnen sich deshalb ohne Nachfrage.
sign-in-again = Wieder bei { $application } anmelden
sign-out-question = Abmelden?
asks-to-sign-out-html = <strong>{ $application }</strong> möchte Sie bei { $brand } abmelden, und bei allen Anwendungen, die Sie damit in diesem Browser geöffnet haben.

## Devices

connect-device = Gerät verbinden
let-device-in = Dieses Gerät hineinlassen?
device-connected = Ihr Gerät ist verbunden
device-turned-away = Das Gerät wurde abgewiesen
device-goes-on-html = <strong>{ $application }</strong> auf Ihrem Gerät fährt in wenigen Sekunden von selbst fort. Sie können diese Seite schließen.
device-gets-nothing-html = <strong>{ $application }</strong> auf dem Gerät erhält keinen Zugriff. Sie können diese Seite schließen.
code-on-device = Code auf Ihrem Gerät
code-on-device-hint = Acht Buchstaben, zum Beispiel BCDF-GHJK. Geben Sie nur den Code eines Geräts ein, das Sie vor sich haben.
device-wants-in-html = <strong>{ $application }</strong> auf einem Gerät möchte sich als Sie anmelden.
device-wants-in-with-html = <strong>{ $application }</strong> auf einem Gerät möchte sich als Sie anmelden, mit:
device-compare-html = Erlauben Sie es nur, wenn Ihr Gerät <strong class="whole">{ $code }</strong> anzeigt und Sie es vor sich haben. Wenn Ihnen jemand diesen Code geschickt hat, lehnen Sie ab.

## The portal

signed-in-as-html = Angemeldet als <strong>{ $name }</strong>
settings = Einstellungen
change-password = Passwort ändern
administration = Verwaltung
search-applications = Anwendungen suchen
search = Suchen
applications = Anwendungen
in-new-tab = (öffnet sich in einem neuen Tab)
no-applications = Noch keine Anwendungen
no-applications-hint = Sobald eine Anwendung für Sie freigegeben ist, erscheint sie hier.
nothing-matches = Nichts gefunden
nothing-matches-hint = Keine Ihrer Anwendungen heißt so.
show-all = Alle anzeigen
only-applications = Ihr Konto öffnet Anwendungen, aber nicht diese Seite.

## Access denied

access-denied = Zugriff verweigert
no-access-to = Kein Zugriff auf { $application }
application-closed-html = Sie sind angemeldet, aber <strong>{ $application }</strong> ist für Sie nicht freigegeben.
closed-to-you = Sie sind angemeldet, aber das hier ist für Sie nicht freigegeben.
closed = Das ist für Sie nicht freigegeben.
what-is-missing = Was fehlt
one-would-open-it = Es würde genügen, eines davon zu ändern
decision = Entscheidung
decision-hint = Senden Sie diese Kennung an Ihre Administration, um Zugriff zu beantragen.
policy-failed = Eine Richtlinie konnte nicht ausgewertet werden, und was sich nicht auswerten lässt, wird verweigert.

## Pages that say what went wrong

nothing-here = Unter dieser Adresse ist nichts
nothing-here-hint = Vielleicht ist die Adresse falsch geschrieben, oder was hier war, ist umgezogen. Wenn ein Link Sie hergeführt hat, sagen Sie bitte seinem Anbieter Bescheid.
go-to-applications = Zu Ihren Anwendungen
not-set-up-right = Diese Anwendung ist nicht richtig eingerichtet
not-set-up-right-hint = Mit Ihrem Konto ist alles in Ordnung. Senden Sie die folgenden Angaben an die Person, die die Anwendung betreut.
that-did-not-work = Das hat nicht geklappt
sign-in-to-see = Melden Sie sich an, um diese Seite zu sehen
session-ended = Ihre Sitzung ist beendet, oder sie hat in diesem Browser nie begonnen.
too-many-tries = Zu viele Versuche
wait-before-trying = Zum Schutz der Konten warten Sie bitte { $time }, bevor Sie es noch einmal versuchen.
our-mistake = Hier ist etwas schiefgegangen
our-mistake-hint = Der Fehler liegt bei uns und wurde protokolliert. Versuchen Sie es noch einmal; wenn er bleibt, senden Sie die Kennung der Anfrage an Ihre Administration.
too-large = Was Sie gesendet haben, ist zu groß. Eine Datei darf bis zu 190 kB haben.
not-this-form = Was Ihr Browser gesendet hat, ist nicht das Formular dieser Seite.
not-signed-in = Nicht angemeldet
not-redirected = Der Authorization-Header dieser Anfrage wurde für { $application } nicht akzeptiert. Wer einen solchen Header sendet, wird nicht zur Anmeldung weitergeleitet: Senden Sie gültige Zugangsdaten oder gar keine.

## Time

seconds =
    { $count ->
        [one] { $count } Sekunde
       *[other] { $count } Sekunden
    }
minutes =
    { $count ->
        [one] { $count } Minute
       *[other] { $count } Minuten
    }
hours =
    { $count ->
        [one] { $count } Stunde
       *[other] { $count } Stunden
    }
days =
    { $count ->
        [one] { $count } Tag
       *[other] { $count } Tage
    }
date-and-time = { $day }. { $month ->
        [1] Januar
        [2] Februar
        [3] März
        [4] April
        [5] Mai
        [6] Juni
        [7] Juli
        [8] August
        [9] September
        [10] Oktober
        [11] November
       *[12] Dezember
    } { $year }, { $time } UTC

## Mails

mail-greeting = Guten Tag,
mail-greeting-name = Guten Tag { $name },
mail-sent-by = Diese E-Mail wurde von { $brand } gesendet. Antworten darauf liest niemand.
mail-link-plain = Wenn die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse:
mail-link-life = Der Link gilt einmal, Gültigkeitsdauer: { $time }.
mail-not-you = Wenn Sie das nicht waren, brauchen Sie nichts zu tun: Ohne diesen Link geschieht nichts.
mail-reset-intro = für Ihr Konto „{ $username }“ bei { $brand } wurde ein neues Passwort angefordert.
mail-reset-action = Neues Passwort wählen
mail-confirm-intro = bitte bestätigen Sie, dass diese Adresse zu Ihrem Konto „{ $username }“ bei { $brand } gehört.
mail-confirm-action = Bestätigen
mail-sign-in-intro = mit diesem Link melden Sie sich bei Ihrem Konto „{ $username }“ bei { $brand } an.
mail-sign-in-action = Anmelden
mail-code-intro = dies ist Ihr Code für { $brand }:
mail-code-life = Er gilt einmal, Gültigkeitsdauer: { $time }. Niemand von uns wird Sie je danach fragen.
mail-invitation-subject = Einladung zu { $brand }
mail-invitation-intro = Sie sind zu { $brand } eingeladen.
mail-invitation-action = Einladung annehmen
mail-invitation-end = Die Einladung gilt bis { $moment }.
mail-event-intro = bei { $brand } ist etwas geschehen, worüber Sie benachrichtigt werden:
mail-event-action = Ansehen
mail-alert = Alarm
mail-warning = Warnung
mail-notice = Hinweis
mail-test-subject = Test-E-Mail von { $brand }
mail-test-body = dies ist ein Test. { $brand } kann E-Mails senden.

## Second factors on phones

type-code-from-phone = Eine SMS mit einem Code wurde an Ihr Telefon gesendet. Geben Sie den Code hier ein.
confirm-in-duo = Bestätigen Sie auf Ihrem Telefon in der Duo-App.
text-sent-to-html = Eine SMS mit einem Code wurde an <strong>{ $number }</strong> gesendet.
code-from-text = Code aus der SMS
codes-by-text = Codes werden als SMS an Ihr Telefon gesendet. Der erste zeigt, dass es Ihnen gehört.
phone-number = Telefonnummer mit Ländervorwahl
duo-asking = Auf Ihrem Telefon wartet eine Anfrage. Bestätigen Sie sie dort und fahren Sie dann fort.
ask-my-phone = Mein Telefon fragen
duo-passcode = Duo-Passcode
use-passcode = Passcode verwenden
scan-duo = Scannen Sie diesen Code mit der Duo-App auf Ihrem Telefon.
duo-qr-code = QR-Code für Duo
open-duo-html = Auf diesem Telefon: <a href="{ $address }">Duo öffnen</a>.
duo-continue = Wenn die App Ihr Konto zeigt, fahren Sie hier fort.
duo-known = Duo kennt Sie bereits. Fahren Sie fort und bestätigen Sie die Anfrage auf Ihrem Telefon.

## Whether it is a person

show-you-are-a-person = Zeigen Sie, dass Sie ein Mensch sind, bevor es weitergeht.
captcha-missing = Die Prüfung, ob Sie ein Mensch sind, konnte nicht geladen werden. Sehen Sie nach, ob etwas in Ihrem Browser sie blockiert, und laden Sie die Seite neu.
captcha-failed = Die Prüfung, ob Sie ein Mensch sind, hat nicht funktioniert. Bitte versuchen Sie es noch einmal.
captcha-unsolved = Bitte lösen Sie zuerst die Prüfung, ob Sie ein Mensch sind.
captcha-needs-scripts = Die Prüfung, ob Sie ein Mensch sind, braucht JavaScript. Schalten Sie es ein, um fortzufahren.

## How strong a password is

strength-of-password = Stärke des Passworts
strength-words = Sehr leicht zu erraten.|Leicht zu erraten.|Nicht allzu schwer zu erraten.|Schwer zu erraten.|Sehr schwer zu erraten.

## Acting as somebody else, and coming back in

acting-as-html = <strong>{ $original }</strong>, Sie handeln als <strong>{ $person }</strong>. Was Sie hier tun, wird unter beiden Namen festgehalten.
stop-acting = Beenden
recovered = Sie sind mit einem Wiederherstellungsschlüssel hereingekommen.
recovered-html = Sie sind mit einem Wiederherstellungsschlüssel hereingekommen. <a href="{ $address }">Wählen Sie ein neues Passwort</a>, bevor Sie gehen, und sehen Sie nach, ob Ihre zweiten Faktoren noch Ihre sind.

## The portal: frame

skip-to-content = Zum Inhalt springen
main-navigation = Hauptbereich
profile = Profil
signing-in = Anmeldung und Sicherheit
devices = Geräte
permissions-given = Geteilte Daten
tokens = Tokens und App-Passwörter
activity = Aktivität
pages = Seiten
save = Speichern
remove = Entfernen
delete = Löschen
rename = Umbenennen
display-name = Name
until = Bis
added = Hinzugefügt
used-last = Zuletzt verwendet
never-used = Noch nie verwendet
changed-last = Zuletzt geändert
done-saved = Gespeichert.
done-renamed = Der neue Name ist gespeichert.
done-removed = Entfernt. Damit kann sich niemand mehr anmelden.
done-ended = Dort abgemeldet.
done-taken-back = Zurückgenommen. Die Anwendung wird Sie wieder fragen.
done-deleted = Gelöscht. Der Schlüssel öffnet nichts mehr.
gone-already = Das gibt es nicht mehr.

## The portal: applications

favourites = Favoriten
make-favourite = Zu den Favoriten
no-favourite = Aus den Favoriten nehmen
favourite-called = Favorit: { $name }
could-ask-for = Worum Sie bitten könnten
because-everybody = Offen für alle
because-group = Über { $name }
because-person = Für Sie freigegeben
because-policy = Durch eine Regel
why-any = Jeder dieser Gründe genügt:
why-all = Diese Gründe zusammen öffnen sie:
why-everybody = Alle mit einem Konto dürfen sie öffnen.
why-group = Sie sind in der Gruppe „{ $name }“.
why-group-through = Sie sind über { $through } in der Gruppe „{ $name }“.
list-separator = ;{ " " }
why-not-group = Sie ist nur für die Mitglieder einer Gruppe geschlossen, in der Sie nicht sind.
why-person = Sie wurde für Sie persönlich freigegeben.
why-not-person = Sie ist nur für jemand anderen geschlossen.
why-condition = Die Bedingung „{ $name }“ ist erfüllt.
why-policy = Die Regel „{ $name }“ erlaubt es.
why-until = Das endet am { $moment }.

## The portal: profile

about-you = Über Sie
edit-profile = Bearbeiten
not-set = Nicht angegeben
groups = Gruppen
language-and-looks = Sprache und Aussehen
language = Sprache
as-browser-asks = Wie mein Browser es wünscht
looks = Aussehen
look-automatic = Automatisch
look-light = Hell
look-dark = Dunkel
look-contrast = Hoher Kontrast
delete-account = Konto löschen
delete-account-hint = Ihr Konto und alles darin ist dann endgültig weg.

## The portal: signing in

second-factors = Zweite Faktoren
second-factors-hint = Sie halten andere fern, die Ihr Passwort erfahren haben.
no-factors = Sie haben noch keinen. Wählen Sie unten einen aus.
get-codes-hint = Holen Sie sich auch Ersatzcodes: Mit ihnen kommen Sie hinein, wenn Ihr Gerät verloren ist.
add-factor = Zweiten Faktor hinzufügen
new-name = Neuer Name
kind-passkey = Passkey oder Sicherheitsschlüssel
kind-app = Authenticator-App
kind-codes = Ersatzcodes
kind-email = Codes per E-Mail
kind-text = Codes per SMS
kind-duo = Duo
about-passkey = Ihr Fingerabdruck, Ihr Gesicht, eine PIN oder ein Schlüssel am Schlüsselbund. Der sicherste Weg.
about-app = Eine App auf Ihrem Telefon zeigt jede halbe Minute einen neuen Code.
about-codes = Eine Liste zum Ausdrucken und Aufbewahren. Jeder Code gilt einmal.
about-email = Bei der Anmeldung kommt ein Code in Ihr Postfach.
about-text = Bei der Anmeldung kommt ein Code auf Ihr Telefon.
about-duo = Sie bestätigen mit einem Tippen in der Duo-App.
remove-factor-question = „{ $name }“ entfernen?
remove-factor-means = Sie können sich damit nicht mehr anmelden. Um es wieder zu verwenden, müssen Sie es neu einrichten.
print-codes = Drucken

## The portal: devices

devices-hint = Wo Sie angemeldet sind. Beenden Sie, was Sie nicht kennen, und ändern Sie Ihr Passwort.
this-device = Dieses Gerät
end-session = Abmelden
end-others = Überall sonst abmelden
end-others-question = Überall sonst abmelden?
end-others-means = Hier bleiben Sie angemeldet. Überall sonst, auch in den dort geöffneten Anwendungen, müssen Sie sich neu anmelden.
browser-on = { $browser } unter { $system }
unknown-device = Unbekanntes Gerät

## The portal: shared data

consents-hint = Was Anwendungen mit Ihrer Erlaubnis über Sie erfahren.
no-consents = Nichts geteilt
no-consents-hint = Wenn Sie einer Anwendung zustimmen, die danach fragt, steht sie hier.
shares-name-only = Dass Sie es sind
until-taken-back = Bis Sie es zurücknehmen
take-back = Zurücknehmen

## The portal: tokens

tokens-hint = Schlüssel für Programme, die in Ihrem Namen handeln. Wer einen hat, kann, was Sie können.
no-tokens = Sie haben keine Schlüssel für Programme.
app-password = App-Passwort
api-token = API-Token
about-app-password = Für Mailprogramme, Mediaplayer und andere, die nach Name und Passwort fragen.
about-api-token = Für Skripte und Programme, die die API dieses Servers aufrufen.
without-end = Ohne Ende
new-key = Neuer Schlüssel
make-token = Schlüssel anlegen
make = Anlegen
what-for = Wofür ist er?
what-for-hint = Ein Name, an dem Sie ihn wiedererkennen, etwa „Mail auf dem Laptop“.
name-it-first = Geben Sie ihm zuerst einen Namen.
kind-of-key = Art
works-for = Gilt für
key-of = Der Schlüssel von „{ $name }“
key-once = Kopieren Sie ihn jetzt. Er wird nicht noch einmal gezeigt.
key = Schlüssel
copy = Kopieren
copied = Kopiert
app-password-use = Geben Sie dem Programm den Namen „{ $name }“ und diesen Schlüssel als Passwort.
token-use = Das Programm sendet ihn mit jeder Anfrage, als „Authorization: Bearer …“.
new-key-question = Ein neuer Schlüssel für „{ $name }“?
new-key-means = Der alte Schlüssel gilt sofort nicht mehr. Programme, die ihn verwenden, brauchen den neuen.
delete-token-question = „{ $name }“ löschen?
delete-token-means = Programme, die seinen Schlüssel verwenden, sind sofort ausgesperrt.

## The portal: activity

activity-hint = Was in Ihrem Namen geschah. Waren Sie etwas davon nicht, ändern Sie Ihr Passwort und melden Sie sich überall sonst ab.
no-activity = Noch ist nichts geschehen.
newer = Neuere
older = Ältere
acted-by = Von { $who } in Ihrem Namen
did-sign-in = Sie haben sich angemeldet
did-fail-sign-in = Jemand wollte sich als Sie anmelden und scheiterte
did-sign-out = Sie haben sich abgemeldet
did-open-html = Sie haben <strong>{ $application }</strong> geöffnet
was-refused = Etwas war für Sie nicht offen
was-refused-html = <strong>{ $application }</strong> war für Sie nicht offen
did-set-password = Ihr Passwort wurde geändert
did-change-profile = Sie haben Ihr Profil geändert
did-use-invitation = Sie kamen mit einer Einladung
did-see-key-html = Der Schlüssel von <strong>{ $name }</strong> wurde gezeigt
did-renew-key-html = <strong>{ $name }</strong> hat einen neuen Schlüssel
did-begin-acting = Sie handeln nun als jemand anderes
did-end-acting = Sie handeln wieder als Sie selbst
did-add-factor-html = Sie haben den zweiten Faktor <strong>{ $name }</strong> hinzugefügt
did-remove-factor-html = Sie haben den zweiten Faktor <strong>{ $name }</strong> entfernt
did-rename-factor-html = Sie haben den zweiten Faktor <strong>{ $name }</strong> umbenannt
did-make-key-html = Sie haben den Schlüssel <strong>{ $name }</strong> angelegt
did-end-sessions = Sie haben Anmeldungen beendet
sessions-were-ended = Ihre Anmeldungen wurden beendet
did-delete-key-html = Sie haben den Schlüssel <strong>{ $name }</strong> gelöscht
did-take-back-html = Sie haben zurückgenommen, was Sie mit <strong>{ $name }</strong> teilten
did-create-html = Sie haben <strong>{ $name }</strong> angelegt
did-change-html = Sie haben <strong>{ $name }</strong> geändert
did-delete-html = Sie haben <strong>{ $name }</strong> gelöscht
done-by = Von { $who }
account-was-created = Ihr Konto wurde angelegt
account-was-changed = Ihr Konto wurde geändert
began-acting-as-you = Jemand handelt nun als Sie
ended-acting-as-you = Jemand handelt nicht mehr als Sie
factor-was-added-html = Ihr Konto erhielt den zweiten Faktor <strong>{ $name }</strong>
factor-was-removed-html = Ihr zweiter Faktor <strong>{ $name }</strong> wurde entfernt
thing-was-created-html = <strong>{ $name }</strong> wurde für Sie angelegt
thing-was-changed-html = <strong>{ $name }</strong> wurde bei Ihnen geändert
thing-was-deleted-html = <strong>{ $name }</strong> wurde bei Ihnen gelöscht
