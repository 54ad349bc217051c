# Se trata de usted; donde se puede, sin tratamiento.

## Said in many places

go-on = Continuar
cancel = Cancelar
allow = Permitir
deny = Rechazar
or = o
error-title = Error: { $title }
try-again = Reintentar
start-again = Empezar de nuevo
sign-in = Iniciar sesión
sign-out = Cerrar sesión
sign-out-of-everything = Cerrar sesión en todo
not-you = ¿No es usted?
switch-account = Cambiar de cuenta
your-applications = Sus aplicaciones
back-to-applications = Volver a sus aplicaciones
request-id = Solicitud

## Signing in

to-continue-html = para continuar a <strong>{ $application }</strong>
password = Contraseña
show = Mostrar
hide = Ocultar
forgot-password = ¿Ha olvidado la contraseña?
cannot-sign-in = ¿No puede iniciar sesión?
new-here = ¿Es la primera vez?
create-account = Crear una cuenta
continue-with = Continuar con { $source }
email = Correo electrónico
username = Nombre de usuario
email-or-username = Correo o nombre de usuario
email-or-sign-in-name = Correo o nombre de inicio de sesión
username-or-sign-in-name = Nombre de usuario o de inicio de sesión
sign-in-name = Nombre de inicio de sesión
stay-signed-in-question = ¿Mantener la sesión iniciada en este dispositivo? Se le preguntará con menos frecuencia. Responda que no en un dispositivo que usen otras personas.
stay-signed-in = Mantener la sesión iniciada
do-not-stay-signed-in = No

## Second factors

code-from = Código de { $device }
use-device = Usar { $device }
confirm-with-passkey = Confirme con su huella, su rostro, un PIN o una llave de seguridad.
type-code-from-email = Se le ha enviado un correo con un código. Escríbalo aquí.
type-code-from-app = Abra su aplicación de autenticación y escriba el código que muestra.
type-kept-code = Escriba uno de los códigos que ha guardado. Cada uno sirve una sola vez.
choose-second-step = Proteja su cuenta con un segundo paso. Elija cómo quiere confirmar que es usted:
use-a-passkey = Usar una llave de acceso
create-a-passkey = Crear una llave de acceso
passkey-setup = Con una llave de acceso inicia sesión mediante su huella, su rostro, un PIN o una llave de seguridad. Nadie puede adivinarla, y solo funciona aquí.
passkeys-missing = Este navegador no puede usar llaves de acceso en esta dirección.
passkey-known = Esta llave de acceso ya está configurada.
passkey-failed = No ha funcionado. Inténtelo de nuevo o use otro método.
passkeys-need-scripts = Las llaves de acceso necesitan JavaScript. Actívelo o use otro método.
set-up = Configurar
scan-code = Escanee este código con su aplicación de autenticación.
qr-code = Código QR con su clave
cannot-scan = ¿No puede escanearlo?
open-app-html = En este dispositivo, <a href="{ $address }">abra su aplicación</a>. O escriba esta clave en ella:
type-code-shown-now = Escriba el código que la aplicación muestra ahora
keep-codes = Guarde estos códigos donde solo usted pueda encontrarlos. Cada uno le da acceso una vez cuando sus otros dispositivos no estén a mano. No volverán a mostrarse, y los códigos que recibió antes dejan de servir.
codes-kept = Los he guardado
code-sent-to-html = Se ha enviado un correo con un código a <strong>{ $address }</strong>.
code-from-email = Código del correo
codes-by-email = Los códigos se enviarán a una dirección de correo suya. El primero demuestra que lo es.
send-code = Enviar un código
send-another-code = Enviar otro código

## Mail on its way

check-your-email = Revise su correo
email-on-its-way = Si existe una cuenta para lo que ha escrito, un correo con un enlace va en camino a su dirección. Abra el enlace para continuar, en este navegador o en otro.
email-sent-again = El correo se ha enviado de nuevo.
send-again = Enviar de nuevo
is-this-you = ¿Es usted?
link-opened = Ha abierto un enlace que da acceso al titular de esta cuenta. Sirve una sola vez: continúe si es usted.

## Consent

would-like-to-html = <strong>{ $application }</strong> quiere:
also-new = Y, como novedad desde la última vez que lo permitió:

## Fields

optional = opcional
please-choose = Elija…
as-browser-says = Según mi navegador

## The way of a flow

