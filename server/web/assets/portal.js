// What this adds to the portal is comfort: every page works without it.
(() => {
  "use strict";
  const each = (selector, action) => document.querySelectorAll(selector).forEach(action);

  // Moments in the viewer's own time; the exact one is there for whoever points at it.
  const language = document.documentElement.lang;
  const form = (options) => new Intl.DateTimeFormat(language, options);
  const day = form({ dateStyle: "medium" });
  const minute = form({ dateStyle: "medium", timeStyle: "short" });
  const exact = form({ dateStyle: "full", timeStyle: "long" });
  const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  each("time[datetime]", (time) => {
    const at = new Date(time.dateTime);
    if (isNaN(at)) return;
    const minutes = Math.round((at - Date.now()) / 60000);
    const past = -minutes;
    if (past >= 0 && past < 60) time.textContent = ago.format(minutes, "minute");
    else if (past >= 60 && past < 1440) time.textContent = ago.format(Math.round(minutes / 60), "hour");
    else time.textContent = (Math.abs(minutes) > 43200 ? day : minute).format(at);
    time.title = exact.format(at);
  });

  each("[data-copy]", (button) => {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      field.select();
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.done;
    });
  });

  const menu = document.querySelector(".menu");
  const search = document.querySelector("input[type=search]");
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "/" && search && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
    }
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.firstElementChild.focus();
    }
  });
  addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });

  // The library: filter while typing; Enter opens the first that is left.
  const shelf = document.querySelector(".shelf");
  if (!search || !shelf) return;
  each("kbd[hidden]", (key) => (key.hidden = false));
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/);
    let found = 0;
    each(".shelf", (shelf) => {
      const heading = shelf.firstElementChild.textContent;
      let here = 0;
      shelf.querySelectorAll(".app").forEach((app) => {
        const text = `${app.querySelector(".what").textContent} ${heading}`.toLowerCase();
        app.hidden = !words.every((word) => text.includes(word));
        here += !app.hidden;
      });
      shelf.hidden = !here;
      found += here;
    });
    document.querySelector(".none").hidden = found > 0;
  });
  search.form.addEventListener("submit", (event) => {
    const first = document.querySelector(".app:not([hidden]) h3 a");
    if (!search.value || !first) return;
    event.preventDefault();
    first.click();
  });
})();
