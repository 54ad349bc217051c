# What the engine, the policies and the other rooms say in English, word for word as it stands there, so that it is found
# by its words. English has words and variables here, and nothing else.

## Any field

field-required = This field is required.
field-null = This field may not be null.
field-blank = This field may not be blank.
field-too-long = Ensure this field has no more than { $max } characters.
field-null-characters = Null characters are not allowed.
field-control-characters = Control characters are not allowed.
field-not-text = Not a valid string.
field-not-boolean = Must be a valid boolean.
field-not-number = A valid number is required.
field-not-email = Enter a valid email address.
field-not-username = Enter a valid username.
field-not-date = Date has wrong format. Use one of these formats instead: YYYY-MM-DD.
field-not-date-time = Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].
field-not-file = The file must be sent as a data URI.
field-not-language = Enter a language tag, such as en.
field-not-choice = "{ $shown }" is not a valid choice.
field-not-unique = This field must be unique.
language-automatic = Automatic
answers-refused = These answers are not accepted.
passwords-differ = Passwords don't match.
username-taken = Username is already taken.

## Signing in

log-in = Log in
continue-button = Continue
failed = Failed to authenticate.
wrong-password = Invalid password
too-many-attempts = Too many failed attempts. Start again.
too-many-people = Too many people are signing in. Try again in { $retry_after } seconds.
too-many-requests = Too many requests. Try again in { $retry_after } seconds.
nobody-said = Nobody has said who they are yet.
nobody-proved = Nobody has proven who they are yet.
no-pending-login = No pending user to login.
no-pending-user = No pending user.
account-inactive = This account is inactive.
account-cannot-sign-in = This account cannot sign in.
account-gone = This account does not exist any more.
account-missing = The account does not exist.
sign-in-first = Sign in first.
signed-in-already = You are already signed in.
for-administrators = This is for administrators only.
for-outposts = This is for outposts only.
reached-from-another = This page is reached from another one only.
reached-by-token = This page is reached by a link with a token only.
denied = Request has been denied.
does-not-apply = Flow does not apply to current user.
step-unknown = The step "{ $name }" ({ $word }) cannot be run by this version of Lockgate.
answers-another = This answers "{ $shown }", but the flow is at "{ $expected }".

## Second factors

no-factor = You need a second factor to go on, and have none. Ask an administrator for help.
passkey-elsewhere = Your passkey doesn’t work at this address. Open this site by its name.
passkey-refused = That passkey wasn’t accepted. Try again, or use another way.
passkey-not-made = Your passkey couldn’t be set up.
passkey-stale = This took too long. Try again.
passkey-unchecked = That passkey couldn’t be checked. Try again.
passkey-unverified = Your passkey has to check that it’s you, by a PIN, a fingerprint or your face.
passkey-already = This passkey is set up already.
passkey-model = This model of passkey isn’t allowed here. Use another one.
passkeys-many = You have too many passkeys. Remove one first.
wrong-code = Invalid Token. Please ensure the time on your device is accurate and try again.
code-differs = Code does not match
too-many-codes = Too many wrong codes. Try again in { $retry_after } seconds.
device-unknown = Invalid device.
stage-unknown = Invalid stage selected.
factor-app = TOTP Authenticator
factor-codes = Static Token
factor-passkey = Passkey

## Mail

email-sent = Email sent.
too-many-emails-one = Too many emails were asked for. Please try again after 1 minute.
too-many-emails = Too many emails were asked for. Please try again after { $minutes } minutes.
no-mail = This server cannot send mail now. Please ask an administrator for help.
link-dead = This link was used already, or has expired.
link-outdated = This link leads nowhere any more. Please begin again.

## Accounts

invitation-invalid = Invalid invite/invite not found
invitation-used = This invitation has been used already.
nothing-to-write = No Pending data.
name-needed = A new account needs a user name.
no-account-here = No account can be made here.
acting-as-another = Not while you act as somebody else: end that first.

## Consent

about-to-sign-in = You're about to sign into { $app }.
consent-stale = Invalid consent token, re-showing prompt.
offline-access = Keep access while you are not there

## Passwords

password-missing = Password not set in context
password-unchecked = The password could not be checked. Please try again later.
password-leaked = Password exists on { $leaked } online lists.
password-used = This password has been used previously. Please choose a different one.
password-expired = Password has expired.
password-expired-days = Password expired { $days } days ago. Please update your password.
password-needs-character = A password needs a character.
password-needs-characters = A password needs at least { $least } characters.
password-needs-digit = A password needs a digit.
password-needs-digits = A password needs at least { $least } digits.
password-needs-capital = A password needs a capital letter.
password-needs-capitals = A password needs at least { $least } capital letters.
password-needs-small = A password needs a small letter.
password-needs-smalls = A password needs at least { $least } small letters.
password-needs-symbol = A password needs a symbol.
password-needs-symbols = A password needs at least { $least } symbols.
password-weak = Password is too weak.
weak-rows = Straight rows of keys are easy to guess.
weak-patterns = Short keyboard patterns are easy to guess.
weak-repeats = Repeats like "aaa" are easy to guess.
weak-repeated-words = Repeats like "abcabcabc" are only slightly harder to guess than "abc".
weak-top-10 = This is a top-10 common password.
weak-top-100 = This is a top-100 common password.
weak-common = This is a very common password.
weak-similar = This is similar to a commonly used password.
weak-sequences = Sequences like abc or 6543 are easy to guess.
weak-years = Recent years are easy to guess.
weak-word = A word by itself is easy to guess.
weak-dates = Dates are often easy to guess.
weak-names-alone = Names and surnames by themselves are easy to guess.
weak-names = Common names and surnames are easy to guess.
better-words = Use a few words, avoid common phrases.
better-no-symbols = No need for symbols, digits, or uppercase letters.
better-another-word = Add another word or two. Uncommon words are better.
better-capitals = Capitalization doesn't help very much.
better-all-capitals = All-uppercase is almost as easy to guess as all-lowercase.
better-reversed = Reversed words aren't much harder to guess.
better-substitutions = Predictable substitutions like '@' instead of 'a' don't help very much.
better-pattern = Use a longer keyboard pattern with more turns.
better-repeats = Avoid repeated words and characters.
better-sequences = Avoid sequences.
better-years = Avoid recent years.
better-own-years = Avoid years that are associated with you.
better-own-dates = Avoid dates and years that are associated with you.

