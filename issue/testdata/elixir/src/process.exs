spawn(fn -> raise "in a bare process" end)
Process.sleep(200)
