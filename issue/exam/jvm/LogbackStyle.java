package com.acme.web;

import java.io.*;

public class LogbackStyle {
    static void log(String level, String logger, String text, Throwable t) {
        StringWriter w = new StringWriter();
        w.write("10:15:02.331 [http-nio-8080-exec-3] " + level + " " + logger + " - " + text + "\n");
        if (t != null) t.printStackTrace(new PrintWriter(w, true));
        System.err.print(w);
    }

    class Inner {
        Object parse(String s) { return Integer.valueOf(s); }
    }

    public static void main(String[] args) {
        Inner in = new LogbackStyle().new Inner();
        log("INFO ", "c.a.web.ErrorController", "mapped /error", null);
        try { in.parse("12a"); } catch (NumberFormatException e) { log("ERROR", "c.a.web.CartController", "Request processing failed", e); }
        log("DEBUG", "c.a.web.ErrorController", "done", null);
        try { in.parse(null); } catch (NumberFormatException e) { log("WARN ", "c.a.web.CartController", "ignoring", e); }
        try { throw new StackTraceless(); } catch (StackTraceless e) { log("ERROR", "c.a.web.CartController", "quick failure", e); }
        log("INFO ", "c.a.web.ErrorController", "bye", null);
    }

    static class StackTraceless extends RuntimeException {
        StackTraceless() { super("cheap", null, false, false); }
    }
}
