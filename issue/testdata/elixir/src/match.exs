{:ok, _} = File.read("/does/not/exist")
