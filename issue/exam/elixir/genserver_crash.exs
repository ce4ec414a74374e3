Application.put_env(:logger, :console, device: :standard_error, colors: [enabled: false])
Application.stop(:logger); Application.start(:logger)
defmodule Counter do
  use GenServer
  def init(n), do: {:ok, n}
  def handle_call({:div, by}, _from, n), do: {:reply, div(n, by), n}
end
{:ok, pid} = GenServer.start(Counter, 10, name: :counter)
try do GenServer.call(pid, {:div, 0}) catch :exit, _ -> IO.puts(:stderr, "caller survived") end
Process.sleep(200)
