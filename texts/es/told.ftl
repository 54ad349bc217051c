## Any field

field-required = Este campo es obligatorio.
field-null = Este campo no puede ser nulo.
field-blank = Este campo no puede estar vacío.
field-too-long =
    { $max ->
        [one] Este campo admite como máximo { $max } carácter.
       *[other] Este campo admite como máximo { $max } caracteres.
    }
field-null-characters = No se permiten caracteres nulos.
field-control-characters = No se permiten caracteres de control.
field-not-text = No es un texto válido.
field-not-boolean = Aquí solo se admite sí o no.
field-not-number = Escriba un número válido.
field-not-email = Escriba una dirección de correo válida.
field-not-username = Escriba un nombre de usuario válido.
field-not-date = La fecha no tiene la forma correcta. La forma es: AAAA-MM-DD.
field-not-date-time = La fecha y la hora no tienen la forma correcta. La forma es: AAAA-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].
field-not-file = El archivo debe enviarse como URI de datos.
field-not-language = Escriba un código de idioma, por ejemplo es.
field-not-choice = «{ $shown }» no está entre las opciones.
field-not-unique = Este valor ya está en uso.
language-automatic = Automático
answers-refused = Estas respuestas no se aceptan.
passwords-differ = Las contraseñas no coinciden.
username-taken = Ese nombre de usuario ya está en uso.

## Signing in

log-in = Iniciar sesión
continue-button = Continuar
failed = No se ha podido iniciar la sesión.
wrong-password = La contraseña no es correcta
too-many-attempts = Demasiados intentos fallidos. Empiece de nuevo.
too-many-people =
    { $retry_after ->
        [one] Demasiadas personas están iniciando sesión. Inténtelo de nuevo en { $retry_after } segundo.
       *[other] Demasiadas personas están iniciando sesión. Inténtelo de nuevo en { $retry_after } segundos.
    }
too-many-requests =
    { $retry_after ->
        [one] Demasiadas solicitudes. Inténtelo de nuevo en { $retry_after } segundo.
       *[other] Demasiadas solicitudes. Inténtelo de nuevo en { $retry_after } segundos.
    }
nobody-said = Todavía no se sabe de quién se trata.
nobody-proved = Todavía nadie ha demostrado quién es.
no-pending-login = No hay a quién iniciarle la sesión.
no-pending-user = No se sabe de quién se trata.
account-inactive = Esta cuenta no está activa.
account-cannot-sign-in = Con esta cuenta no se puede iniciar sesión.
account-gone = Esta cuenta ya no existe.
account-missing = La cuenta no existe.
sign-in-first = Inicie sesión primero.
signed-in-already = Ya ha iniciado sesión.
for-administrators = Esto es solo para administradores.
for-outposts = Esto es solo para outposts.
reached-from-another = A esta página solo se llega desde otra.
reached-by-token = A esta página solo se llega por un enlace con clave.
denied = La solicitud ha sido denegada.
does-not-apply = Este proceso no está previsto para usted.
step-unknown = Esta versión de Lockgate no puede ejecutar el paso «{ $name }» ({ $word }).
answers-another = Esto responde a «{ $shown }», pero la pregunta es «{ $expected }».

## Second factors

no-factor = Necesita un segundo factor para continuar y no tiene ninguno. Pida ayuda a un administrador.
passkey-elsewhere = Su llave de acceso no funciona en esta dirección. Abra este sitio por su nombre.
passkey-refused = No se ha aceptado esa llave de acceso. Inténtelo de nuevo o use otro método.
passkey-not-made = No se ha podido configurar su llave de acceso.
passkey-stale = Ha tardado demasiado. Inténtelo de nuevo.
passkey-unchecked = No se ha podido comprobar esa llave de acceso. Inténtelo de nuevo.
passkey-unverified = Su llave de acceso debe comprobar que es usted, con un PIN, una huella o su rostro.
passkey-already = Esta llave de acceso ya está configurada.
passkey-model = Este modelo de llave de acceso no está permitido aquí. Use otro.
passkeys-many = Tiene demasiadas llaves de acceso. Elimine una primero.
wrong-code = El código no es válido. Compruebe que la hora de su dispositivo es correcta e inténtelo de nuevo.
code-differs = El código no coincide
too-many-codes =
    { $retry_after ->
        [one] Demasiados códigos incorrectos. Inténtelo de nuevo en { $retry_after } segundo.
       *[other] Demasiados códigos incorrectos. Inténtelo de nuevo en { $retry_after } segundos.
    }
device-unknown = Ese dispositivo no existe.
stage-unknown = Esa opción no existe.
factor-app = Aplicación de autenticación
factor-codes = Códigos de recuperación
factor-passkey = Llave de acceso

## Mail

email-sent = El correo se ha enviado.
too-many-emails-one = Se han pedido demasiados correos. Inténtelo de nuevo en 1 minuto.
too-many-emails = Se han pedido demasiados correos. Inténtelo de nuevo en { $minutes } minutos.
no-mail = Este servidor no puede enviar correos en este momento. Pida ayuda a un administrador.
link-dead = Este enlace ya se ha usado o ha caducado.
link-outdated = Este enlace ya no lleva a ninguna parte. Empiece de nuevo.

