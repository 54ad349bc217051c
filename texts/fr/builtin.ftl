## Flows

welcome-to = Bienvenue chez { $brand }
setup-app = Configurer une application d’authentification
setup-codes = Obtenir des codes de récupération
setup-email = Recevoir des codes par e-mail
setup-passkey = Configurer une clé d’accès
passwordless = Se connecter avec une clé d’accès
logout = Déconnexion
logged-out-of = Vous êtes déconnecté de { $app }.
change-password-flow = Changer le mot de passe
redirecting = Redirection vers { $app }
recovery = Retrouver l’accès à votre compte
user-settings = Vos informations

## Fields

setup-header = Bienvenue dans Lockgate ! Créez le compte administrateur.
username-field = Nom d’utilisateur
name-field = Nom
email-field = Adresse e-mail
admin-email = Adresse e-mail de l’administrateur
password-field = Mot de passe
password-repeat = Mot de passe (répéter)
locale-field = Langue
password-rule = Un mot de passe compte au moins 8 caractères.

## Factors

authenticator-app = Application d’authentification
recovery-codes = Codes de récupération

## Mails

reset-subject = Choisir un nouveau mot de passe
code-subject = Code de connexion
reference-code-subject = authentik : code de connexion

## Scopes

scope-email = Adresse e-mail
scope-profile = Informations générales du profil
scope-entitlements = Droits dans l’application
scope-offline = Demander de nouveaux jetons sans votre intervention
scope-api = Accès à l’API d’authentik en votre nom
scope-proxy = authentik Proxy – Informations sur votre compte

## Ways in and out

confirm-account-subject = Confirmez votre compte
create-your-account = Créez votre compte
delete-my-account = Supprimer mon compte
delete-your-account = Supprimez votre compte
sign-in-subject = Connexion
sign-in-by-email = Se connecter par e-mail
keep-sessions = Rester connecté sur mes autres appareils
account-goes = Votre compte est supprimé avec tout ce qui lui appartient, et vous êtes déconnecté partout. Cette action est irréversible.
