defmodule Broken do
  def call(x do
    x
  end
end
