defmodule Settings do
  def read(path) do
    {:ok, text} = File.read(path)
    text
  end
end
Settings.read("/nonexistent.toml")
