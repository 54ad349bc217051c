// What this adds is comfort: every page works without it, but for passkeys and captchas, which only scripts can ask for.
(() => {
  "use strict";
  const each = (selector, action) => document.querySelectorAll(selector).forEach(action);

  each("button.show", (button) => {
    const input = document.getElementById(button.getAttribute("aria-controls"));
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      button.firstChild.data = shown ? button.dataset.hide : button.dataset.show;
      input.focus();
    });
    // Never leave a password readable in what the browser remembers of the form.
    input.form.addEventListener("submit", () => (input.type = "password"));
  });

  // One click, one answer. A page that comes back out of the browser's memory is open again.
  each("form[method=post]", (form) =>
    form.addEventListener("submit", (event) => {
      if (form.ariaBusy === "true") event.preventDefault();
      form.ariaBusy = "true";
    }),
  );
  addEventListener("pageshow", () => each("form[method=post]", (form) => (form.ariaBusy = "false")));

  each("a[data-follow]", (link) => location.replace(link.href));
  each("form[data-submit]", (form) => form.requestSubmit());
  // What is waited for on the server needs no click.
  each("button[data-press]", (button) => button.form.requestSubmit(button));

  // Passkeys (WebAuthn). Options and answers are JSON, in which bytes are base64url.
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");
  const asked = (element) => {
    const options = JSON.parse(element.dataset.options);
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const list of [options.excludeCredentials, options.allowCredentials]) {
      (list || []).forEach((known) => (known.id = bytes(known.id)));
    }
    return options;
  };
  const answered = ({ id, rawId, type, response }) => {
    const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = response;
    const made = attestationObject && {
      attestationObject: text(attestationObject),
      transports: response.getTransports ? response.getTransports() : [],
    };
    const shown = signature && {
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle && text(userHandle),
    };
    const told = { clientDataJSON: text(clientDataJSON), ...made, ...shown };
    return JSON.stringify({ id, rawId: text(rawId), type, extensions: {}, response: told });
  };
  each("button[data-passkey]", (button) => {
    const problem = button.nextElementSibling;
    const tell = (what) => {
      problem.textContent = problem.dataset[what];
      problem.hidden = false;
    };
    if (!window.PublicKeyCredential) return tell("missing");
    button.hidden = false;
    button.addEventListener("click", async () => {
      problem.hidden = true;
      try {
        const credential = await navigator.credentials[button.dataset.passkey]({ publicKey: asked(button) });
        button.form.elements[button.dataset.field].value = answered(credential);
        button.form.requestSubmit();
      } catch (error) {
        tell(error.name === "InvalidStateError" ? "known" : "failed");
      }
    });
  });
  // The browser offers passkeys where it offers names, until somebody chooses one or types.
  each("input[data-passkey=offer]", async (input) => {
    const able = window.PublicKeyCredential && PublicKeyCredential.isConditionalMediationAvailable;
    if (!able || !(await PublicKeyCredential.isConditionalMediationAvailable())) return;
    try {
      const credential = await navigator.credentials.get({ mediation: "conditional", publicKey: asked(input) });
      input.value = answered(credential);
      input.disabled = false;
      // A name is required of whoever types one.
      input.form.submit();
    } catch {
      // Nobody chose one.
    }
  });

  // Captchas: reCAPTCHA, hCaptcha, Turnstile, and what has their functions. Their script comes from elsewhere.
  each("[data-captcha]", (box) => {
    const form = box.closest("form");
    const token = form.elements[box.dataset.captcha];
    const problem = token.nextElementSibling;
    const has = (what) => what in box.dataset;
    const tell = (what) => {
      problem.textContent = problem.dataset[what];
      problem.hidden = false;
    };
    let run;
    let lost = false;
    let waiting = has("start");
    const solved = (answer) => {
      token.value = answer;
      problem.hidden = true;
      if (waiting) form.requestSubmit();
      waiting = false;
    };
    const failed = () => {
      token.value = "";
      waiting = false;
      tell("failed");
    };
    const render = (api) => {
      const options = { sitekey: box.dataset.key, callback: solved, "error-callback": failed };
      options["expired-callback"] = () => (token.value = "");
      // Turnstile knows by the key whether it is seen, and starts by itself.
      const seen = has("interactive") || api === window.turnstile;
      if (!seen) options.size = "invisible";
      const widget = api.render(box, options);
      run = () => (seen ? has("interactive") && tell("unsolved") : api.execute(widget));
      if (waiting && !seen) run();
    };
    const script = document.createElement("script");
    script.src = box.dataset.script;
    script.onerror = () => {
      lost = true;
      tell("missing");
    };
    script.onload = () => {
      const { turnstile, hcaptcha, grecaptcha } = window;
      const api = turnstile || hcaptcha || grecaptcha;
      if (!api) return script.onerror();
      if (api === grecaptcha) return api.ready(() => render(api));
      render(api);
    };
    document.head.append(script);
    // Before the click counts as the one answer.
    const hold = (event) => {
      if (token.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (lost) return tell("missing");
      waiting = true;
      if (run) run();
    };
    form.addEventListener("submit", hold, { capture: true });
  });

  // How strong a new password is, while it is typed: judged by what will judge it when it is sent, and kept nowhere.
  each("[data-strength]", (box) => {
    const input = document.getElementById(box.dataset.of);
    const [meter, text] = box.children;
    const words = box.dataset.words.split("|");
    let timer;
    let asking;
    const show = (score, said) => {
      meter.value = score;
      meter.setAttribute("aria-valuetext", said);
      text.textContent = said;
    };
    const ask = async () => {
      if (asking) asking.abort();
      if (!input.value) return show(0, "");
      asking = new AbortController();
      const body = new URLSearchParams([...new FormData(input.form)].filter(([, value]) => typeof value === "string"));
      body.set("strength_of", input.name);
      try {
        const answer = await fetch(box.dataset.strength, { method: "POST", body, signal: asking.signal });
        if (answer.status === 429) return later(1000 * answer.headers.get("Retry-After"));
        if (!answer.ok) return show(0, "");
        const { score, messages } = await answer.json();
        show(score, [words[score], ...messages].join(" "));
      } catch {
        // Somebody types on, or is offline.
      }
    };
    const later = (wait) => {
      clearTimeout(timer);
      timer = setTimeout(ask, wait);
    };
    input.addEventListener("input", () => later(300));
  });

  // Codes that are kept on paper.
  each("button[data-print]", (button) => {
    button.hidden = false;
    button.addEventListener("click", () => print());
  });
})();