## Policies

country-refused = Client IP is not in an allowed country.
network-refused = Client IP is not part of an allowed autonomous system.
distance-large = Distance from previous authentication is larger than threshold.
distance-impossible = Distance is further than possible.
may-not-change = You are not allowed to change your { $what }.

## What is missing

needs-groups = You need to be a member of one of these groups: { $names }.
needs-one-of = Changing one of these would be enough:
needs-login = You need to sign in.
needs-active = Your account is not active.
needs-group = You need to be a member of the group { $name }.
needs-not-group = Members of the group { $name } are kept out.
needs-user = This is open only to accounts that it was given to by name.
needs-not-user = Your account is kept out by name.
needs-check = The condition { $name } is not met.
needs-not-check = The condition { $name } is met, and must not be.
needs-mfa = You need to sign in with a second factor.
needs-superuser = You need to be an administrator.
needs-membership-ended = Your membership in the group { $name } ended on { $moment }.
needs-membership-ahead = Your membership in the group { $name } begins on { $moment }.
needs-ended = Access for { $whom } ended on { $moment }.
needs-ahead = Access for { $whom } begins on { $moment }.
needs-permission = Nothing gives you access.
needs-forbidden = The policy { $policy } forbids it.
needs-error = A policy could not be evaluated, and what cannot be evaluated is denied.

## Applications and devices

configuration-error = Configuration error
client-error = Client ID Error
redirect-error = Redirect URI Error
request-error = Request Error
malformed-request = Malformed request
access-denied-title = Access denied
too-many-tries-title = Too many tries
no-login-flow = There is no flow to sign in with.
no-logout-flow = There is no flow to sign out with.
no-authorization-flow = The application has no authorization flow.
client-not-this = The client identifier (client_id) is not this application's.
client-unknown = The client identifier (client_id) is missing or invalid.
return-not-this = The address to return to is not one of this application's.
redirect-wrong = The request fails due to a missing, invalid, or mismatching redirection URI (redirect_uri).
request-unreadable = The request cannot be read: { $error }.
flow-not-for-you = The flow that comes before this page is not for you.
device-tries = To keep accounts safe, wait a minute before you type another code.
device-code-unknown = There is no such code, or it is too old. Look at your device, and type the code once more.
device-page-old = This page was open for too long, or your browser keeps no cookies. Please try again.
device-code-needed = Type the code that your device shows.

## Forward auth

login-failed = Login failed
login-cannot-start = This application cannot start a login: its provider has no cookie secret.
login-answered = The sign-in host answered: { $error }.
login-code-unknown = The login could not be completed: its code is unknown, used or too old.
login-forged = The login could not be completed: the state was not made here.
login-elsewhere = The login could not be completed: the login was started in another browser, or its cookie is gone.
login-late = The login could not be completed: the login took too long.

## Whether it is a person

captcha-unchecked = Whether you are a person could not be checked. Please try again in a moment.
captcha-wrong-retry = Invalid captcha response. Retrying may solve this issue.
captcha-wrong = Invalid captcha response

## Phones

phone-number-wrong = Enter a phone number with the code of its country, such as +49 151 23456789.
phone-number-taken = This phone number can’t be set up: it is in use already.
message-sent = Message sent.
too-many-messages = Too many messages were asked for. Please try again after { $minutes } minutes.
messages-not-sent = This server cannot send messages now. Please ask an administrator for help.
duo-not-yet = Duo hasn’t heard from your phone yet. Activate it there first.
duo-code-ended = That code has ended. Here is a new one.
duo-unable = Duo can’t be asked now. Please use another way, or ask an administrator for help.
push-waiting = Approve the request on your phone, then continue.
push-denied = The request was denied on the phone.
push-ended = Nobody answered on the phone in time. Try again, or use another way.
push-too-often = The phone was asked too often. Please try again after { $minutes } minutes.

## Guessing

too-many-wrong-passwords = Too many wrong passwords. Try again in { $retry_after } seconds.
delete-tick = Tick the box if you want your account to be deleted.
too-many-messages-one = Too many messages were asked for. Please try again after 1 minute.
push-too-often-one = The phone was asked too often. Please try again after 1 minute.
show-factor-first = Sign in again with a second factor first: the last time was without one, or more than 15 minutes ago.
