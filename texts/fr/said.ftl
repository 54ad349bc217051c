# On vouvoie. Les espaces devant « : » et à l’intérieur des guillemets sont insécables, devant « ; ! ? » fines insécables.

## Said in many places

go-on = Continuer
cancel = Annuler
allow = Autoriser
deny = Refuser
or = ou
error-title = Erreur : { $title }
try-again = Réessayer
start-again = Recommencer
sign-in = Se connecter
sign-out = Se déconnecter
sign-out-of-everything = Se déconnecter partout
not-you = Ce n’est pas vous ?
switch-account = Changer de compte
your-applications = Vos applications
back-to-applications = Retour à vos applications
request-id = Requête

## Signing in

to-continue-html = pour accéder à <strong>{ $application }</strong>
password = Mot de passe
show = Afficher
hide = Masquer
forgot-password = Mot de passe oublié ?
cannot-sign-in = Impossible de vous connecter ?
new-here = Première visite ?
create-account = Créer un compte
continue-with = Continuer avec { $source }
email = Adresse e-mail
username = Nom d’utilisateur
email-or-username = E-mail ou nom d’utilisateur
email-or-sign-in-name = E-mail ou identifiant
username-or-sign-in-name = Nom d’utilisateur ou identifiant
sign-in-name = Identifiant
stay-signed-in-question = Rester connecté sur cet appareil ? La connexion vous sera demandée moins souvent. Répondez non sur un appareil que d’autres utilisent.
stay-signed-in = Rester connecté
do-not-stay-signed-in = Non

## Second factors

code-from = Code de { $device }
use-device = Utiliser { $device }
confirm-with-passkey = Confirmez avec votre empreinte, votre visage, un code PIN ou une clé de sécurité.
type-code-from-email = Un e-mail contenant un code vous a été envoyé. Saisissez le code ici.
type-code-from-app = Ouvrez votre application d’authentification et saisissez le code qu’elle affiche.
type-kept-code = Saisissez l’un des codes que vous avez conservés. Chacun ne sert qu’une fois.
choose-second-step = Protégez votre compte par une seconde étape. Choisissez comment confirmer que c’est bien vous :
use-a-passkey = Utiliser une clé d’accès
create-a-passkey = Créer une clé d’accès
passkey-setup = Une clé d’accès vous connecte avec votre empreinte, votre visage, un code PIN ou une clé de sécurité. Personne ne peut la deviner, et elle ne fonctionne qu’ici.
passkeys-missing = Ce navigateur ne peut pas utiliser de clés d’accès à cette adresse.
passkey-known = Cette clé d’accès est déjà configurée.
passkey-failed = Cela n’a pas fonctionné. Réessayez ou choisissez une autre méthode.
passkeys-need-scripts = Les clés d’accès nécessitent JavaScript. Activez-le ou choisissez une autre méthode.
set-up = Configurer
scan-code = Scannez ce code avec votre application d’authentification.
qr-code = Code QR contenant votre clé
cannot-scan = Impossible de le scanner ?
open-app-html = Sur cet appareil, <a href="{ $address }">ouvrez votre application</a>. Ou saisissez-y cette clé :
type-code-shown-now = Saisissez le code que l’application affiche maintenant
keep-codes = Conservez ces codes là où vous seul pouvez les trouver. Chacun vous donne accès une fois lorsque vos autres appareils sont hors de portée. Ils ne seront plus affichés, et les codes reçus auparavant ne fonctionnent plus.
codes-kept = Je les ai conservés
code-sent-to-html = Un e-mail contenant un code a été envoyé à <strong>{ $address }</strong>.
code-from-email = Code reçu par e-mail
codes-by-email = Les codes seront envoyés à l’une de vos adresses e-mail. Le premier prouve qu’elle est bien à vous.
send-code = Envoyer un code
send-another-code = Envoyer un autre code

## Mail on its way

