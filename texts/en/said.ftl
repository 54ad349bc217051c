# What pages and mails say. Every text is a method of `Language`, with its variables in alphabetical order. One whose
# name ends in -html is markup: what fills it is escaped, and what it says itself is not.

## Said in many places

go-on = Continue
cancel = Cancel
allow = Allow
deny = Deny
or = or
error-title = Error: { $title }
try-again = Try again
start-again = Start again
sign-in = Sign in
sign-out = Sign out
sign-out-of-everything = Sign out of everything
not-you = Not you?
switch-account = Switch account
your-applications = Your applications
back-to-applications = Back to your applications
request-id = Request

## Signing in

to-continue-html = to continue to <strong>{ $application }</strong>
password = Password
show = Show
hide = Hide
forgot-password = Forgot password?
cannot-sign-in = Can’t sign in?
new-here = New here?
create-account = Create an account
continue-with = Continue with { $source }
email = Email
username = Username
email-or-username = Email or username
email-or-sign-in-name = Email or sign-in name
username-or-sign-in-name = Username or sign-in name
sign-in-name = Sign-in name
stay-signed-in-question = Stay signed in on this device? You’ll be asked less often. Say no on a device that others use.
stay-signed-in = Stay signed in
do-not-stay-signed-in = No

## Second factors

code-from = Code from { $device }
use-device = Use { $device }
confirm-with-passkey = Confirm with your fingerprint, your face, a PIN or a security key.
type-code-from-email = An email with a code was sent to you. Type the code here.
type-code-from-app = Open your authenticator app and type the code that it shows.
type-kept-code = Type one of the codes that you have kept. Each works once.
choose-second-step = Protect your account with a second step. Choose how you’d like to confirm that it’s you:
use-a-passkey = Use a passkey
create-a-passkey = Create a passkey
passkey-setup = A passkey signs you in with your fingerprint, your face, a PIN or a security key. Nobody can guess it, and it works only here.
passkeys-missing = This browser can’t use passkeys at this address.
passkey-known = This passkey is set up already.
passkey-failed = That didn’t work. Try again, or use another way.
passkeys-need-scripts = Passkeys need JavaScript. Turn it on, or use another way.
set-up = Set up
scan-code = Scan this code with your authenticator app.
qr-code = QR code with your key
cannot-scan = Can’t scan it?
open-app-html = On this device, <a href="{ $address }">open your app</a>. Or type this key into it:
type-code-shown-now = Type the code that the app shows now
keep-codes = Keep these codes where only you can find them. Each lets you in once when your other devices are out of reach. They won’t be shown again, and codes that you were given before stop working.
codes-kept = I’ve kept them
code-sent-to-html = An email with a code was sent to <strong>{ $address }</strong>.
code-from-email = Code from the email
codes-by-email = Codes will be sent to an email address of yours. The first one shows that it is.
send-code = Send a code
send-another-code = Send another code

## Mail on its way

check-your-email = Check your email
email-on-its-way = If there is an account for what you entered, an email with a link is on its way to its address. Open the link to go on, in this browser or in another one.
email-sent-again = The email was sent again.
send-again = Send it again
is-this-you = Is this you?
link-opened = You opened a link that lets in the owner of this account. It works once: go on when this is you.

## Consent

would-like-to-html = <strong>{ $application }</strong> would like to:
also-new = And, new since you last allowed it:

## Fields

optional = optional
please-choose = Choose…
as-browser-says = As my browser says

## The way of a flow

one-moment = One moment
taking-you-there = Taking you there now.
taking-you-there-or-press = Taking you there now. If nothing happens, press Continue.
redirecting-to = Redirecting to { $application }
applications-being-told = Your applications are being told. This goes on by itself in a moment.
signing-out = Signing out
page-too-old = This page was open for too long, or your browser keeps no cookies. Please try again.
page-out-of-date = This page was out of date. Here is where you are.
did-not-work = This didn’t work
went-wrong-logged = Something went wrong on our side. It has been logged; nothing you typed was kept.

## Signing out

you-have-signed-out = You’ve signed out
signed-out = You’ve signed out.
signed-out-of-both-html = You’ve signed out of <strong>{ $application }</strong> and of { $brand }.
signed-out-of-html = You’ve signed out of <strong>{ $application }</strong>.
still-signed-in = You are still signed in to { $brand }, so other applications open without asking.
sign-in-again = Sign in to { $application } again
sign-out-question = Sign out?
asks-to-sign-out-html = <strong>{ $application }</strong> asks to sign you out of { $brand }, and of every application that you opened with it in this browser.

