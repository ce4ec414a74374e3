Task.start(fn -> Map.fetch!(Map.new(), :price) end)
Process.sleep(200)