check-your-email = Consultez vos e-mails
email-on-its-way = S’il existe un compte correspondant à votre saisie, un e-mail contenant un lien est en route vers son adresse. Ouvrez le lien pour continuer, dans ce navigateur ou dans un autre.
email-sent-again = L’e-mail a été renvoyé.
send-again = Renvoyer l’e-mail
is-this-you = Est-ce bien vous ?
link-opened = Vous avez ouvert un lien qui donne accès au titulaire de ce compte. Il ne sert qu’une fois : continuez si c’est bien vous.

## Consent

would-like-to-html = <strong>{ $application }</strong> souhaite :
also-new = Et, nouveau depuis votre dernière autorisation :

## Fields

optional = facultatif
please-choose = Choisir…
as-browser-says = Selon mon navigateur

## The way of a flow

one-moment = Un instant
taking-you-there = Redirection en cours.
taking-you-there-or-press = Redirection en cours. Si rien ne se passe, appuyez sur « Continuer ».
redirecting-to = Redirection vers { $application }
applications-being-told = Vos applications sont en train d’être informées. La suite vient d’elle-même dans un instant.
signing-out = Déconnexion
page-too-old = Cette page est restée ouverte trop longtemps, ou votre navigateur n’accepte pas les cookies. Veuillez réessayer.
page-out-of-date = Cette page n’était plus à jour. Voici où vous en êtes.
did-not-work = Cela n’a pas fonctionné
went-wrong-logged = Une erreur s’est produite de notre côté. Elle a été consignée ; rien de ce que vous avez saisi n’a été conservé.

## Signing out

you-have-signed-out = Vous êtes déconnecté
signed-out = Vous êtes déconnecté.
signed-out-of-both-html = Vous êtes déconnecté de <strong>{ $application }</strong> et de { $brand }.
signed-out-of-html = Vous êtes déconnecté de <strong>{ $application }</strong>.
still-signed-in = Vous êtes toujours connecté à { $brand } ; les autres applications s’ouvrent donc sans rien demander.
sign-in-again = Se reconnecter à { $application }
sign-out-question = Se déconnecter ?
asks-to-sign-out-html = <strong>{ $application }</strong> demande à vous déconnecter de { $brand } et de toutes les applications que vous avez ouvertes avec ce compte dans ce navigateur.

## Devices

connect-device = Connecter un appareil
let-device-in = Autoriser cet appareil ?
device-connected = Votre appareil est connecté
device-turned-away = L’appareil a été refusé
device-goes-on-html = <strong>{ $application }</strong> sur votre appareil continue tout seul dans quelques secondes. Vous pouvez fermer cette page.
device-gets-nothing-html = <strong>{ $application }</strong> sur l’appareil n’obtient aucun accès. Vous pouvez fermer cette page.
code-on-device = Code affiché sur votre appareil
code-on-device-hint = Huit lettres, par exemple BCDF-GHJK. Ne saisissez que le code d’un appareil que vous avez devant vous.
device-wants-in-html = <strong>{ $application }</strong> sur un appareil souhaite se connecter en votre nom.
device-wants-in-with-html = <strong>{ $application }</strong> sur un appareil souhaite se connecter en votre nom, avec :
device-compare-html = N’autorisez que si votre appareil affiche <strong class="whole">{ $code }</strong> et que vous l’avez devant vous. Si quelqu’un vous a envoyé ce code, refusez.

## The portal

signed-in-as-html = Connecté en tant que <strong>{ $name }</strong>
settings = Paramètres
change-password = Changer le mot de passe
administration = Administration
search-applications = Rechercher des applications
search = Rechercher
applications = Applications
in-new-tab = (s’ouvre dans un nouvel onglet)
no-applications = Aucune application pour l’instant
no-applications-hint = Dès qu’une application vous est ouverte, elle apparaît ici.
nothing-matches = Aucun résultat
nothing-matches-hint = Aucune de vos applications ne porte ce nom.
show-all = Tout afficher
only-applications = Votre compte ouvre des applications, mais pas cette page.

## Access denied

