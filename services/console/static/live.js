// The live stream: counts what is new, and brings it in only when asked. Without it, the page works all the same.
const list = document.querySelector("[data-live]");

if (list && "EventSource" in window) {
  const news = document.querySelector("[data-news]");
  const said = news.querySelector("[data-news-count]");
  const toggle = document.querySelector("[data-live-toggle]");
  const total = document.querySelector("[data-total]");
  const waiting = new Set();
  let last = list.dataset.last;
  let seen = last;
  let source;

  const address = (path, since) => {
    const query = new URLSearchParams(window.location.search);
    query.delete("page");
    query.set("depuis", since);
    return `${list.dataset.live}/${path}?${query}`;
  };

  const show = () => {
    const count = waiting.size;
    const words = count > 1 ? `${count} nouveaux rapprochements, afficher` : "1 nouveau rapprochement, afficher";
    said.textContent = count ? words : "";
    news.hidden = count === 0;
  };

  const listen = () => {
    source = new EventSource(address("evenements", seen));
    source.addEventListener("rapprochements", (event) => {
      seen = event.lastEventId;
      for (const [match] of JSON.parse(event.data)) waiting.add(match);
      show();
    });
    toggle.setAttribute("aria-pressed", "true");
    toggle.querySelector("[data-label]").textContent = "En direct";
  };

  const pause = () => {
    source.close();
    source = undefined;
    toggle.setAttribute("aria-pressed", "false");
    toggle.querySelector("[data-label]").textContent = "Afficher en direct";
  };

  const bringIn = async () => {
    const answer = await fetch(address("nouveaux", last));
    if (!answer.ok) {
      window.location.reload();
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const cards = [...page.querySelectorAll("[data-match]")];
    for (const card of cards) {
      list.querySelector(`[data-match="${CSS.escape(card.dataset.match)}"]`)?.remove();
      card.querySelector(".card").classList.add("is-new");
    }
    list.prepend(...cards);
    const counts = page.querySelector("[data-counts]");
    if (counts) document.querySelector("[data-counts]").replaceWith(counts);
    document.querySelector("[data-empty]")?.remove();
    last = page.querySelector("[data-last]").dataset.last;
    total.textContent = page.querySelector("[data-total]").textContent;
    waiting.clear();
    show();
    (cards[0]?.querySelector("a") ?? list).focus();
  };

  toggle.hidden = false;
  toggle.addEventListener("click", () => (source ? pause() : listen()));
  news.addEventListener("click", bringIn);
  window.addEventListener("pagehide", () => source?.close());
  listen();
}
