export class InventoryError extends Error {
  constructor(sku, message) {
    super(message);
    this.name = 'InventoryError';
    this.sku = sku;
    this.retryable = false;
  }
}

const reserve = async (sku) => {
  await null;
  throw new InventoryError(sku, `cannot reserve "${sku}": only 0 left`);
};

async function checkout(cart) {
  for (const sku of cart) await reserve(sku);
}

await checkout(['SKU-1']);
