// Keys of a claim's page: what names its key is pressed by it, once; numbers choose a paper, a picture can be turned.
(function () {
  function typing(target) { return target.closest("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]"); }
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      document.querySelectorAll(".sticky details[open]").forEach(function (fold) { fold.open = false; });
      if (document.activeElement) { document.activeElement.blur(); }
      return;
    }
    // a key held down must not decide the next claim as well
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) { return; }
    if (!/^[a-z0-9]$/i.test(event.key)) { return; }
    const wanted = document.querySelector('[data-key="' + event.key.toLowerCase() + '"]');
    if (!wanted) { return; }
    event.preventDefault();
    if (wanted.tagName !== "SUMMARY") { wanted.click(); return; }
    wanted.parentElement.open = true;
    const first = wanted.parentElement.querySelector("textarea, select, input:not([type=hidden])");
    if (first) { first.focus(); }
  });
  document.addEventListener("toggle", function (event) {
    if (!event.target.open || !event.target.closest(".sticky")) { return; }
    document.querySelectorAll(".sticky details[open]").forEach(function (fold) { if (fold !== event.target) { fold.open = false; } });
  }, true);
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-turn]");
    const picture = button && button.closest("figure").querySelector("img");
    if (!picture) { return; }
    const turned = (Number(picture.dataset.turned || 0) + 1) % 4;
    picture.dataset.turned = String(turned);
    picture.className = turned ? "turn" + turned : "";
  });
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });
})();
