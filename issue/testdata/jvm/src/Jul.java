import java.util.logging.*;

public class Jul {
    public static void main(String[] args) {
        Logger log = Logger.getLogger("app.orders");
        log.info("starting");
        log.log(Level.SEVERE, "order failed", new IllegalArgumentException("amount < 0"));
        log.severe("no trace");
        log.log(Level.WARNING, "retrying", new IllegalStateException("busy"));
    }
}
