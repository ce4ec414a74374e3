const { LoggerProvider, BatchLogRecordProcessor } = require("@opentelemetry/sdk-logs");
const { OTLPLogExporter } = require("@opentelemetry/exporter-logs-otlp-http");
const { resourceFromAttributes } = require("@opentelemetry/resources");

const resource = resourceFromAttributes({
  "service.name": "shop",
  "service.version": "1.4",
  "telemetry.sdk.language": "nodejs",
});
const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor(new OTLPLogExporter())] });
const logger = provider.getLogger("shop.orders");

function handle(order) {
  return null.price + order;
}

logger.emit({ severityNumber: 9, severityText: "INFO", body: "starting" });
logger.emit({ severityNumber: 17, severityText: "ERROR", body: "disk almost full" });
try {
  handle(17);
} catch (error) {
  const attributes = {
    "exception.type": error.name,
    "exception.message": error.message,
    "exception.stacktrace": error.stack,
  };
  logger.emit({ severityNumber: 17, severityText: "ERROR", body: "cannot handle order 17", attributes });
}
provider.shutdown();