access-denied = Accès refusé
no-access-to = Aucun accès à { $application }
application-closed-html = Vous êtes connecté, mais <strong>{ $application }</strong> ne vous est pas ouverte.
closed-to-you = Vous êtes connecté, mais ceci ne vous est pas ouvert.
closed = Ceci ne vous est pas ouvert.
what-is-missing = Ce qui manque
one-would-open-it = Il suffirait de changer l’un de ces points
decision = Décision
decision-hint = Envoyez cet identifiant à votre administrateur pour demander l’accès.
policy-failed = Une règle n’a pas pu être évaluée, et ce qui ne peut pas être évalué est refusé.

## Pages that say what went wrong

nothing-here = Il n’y a rien à cette adresse
nothing-here-hint = L’adresse est peut-être mal saisie, ou ce qui se trouvait ici a été déplacé. Si un lien vous a amené ici, prévenez son auteur.
go-to-applications = Aller à vos applications
not-set-up-right = Cette application n’est pas bien configurée
not-set-up-right-hint = Votre compte n’est pas en cause. Envoyez les détails ci-dessous à la personne responsable de l’application.
that-did-not-work = Cela n’a pas fonctionné
sign-in-to-see = Connectez-vous pour voir cette page
session-ended = Votre session est terminée, ou elle n’a jamais commencé dans ce navigateur.
too-many-tries = Trop de tentatives
wait-before-trying = Pour protéger les comptes, veuillez attendre { $time } avant de réessayer.
our-mistake = Une erreur s’est produite
our-mistake-hint = L’erreur vient de nous et a été consignée. Réessayez ; si elle persiste, envoyez l’identifiant de la requête à votre administrateur.
too-large = Ce que vous avez envoyé est trop volumineux. Un fichier peut atteindre 190 ko.
not-this-form = Ce que votre navigateur a envoyé n’est pas le formulaire de cette page.
not-signed-in = Non connecté
not-redirected = L’en-tête Authorization de cette requête n’a pas été accepté pour { $application }. Qui envoie un tel en-tête n’est pas redirigé vers la page de connexion : envoyez des identifiants valides, ou aucun.

## Time

seconds =
    { $count ->
        [one] { $count } seconde
       *[other] { $count } secondes
    }
minutes =
    { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }
hours =
    { $count ->
        [one] { $count } heure
       *[other] { $count } heures
    }
days =
    { $count ->
        [one] { $count } jour
       *[other] { $count } jours
    }
date-and-time = { $day ->
        [1] 1er
       *[other] { $day }
    } { $month ->
        [1] janvier
        [2] février
        [3] mars
        [4] avril
        [5] mai
        [6] juin
        [7] juillet
        [8] août
        [9] septembre
        [10] octobre
        [11] novembre
       *[12] décembre
    } { $year } à { $time } UTC

## Mails

mail-greeting = Bonjour,
mail-greeting-name = Bonjour { $name },
mail-sent-by = Cet e-mail a été envoyé par { $brand }. Personne ne lit les réponses.
mail-link-plain = Si le bouton ne fonctionne pas, ouvrez cette adresse :
mail-link-life = Le lien ne sert qu’une fois ; durée de validité : { $time }.
mail-not-you = Si ce n’était pas vous, vous n’avez rien à faire : sans ce lien, rien ne se passe.
mail-reset-intro = un nouveau mot de passe a été demandé pour votre compte « { $username } » chez { $brand }.
mail-reset-action = Choisir un nouveau mot de passe
mail-confirm-intro = veuillez confirmer que cette adresse appartient à votre compte « { $username } » chez { $brand }.
mail-confirm-action = Confirmer
mail-sign-in-intro = ce lien vous connecte à votre compte « { $username } » sur { $brand }.
mail-sign-in-action = Se connecter
mail-code-intro = voici votre code pour { $brand } :
mail-code-life = Il ne sert qu’une fois ; durée de validité : { $time }. Personne chez nous ne vous le demandera jamais.
mail-invitation-subject = Invitation à rejoindre { $brand }
mail-invitation-intro = vous êtes invité à rejoindre { $brand }.
mail-invitation-action = Accepter l’invitation
mail-invitation-end = L’invitation est valable jusqu’au { $moment }.
mail-event-intro = il s’est passé chez { $brand } quelque chose dont vous êtes informé :
mail-event-action = Consulter
mail-alert = Alerte
mail-warning = Avertissement
mail-notice = Information
mail-test-subject = E-mail de test de { $brand }
mail-test-body = ceci est un test. { $brand } peut envoyer des e-mails.