## Devices

connect-device = Connect a device
let-device-in = Let this device in?
device-connected = Your device is connected
device-turned-away = The device was turned away
device-goes-on-html = <strong>{ $application }</strong> on your device goes on by itself in a few seconds. You can close this page.
device-gets-nothing-html = <strong>{ $application }</strong> on the device gets nothing. You can close this page.
code-on-device = Code on your device
code-on-device-hint = Eight letters, such as BCDF-GHJK. Only type a code from a device that you have in front of you.
device-wants-in-html = <strong>{ $application }</strong> on a device wants to sign in as you.
device-wants-in-with-html = <strong>{ $application }</strong> on a device wants to sign in as you, with:
device-compare-html = Allow it only if your device shows <strong class="whole">{ $code }</strong> and you have it in front of you. If somebody sent you this code, deny it.

## The portal

signed-in-as-html = Signed in as <strong>{ $name }</strong>
settings = Settings
change-password = Change password
administration = Administration
search-applications = Search applications
search = Search
applications = Applications
in-new-tab = (opens in a new tab)
no-applications = No applications yet
no-applications-hint = When an application is opened to you, it appears here.
nothing-matches = Nothing matches
nothing-matches-hint = No application of yours is called that.
show-all = Show all
only-applications = Your account opens applications, but not this page.

## Access denied

access-denied = Access denied
no-access-to = No access to { $application }
application-closed-html = You are signed in, but <strong>{ $application }</strong> isn’t open to you.
closed-to-you = You are signed in, but this isn’t open to you.
closed = This isn’t open to you.
what-is-missing = What is missing
one-would-open-it = Changing one of these would be enough
decision = Decision
decision-hint = Send this id to your administrator to ask for access.
policy-failed = A policy could not be evaluated, and what cannot be evaluated is denied.

## Pages that say what went wrong

nothing-here = There is nothing at this address
nothing-here-hint = The address may be mistyped, or what was here has moved. If a link brought you here, let its owner know.
go-to-applications = Go to your applications
not-set-up-right = This application isn’t set up right
not-set-up-right-hint = Nothing is wrong with your account. Send the details below to whoever looks after the application.
that-did-not-work = That didn’t work
sign-in-to-see = Sign in to see this page
session-ended = Your session has ended, or it never began in this browser.
too-many-tries = Too many tries
wait-before-trying = To keep accounts safe, please wait { $time } before you try again.
our-mistake = Something went wrong here
our-mistake-hint = The mistake is on our side and has been logged. Try again; if it stays, send the request id to your administrator.
too-large = What you sent is too large. A file may have up to 190 kB.
not-this-form = What your browser sent is not the form that this page has.
not-signed-in = Not signed in
not-redirected = The Authorization header of this request was not accepted for { $application }. Whoever sends such a header is not redirected to the login page: send valid credentials, or none.

## Time

seconds =
    { $count ->
        [one] { $count } second
       *[other] { $count } seconds
    }
minutes =
    { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }
hours =
    { $count ->
        [one] { $count } hour
       *[other] { $count } hours
    }
