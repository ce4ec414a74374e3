public class Suppressed {
    static class Handle implements AutoCloseable {
        public void close() {
            throw new IllegalStateException("close failed", new NullPointerException());
        }
    }

    public static void main(String[] args) throws Exception {
        try (Handle h = new Handle()) {
            throw new Exception("body failed");
        }
    }
}
