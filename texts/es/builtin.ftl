## Flows

welcome-to = Le damos la bienvenida a { $brand }
setup-app = Configurar una aplicación de autenticación
setup-codes = Obtener códigos de recuperación
setup-email = Recibir códigos por correo
setup-passkey = Configurar una llave de acceso
passwordless = Iniciar sesión con una llave de acceso
logout = Cerrar sesión
logged-out-of = Ha cerrado la sesión en { $app }.
change-password-flow = Cambiar la contraseña
redirecting = Redirigiendo a { $app }
recovery = Recupere el acceso a su cuenta
user-settings = Sus datos

## Fields

setup-header = ¡Le damos la bienvenida a Lockgate! Cree la cuenta de administración.
username-field = Nombre de usuario
name-field = Nombre
email-field = Correo electrónico
admin-email = Correo de administración
password-field = Contraseña
password-repeat = Contraseña (repetir)
locale-field = Idioma
password-rule = Una contraseña tiene al menos 8 caracteres.

## Factors

authenticator-app = Aplicación de autenticación
recovery-codes = Códigos de recuperación

## Mails

reset-subject = Elija una contraseña nueva
code-subject = Código de inicio de sesión
reference-code-subject = authentik: código de inicio de sesión

## Scopes

scope-email = Dirección de correo
scope-profile = Información general del perfil
scope-entitlements = Permisos en la aplicación
scope-offline = Pedir nuevos tokens sin su intervención
scope-api = Acceso a la API de authentik en su nombre
scope-proxy = authentik Proxy – Información de su cuenta

## Ways in and out

confirm-account-subject = Confirme su cuenta
create-your-account = Cree su cuenta
delete-my-account = Eliminar mi cuenta
delete-your-account = Elimine su cuenta
sign-in-subject = Iniciar sesión
sign-in-by-email = Iniciar sesión por correo
keep-sessions = Mantener la sesión en mis otros dispositivos
account-goes = Se elimina su cuenta con todo lo que le pertenece y se cierra su sesión en todas partes. Esto no se puede deshacer.
