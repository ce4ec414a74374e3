class ConfigError < StandardError; end

def read_port(env)
  Integer(env.fetch("PORT"))
rescue ArgumentError
  raise ConfigError, "PORT is not a number"
end

def boot(env)
  read_port(env)
rescue ConfigError => e
  raise "boot failed: #{e.message}"
end

boot({ "PORT" => "80a" })