one-moment = Un momento
taking-you-there = Redirigiendo.
taking-you-there-or-press = Redirigiendo. Si no ocurre nada, pulse «Continuar».
redirecting-to = Redirigiendo a { $application }
applications-being-told = Se está avisando a sus aplicaciones. En un momento continuará por sí solo.
signing-out = Cierre de sesión
page-too-old = Esta página ha estado abierta demasiado tiempo, o su navegador no guarda cookies. Inténtelo de nuevo.
page-out-of-date = La página ya no estaba al día. Aquí es donde se encuentra.
did-not-work = No ha funcionado
went-wrong-logged = Algo ha fallado por nuestra parte. Ha quedado registrado; nada de lo que escribió se ha guardado.

## Signing out

you-have-signed-out = Ha cerrado la sesión
signed-out = Ha cerrado la sesión.
signed-out-of-both-html = Ha cerrado la sesión en <strong>{ $application }</strong> y en { $brand }.
signed-out-of-html = Ha cerrado la sesión en <strong>{ $application }</strong>.
still-signed-in = Su sesión en { $brand } sigue iniciada, así que las demás aplicaciones se abren sin preguntar.
sign-in-again = Iniciar sesión de nuevo en { $application }
sign-out-question = ¿Cerrar sesión?
asks-to-sign-out-html = <strong>{ $application }</strong> pide cerrar su sesión en { $brand } y en todas las aplicaciones que ha abierto con ella en este navegador.

## Devices

connect-device = Conectar un dispositivo
let-device-in = ¿Permitir este dispositivo?
device-connected = Su dispositivo está conectado
device-turned-away = El dispositivo ha sido rechazado
device-goes-on-html = <strong>{ $application }</strong> en su dispositivo continuará por sí sola en unos segundos. Puede cerrar esta página.
device-gets-nothing-html = <strong>{ $application }</strong> en el dispositivo no obtiene ningún acceso. Puede cerrar esta página.
code-on-device = Código de su dispositivo
code-on-device-hint = Ocho letras, por ejemplo BCDF-GHJK. Escriba solo el código de un dispositivo que tenga delante.
device-wants-in-html = <strong>{ $application }</strong> en un dispositivo quiere iniciar sesión en su nombre.
device-wants-in-with-html = <strong>{ $application }</strong> en un dispositivo quiere iniciar sesión en su nombre, con:
device-compare-html = Permítalo solo si su dispositivo muestra <strong class="whole">{ $code }</strong> y lo tiene delante. Si alguien le ha enviado este código, rechácelo.

## The portal

signed-in-as-html = Sesión iniciada como <strong>{ $name }</strong>
settings = Ajustes
change-password = Cambiar la contraseña
administration = Administración
search-applications = Buscar aplicaciones
search = Buscar
applications = Aplicaciones
in-new-tab = (se abre en una pestaña nueva)
no-applications = Todavía no hay aplicaciones
no-applications-hint = Cuando se le dé acceso a una aplicación, aparecerá aquí.
nothing-matches = No hay resultados
nothing-matches-hint = Ninguna de sus aplicaciones se llama así.
show-all = Mostrar todas
only-applications = Su cuenta abre aplicaciones, pero no esta página.

## Access denied

access-denied = Acceso denegado
no-access-to = Sin acceso a { $application }
application-closed-html = Ha iniciado sesión, pero no tiene acceso a <strong>{ $application }</strong>.
closed-to-you = Ha iniciado sesión, pero no tiene acceso a esto.
closed = No tiene acceso a esto.
what-is-missing = Qué falta
one-would-open-it = Bastaría con cambiar una de estas cosas
decision = Decisión
decision-hint = Envíe este identificador a su administrador para pedir acceso.
policy-failed = No se ha podido evaluar una directiva, y lo que no puede evaluarse se deniega.

## Pages that say what went wrong

nothing-here = No hay nada en esta dirección
nothing-here-hint = Puede que la dirección esté mal escrita, o que lo que había aquí se haya movido. Si un enlace le ha traído hasta aquí, avise a su autor.
go-to-applications = Ir a sus aplicaciones
not-set-up-right = Esta aplicación no está bien configurada
not-set-up-right-hint = Su cuenta está en orden. Envíe los detalles siguientes a quien se encargue de la aplicación.
that-did-not-work = No ha funcionado
sign-in-to-see = Inicie sesión para ver esta página
session-ended = Su sesión ha terminado, o nunca comenzó en este navegador.
too-many-tries = Demasiados intentos
wait-before-trying = Para proteger las cuentas, espere { $time } antes de volver a intentarlo.
our-mistake = Algo ha fallado aquí
our-mistake-hint = El error es nuestro y ha quedado registrado. Inténtelo de nuevo; si persiste, envíe el identificador de la solicitud a su administrador.
too-large = Lo que ha enviado es demasiado grande. Un archivo puede tener hasta 190 kB.
not-this-form = Lo que ha enviado su navegador no es el formulario de esta página.
not-signed-in = Sin sesión iniciada
not-redirected = La cabecera Authorization de esta solicitud no se ha aceptado para { $application }. A quien envía una cabecera así no se le redirige a la página de inicio de sesión: envíe credenciales válidas, o ninguna.

