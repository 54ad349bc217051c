## Any field

field-required = Ce champ est obligatoire.
field-null = Ce champ ne peut pas être nul.
field-blank = Ce champ ne peut pas être vide.
field-too-long =
    { $max ->
        [one] Ce champ ne peut pas dépasser { $max } caractère.
       *[other] Ce champ ne peut pas dépasser { $max } caractères.
    }
field-null-characters = Les caractères nuls ne sont pas autorisés.
field-control-characters = Les caractères de contrôle ne sont pas autorisés.
field-not-text = Ce n’est pas un texte valide.
field-not-boolean = Seuls oui et non sont possibles ici.
field-not-number = Saisissez un nombre valide.
field-not-email = Saisissez une adresse e-mail valide.
field-not-username = Saisissez un nom d’utilisateur valide.
field-not-date = La date n’a pas la bonne forme. Forme attendue : AAAA-MM-JJ.
field-not-date-time = La date et l’heure n’ont pas la bonne forme. Forme attendue : AAAA-MM-JJThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].
field-not-file = Le fichier doit être envoyé sous forme d’URI de données.
field-not-language = Saisissez un code de langue, par exemple fr.
field-not-choice = « { $shown } » ne fait pas partie des choix.
field-not-unique = Cette valeur est déjà prise.
language-automatic = Automatique
answers-refused = Ces réponses ne sont pas acceptées.
passwords-differ = Les mots de passe ne correspondent pas.
username-taken = Ce nom d’utilisateur est déjà pris.

## Signing in

log-in = Se connecter
continue-button = Continuer
failed = La connexion a échoué.
wrong-password = Mot de passe incorrect
too-many-attempts = Trop de tentatives infructueuses. Recommencez.
too-many-people =
    { $retry_after ->
        [one] Trop de personnes se connectent en ce moment. Réessayez dans { $retry_after } seconde.
       *[other] Trop de personnes se connectent en ce moment. Réessayez dans { $retry_after } secondes.
    }
too-many-requests =
    { $retry_after ->
        [one] Trop de demandes. Réessayez dans { $retry_after } seconde.
       *[other] Trop de demandes. Réessayez dans { $retry_after } secondes.
    }
nobody-said = Personne n’a encore indiqué qui il est.
nobody-proved = Personne n’a encore prouvé son identité.
no-pending-login = Il n’y a personne à connecter.
no-pending-user = On ne sait pas de qui il s’agit.
account-inactive = Ce compte n’est pas actif.
account-cannot-sign-in = Ce compte ne permet pas de se connecter.
account-gone = Ce compte n’existe plus.
account-missing = Ce compte n’existe pas.
sign-in-first = Connectez-vous d’abord.
signed-in-already = Vous êtes déjà connecté.
for-administrators = Réservé aux administrateurs.
for-outposts = Réservé aux outposts.
reached-from-another = Cette page n’est accessible que depuis une autre.
reached-by-token = Cette page n’est accessible que par un lien contenant un jeton.
denied = La demande a été refusée.
does-not-apply = Ce parcours ne vous est pas destiné.
step-unknown = L’étape « { $name } » ({ $word }) ne peut pas être exécutée par cette version de Lockgate.
answers-another = Ceci répond à « { $shown } », mais la question est « { $expected } ».

## Second factors

