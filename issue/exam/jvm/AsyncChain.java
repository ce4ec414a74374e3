package com.acme.async;

import java.util.concurrent.*;

public class AsyncChain {
    static double rate(String currency) {
        switch (currency) {
            case "EUR": return 1.0;
            default: throw new java.util.NoSuchElementException("rate for: " + currency);
        }
    }

    public static void main(String[] args) {
        CompletableFuture.supplyAsync(() -> rate("XAU")).thenApply(r -> r * 2).join();
    }
}
