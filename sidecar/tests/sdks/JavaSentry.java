import io.sentry.Sentry;
import io.sentry.SentryLevel;

public class JavaSentry {
    static class OrderException extends RuntimeException {
        OrderException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    static int read(String text) {
        return Integer.parseInt(text);
    }

    static int handle(int order) {
        try {
            return read("x");
        } catch (NumberFormatException error) {
            throw new OrderException("cannot handle order " + order, error);
        }
    }

    public static void main(String[] arguments) {
        Sentry.init(options -> {
            options.setDsn(System.getenv("SENTRY_DSN"));
            options.setRelease("shop@1.4");
            options.setEnvironment("staging");
            options.setPrintUncaughtStackTrace(true);
            options.setTag("tenant", "acme");
        });
        Sentry.captureMessage("disk almost full", SentryLevel.WARNING);
        handle(17);
    }
}
