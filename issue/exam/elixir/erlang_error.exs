defmodule Shop do
  def load(i), do: raise(ArgumentError, "cart #{i}")
end
spawn(fn -> Shop.load(1) end)
Process.sleep(100)
t = Task.async(fn -> exit(:boom) end)
Process.flag(:trap_exit, true)
Task.yield(t, 200)
:erlang.error({:bad, 1})