## Second factors on phones

type-code-from-phone = Un SMS contenant un code a été envoyé sur votre téléphone. Saisissez le code ici.
confirm-in-duo = Confirmez sur votre téléphone, dans l’application Duo.
text-sent-to-html = Un SMS contenant un code a été envoyé au <strong>{ $number }</strong>.
code-from-text = Code reçu par SMS
codes-by-text = Les codes seront envoyés par SMS sur votre téléphone. Le premier prouve qu’il est bien à vous.
phone-number = Numéro de téléphone, avec l’indicatif du pays
duo-asking = Une demande vous attend sur votre téléphone. Approuvez-la, puis continuez.
ask-my-phone = Demander à mon téléphone
duo-passcode = Code d’accès Duo
use-passcode = Utiliser le code d’accès
scan-duo = Scannez ce code avec l’application Duo sur votre téléphone.
duo-qr-code = Code QR pour Duo
open-duo-html = Sur ce téléphone, <a href="{ $address }">ouvrez Duo</a>.
duo-continue = Lorsque l’application affiche votre compte, continuez ici.
duo-known = Duo vous connaît déjà. Continuez, puis approuvez la demande sur votre téléphone.

## Whether it is a person

show-you-are-a-person = Avant de continuer, montrez que vous êtes une personne.
captcha-missing = La vérification que vous êtes une personne n’a pas pu être chargée. Regardez si quelque chose la bloque dans votre navigateur, puis rechargez la page.
captcha-failed = La vérification que vous êtes une personne a échoué. Veuillez réessayer.
captcha-unsolved = Veuillez d’abord répondre à la vérification que vous êtes une personne.
captcha-needs-scripts = La vérification que vous êtes une personne nécessite JavaScript. Activez-le pour continuer.

## How strong a password is

strength-of-password = Robustesse du mot de passe
strength-words = Très facile à deviner.|Facile à deviner.|Pas très difficile à deviner.|Difficile à deviner.|Très difficile à deviner.

## Acting as somebody else, and coming back in

acting-as-html = <strong>{ $original }</strong>, vous agissez en tant que <strong>{ $person }</strong>. Ce que vous faites ici est consigné sous les deux noms.
stop-acting = Arrêter
recovered = Vous êtes entré avec une clé de récupération.
recovered-html = Vous êtes entré avec une clé de récupération. <a href="{ $address }">Choisissez un nouveau mot de passe</a> avant de partir, et vérifiez que vos seconds facteurs sont toujours les vôtres.

## The portal: frame

skip-to-content = Aller au contenu
main-navigation = Principal
profile = Profil
signing-in = Connexion et sécurité
devices = Appareils
permissions-given = Données partagées
tokens = Jetons et mots de passe d’application
activity = Activité
pages = Pages
save = Enregistrer
remove = Supprimer
delete = Supprimer
rename = Renommer
display-name = Nom
until = Jusqu’au
added = Ajouté
used-last = Dernière utilisation
never-used = Jamais utilisé
changed-last = Dernière modification
done-saved = Enregistré.
done-renamed = Le nouveau nom est enregistré.
done-removed = Supprimé. Il ne permet plus de se connecter.
done-ended = Session fermée.
done-taken-back = Retiré. L’application vous demandera de nouveau.
done-deleted = Supprimé. Sa clé n’ouvre plus rien.
gone-already = Cela n’existe plus.

## The portal: applications

