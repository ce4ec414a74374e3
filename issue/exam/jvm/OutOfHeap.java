import java.util.*;

public class OutOfHeap {
    static final List<byte[]> CACHE = new ArrayList<>();

    static void fill() { while (true) CACHE.add(new byte[1 << 20]); }

    public static void main(String[] a) { fill(); }
}
