## Flows

welcome-to = Willkommen bei { $brand }
setup-app = Authenticator-App einrichten
setup-codes = Ersatzcodes erstellen
setup-email = Codes per E-Mail erhalten
setup-passkey = Passkey einrichten
passwordless = Mit einem Passkey anmelden
logout = Abmelden
logged-out-of = Sie sind bei { $app } abgemeldet.
change-password-flow = Passwort ändern
redirecting = Weiterleitung zu { $app }
recovery = Zurück in Ihr Konto
user-settings = Ihre Angaben

## Fields

setup-header = Willkommen bei Lockgate! Legen Sie das Administrationskonto an.
username-field = Benutzername
name-field = Name
email-field = E-Mail
admin-email = E-Mail-Adresse der Administration
password-field = Passwort
password-repeat = Passwort (wiederholen)
locale-field = Sprache
password-rule = Ein Passwort hat mindestens 8 Zeichen.

## Factors

authenticator-app = Authenticator-App
recovery-codes = Ersatzcodes

## Mails

reset-subject = Neues Passwort wählen
code-subject = Code für die Anmeldung
reference-code-subject = authentik: Code für die Anmeldung

## Scopes

scope-email = E-Mail-Adresse
scope-profile = Allgemeine Profilangaben
scope-entitlements = Berechtigungen in Anwendungen
scope-offline = Neue Tokens ohne Ihr Zutun anfordern
scope-api = Zugriff auf die authentik-API in Ihrem Namen
scope-proxy = authentik Proxy – Angaben zu Ihrem Konto

## Ways in and out

confirm-account-subject = Bestätigen Sie Ihr Konto
create-your-account = Konto anlegen
delete-my-account = Mein Konto löschen
delete-your-account = Konto löschen
sign-in-subject = Anmelden
sign-in-by-email = Per E-Mail anmelden
keep-sessions = Auf meinen anderen Geräten angemeldet bleiben
account-goes = Ihr Konto wird mit allem, was dazugehört, gelöscht, und Sie werden überall abgemeldet. Das lässt sich nicht rückgängig machen.