favourites = Favoris
make-favourite = Ajouter aux favoris
no-favourite = Retirer des favoris
favourite-called = Favori : { $name }
could-ask-for = Ce que vous pourriez demander
because-everybody = Ouverte à tous
because-group = Grâce à { $name }
because-person = Ouverte pour vous
because-policy = Selon une règle
why-any = Chacune de ces raisons suffit :
why-all = Ces raisons, ensemble, vous l’ouvrent :
why-everybody = Toute personne ayant un compte peut l’ouvrir.
why-group = Vous êtes dans le groupe « { $name } ».
why-group-through = Vous êtes dans le groupe « { $name } », par { $through }.
list-separator =  ;{ " " }
why-not-group = Elle n’est fermée qu’à un groupe dont vous ne faites pas partie.
why-person = Elle vous a été ouverte personnellement.
why-not-person = Elle n’est fermée qu’à quelqu’un d’autre.
why-condition = La condition « { $name } » est remplie.
why-policy = La règle « { $name } » le permet.
why-until = Cela prend fin le { $moment }.

## The portal: profile

about-you = À propos de vous
edit-profile = Modifier
not-set = Non renseigné
groups = Groupes
language-and-looks = Langue et apparence
language = Langue
as-browser-asks = Selon mon navigateur
looks = Apparence
look-automatic = Automatique
look-light = Claire
look-dark = Sombre
look-contrast = Contraste élevé
delete-account = Supprimer le compte
delete-account-hint = Votre compte et tout son contenu disparaîtront définitivement.

## The portal: signing in

second-factors = Seconds facteurs
second-factors-hint = Ils arrêtent quiconque aurait appris votre mot de passe.
no-factors = Vous n’en avez pas encore. Choisissez-en un ci-dessous.
get-codes-hint = Prenez aussi des codes de récupération : ils vous ouvrent si vous perdez votre appareil.
add-factor = Ajouter un second facteur
new-name = Nouveau nom
kind-passkey = Clé d’accès ou clé de sécurité
kind-app = Application d’authentification
kind-codes = Codes de récupération
kind-email = Codes par e-mail
kind-text = Codes par SMS
kind-duo = Duo
about-passkey = Votre empreinte, votre visage, un code PIN ou une clé physique. Le moyen le plus sûr.
about-app = Une application de votre téléphone affiche un nouveau code toutes les 30 secondes.
about-codes = Une liste à imprimer et à garder. Chaque code sert une fois.
about-email = Un code est envoyé dans votre boîte à chaque connexion.
about-text = Un code est envoyé sur votre téléphone à chaque connexion.
about-duo = Vous confirmez d’un geste dans l’application Duo.
remove-factor-question = Supprimer « { $name } » ?
remove-factor-means = Vous ne pourrez plus vous connecter avec. Pour l’utiliser à nouveau, il faudra le reconfigurer.
print-codes = Imprimer

## The portal: devices

devices-hint = Là où vous êtes connecté. Fermez ce que vous ne reconnaissez pas, et changez votre mot de passe.
this-device = Cet appareil
end-session = Déconnecter
end-others = Déconnecter tous les autres
end-others-question = Déconnecter tous les autres appareils ?
end-others-means = Vous restez connecté ici. Partout ailleurs, et dans les applications qui y sont ouvertes, il faudra vous reconnecter.
browser-on = { $browser } sur { $system }
unknown-device = Appareil inconnu

## The portal: shared data

consents-hint = Ce que vous avez permis à des applications de savoir sur vous.
no-consents = Rien de partagé
no-consents-hint = Lorsqu’une application demande votre accord et que vous le donnez, elle apparaît ici.
shares-name-only = Que c’est vous
until-taken-back = Jusqu’à ce que vous le retiriez
take-back = Retirer

## The portal: tokens

