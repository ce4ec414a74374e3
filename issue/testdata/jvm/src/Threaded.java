import java.util.List;

public class Threaded {
    public static void main(String[] args) throws Exception {
        Thread t = new Thread(() -> List.of(1, 2).forEach(n -> {
            if (n == 2) throw new UnsupportedOperationException();
        }), "worker 1");
        t.start();
        t.join();
    }
}
