import java.io.IOException;
import java.io.UncheckedIOException;

public class Chained {
    static class ConfigException extends RuntimeException {
        ConfigException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    static void read() {
        try {
            throw new IOException("disk error");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void load() {
        try {
            read();
        } catch (UncheckedIOException e) {
            throw new ConfigException("cannot load\nconfig: app.yaml", e);
        }
    }

    public static void main(String[] args) {
        load();
    }
}