no-factor = Il vous faut un second facteur pour continuer, et vous n’en avez pas. Demandez de l’aide à un administrateur.
passkey-elsewhere = Votre clé d’accès ne fonctionne pas à cette adresse. Ouvrez ce site par son nom.
passkey-refused = Cette clé d’accès n’a pas été acceptée. Réessayez ou choisissez une autre méthode.
passkey-not-made = Votre clé d’accès n’a pas pu être configurée.
passkey-stale = Cela a pris trop de temps. Réessayez.
passkey-unchecked = Cette clé d’accès n’a pas pu être vérifiée. Réessayez.
passkey-unverified = Votre clé d’accès doit vérifier que c’est bien vous, par un code PIN, une empreinte ou votre visage.
passkey-already = Cette clé d’accès est déjà configurée.
passkey-model = Ce modèle de clé d’accès n’est pas autorisé ici. Utilisez-en un autre.
passkeys-many = Vous avez trop de clés d’accès. Supprimez-en d’abord une.
wrong-code = Code non valide. Vérifiez que l’heure de votre appareil est exacte et réessayez.
code-differs = Le code ne correspond pas
too-many-codes =
    { $retry_after ->
        [one] Trop de codes erronés. Réessayez dans { $retry_after } seconde.
       *[other] Trop de codes erronés. Réessayez dans { $retry_after } secondes.
    }
device-unknown = Cet appareil n’existe pas.
stage-unknown = Ce choix n’existe pas.
factor-app = Application d’authentification
factor-codes = Codes de récupération
factor-passkey = Clé d’accès

## Mail

email-sent = L’e-mail a été envoyé.
too-many-emails-one = Trop d’e-mails ont été demandés. Veuillez réessayer dans 1 minute.
too-many-emails = Trop d’e-mails ont été demandés. Veuillez réessayer dans { $minutes } minutes.
no-mail = Ce serveur ne peut pas envoyer d’e-mails actuellement. Demandez de l’aide à un administrateur.
link-dead = Ce lien a déjà été utilisé ou a expiré.
link-outdated = Ce lien ne mène plus nulle part. Veuillez recommencer.

## Accounts

invitation-invalid = Invitation non valide ou introuvable
invitation-used = Cette invitation a déjà été utilisée.
nothing-to-write = Il n’y a rien à enregistrer.
name-needed = Un nouveau compte a besoin d’un nom d’utilisateur.
no-account-here = Aucun compte ne peut être créé ici.
acting-as-another = Pas tant que vous agissez au nom de quelqu’un d’autre : mettez-y d’abord fin.

## Consent

about-to-sign-in = Vous allez vous connecter à { $app }.
consent-stale = Cette page n’était plus à jour. Veuillez décider à nouveau.
offline-access = Garder l’accès pendant votre absence

## Passwords

password-missing = Aucun mot de passe n’a été indiqué
password-unchecked = Le mot de passe n’a pas pu être vérifié. Veuillez réessayer plus tard.
password-leaked =
    { $leaked ->
        [one] Ce mot de passe figure dans { $leaked } liste en ligne.
       *[other] Ce mot de passe figure dans { $leaked } listes en ligne.
    }
password-used = Ce mot de passe a déjà été utilisé. Veuillez en choisir un autre.
password-expired = Le mot de passe a expiré.
password-expired-days =
    { $days ->
        [one] Le mot de passe a expiré il y a { $days } jour. Veuillez le changer.
       *[other] Le mot de passe a expiré il y a { $days } jours. Veuillez le changer.
    }
