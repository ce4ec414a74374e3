public class Crash {
    static void load(int number) {
        throw new IllegalArgumentException("row " + number + " is missing");
    }

    static void handle(int number) {
        try {
            load(number);
        } catch (IllegalArgumentException cause) {
            throw new IllegalStateException("request " + number + " failed", cause);
        }
    }

    public static void main(String[] arguments) {
        System.out.println("working " + arguments[0]);
        handle(Integer.parseInt(arguments[0]));
    }
}
