package com.example.shop;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

public class Main {
    private static final Logger log = LoggerFactory.getLogger(Main.class);

    static void charge(int amount) {
        try {
            if (amount < 0) throw new IllegalArgumentException("amount < 0: " + amount);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException("charge failed", e);
        }
    }

    public static void main(String[] args) {
        log.info("starting up");
        try {
            charge(-1);
        } catch (IllegalStateException e) {
            log.error("Order {} failed", 17, e);
            log.warn("retrying", e);
        }
        log.error("No trace here, order {}", 18);
        log.info("done");
    }
}
