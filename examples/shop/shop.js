// The shop's troubles: a button that throws, a button that does nothing, a form that is refused, a payment that fails,
// two pages that send their reader to each other. What visitors meet goes to the tracker of the same address, or to
// that of `?tracker=http://127.0.0.1:6001`.

const tracker = new URLSearchParams(location.search).get("tracker") ?? "";
issuetracker.start({ endpoint: `${tracker}/v1/events`, apiKey: "dev", environment: "sample" });

const show = () => {
  const route = location.hash.slice(1) || "/";
  for (const section of document.querySelectorAll("section")) section.hidden = section.dataset.route !== route;
};
addEventListener("hashchange", show);
show();

const by = (id) => document.getElementById(id);
const post = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body) });
const tell = (id, text) => (by(id).textContent = text);

let count = 0;
by("add").onclick = () => tell("count", ++count);
by("buy").onclick = () => {
  throw new TypeError("the price of the chair is not known");
};
by("contact").onsubmit = async (event) => {
  event.preventDefault();
  const answer = await post("api/contact", { question: by("question").value });
  tell("contact-answer", answer.ok ? "Sent." : "That did not work. Please try again.");
};
const pay = (how) => async () => {
  tell("pay-answer", "One moment.");
  const answer = await post(`api/pay/${how}`, { count });
  if (answer.ok) location.hash = "#/thank-you";
  else tell("pay-answer", "The payment failed.");
};
by("pay").onclick = pay("card");
by("invoice").onclick = pay("invoice");
