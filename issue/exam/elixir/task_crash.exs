Application.put_env(:logger, :console, device: :standard_error, colors: [enabled: false])
Application.stop(:logger); Application.start(:logger)
defmodule Jobs do
  def parse(text), do: String.to_integer(text)
end
{:ok, _} = Task.start(fn -> Jobs.parse("12x") end)
Process.sleep(200)
require Logger
Logger.info("still running, errors: 1")
Logger.error("queue :mail is stuck")
Logger.warn("slow")
Process.sleep(100)
