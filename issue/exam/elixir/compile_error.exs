defmodule Broken do
  def call(x), do: y + x
end
