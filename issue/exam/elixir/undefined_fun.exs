defmodule Pipeline do
  def run(x), do: x |> String.trim() |> Strng.upcase()
end
Pipeline.run(" a ")
