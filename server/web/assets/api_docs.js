// Starts Swagger UI on our own document. A browser that is signed in calls with its session, whose writes prove by a
// header that they are meant.
"use strict";

const UNSAFE = ["POST", "PUT", "PATCH", "DELETE"];

function meant(request) {
  const csrf = document.cookie.split("; ").find((cookie) => cookie.startsWith("authentik_csrf="));
  const ours = new URL(request.url, location.href).origin === location.origin;
  if (csrf && ours && UNSAFE.includes((request.method || "GET").toUpperCase())) {
    request.headers["X-authentik-CSRF"] = decodeURIComponent(csrf.slice("authentik_csrf=".length));
  }
  return request;
}

SwaggerUIBundle({
  url: "../schema/?format=json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  filter: true,
  tagsSorter: "alpha",
  validatorUrl: null,
  requestInterceptor: meant,
});