days =
    { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
date-and-time = { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }, { $time } UTC

## Mails

mail-greeting = Hello,
mail-greeting-name = Hello { $name },
mail-sent-by = This mail was sent by { $brand }. Nobody reads answers to it.
mail-link-plain = If the button does not work, open this address:
mail-link-life = The link works once, for { $time }.
mail-not-you = If that was not you, there is nothing to do: without this link nothing happens.
mail-reset-intro = somebody asked for a new password for your account “{ $username }” at { $brand }.
mail-reset-action = Choose a new password
mail-confirm-intro = please confirm that this address belongs to your account “{ $username }” at { $brand }.
mail-confirm-action = Confirm
mail-sign-in-intro = this link signs you in to your account “{ $username }” at { $brand }.
mail-sign-in-action = Sign in
mail-code-intro = this is your code for { $brand }:
mail-code-life = It works once, for { $time }. Nobody from us will ever ask you for it.
mail-invitation-subject = You are invited to { $brand }
mail-invitation-intro = you are invited to { $brand }.
mail-invitation-action = Accept the invitation
mail-invitation-end = The invitation is good until { $moment }.
mail-event-intro = something happened at { $brand } that you are told of:
mail-event-action = Have a look
mail-alert = Alert
mail-warning = Warning
mail-notice = Notice
mail-test-subject = Test mail from { $brand }
mail-test-body = this is a test. { $brand } can send mail.

## Second factors on phones

type-code-from-phone = A text message with a code was sent to your phone. Type the code here.
confirm-in-duo = Confirm on your phone, in the Duo app.
text-sent-to-html = A text message with a code was sent to <strong>{ $number }</strong>.
code-from-text = Code from the message
codes-by-text = Codes will be sent to your phone as text messages. The first one shows that it is yours.
phone-number = Phone number, with the code of its country
duo-asking = A request is on your phone. Approve it there, then continue.
ask-my-phone = Ask my phone
duo-passcode = Passcode of Duo
use-passcode = Use the passcode
scan-duo = Scan this code with the Duo app on your phone.
duo-qr-code = QR code for Duo
open-duo-html = On this phone, <a href="{ $address }">open Duo</a>.
duo-continue = When the app shows your account, continue here.
duo-known = Duo knows you already. Continue, and approve the request on your phone.

## Whether it is a person

show-you-are-a-person = Before you go on, show that you are a person.
captcha-missing = The check that you are a person could not be loaded. Look whether something in your browser blocks it, and load the page again.
captcha-failed = The check that you are a person did not work. Please try again.
captcha-unsolved = Please answer the check that you are a person first.
captcha-needs-scripts = The check that you are a person needs JavaScript. Turn it on to go on.

## How strong a password is

strength-of-password = Strength of the password
strength-words = Very easy to guess.|Easy to guess.|Not too hard to guess.|Hard to guess.|Very hard to guess.

## Acting as somebody else, and coming back in

acting-as-html = <strong>{ $original }</strong>, you act as <strong>{ $person }</strong>. What you do here is noted under both names.
stop-acting = End it
recovered = You came in by a recovery key.
recovered-html = You came in by a recovery key. <a href="{ $address }">Choose a new password</a> before you leave, and look whether your second factors are still yours.

## The portal: frame

skip-to-content = Skip to content
main-navigation = Main
profile = Profile
signing-in = MFA devices and password
devices = Devices
permissions-given = Shared data
tokens = Tokens and app passwords
activity = Activity
pages = Pages
save = Save
remove = Remove
delete = Delete
rename = Rename
display-name = Name
until = Until
added = Added
used-last = Last used
never-used = Never used
changed-last = Last changed
done-saved = Saved.
done-renamed = The new name is saved.
done-removed = Removed. It can no longer be used to sign in.
done-ended = Signed out there.
done-taken-back = Taken back. The application will ask you again.
done-deleted = Deleted. Its key opens nothing any more.
gone-already = That is not there any more.

## The portal: applications

favourites = Favourites
make-favourite = Add to favourites
no-favourite = Remove from favourites
favourite-called = Favourite: { $name }
could-ask-for = What you could ask for
because-everybody = Open to everybody
because-group = Through { $name }
because-person = Given to you
because-policy = By a rule
why-any = Each of these opens it to you:
why-all = All of these together open it to you:
why-everybody = Everybody with an account may open it.
why-group = You are in the group “{ $name }”.
why-group-through = You are in the group “{ $name }”, by way of { $through }.
list-separator = ;{ " " }
why-not-group = It is closed to a group only that you are not in.
why-person = It was given to you in person.
why-not-person = It is closed to somebody else only.
why-condition = The condition “{ $name }” holds.
why-policy = The rule “{ $name }” permits it.
why-until = That ends on { $moment }.

## The portal: profile

about-you = About you
edit-profile = Edit
not-set = Not set
groups = Groups
language-and-looks = Language and appearance
language = Language
as-browser-asks = As my browser asks
looks = Appearance
look-automatic = Automatic
look-light = Light
look-dark = Dark
look-contrast = High contrast
delete-account = Delete account
delete-account-hint = Your account and everything in it will be gone for good.

## The portal: signing in

second-factors = MFA devices
second-factors-hint = They keep others out who have learned your password.
no-factors = You have none yet. Choose one below.
get-codes-hint = Get recovery codes as well: they let you in when your device is lost.
add-factor = Enroll an MFA device
new-name = New name
kind-passkey = Passkey or security key
kind-app = Authenticator app
kind-codes = Recovery codes
kind-email = Codes by email
kind-text = Codes by text message
kind-duo = Duo
about-passkey = Your fingerprint, your face, a PIN or a key on your key ring. The safest way.
about-app = An app on your phone shows a new code every half minute.
about-codes = A list to print and keep. Each code works once.
about-email = A code is sent to your mailbox when you sign in.
about-text = A code is sent to your phone when you sign in.
about-duo = You confirm with a tap in the Duo app.
remove-factor-question = Remove “{ $name }”?
remove-factor-means = You can no longer sign in with it. To use it again, you will have to set it up anew.
print-codes = Print

## The portal: devices

devices-hint = Where you are signed in. End what you don’t recognise, and change your password.
this-device = This device
end-session = Sign out
end-others = Sign out everywhere else
end-others-question = Sign out everywhere else?
end-others-means = You stay signed in here. Everywhere else, and in the applications opened from there, you will have to sign in again.
browser-on = { $browser } on { $system }
unknown-device = Unknown device

## The portal: shared data

consents-hint = What you allowed applications to learn about you.
no-consents = Nothing shared
no-consents-hint = When an application asks for your consent and you give it, it appears here.
shares-name-only = That it is you
until-taken-back = Until you take it back
take-back = Take back

## The portal: tokens

tokens-hint = Keys for programs that act in your name. Whoever has one can do what you can.
no-tokens = You have no keys for programs.
app-password = App password
api-token = API token
about-app-password = For mail programs, media players and others that ask for a name and a password.
about-api-token = For scripts and programs that call this server’s API.
without-end = Without end
new-key = New key
make-token = Create a key
make = Create
what-for = What is it for?
what-for-hint = A name by which you will know it again, such as “Mail on my laptop”.
name-it-first = Give it a name first.
kind-of-key = Kind
works-for = Works for
key-of = The key of “{ $name }”
key-once = Copy it now. It is not shown again.
key = Key
copy = Copy
copied = Copied
app-password-use = Give the program the name “{ $name }”, and this key as the password.
token-use = The program sends it with each request, as “Authorization: Bearer …”.
new-key-question = A new key for “{ $name }”?
new-key-means = The old key stops working at once. Programs that use it need the new one.
delete-token-question = Delete “{ $name }”?
delete-token-means = Programs that use its key are shut out at once.

## The portal: activity

activity-hint = What happened in your name. If something was not you, change your password and sign out everywhere else.
no-activity = Nothing has happened yet.
newer = Newer
older = Older
acted-by = By { $who }, in your name
did-sign-in = You signed in
did-fail-sign-in = Somebody tried to sign in as you and failed
did-sign-out = You signed out
did-open-html = You opened <strong>{ $application }</strong>
was-refused = Something was not open to you
was-refused-html = <strong>{ $application }</strong> was not open to you
did-set-password = Your password was changed
did-change-profile = You changed your profile
did-use-invitation = You came by an invitation
did-see-key-html = The key of <strong>{ $name }</strong> was shown
did-renew-key-html = <strong>{ $name }</strong> got a new key
did-begin-acting = You began to act as somebody else
did-end-acting = You acted as yourself again
did-add-factor-html = You added the second factor <strong>{ $name }</strong>
did-remove-factor-html = You removed the second factor <strong>{ $name }</strong>
did-rename-factor-html = You renamed the second factor <strong>{ $name }</strong>
did-make-key-html = You created the key <strong>{ $name }</strong>
did-end-sessions = You ended sessions
sessions-were-ended = Sessions of yours were ended
did-delete-key-html = You deleted the key <strong>{ $name }</strong>
did-take-back-html = You took back what you shared with <strong>{ $name }</strong>
did-create-html = You created <strong>{ $name }</strong>
did-change-html = You changed <strong>{ $name }</strong>
did-delete-html = You deleted <strong>{ $name }</strong>
done-by = By { $who }
account-was-created = Your account was created
account-was-changed = Your account was changed
began-acting-as-you = Somebody began to act as you
ended-acting-as-you = Somebody stopped acting as you
factor-was-added-html = The second factor <strong>{ $name }</strong> was added to your account
factor-was-removed-html = Your second factor <strong>{ $name }</strong> was removed
thing-was-created-html = <strong>{ $name }</strong> was created for you
thing-was-changed-html = <strong>{ $name }</strong> of yours was changed
thing-was-deleted-html = <strong>{ $name }</strong> of yours was deleted
