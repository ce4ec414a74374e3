import json
import logging

logging.basicConfig(level=logging.DEBUG, format="[%(asctime)s] %(levelname)-8s %(name)s:%(lineno)d - %(message)s")
log = logging.getLogger("ingest.consumer")


class Consumer:
    def decode(self, raw):
        return json.loads(raw)

    def handle(self, raw):
        try:
            return self.decode(raw)
        except ValueError:
            log.exception("cannot decode message at offset %d", 4411)


c = Consumer()
log.info("partition assigned: orders-3")
c.handle('{"id": 1}')
c.handle("{'id': 2}")
log.debug("committed offset 4412")
log.warning("lag is 1200")
log.error("giving up on broker kafka-2:9092: %s", "connection refused")
log.info("bye")
