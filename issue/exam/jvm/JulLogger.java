package io.shop.mail;

import java.util.logging.*;

public class JulLogger {
    private static final Logger LOG = Logger.getLogger(JulLogger.class.getName());

    void deliver(String to) {
        try {
            if (!to.contains("@")) throw new IllegalArgumentException("no @ in address: " + to);
            LOG.info("delivered, error count 0");
        } catch (IllegalArgumentException e) {
            LOG.log(Level.SEVERE, "delivery failed", e);
        }
    }

    public static void main(String[] args) {
        JulLogger m = new JulLogger();
        m.deliver("a@b");
        m.deliver("nobody");
        m.deliver("c@d");
        LOG.severe("queue is full");
        LOG.warning("slow");
    }
}