tokens-hint = Des clés pour les programmes qui agissent en votre nom. Qui en possède une peut faire ce que vous pouvez.
no-tokens = Vous n’avez aucune clé pour programmes.
app-password = Mot de passe d’application
api-token = Jeton d’API
about-app-password = Pour les programmes de messagerie, lecteurs et autres qui demandent un nom et un mot de passe.
about-api-token = Pour les scripts et programmes qui appellent l’API de ce serveur.
without-end = Sans fin
new-key = Nouvelle clé
make-token = Créer une clé
make = Créer
what-for = À quoi sert-elle ?
what-for-hint = Un nom qui vous la rappellera, par exemple « Courrier du portable ».
name-it-first = Donnez-lui d’abord un nom.
kind-of-key = Type
works-for = Valable pendant
key-of = La clé de « { $name } »
key-once = Copiez-la maintenant. Elle ne sera plus affichée.
key = Clé
copy = Copier
copied = Copiée
app-password-use = Donnez au programme le nom « { $name } », et cette clé comme mot de passe.
token-use = Le programme l’envoie avec chaque requête : « Authorization: Bearer … ».
new-key-question = Une nouvelle clé pour « { $name } » ?
new-key-means = L’ancienne clé cesse aussitôt de fonctionner. Les programmes qui l’utilisent auront besoin de la nouvelle.
delete-token-question = Supprimer « { $name } » ?
delete-token-means = Les programmes qui utilisent sa clé n’auront plus accès.

## The portal: activity

activity-hint = Ce qui s’est passé en votre nom. Si ce n’était pas vous, changez votre mot de passe et déconnectez tous les autres appareils.
no-activity = Il ne s’est encore rien passé.
newer = Plus récentes
older = Plus anciennes
acted-by = Par { $who }, en votre nom
did-sign-in = Vous vous êtes connecté
did-fail-sign-in = Quelqu’un a essayé, sans succès, de se connecter à votre place
did-sign-out = Vous vous êtes déconnecté
did-open-html = Vous avez ouvert <strong>{ $application }</strong>
was-refused = Quelque chose ne vous était pas ouvert
was-refused-html = <strong>{ $application }</strong> ne vous était pas ouverte
did-set-password = Votre mot de passe a été changé
did-change-profile = Vous avez modifié votre profil
did-use-invitation = Vous êtes venu par une invitation
did-see-key-html = La clé de <strong>{ $name }</strong> a été affichée
did-renew-key-html = <strong>{ $name }</strong> a reçu une nouvelle clé
did-begin-acting = Vous avez commencé à agir à la place de quelqu’un
did-end-acting = Vous agissez de nouveau en votre nom
did-add-factor-html = Vous avez ajouté le second facteur <strong>{ $name }</strong>
did-remove-factor-html = Vous avez supprimé le second facteur <strong>{ $name }</strong>
did-rename-factor-html = Vous avez renommé le second facteur <strong>{ $name }</strong>
did-make-key-html = Vous avez créé la clé <strong>{ $name }</strong>
did-end-sessions = Vous avez mis fin à des sessions
sessions-were-ended = Il a été mis fin à vos sessions
did-delete-key-html = Vous avez supprimé la clé <strong>{ $name }</strong>
did-take-back-html = Vous avez retiré ce que vous partagiez avec <strong>{ $name }</strong>
did-create-html = Vous avez créé <strong>{ $name }</strong>
did-change-html = Vous avez modifié <strong>{ $name }</strong>
did-delete-html = Vous avez supprimé <strong>{ $name }</strong>
done-by = Par { $who }
account-was-created = Votre compte a été créé
account-was-changed = Votre compte a été modifié
began-acting-as-you = Quelqu’un a commencé à agir à votre place
ended-acting-as-you = Quelqu’un a cessé d’agir à votre place
factor-was-added-html = Le second facteur <strong>{ $name }</strong> a été ajouté à votre compte
factor-was-removed-html = Votre second facteur <strong>{ $name }</strong> a été supprimé
thing-was-created-html = <strong>{ $name }</strong> a été créé pour vous
thing-was-changed-html = <strong>{ $name }</strong>, qui est à vous, a été modifié
thing-was-deleted-html = <strong>{ $name }</strong>, qui était à vous, a été supprimé
