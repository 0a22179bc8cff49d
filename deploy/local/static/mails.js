// Nothing moves under the reader: new mails are announced, and shown when asked.
const news = document.querySelector('[data-latest]');

async function look() {
  const { messages } = await (await fetch(`/api/v1/messages?limit=100&${location.search.slice(1)}`)).json();
  const known = messages.findIndex((mail) => mail.ID === news.dataset.latest);
  const fresh = known < 0 ? messages.length : known;
  if (!fresh) return;
  news.querySelector('a').textContent = fresh > 1 ? `${fresh} nouveaux mails, afficher` : '1 nouveau mail, afficher';
  news.hidden = false;
}

// The sink may have stopped: the page then stays as it is.
if (news) setInterval(() => look().catch(() => {}), 3000);