## Time

seconds =
    { $count ->
        [one] { $count } segundo
       *[other] { $count } segundos
    }
minutes =
    { $count ->
        [one] { $count } minuto
       *[other] { $count } minutos
    }
hours =
    { $count ->
        [one] { $count } hora
       *[other] { $count } horas
    }
days =
    { $count ->
        [one] { $count } día
       *[other] { $count } días
    }
date-and-time = { $day } de { $month ->
        [1] enero
        [2] febrero
        [3] marzo
        [4] abril
        [5] mayo
        [6] junio
        [7] julio
        [8] agosto
        [9] septiembre
        [10] octubre
        [11] noviembre
       *[12] diciembre
    } de { $year }, { $time } UTC

## Mails

mail-greeting = Hola:
mail-greeting-name = Hola, { $name }:
mail-sent-by = Este correo lo ha enviado { $brand }. Nadie lee las respuestas.
mail-link-plain = Si el botón no funciona, abra esta dirección:
mail-link-life = El enlace sirve una sola vez; validez: { $time }.
mail-not-you = Si no ha sido usted, no tiene que hacer nada: sin este enlace no ocurre nada.
mail-reset-intro = se ha pedido una contraseña nueva para su cuenta «{ $username }» en { $brand }.
mail-reset-action = Elegir una contraseña nueva
mail-confirm-intro = confirme que esta dirección pertenece a su cuenta «{ $username }» en { $brand }.
mail-confirm-action = Confirmar
mail-sign-in-intro = este enlace inicia sesión en su cuenta «{ $username }» de { $brand }.
mail-sign-in-action = Iniciar sesión
mail-code-intro = este es su código para { $brand }:
mail-code-life = Sirve una sola vez; validez: { $time }. Nadie de nuestra parte se lo pedirá nunca.
mail-invitation-subject = Invitación a { $brand }
mail-invitation-intro = ha recibido una invitación a { $brand }.
mail-invitation-action = Aceptar la invitación
mail-invitation-end = La invitación es válida hasta el { $moment }.
mail-event-intro = ha ocurrido algo en { $brand } de lo que se le avisa:
mail-event-action = Ver
mail-alert = Alerta
mail-warning = Advertencia
mail-notice = Aviso
mail-test-subject = Correo de prueba de { $brand }
mail-test-body = esto es una prueba. { $brand } puede enviar correos.

## Second factors on phones

type-code-from-phone = Se ha enviado un SMS con un código a su teléfono. Escriba el código aquí.
confirm-in-duo = Confirme en su teléfono, en la aplicación Duo.
text-sent-to-html = Se ha enviado un SMS con un código a <strong>{ $number }</strong>.
code-from-text = Código del SMS
codes-by-text = Los códigos se enviarán por SMS a su teléfono. El primero demuestra que es suyo.
phone-number = Número de teléfono, con el prefijo del país
duo-asking = Hay una solicitud en su teléfono. Apruébela allí y después continúe.
ask-my-phone = Preguntar a mi teléfono
duo-passcode = Código de acceso de Duo
use-passcode = Usar el código de acceso
scan-duo = Escanee este código con la aplicación Duo de su teléfono.
duo-qr-code = Código QR para Duo
open-duo-html = En este teléfono, <a href="{ $address }">abra Duo</a>.
duo-continue = Cuando la aplicación muestre su cuenta, continúe aquí.
duo-known = Duo ya le conoce. Continúe y apruebe la solicitud en su teléfono.

## Whether it is a person

show-you-are-a-person = Antes de continuar, demuestre que es una persona.
captcha-missing = No se pudo cargar la comprobación de que es una persona. Mire si algo la bloquea en su navegador y vuelva a cargar la página.
captcha-failed = La comprobación de que es una persona no ha funcionado. Inténtelo de nuevo.
captcha-unsolved = Responda primero a la comprobación de que es una persona.
captcha-needs-scripts = La comprobación de que es una persona necesita JavaScript. Actívelo para continuar.

## How strong a password is

