ExUnit.start()
defmodule Lock do
  def open(n) when n > 0, do: n
end
defmodule LockTest do
  use ExUnit.Case
  test "opens" do
    assert Lock.open(2) == 3
  end
  test "refuses" do
    Lock.open(-1)
  end
end
