/* Small helps for people who have scripts. Each page works without this file. */
(function () {
  "use strict";

  var words = {
    fr: {
      offer: "Vous aviez commencé à remplir ce formulaire. Voulez-vous reprendre votre texte ?",
      restore: "Reprendre mon texte",
      discard: "L’effacer",
    },
    en: {
      offer: "You had started to fill in this form. Do you want your text back?",
      restore: "Bring back my text",
      discard: "Discard it",
    },
  }[document.documentElement.lang.slice(0, 2) === "en" ? "en" : "fr"];

  /* ---- the error summary takes the focus, its links put it in the field */
  var summary = document.querySelector("[data-error-summary]");
  if (summary) {
    summary.focus();
    summary.addEventListener("click", function (event) {
      var link = event.target.closest("a[href^='#']");
      var field = link && document.getElementById(link.getAttribute("href").slice(1));
      if (field) {
        event.preventDefault();
        field.focus();
        field.scrollIntoView({ block: "center" });
      }
    });
  }

  /* ---- copy buttons: data-copy="#id" of a field or an element */
  document.querySelectorAll("[data-copy]").forEach(function (button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    var label = button.querySelector("span") || button;
    var before = label.textContent;
    label.setAttribute("aria-live", "polite");
    button.addEventListener("click", function () {
      var source = document.querySelector(button.dataset.copy);
      if (!source) return;
      navigator.clipboard.writeText(source.value || source.textContent.trim()).then(function () {
        label.textContent = button.dataset.copied || before;
        setTimeout(function () {
          label.textContent = before;
        }, 2500);
      });
    });
  });

  /* ---- data-live-search: a GET form answers as one types.
     With data-results="#id" only that part of the page is replaced; the address follows. */
  document.querySelectorAll("form[data-live-search]").forEach(function (form) {
    var timer, running;
    var results = form.dataset.results ? document.querySelector(form.dataset.results) : null;
    function address() {
      var values = new URLSearchParams();
      new FormData(form).forEach(function (value, name) {
        if (value !== "") values.append(name, value);
      });
      var query = values.toString();
      return (form.getAttribute("action") || location.pathname) + (query ? "?" + query : "");
    }
    function answer() {
      if (!results || !window.fetch || !window.DOMParser) {
        form.submit();
        return;
      }
      if (running) running.abort();
      running = new AbortController();
      var url = address();
      fetch(url, { signal: running.signal, credentials: "same-origin" })
        .then(function (response) {
          if (!response.ok) throw new Error(String(response.status));
          return response.text();
        })
        .then(function (html) {
          var fresh = new DOMParser()
            .parseFromString(html, "text/html")
            .querySelector(form.dataset.results);
          if (!fresh) throw new Error("no results");
          results.replaceChildren.apply(results, Array.from(fresh.childNodes));
          history.replaceState(null, "", url);
        })
        .catch(function (error) {
          if (error.name !== "AbortError") form.submit();
        });
    }
    if (results) results.setAttribute("aria-live", "polite");
    form.addEventListener("input", function (event) {
      if (event.target.tagName === "SELECT") return;
      clearTimeout(timer);
      timer = setTimeout(answer, 300);
    });
    form.addEventListener("change", function (event) {
      if (event.target.tagName !== "SELECT") return;
      clearTimeout(timer);
      answer();
    });
    if (results) {
      form.addEventListener("submit", function (event) {
        event.preventDefault();
        clearTimeout(timer);
        answer();
      });
    }
  });

  /* ---- data-autosave="key": text that was not sent survives a closed tab.
     Kept in this browser only, for a week; passwords, files and hidden fields are left out.
     It is forgotten when the form was sent and the next page does not show it with errors. */
  var week = 7 * 24 * 3600 * 1000;
  var prefix = "eventhub:";
  var sentKey = prefix + "sent";
  function store() {
    try {
      return window.localStorage;
    } catch (error) {
      return null;
    }
  }
  var box = store();
  function fieldsOf(form) {
    return Array.from(form.elements).filter(function (field) {
      return (
        field.name &&
        !["hidden", "password", "file", "submit", "button"].includes(field.type) &&
        field.closest(".trap") === null
      );
    });
  }
  function read(form) {
    return fieldsOf(form).map(function (field) {
      var ticks = field.type === "checkbox" || field.type === "radio";
      return [field.name, ticks ? field.value : "", ticks ? field.checked : field.value];
    });
  }
  function write(form, saved) {
    saved.forEach(function (row) {
      fieldsOf(form).forEach(function (field) {
        if (field.name !== row[0]) return;
        if (field.type === "checkbox" || field.type === "radio") {
          if (field.value === row[1]) field.checked = row[2];
        } else {
          field.value = row[2];
        }
      });
    });
  }
  if (box) {
    var forms = Array.from(document.querySelectorAll("form[data-autosave]"));
    try {
      Object.keys(box).forEach(function (name) {
        if (name.indexOf(prefix + "form:") !== 0) return;
        if (Date.now() - JSON.parse(box.getItem(name)).at > week) box.removeItem(name);
      });
      var sent = window.sessionStorage.getItem(sentKey);
      if (sent) {
        window.sessionStorage.removeItem(sentKey);
        var back = forms.some(function (form) {
          return form.dataset.autosave === sent && summary;
        });
        if (!back) box.removeItem(prefix + "form:" + sent);
      }
    } catch (error) {
      box = null;
    }
    forms.forEach(function (form) {
      if (!box) return;
      var key = prefix + "form:" + form.dataset.autosave;
      var first = JSON.stringify(read(form));
      var changed = Boolean(summary && form.contains(summary));
      var leaving = false;
      var kept = null;
      try {
        kept = JSON.parse(box.getItem(key));
      } catch (error) {
        kept = null;
      }
      var fresh = !summary && !form.hasAttribute("data-unsaved");
      if (kept && fresh && JSON.stringify(kept.values) !== first) offer(form, key, kept.values);
      function keep() {
        var now = JSON.stringify(read(form));
        changed = changed || now !== first;
        if (changed) {
          try {
            box.setItem(key, JSON.stringify({ at: Date.now(), values: JSON.parse(now) }));
          } catch (error) {
            /* a full store: the form itself still holds the text */
          }
        }
      }
      /* data-unsaved: the server shows what was typed and has not saved it */
      if (form.hasAttribute("data-unsaved")) {
        changed = true;
        keep();
      }
      var timer;
      form.addEventListener("input", function () {
        clearTimeout(timer);
        timer = setTimeout(keep, 400);
      });
      form.addEventListener("change", keep);
      form.addEventListener("submit", function () {
        keep();
        leaving = true;
        window.sessionStorage.setItem(sentKey, form.dataset.autosave);
      });
      window.addEventListener("beforeunload", function (event) {
        if (!leaving && JSON.stringify(read(form)) !== first) {
          keep();
          event.preventDefault();
        }
      });
    });
  }
  /* data-resume: text of rows that this page does not have is handed to the server, which shows
     the form with them and saves nothing. */
  function resume(form, values) {
    var here = fieldsOf(form).map(function (field) { return field.name; });
    var missing = values.some(function (row) { return here.indexOf(row[0]) < 0; });
    if (!missing || !form.hasAttribute("data-resume")) return false;
    var carrier = document.createElement("form");
    carrier.method = "post";
    carrier.action = form.getAttribute("action") || location.pathname;
    var fields = values.filter(function (row) { return row[1] === "" || row[2]; });
    fields = fields.map(function (row) { return [row[0], row[1] || row[2]]; });
    form.querySelectorAll("input[type=hidden]").forEach(function (field) {
      fields.push([field.name, field.value]);
    });
    fields.push(["resume", "1"]);
    fields.forEach(function (pair) {
      var field = document.createElement("input");
      field.type = "hidden";
      field.name = pair[0];
      field.value = pair[1];
      carrier.append(field);
    });
    document.body.append(carrier);
    carrier.submit();
    return true;
  }
  function offer(form, key, values) {
    var line = document.createElement("div");
    line.className = "notice draft-offer";
    line.setAttribute("role", "status");
    var text = document.createElement("p");
    text.textContent = words.offer;
    line.append(text);
    [
      [words.restore, "button button--small button--quiet", function () {
        if (!resume(form, values)) write(form, values);
      }],
      [words.discard, "link-button", function () { box.removeItem(key); }],
    ].forEach(function (choice) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = choice[0];
      button.className = choice[1];
      button.addEventListener("click", function () {
        choice[2]();
        line.remove();
        form.dispatchEvent(new Event("input", { bubbles: true }));
      });
      line.append(button);
    });
    form.prepend(line);
  }

  /* ---- data-needs-script: controls that only work here are hidden until now */
  document.querySelectorAll("[data-needs-script]").forEach(function (element) {
    element.hidden = false;
  });
})();