password-needs-character = Un mot de passe doit compter un caractère.
password-needs-characters = Un mot de passe doit compter au moins { $least } caractères.
password-needs-digit = Un mot de passe doit contenir un chiffre.
password-needs-digits = Un mot de passe doit contenir au moins { $least } chiffres.
password-needs-capital = Un mot de passe doit contenir une majuscule.
password-needs-capitals = Un mot de passe doit contenir au moins { $least } majuscules.
password-needs-small = Un mot de passe doit contenir une minuscule.
password-needs-smalls = Un mot de passe doit contenir au moins { $least } minuscules.
password-needs-symbol = Un mot de passe doit contenir un symbole.
password-needs-symbols = Un mot de passe doit contenir au moins { $least } symboles.
password-weak = Ce mot de passe est trop faible.
weak-rows = Les rangées de touches voisines sont faciles à deviner.
weak-patterns = Les motifs courts au clavier sont faciles à deviner.
weak-repeats = Les répétitions comme « aaa » sont faciles à deviner.
weak-repeated-words = Les répétitions comme « abcabcabc » sont à peine plus difficiles à deviner que « abc ».
weak-top-10 = C’est l’un des dix mots de passe les plus courants.
weak-top-100 = C’est l’un des cent mots de passe les plus courants.
weak-common = C’est un mot de passe très courant.
weak-similar = Cela ressemble à un mot de passe courant.
weak-sequences = Les suites comme abc ou 6543 sont faciles à deviner.
weak-years = Les années récentes sont faciles à deviner.
weak-word = Un mot seul est facile à deviner.
weak-dates = Les dates sont souvent faciles à deviner.
weak-names-alone = Les prénoms et noms seuls sont faciles à deviner.
weak-names = Les prénoms et noms courants sont faciles à deviner.
better-words = Utilisez plusieurs mots, évitez les expressions courantes.
better-no-symbols = Inutile d’ajouter des symboles, des chiffres ou des majuscules.
better-another-word = Ajoutez encore un mot ou deux, de préférence peu courants.
better-capitals = Les majuscules n’aident pas beaucoup.
better-all-capitals = Tout en majuscules est presque aussi facile à deviner que tout en minuscules.
better-reversed = Les mots inversés ne sont guère plus difficiles à deviner.
better-substitutions = Les remplacements prévisibles comme « @ » pour « a » n’aident pas beaucoup.
better-pattern = Utilisez un motif au clavier plus long, avec plus de changements de direction.
better-repeats = Évitez les mots et caractères répétés.
better-sequences = Évitez les suites.
better-years = Évitez les années récentes.
better-own-years = Évitez les années qui ont un rapport avec vous.
better-own-dates = Évitez les dates et années qui ont un rapport avec vous.

## Policies

country-refused = Votre adresse IP n’appartient à aucun pays autorisé.
network-refused = Votre adresse IP n’appartient à aucun réseau autorisé.
distance-large = La distance depuis le lieu de votre dernière connexion est trop grande.
distance-impossible = Le lieu de votre dernière connexion est trop éloigné pour le temps écoulé.
may-not-change =
    { $what ->
        [name] Vous n’êtes pas autorisé à changer votre nom.
        [username] Vous n’êtes pas autorisé à changer votre nom d’utilisateur.
       *[other] Vous n’êtes pas autorisé à changer votre adresse e-mail.
    }

## What is missing

needs-groups = Vous devez être membre de l’un de ces groupes : { $names }.
needs-one-of = Il suffirait de changer l’un de ces points :
needs-login = Vous devez vous connecter.
needs-active = Votre compte n’est pas actif.
needs-group = Vous devez être membre du groupe { $name }.
needs-not-group = Les membres du groupe { $name } sont exclus.
needs-user = Ceci n’est ouvert qu’aux comptes désignés nommément.
needs-not-user = Votre compte est exclu nommément.
needs-check = La condition { $name } n’est pas remplie.
needs-not-check = La condition { $name } est remplie, et ne doit pas l’être.
needs-mfa = Vous devez vous connecter avec un second facteur.
needs-superuser = Vous devez être administrateur.
needs-membership-ended = Votre appartenance au groupe { $name } a pris fin : { $moment }.
needs-membership-ahead = Votre appartenance au groupe { $name } commence : { $moment }.
needs-ended = L’accès pour { $whom } a pris fin : { $moment }.
needs-ahead = L’accès pour { $whom } commence : { $moment }.
needs-permission = Rien ne vous donne accès.
needs-forbidden = La règle { $policy } l’interdit.
needs-error = Une règle n’a pas pu être évaluée, et ce qui ne peut pas être évalué est refusé.

## Applications and devices

