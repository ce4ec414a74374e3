import logging

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

provider = LoggerProvider(resource=Resource.create({"service.name": "shop", "service.version": "1.4"}))
provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(compression=Compression.Gzip)))
logger = logging.getLogger("shop.orders")
logger.addHandler(LoggingHandler(logger_provider=provider))
logger.propagate = False
logger.setLevel(logging.INFO)


def handle(order):
    return {}["order"]


logger.info("starting")
logger.error("disk almost full")
try:
    handle(17)
except KeyError:
    logger.exception("cannot handle order %s", 17)
provider.shutdown()
