package net.files;

public class Suppressed {
    static class Lease implements AutoCloseable {
        final String name;
        Lease(String name) { this.name = name; }
        public void close() { throw new UnsupportedOperationException("close " + name); }
    }

    void copy() throws Exception {
        try (Lease in = new Lease("in"); Lease out = new Lease("out")) {
            throw new java.io.FileNotFoundException("/data/größe.csv (No such file or directory)");
        }
    }

    public static void main(String[] args) throws Exception { new Suppressed().copy(); }
}
