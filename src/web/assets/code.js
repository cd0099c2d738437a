// Gives the access code, typed or brought along by a QR code behind the #.
"use strict";
(() => {
  document.documentElement.classList.add("js");
  const form = document.getElementById("entrance"), code = document.getElementById("code"), told = document.getElementById("told");
  const enter = async () => {
    told.textContent = "";
    const answer = await fetch("/api/v1/code", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code: code.value }),
    });
    if (answer.ok) { location.replace("/" + location.search); return; }
    told.textContent = answer.status === 429 ? told.dataset.shut : told.dataset.wrong;
    code.select();
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); enter().catch(() => location.reload()); });
  const brought = new URLSearchParams(location.hash.slice(1)).get("code");
  if (brought) {
    history.replaceState(null, "", "/" + location.search);
    code.value = brought;
    enter().catch(() => {});
  }
})();
