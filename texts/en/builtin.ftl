# Texts of the built-in configuration, word for word as it has them, so that they are found by their words: titles and
# fields of flows, names of factors, subjects of mails, scopes.

## Flows

welcome-to = Welcome to { $brand }
setup-app = Set up an authenticator app
setup-codes = Get recovery codes
setup-email = Get codes by email
setup-passkey = Set up a passkey
passwordless = Sign in with a passkey
logout = Default Invalidation Flow
logged-out-of = You've logged out of { $app }.
change-password-flow = Change password
redirecting = Redirecting to { $app }
recovery = Get back into your account
user-settings = Update your info

## Fields

setup-header = Welcome to Lockgate! Create the account of the administrator.
username-field = Username
name-field = Name
email-field = Email
admin-email = Admin email
password-field = Password
password-repeat = Password (repeat)
locale-field = Locale
password-rule = A password has at least 8 characters.

## Factors

authenticator-app = Authenticator app
recovery-codes = Recovery codes

## Mails

reset-subject = Choose a new password
code-subject = Sign-in code
reference-code-subject = authentik Sign-in code

## Scopes

scope-email = Email address
scope-profile = General Profile Information
scope-entitlements = Application entitlements
scope-offline = Access to request new tokens without interaction
scope-api = authentik API Access on behalf of your user
scope-proxy = authentik Proxy - User information

## Ways in and out

confirm-account-subject = Confirm your account
create-your-account = Create your account
delete-my-account = Delete my account
delete-your-account = Delete your account
sign-in-subject = Sign in
sign-in-by-email = Sign in by email
keep-sessions = Stay signed in on my other devices
account-goes = Your account is deleted with everything that belongs to it, and you are signed out everywhere. This cannot be undone.
