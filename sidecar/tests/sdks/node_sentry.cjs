const Sentry = require("@sentry/node");

Sentry.init({ release: "shop@1.4", environment: "staging" });
Sentry.setTag("tenant", "acme");
Sentry.addBreadcrumb({ message: "order opened", category: "shop" });

class OrderError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "OrderError";
  }
}

function read(text) {
  return JSON.parse(text);
}

function handle(order) {
  try {
    return read("{");
  } catch (error) {
    throw new OrderError(`cannot handle order ${order}`, { cause: error });
  }
}

Sentry.captureMessage("disk almost full", "warning");
handle(17);
