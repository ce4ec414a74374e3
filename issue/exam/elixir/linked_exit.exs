defmodule Boot do
  def start, do: Task.async(fn -> exit({:shutdown_failed, "port 4000 in use"}) end) |> Task.await()
end
Application.put_env(:logger, :console, device: :standard_error, colors: [enabled: false])
Application.stop(:logger); Application.start(:logger)
Boot.start()
