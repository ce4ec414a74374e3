package com.acme.orders;

import java.util.*;
import java.util.stream.*;

public class OrderService {
    record Line(String sku, Integer count) {}

    static int total(List<Line> lines) {
        return lines.stream().map(Line::count).mapToInt(c -> c.intValue()).sum();
    }

    public static void main(String[] args) {
        System.err.println("INFO: 2 lines loaded, no exception");
        total(Arrays.asList(new Line("a", 1), new Line("b", null)));
    }
}