## Accounts

invitation-invalid = La invitación no es válida o no existe
invitation-used = Esta invitación ya se ha usado.
nothing-to-write = No hay nada que guardar.
name-needed = Una cuenta nueva necesita un nombre de usuario.
no-account-here = Aquí no se puede crear ninguna cuenta.
acting-as-another = No mientras actúe en nombre de otra persona: termine eso primero.

## Consent

about-to-sign-in = Va a iniciar sesión en { $app }.
consent-stale = Esta página ya no estaba al día. Decida de nuevo.
offline-access = Conservar el acceso mientras usted no está

## Passwords

password-missing = No se ha indicado ninguna contraseña
password-unchecked = No se ha podido comprobar la contraseña. Inténtelo de nuevo más tarde.
password-leaked =
    { $leaked ->
        [one] La contraseña aparece en { $leaked } lista de internet.
       *[other] La contraseña aparece en { $leaked } listas de internet.
    }
password-used = Esta contraseña ya se ha usado antes. Elija otra.
password-expired = La contraseña ha caducado.
password-expired-days =
    { $days ->
        [one] La contraseña caducó hace { $days } día. Cámbiela.
       *[other] La contraseña caducó hace { $days } días. Cámbiela.
    }
password-needs-character = Una contraseña necesita un carácter.
password-needs-characters = Una contraseña necesita al menos { $least } caracteres.
password-needs-digit = Una contraseña necesita una cifra.
password-needs-digits = Una contraseña necesita al menos { $least } cifras.
password-needs-capital = Una contraseña necesita una mayúscula.
password-needs-capitals = Una contraseña necesita al menos { $least } mayúsculas.
password-needs-small = Una contraseña necesita una minúscula.
password-needs-smalls = Una contraseña necesita al menos { $least } minúsculas.
password-needs-symbol = Una contraseña necesita un símbolo.
password-needs-symbols = Una contraseña necesita al menos { $least } símbolos.
password-weak = La contraseña es demasiado débil.
weak-rows = Las filas seguidas de teclas son fáciles de adivinar.
weak-patterns = Los patrones cortos de teclado son fáciles de adivinar.
weak-repeats = Las repeticiones como «aaa» son fáciles de adivinar.
weak-repeated-words = Las repeticiones como «abcabcabc» son apenas más difíciles de adivinar que «abc».
weak-top-10 = Es una de las diez contraseñas más comunes.
weak-top-100 = Es una de las cien contraseñas más comunes.
weak-common = Es una contraseña muy común.
weak-similar = Se parece a una contraseña común.
weak-sequences = Las secuencias como abc o 6543 son fáciles de adivinar.
weak-years = Los años recientes son fáciles de adivinar.
weak-word = Una sola palabra es fácil de adivinar.
weak-dates = Las fechas suelen ser fáciles de adivinar.
weak-names-alone = Los nombres y apellidos por sí solos son fáciles de adivinar.
weak-names = Los nombres y apellidos comunes son fáciles de adivinar.
better-words = Use varias palabras y evite frases comunes.
better-no-symbols = No hacen falta símbolos, cifras ni mayúsculas.
better-another-word = Añada una o dos palabras más, mejor si son poco comunes.
better-capitals = Las mayúsculas no ayudan mucho.
better-all-capitals = Todo en mayúsculas es casi tan fácil de adivinar como todo en minúsculas.
better-reversed = Las palabras al revés no son mucho más difíciles de adivinar.
better-substitutions = Las sustituciones previsibles, como «@» por «a», no ayudan mucho.
better-pattern = Use un patrón de teclado más largo y con más giros.
better-repeats = Evite palabras y caracteres repetidos.
better-sequences = Evite secuencias.
better-years = Evite años recientes.
better-own-years = Evite años relacionados con usted.
better-own-dates = Evite fechas y años relacionados con usted.

## Policies

country-refused = Su dirección IP no pertenece a ningún país permitido.
network-refused = Su dirección IP no pertenece a ninguna red permitida.
distance-large = La distancia al lugar de su último inicio de sesión es demasiado grande.
distance-impossible = El lugar de su último inicio de sesión está demasiado lejos para el tiempo transcurrido.
may-not-change =
    { $what ->
        [name] No está permitido cambiar su nombre.
        [username] No está permitido cambiar su nombre de usuario.
       *[other] No está permitido cambiar su dirección de correo.
    }

## What is missing

