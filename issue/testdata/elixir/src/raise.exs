defmodule Shop do
  def charge(n) when n < 0, do: raise(ArgumentError, "amount < 0: #{n}")
  def run(list), do: Enum.each(list, &charge/1)
end

Shop.run([-1])
