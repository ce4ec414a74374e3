package com.acme.reflect;

import java.lang.reflect.*;

public class NoSuchMain {
    public void job(Object... parts) { Object[] x = new Integer[1]; x[0] = parts[0]; }

    public static void main(String[] args) throws Exception {
        Method m = NoSuchMain.class.getMethod("job", Object[].class);
        m.invoke(new NoSuchMain(), (Object) new Object[] {"text"});
    }
}
