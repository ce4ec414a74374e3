defmodule Walker do
  def find(list, f), do: Enum.each(list, fn x -> if f.(x), do: throw({:found, x}) end)
end
Walker.find([1, 2, 3], &(&1 == 2))
