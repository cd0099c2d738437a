// Follows the gateway. What is shown as ready stays so only while it is heard, and never longer than it told.
"use strict";
(() => {
  // It is looked at each half second, and within 15 s nothing that nobody vouches for may stand.
  const HEARD_FOR = 14000;
  const at = (id) => document.getElementById(id);
  const now = at("now"), told = at("told"), age = at("age"), clock = at("clock");
  document.documentElement.classList.add("js");

  // Two clocks: one may stand still while the machine sleeps, the other may be set. The later one counts.
  const stamp = () => ({ ticks: performance.now(), wall: Date.now() });
  const since = (then) => Math.max(performance.now() - then.ticks, Math.abs(Date.now() - then.wall));

  let heard = stamp(); // the last sign of life
  let shown = stamp(); // when the answer that is shown was asked for
  let isLost = false;
  let asking = false, again = false;
  let source = null;

  const wasHeard = (event) => {
    heard = stamp();
    if (event && event.type === "heartbeat") clock.textContent = JSON.parse(event.data).time;
    look();
  };

  const listen = () => {
    if (source) source.close();
    source = new EventSource("/api/v1/events");
    source.onmessage = () => { heard = stamp(); refresh(); };
    source.addEventListener("heartbeat", wasHeard);
    source.addEventListener("stopping", () => lose("lost"));
    // The browser tries again by itself, but not after a refusal.
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000); };
  };

  const refresh = async () => {
    if (asking) { again = true; return; }
    asking = true;
    again = false;
    const asked = stamp();
    const where = new URL("/answer", location);
    where.searchParams.set("part", "1");
    const lang = document.documentElement.lang;
    if (lang) where.searchParams.set("lang", lang);
    try {
      const answer = await fetch(where, { cache: "no-store", signal: AbortSignal.timeout(8000) });
      if (answer.status === 401) location.reload();
      if (answer.ok) show(await answer.text(), asked);
    } catch { /* whoever is not heard is lost soon */ }
    asking = false;
    if (again) refresh();
  };

  const bare = (root) => {
    const copy = root.cloneNode(true);
    for (const live of copy.querySelectorAll("[data-live]")) live.textContent = "";
    for (const one of copy.querySelectorAll("[data-valid-for]")) one.setAttribute("data-valid-for", "");
    for (const one of copy.querySelectorAll("details")) one.removeAttribute("open");
    return copy.innerHTML;
  };

  const show = (markup, asked) => {
    const next = document.createElement("div");
    next.append(...new DOMParser().parseFromString(markup, "text/html").body.childNodes);
    shown = asked;
    heard = stamp();
    if (!isLost && bare(next) === bare(now)) {
      const old = now.querySelectorAll("[data-live]");
      next.querySelectorAll("[data-live]").forEach((live, place) => { old[place].textContent = live.textContent; });
      const times = now.querySelectorAll("[data-valid-for]");
      next.querySelectorAll("[data-valid-for]").forEach((one, place) => { times[place].dataset.validFor = one.dataset.validFor; });
      look();
      return;
    }
    const focus = document.activeElement && now.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...now.querySelectorAll("details[open]")].map((one) => one.id);
    const typed = [...now.querySelectorAll("input:not([type=checkbox])")].map((one) => [one.id, one.value]);
    const before = headline(now);
    isLost = false;
    now.replaceChildren(...next.childNodes);
    for (const id of open) if (at(id)) at(id).open = true;
    for (const [id, value] of typed) if (at(id)) at(id).value = value;
    if (focus && at(focus)) at(focus).focus();
    if (headline(now) !== before) { told.textContent = ""; announce(); }
    look();
  };

  const headline = (root) => [...root.querySelectorAll("h2, .notice, .alarm")].map((one) => one.textContent).join(" ");

  const announce = () => {
    const words = [...now.querySelectorAll("h2, .lead, .notice, .alarm > p")].map((one) => one.textContent).join(" ");
    const [here, other] = now.querySelector("[data-alarm]") ? ["shout", "say"] : ["say", "shout"];
    at(other).textContent = "";
    at(here).textContent = words;
  };

  const lose = (why) => {
    if (isLost) return;
    isLost = true;
    now.replaceChildren(at(why).content.cloneNode(true));
    announce();
  };

  const look = () => {
    const quiet = since(heard);
    if (quiet >= HEARD_FOR) lose("lost");
    // The box's time is told by what is heard of it; without it the browser's is better than one that stands still.
    if (quiet >= HEARD_FOR) clock.textContent = new Date().toTimeString().slice(0, 5);
    for (const one of now.querySelectorAll("[data-valid-for]")) {
      if (one.dataset.view === "ready" && since(shown) >= 1000 * Number(one.dataset.validFor)) { lose("over"); refresh(); return; }
    }
    const seconds = Math.floor(quiet / 5000) * 5;
    age.textContent = seconds < 10 ? age.dataset.fresh : age.dataset.ago.replace("{seconds}", seconds);
  };

  const post = async (path, body) => {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(25000),
    });
    if (answer.status === 401) location.reload();
    const reply = await answer.json().catch(() => ({ ok: false }));
    if (reply.ok) return "";
    if (answer.status === 429) return age.dataset.shut;
    return answer.status === 403 && "companion_code" in body ? age.dataset.wrong : age.dataset.refused;
  };

  const press = async (control, path, body) => {
    if (control.getAttribute("aria-busy") === "true") return;
    control.setAttribute("aria-busy", "true");
    told.textContent = await post(path, body).catch(() => age.dataset.refused);
    control.removeAttribute("aria-busy");
    if (told.textContent && control.type === "checkbox") control.checked = !control.checked;
    refresh();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-post]");
    if (!button) return;
    const body = JSON.parse(button.dataset.body);
    if (button.dataset.from) body[button.dataset.from] = at(button.dataset.from).value;
    press(button, button.dataset.post, body);
  });
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.matches("[data-attest]")) return;
    const body = { item: box.dataset.item, value: box.checked };
    const code = box.dataset.code && at(box.dataset.code);
    if (code) body.companion_code = code.value;
    press(box, box.dataset.attest, body);
  });

  // A remote control has arrows and OK.
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const here = document.activeElement;
    if (event.key === "Enter" && here.dataset.enter) { at(here.dataset.enter).click(); return; }
    if (event.key === "Enter" && here.matches("input[type=checkbox]")) { event.preventDefault(); here.click(); return; }
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step || (here.matches("input:not([type=checkbox])") && event.key.match(/Left|Right/))) return;
    const all = [...document.querySelectorAll("a[href], button, input, summary")].filter((one) => one.checkVisibility());
    if (!all.length) return;
    const place = all.indexOf(here);
    const next = place < 0 ? all.findIndex((one) => one.matches(".act, input, .call")) : place + step;
    const target = all[Math.min(Math.max(place < 0 && next < 0 ? 0 : next, 0), all.length - 1)];
    event.preventDefault();
    target.focus();
    target.scrollIntoView({ block: "nearest" });
  });

  // A page that comes back from the browser's memory knows nothing.
  addEventListener("pageshow", (event) => { if (event.persisted) { lose("lost"); listen(); } });
  addEventListener("online", listen);
  document.addEventListener("visibilitychange", look);
  setInterval(look, 500);
  now.hidden = false;
  listen();
})();
