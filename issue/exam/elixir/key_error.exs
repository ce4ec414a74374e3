defmodule Profile do
  defstruct [:name]
  def show(p), do: "#{p.name} <#{p.email}>"
end
spawn(fn -> IO.puts(:stderr, "background job ok") end)
Process.sleep(20)
Profile.show(%Profile{name: "Zoë"})
