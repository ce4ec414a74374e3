settings = { host: "db", "port" => 1 }
fiber = Fiber.new do
  %i[host port].each { |k| settings.fetch(k) }
end
fiber.resume