strength-of-password = Seguridad de la contraseña
strength-words = Muy fácil de adivinar.|Fácil de adivinar.|No muy difícil de adivinar.|Difícil de adivinar.|Muy difícil de adivinar.

## Acting as somebody else, and coming back in

acting-as-html = <strong>{ $original }</strong>, actúa como <strong>{ $person }</strong>. Lo que haga aquí queda registrado con ambos nombres.
stop-acting = Terminar
recovered = Ha entrado con una clave de recuperación.
recovered-html = Ha entrado con una clave de recuperación. <a href="{ $address }">Elija una contraseña nueva</a> antes de irse y compruebe que sus segundos factores siguen siendo suyos.

## The portal: frame

skip-to-content = Ir al contenido
main-navigation = Principal
profile = Perfil
signing-in = Acceso y seguridad
devices = Dispositivos
permissions-given = Datos compartidos
tokens = Tokens y contraseñas de aplicación
activity = Actividad
pages = Páginas
save = Guardar
remove = Quitar
delete = Eliminar
rename = Cambiar nombre
display-name = Nombre
until = Hasta
added = Añadido
used-last = Último uso
never-used = Sin usar
changed-last = Último cambio
done-saved = Guardado.
done-renamed = El nuevo nombre se ha guardado.
done-removed = Quitado. Ya no sirve para iniciar sesión.
done-ended = Se ha cerrado la sesión.
done-taken-back = Retirado. La aplicación volverá a preguntarle.
done-deleted = Eliminado. Su clave ya no abre nada.
gone-already = Eso ya no existe.

## The portal: applications

favourites = Favoritos
make-favourite = Añadir a favoritos
no-favourite = Quitar de favoritos
favourite-called = Favorito: { $name }
could-ask-for = Lo que podría solicitar
because-everybody = Abierta a todos
because-group = Por { $name }
because-person = Concedida a usted
because-policy = Por una regla
why-any = Cada uno de estos motivos basta:
why-all = Todos estos motivos juntos la abren:
why-everybody = Cualquiera con una cuenta puede abrirla.
why-group = Usted está en el grupo «{ $name }».
why-group-through = Usted está en el grupo «{ $name }», a través de { $through }.
list-separator = ;{ " " }
why-not-group = Solo está cerrada para un grupo al que usted no pertenece.
why-person = Se le ha concedido a usted personalmente.
why-not-person = Solo está cerrada para otra persona.
why-condition = Se cumple la condición «{ $name }».
why-policy = La regla «{ $name }» lo permite.
why-until = Eso termina el { $moment }.

## The portal: profile

about-you = Sobre usted
edit-profile = Editar
not-set = Sin indicar
groups = Grupos
language-and-looks = Idioma y apariencia
language = Idioma
as-browser-asks = Según mi navegador
looks = Apariencia
look-automatic = Automática
look-light = Clara
look-dark = Oscura
look-contrast = Alto contraste
delete-account = Eliminar la cuenta
delete-account-hint = Su cuenta y todo su contenido desaparecerán para siempre.

## The portal: signing in

second-factors = Segundos factores
second-factors-hint = Detienen a quien haya averiguado su contraseña.
no-factors = Todavía no tiene ninguno. Elija uno abajo.
get-codes-hint = Obtenga también códigos de recuperación: le abren si pierde su dispositivo.
add-factor = Añadir un segundo factor
new-name = Nuevo nombre
kind-passkey = Llave de acceso o de seguridad
kind-app = Aplicación de autenticación
kind-codes = Códigos de recuperación
kind-email = Códigos por correo
kind-text = Códigos por SMS
kind-duo = Duo
about-passkey = Su huella, su rostro, un PIN o una llave física. La forma más segura.
about-app = Una aplicación de su teléfono muestra un código nuevo cada medio minuto.
about-codes = Una lista para imprimir y guardar. Cada código sirve una vez.
about-email = Al iniciar sesión se envía un código a su correo.
about-text = Al iniciar sesión se envía un código a su teléfono.
about-duo = Confirma con un toque en la aplicación Duo.
remove-factor-question = ¿Quitar «{ $name }»?
remove-factor-means = Ya no podrá iniciar sesión con él. Para volver a usarlo, tendrá que configurarlo de nuevo.
print-codes = Imprimir

## The portal: devices

