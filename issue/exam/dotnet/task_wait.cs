using System; using System.Threading.Tasks;
class M { static void Load(int i){ try { object o=null; o.ToString(); } catch(Exception e){ throw new InvalidOperationException("cart "+i, e);} }
 static void Main(){ try { Task.Run(()=>Load(1)).Wait(); } catch(Exception e){ Console.Error.WriteLine(e); } Load(2);} }
