defmodule Acme.RateLimited do
  defexception [:retry_after]
  def message(e), do: "too many requests: retry in #{e.retry_after}s\nsee \"limits\""
end

defmodule Acme.Client do
  def get!(path), do: request(path) |> elem(1)
  defp request(_path), do: raise(Acme.RateLimited, retry_after: 30)
end

Acme.Client.get!("/ü")