devices-hint = Dónde ha iniciado sesión. Cierre lo que no reconozca y cambie su contraseña.
this-device = Este dispositivo
end-session = Cerrar sesión
end-others = Cerrar las demás sesiones
end-others-question = ¿Cerrar todas las demás sesiones?
end-others-means = Aquí seguirá conectado. En los demás sitios, y en las aplicaciones abiertas desde ellos, tendrá que volver a entrar.
browser-on = { $browser } en { $system }
unknown-device = Dispositivo desconocido

## The portal: shared data

consents-hint = Lo que ha permitido que las aplicaciones sepan de usted.
no-consents = Nada compartido
no-consents-hint = Cuando una aplicación le pide su consentimiento y usted lo da, aparece aquí.
shares-name-only = Que es usted
until-taken-back = Hasta que lo retire
take-back = Retirar

## The portal: tokens

tokens-hint = Claves para programas que actúan en su nombre. Quien tenga una puede hacer lo que usted puede.
no-tokens = No tiene claves para programas.
app-password = Contraseña de aplicación
api-token = Token de API
about-app-password = Para programas de correo, reproductores y otros que piden un nombre y una contraseña.
about-api-token = Para scripts y programas que llaman a la API de este servidor.
without-end = Sin fecha de fin
new-key = Nueva clave
make-token = Crear una clave
make = Crear
what-for = ¿Para qué es?
what-for-hint = Un nombre con el que la reconocerá, como «Correo del portátil».
name-it-first = Póngale primero un nombre.
kind-of-key = Tipo
works-for = Válida durante
key-of = La clave de «{ $name }»
key-once = Cópiela ahora. No se volverá a mostrar.
key = Clave
copy = Copiar
copied = Copiada
app-password-use = Indique al programa el nombre «{ $name }» y esta clave como contraseña.
token-use = El programa la envía con cada petición: «Authorization: Bearer …».
new-key-question = ¿Una nueva clave para «{ $name }»?
new-key-means = La clave antigua deja de funcionar de inmediato. Los programas que la usan necesitarán la nueva.
delete-token-question = ¿Eliminar «{ $name }»?
delete-token-means = Los programas que usan su clave perderán el acceso de inmediato.

## The portal: activity

activity-hint = Lo que ocurrió en su nombre. Si algo no fue usted, cambie su contraseña y cierre las demás sesiones.
no-activity = Todavía no ha ocurrido nada.
newer = Más recientes
older = Más antiguas
acted-by = Por { $who }, en su nombre
did-sign-in = Ha iniciado sesión
did-fail-sign-in = Alguien intentó entrar como usted y no pudo
did-sign-out = Ha cerrado la sesión
did-open-html = Ha abierto <strong>{ $application }</strong>
was-refused = Algo no estaba abierto para usted
was-refused-html = <strong>{ $application }</strong> no estaba abierta para usted
did-set-password = Se cambió su contraseña
did-change-profile = Ha cambiado su perfil
did-use-invitation = Llegó con una invitación
did-see-key-html = Se mostró la clave de <strong>{ $name }</strong>
did-renew-key-html = <strong>{ $name }</strong> tiene una nueva clave
did-begin-acting = Empezó a actuar como otra persona
did-end-acting = Volvió a actuar como usted mismo
did-add-factor-html = Ha añadido el segundo factor <strong>{ $name }</strong>
did-remove-factor-html = Ha quitado el segundo factor <strong>{ $name }</strong>
did-rename-factor-html = Ha cambiado el nombre del segundo factor <strong>{ $name }</strong>
did-make-key-html = Ha creado la clave <strong>{ $name }</strong>
did-end-sessions = Usted cerró sesiones
sessions-were-ended = Se cerraron sesiones suyas
did-delete-key-html = Ha eliminado la clave <strong>{ $name }</strong>
did-take-back-html = Ha retirado lo que compartía con <strong>{ $name }</strong>
did-create-html = Ha creado <strong>{ $name }</strong>
did-change-html = Ha cambiado <strong>{ $name }</strong>
did-delete-html = Ha eliminado <strong>{ $name }</strong>
done-by = Por { $who }
account-was-created = Se creó su cuenta
account-was-changed = Se cambió su cuenta
began-acting-as-you = Alguien empezó a actuar como usted
ended-acting-as-you = Alguien dejó de actuar como usted
factor-was-added-html = Se añadió a su cuenta el segundo factor <strong>{ $name }</strong>
factor-was-removed-html = Se eliminó su segundo factor <strong>{ $name }</strong>
thing-was-created-html = Se creó <strong>{ $name }</strong> para usted
thing-was-changed-html = Se cambió <strong>{ $name }</strong>, que es suyo
thing-was-deleted-html = Se eliminó <strong>{ $name }</strong>, que era suyo
