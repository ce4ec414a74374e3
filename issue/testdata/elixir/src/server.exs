defmodule Counter do
  use GenServer
  def init(n), do: {:ok, n}
  def handle_call(:boom, _from, n), do: {:reply, 1 / n, n}
end

{:ok, pid} = GenServer.start(Counter, 0)
try do
  GenServer.call(pid, :boom)
catch
  :exit, _ -> :ok
end
Process.sleep(200)
