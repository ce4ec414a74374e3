import java.util.concurrent.*;

public class PoolThreads {
    static final ExecutorService POOL = Executors.newFixedThreadPool(1, r -> new Thread(r, "import-worker-7"));

    static void importRow(String row) {
        if (row.isEmpty()) throw new IllegalStateException();
    }

    public static void main(String[] args) throws Exception {
        POOL.execute(() -> importRow(""));
        Thread.sleep(300);
        System.err.println("2026-11-20 10:00:00,120 INFO  [main] PoolThreads - first worker is gone, errors=1");
        Future<?> f = POOL.submit(() -> importRow(""));
        POOL.shutdown();
        f.get();
    }
}
