import java.util.*; import java.util.concurrent.*; import java.util.logging.*;
public class LauncherJul { static class Gone extends RuntimeException { Gone(String m, Throwable c){ super(m,c);} }
 static void load(int i){ try { Object o=List.of().get(i);} catch(Exception e){ throw new Gone("cart "+i+"\nis gone", e);} }
 public static void main(String[] a) throws Exception { Logger.getLogger("shop").log(Level.SEVERE,"cannot load",new Gone("x",null));
  Logger.getLogger("shop").info("error free"); 
  var p=Executors.newFixedThreadPool(1); try { p.submit(()->load(5)).get(); } catch(ExecutionException e){ e.printStackTrace(); } p.execute(()->load(6)); p.shutdown(); p.awaitTermination(1,TimeUnit.SECONDS); load(7);} }
