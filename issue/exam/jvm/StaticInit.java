package com.acme.boot;

public class StaticInit {
    static class Settings {
        static final int PORT = Integer.parseInt(System.getProperty("app.port", "eighty"));
    }

    public static void main(String[] args) { System.out.println(Settings.PORT); }
}
