public class Recursive {
    sealed interface Node permits Leaf, Pair {}
    record Leaf(int v) implements Node {}
    record Pair(Node[] kids) implements Node {}

    static int depth(Node n) {
        return n instanceof Pair p ? 1 + depth(p.kids()[0]) : 0;
    }

    public static void main(String[] a) {
        Node[] kids = new Node[1];
        kids[0] = new Pair(kids);
        depth(kids[0]);
    }
}