configuration-error = Erreur de configuration
client-error = Client inconnu
redirect-error = Adresse de redirection incorrecte
request-error = Requête incorrecte
malformed-request = Requête illisible
access-denied-title = Accès refusé
too-many-tries-title = Trop de tentatives
no-login-flow = Il n’existe aucun parcours de connexion.
no-logout-flow = Il n’existe aucun parcours de déconnexion.
no-authorization-flow = L’application n’a pas de parcours d’autorisation.
client-not-this = L’identifiant du client (client_id) n’est pas celui de cette application.
client-unknown = L’identifiant du client (client_id) manque ou n’est pas valide.
return-not-this = L’adresse de retour n’appartient pas à cette application.
redirect-wrong = L’adresse de redirection (redirect_uri) manque, n’est pas valide ou ne correspond pas.
request-unreadable = La requête ne peut pas être lue : { $error }.
flow-not-for-you = Le parcours qui précède cette page ne vous est pas destiné.
device-tries = Pour protéger les comptes, attendez une minute avant de saisir un autre code.
device-code-unknown = Ce code n’existe pas ou est trop ancien. Regardez votre appareil et saisissez de nouveau le code.
device-page-old = Cette page est restée ouverte trop longtemps, ou votre navigateur n’accepte pas les cookies. Veuillez réessayer.
device-code-needed = Saisissez le code que votre appareil affiche.

## Forward auth

login-failed = Échec de la connexion
login-cannot-start = Cette application ne peut pas lancer de connexion : son fournisseur n’a pas de secret de cookie.
login-answered = La page de connexion a répondu : { $error }.
login-code-unknown = La connexion n’a pas pu être terminée : son code est inconnu, utilisé ou trop ancien.
login-forged = La connexion n’a pas pu être terminée : elle n’a pas commencé ici.
login-elsewhere = La connexion n’a pas pu être terminée : elle a commencé dans un autre navigateur, ou son cookie a disparu.
login-late = La connexion n’a pas pu être terminée : elle a pris trop de temps.

## Whether it is a person

captcha-unchecked = Il n’a pas été possible de vérifier que vous êtes une personne. Veuillez réessayer dans un instant.
captcha-wrong-retry = La vérification n’a pas abouti. Réessayer peut résoudre le problème.
captcha-wrong = La vérification n’a pas abouti

## Phones

phone-number-wrong = Saisissez un numéro de téléphone avec l’indicatif du pays, par exemple +49 151 23456789.
phone-number-taken = Ce numéro de téléphone ne peut pas être configuré : il est déjà utilisé.
message-sent = Message envoyé.
too-many-messages = Trop de messages ont été demandés. Veuillez réessayer dans { $minutes } minutes.
messages-not-sent = Ce serveur ne peut pas envoyer de messages pour le moment. Veuillez demander de l’aide à l’administration.
duo-not-yet = Duo n’a pas encore reçu de nouvelles de votre téléphone. Activez-le d’abord là-bas.
duo-code-ended = Ce code a expiré. En voici un nouveau.
duo-unable = Duo ne peut pas être interrogé pour le moment. Veuillez utiliser un autre moyen ou demander de l’aide à l’administration.
push-waiting = Approuvez la demande sur votre téléphone, puis continuez.
push-denied = La demande a été refusée sur le téléphone.
push-ended = Personne n’a répondu à temps sur le téléphone. Réessayez ou utilisez un autre moyen.
push-too-often = Le téléphone a été sollicité trop souvent. Veuillez réessayer dans { $minutes } minutes.

## Guessing

too-many-wrong-passwords = 
    { $retry_after ->
        [one] Trop de mots de passe erronés. Réessayez dans { $retry_after } seconde.
       *[other] Trop de mots de passe erronés. Réessayez dans { $retry_after } secondes.
    }
delete-tick = Cochez la case si vous voulez que votre compte soit supprimé.
too-many-messages-one = Trop de messages ont été demandés. Veuillez réessayer dans 1 minute.
push-too-often-one = Le téléphone a été sollicité trop souvent. Veuillez réessayer dans 1 minute.
show-factor-first = Reconnectez-vous d’abord avec un second facteur : la dernière fois, c’était sans, ou il y a plus de 15 minutes.
