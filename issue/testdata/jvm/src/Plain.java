public class Plain {
    static int length(String text) {
        return text.length();
    }

    public static void main(String[] args) {
        length(null);
    }
}