needs-groups = Debe pertenecer a uno de estos grupos: { $names }.
needs-one-of = Bastaría con cambiar una de estas cosas:
needs-login = Debe iniciar sesión.
needs-active = Su cuenta no está activa.
needs-group = Debe pertenecer al grupo { $name }.
needs-not-group = Los miembros del grupo { $name } están excluidos.
needs-user = Esto solo está abierto a cuentas a las que se haya dado acceso por su nombre.
needs-not-user = Su cuenta está excluida por su nombre.
needs-check = La condición { $name } no se cumple.
needs-not-check = La condición { $name } se cumple, y no debe cumplirse.
needs-mfa = Debe iniciar sesión con un segundo factor.
needs-superuser = Debe ser administrador.
needs-membership-ended = Su pertenencia al grupo { $name } terminó: { $moment }.
needs-membership-ahead = Su pertenencia al grupo { $name } comienza: { $moment }.
needs-ended = El acceso para { $whom } terminó: { $moment }.
needs-ahead = El acceso para { $whom } comienza: { $moment }.
needs-permission = Nada le da acceso.
needs-forbidden = La directiva { $policy } lo prohíbe.
needs-error = No se ha podido evaluar una directiva, y lo que no puede evaluarse se deniega.

## Applications and devices

configuration-error = Error de configuración
client-error = Cliente desconocido
redirect-error = Dirección de redirección incorrecta
request-error = Solicitud incorrecta
malformed-request = Solicitud ilegible
access-denied-title = Acceso denegado
too-many-tries-title = Demasiados intentos
no-login-flow = No hay ningún proceso para iniciar sesión.
no-logout-flow = No hay ningún proceso para cerrar sesión.
no-authorization-flow = La aplicación no tiene proceso de autorización.
client-not-this = El identificador de cliente (client_id) no es el de esta aplicación.
client-unknown = El identificador de cliente (client_id) falta o no es válido.
return-not-this = La dirección de vuelta no es de esta aplicación.
redirect-wrong = La dirección de redirección (redirect_uri) falta, no es válida o no coincide.
request-unreadable = No se puede leer la solicitud: { $error }.
flow-not-for-you = El proceso previo a esta página no está previsto para usted.
device-tries = Para proteger las cuentas, espere un minuto antes de escribir otro código.
device-code-unknown = Ese código no existe o es demasiado antiguo. Mire su dispositivo y escriba el código de nuevo.
device-page-old = Esta página ha estado abierta demasiado tiempo, o su navegador no guarda cookies. Inténtelo de nuevo.
device-code-needed = Escriba el código que muestra su dispositivo.

## Forward auth

login-failed = No se ha podido iniciar sesión
login-cannot-start = Esta aplicación no puede iniciar la sesión: su proveedor no tiene secreto de cookies.
login-answered = La página de inicio de sesión ha respondido: { $error }.
login-code-unknown = No se ha podido completar el inicio de sesión: su código es desconocido, ya se ha usado o es demasiado antiguo.
login-forged = No se ha podido completar el inicio de sesión: no comenzó aquí.
login-elsewhere = No se ha podido completar el inicio de sesión: comenzó en otro navegador, o su cookie ha desaparecido.
login-late = No se ha podido completar el inicio de sesión: ha tardado demasiado.

## Whether it is a person

captcha-unchecked = No se pudo comprobar que es una persona. Inténtelo de nuevo en un momento.
captcha-wrong-retry = La comprobación no ha sido válida. Volver a intentarlo puede resolverlo.
captcha-wrong = La comprobación no ha sido válida

## Phones

phone-number-wrong = Escriba un número de teléfono con el prefijo del país, por ejemplo +49 151 23456789.
phone-number-taken = Este número de teléfono no se puede configurar: ya está en uso.
message-sent = Mensaje enviado.
too-many-messages = Se han pedido demasiados mensajes. Inténtelo de nuevo en { $minutes } minutos.
messages-not-sent = Este servidor no puede enviar mensajes ahora. Pida ayuda a la administración.
duo-not-yet = Duo aún no sabe nada de su teléfono. Actívelo allí primero.
duo-code-ended = Ese código ha caducado. Aquí tiene uno nuevo.
duo-unable = Ahora no se puede preguntar a Duo. Use otra forma o pida ayuda a la administración.
push-waiting = Apruebe la solicitud en su teléfono y después continúe.
push-denied = La solicitud se ha denegado en el teléfono.
push-ended = Nadie ha contestado a tiempo en el teléfono. Inténtelo de nuevo o use otra forma.
push-too-often = Se ha preguntado demasiadas veces al teléfono. Inténtelo de nuevo en { $minutes } minutos.

## Guessing

too-many-wrong-passwords = 
    { $retry_after ->
        [one] Demasiadas contraseñas incorrectas. Inténtelo de nuevo en { $retry_after } segundo.
       *[other] Demasiadas contraseñas incorrectas. Inténtelo de nuevo en { $retry_after } segundos.
    }
delete-tick = Marque la casilla si quiere que se elimine su cuenta.
too-many-messages-one = Se han pedido demasiados mensajes. Inténtelo de nuevo en 1 minuto.
push-too-often-one = Se ha preguntado demasiadas veces al teléfono. Inténtelo de nuevo en 1 minuto.
show-factor-first = Primero vuelva a iniciar sesión con un segundo factor: la última vez fue sin él o hace más de 15 minutos.
