import sentry_sdk

sentry_sdk.init(release="shop@1.4", environment="staging")
sentry_sdk.set_tag("tenant", "acme")
sentry_sdk.set_user({"id": "7"})
sentry_sdk.add_breadcrumb(message="order opened", category="shop")


class OrderError(Exception):
    pass


class Shop:
    def read(self, text):
        return int(text)

    def handle(self, order):
        try:
            return self.read("x")
        except ValueError as error:
            raise OrderError(f"cannot handle order {order}") from error


sentry_sdk.capture_message("disk almost full", level="warning")
Shop().handle(17)
